"""The root of the command line: what it lists, what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from sqlalchemy import text

from starledger import __version__
from starledger.__main__ import COMMANDS, INTERRUPTED, root
from starledger.schema import migrate
from starledger.schema.database import Database
from tests.conftest import Command, address

PROGRAM = [sys.executable, "-m", "starledger"]


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command below a group, groups included, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


EVERY_COMMAND = [((), root), *commands(root)]


def test_help_lists_exactly_what_is_built(starledger: Command) -> None:
    answer = starledger("--help")
    assert answer.code == 0
    listed = answer.out.partition("Commands:")[2].partition("Exit codes:")[0]
    names = {line.split()[0] for line in listed.splitlines() if line.strip()}
    assert (
        names
        == COMMANDS.keys()
        == {
            "calibrate",
            "combination",
            "combine",
            "crossmatch",
            "db",
            "demo",
            "doctor",
            "export",
            "fit",
            "ingest",
            "model",
            "plot",
            "quality",
            "query",
            "release",
            "simulate",
            "spectrum",
            "stars",
            "status",
            "why",
            "withdraw",
            "worker",
        }
    )


def test_help_tells_the_exit_codes(starledger: Command) -> None:
    told = starledger("--help").out.partition("Exit codes:")[2]
    assert [line.split()[0] for line in told.splitlines() if line.strip()] == [
        "0",
        "1",
        "2",
        "3",
        "130",
    ]


@pytest.mark.parametrize(("path", "command"), EVERY_COMMAND, ids=lambda value: str(value)[:40])
def test_every_command_has_help(
    path: tuple[str, ...], command: click.Command, starledger: Command
) -> None:
    assert command.help
    answer = starledger(*path, "--help")
    assert answer.code == 0
    assert "Usage: starledger" in answer.out
    short = command.get_short_help_str(limit=1000)
    assert short.endswith((".", "?"))
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} of {path} has no help"


def test_every_reporting_command_speaks_json() -> None:
    with_json = {
        path
        for path, command in EVERY_COMMAND
        if any(parameter.name == "as_json" for parameter in command.params)
    }
    assert with_json >= {("db", "upgrade"), ("db", "current"), ("db", "check")}
    assert with_json >= {("doctor",), ("status",)}


def test_version(starledger: Command) -> None:
    answer = starledger("--version")
    assert (answer.code, answer.err) == (0, "")
    assert __version__ in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["statsu"], "No such command 'statsu'"),
        (["db", "upgrdae"], "No such command 'upgrdae'"),
        (["status", "--jsno"], "No such option"),
        (["--log-level", "loud", "status"], "Invalid value for '--log-level'"),
        (["db", "backup"], "Missing argument 'FILE'"),
    ],
)
def test_what_was_mistyped_is_exit_code_2(
    arguments: list[str], said: str, starledger: Command
) -> None:
    answer = starledger(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.skipif(
    not hasattr(click.exceptions, "NoSuchCommand"), reason="this click suggests no commands"
)
@pytest.mark.parametrize(
    ("arguments", "meant"), [(["statsu"], "status"), (["db", "upgrdae"], "upgrade")]
)
def test_a_mistyped_command_brings_a_suggestion(
    arguments: list[str], meant: str, starledger: Command
) -> None:
    assert f"'{meant}'" in starledger(*arguments).err


def test_no_command_shows_help(starledger: Command) -> None:
    answer = starledger()
    assert answer.code == 2
    assert "Usage: starledger" in answer.err


def test_a_command_is_imported_only_when_it_is_asked_for() -> None:
    code = "import sys, starledger.__main__; print('starledger.catalog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.fixture
def mistaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `starledger db stop` fail by a mistake of ours."""

    def fail(_context: click.Context) -> None:
        raise ZeroDivisionError("by zero\nsecond line")

    monkeypatch.setattr("starledger.schema.commands.settings_of", fail)


def test_a_mistake_of_ours_is_exit_code_3(mistaken: None, starledger: Command) -> None:
    answer = starledger("db", "stop")
    assert (answer.code, answer.out) == (3, "")
    (line,) = answer.err.splitlines()
    assert "ZeroDivisionError: by zero" in line
    assert "--debug" in line


def test_debug_shows_where(mistaken: None, starledger: Command) -> None:
    answer = starledger("--debug", "db", "stop")
    assert answer.code == 3
    assert answer.err.startswith("Traceback")
    assert "in fail" in answer.err


def test_an_interrupt_is_exit_code_130(
    starledger: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_context: click.Context) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("starledger.schema.commands.settings_of", interrupt)
    answer = starledger("db", "stop")
    assert (answer.code, answer.out) == (130, "")
    assert "go on" in answer.err


def test_flags_reach_the_settings(starledger: Command) -> None:
    url = "postgresql://me:hushhush@h/s"
    answer = starledger("--database", url, "--log-level", "debug", "db", "stop")
    assert answer.code == 2
    assert "not ours to stop" in answer.err


@pytest.mark.integration
def test_ctrl_c_ends_a_command_that_waits_and_the_same_one_goes_on(
    empty_database: Database,
) -> None:
    upgrade = [*PROGRAM, "--database", address(empty_database), "db", "upgrade"]
    with empty_database.engine().connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": migrate.UPGRADE_LOCK})
        with subprocess.Popen(upgrade, stderr=subprocess.PIPE, text=True) as process:
            waits = text(
                "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
                " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
            )
            while process.poll() is None and not connection.scalar(waits):
                pass
            process.send_signal(signal.SIGINT)
            said = process.communicate()[1]
        assert process.returncode == 130
        assert said.splitlines()[-1] == INTERRUPTED
        assert "Traceback" not in said
    empty_database.close()
    done = subprocess.run(upgrade, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "up to date" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_complete(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from starledger.__main__ import main; main()"],
        env=os.environ | {"_STARLEDGER_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_STARLEDGER_COMPLETE={shell}_complete" in done.stdout


def test_completion_knows_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from starledger.__main__ import main; main()"],
        env=os.environ
        | {
            "_STARLEDGER_COMPLETE": "bash_complete",
            "COMP_WORDS": "starledger db up",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["plain,upgrade"]


def test_an_interrupt_of_code_made_from_text_exits_with_130_too(tmp_path: Path) -> None:
    """As of a dataclass or named tuple in the making; CPython would end by the signal then."""
    program = "from starledger import __main__ as ours\n"
    program += "ours.root.main = lambda *_, **__: exec('raise KeyboardInterrupt')\n"
    program += "ours.main(['status'])\n"
    (tmp_path / "interrupted.py").write_text(program)
    done = subprocess.run([sys.executable, "-m", "interrupted"], cwd=tmp_path, check=False)
    assert done.returncode == 130
