from __future__ import annotations

import sys

import click
import pytest

from starledger.catalog.demo.user import CommandFailed, User
from starledger.schema.console import Exit


@click.group()
@click.option("--home")
def root(home: str | None) -> None:
    """Stand for our command line."""


@root.command()
@click.argument("word")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def echo(context: click.Context, word: str, *, as_json: bool) -> None:
    """Say a word, as text, as JSON or as bytes, or end badly."""
    if word == "fail":
        context.exit(Exit.NOT_ALL)
    if word == "stop":
        context.exit(Exit.INTERRUPTED)
    if word == "bytes":
        sys.stdout.buffer.write("größe".encode())
    else:
        click.echo(f'{{"said": "{word}"}}' if as_json else word)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def user(told: list[str]) -> User:
    return User(root, ("--home", "/there"), told.append)


def test_commands_are_shown_and_answer(user: User, told: list[str]) -> None:
    assert user("echo", "two words") == {"said": "two words"}
    assert told == ["  $ starledger echo 'two words'"]
    assert user.text("echo", "bytes") == "größe"


def test_a_bad_end_names_the_command(user: User) -> None:
    with pytest.raises(CommandFailed, match="`starledger echo fail` ended with exit code 1"):
        user.text("echo", "fail")


def test_an_interrupt_goes_on_up(user: User) -> None:
    with pytest.raises(KeyboardInterrupt):
        user.text("echo", "stop")


def test_errors_of_commands_go_on_up(user: User) -> None:
    with pytest.raises(click.UsageError):
        user.text("ecko")
