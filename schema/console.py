"""The face on the terminal: what commands share in asking, reporting and showing progress."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from starledger.schema.database import Database, explained, open_database
from starledger.schema.settings import Loaded

PLAIN_LINES = 10
"""Where stderr is no terminal, progress is at most so many plain lines, evenly spread."""

PLAIN_WIDTH = 10_000
"""Where stdout is no terminal, a table may be this wide: who reads it wants whole lines."""


class Exit(IntEnum):
    """What the exit code of a command says."""

    DONE = 0
    """Everything that was asked for was done."""
    NOT_ALL = 1
    """The command ran, but something was refused, is broken or differs; the output says what."""
    BAD_INPUT = 2
    """Nothing was done: what was given cannot be used; one line says why and what to do."""
    OUR_MISTAKE = 3
    """A mistake of the software; ``--debug`` shows where."""
    INTERRUPTED = 130
    """Interrupted by Ctrl-C; what was finished is kept and the same command goes on."""


def settings_of(context: click.Context) -> Loaded:
    """Return the settings that the root command loaded."""
    loaded: Loaded = context.find_root().obj
    return loaded


@contextmanager
def database_of(context: click.Context) -> Iterator[Database]:
    """Open the database of the command's settings; its errors come out as ours."""
    with open_database(settings_of(context).settings) as database, explained(database.address):
        yield database


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--json``, as its parameter ``as_json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON to stdout, for programs."
    )(function)


def say(line: str) -> None:
    """Print a line of the answer to stdout."""
    click.echo(line)


def note(line: str) -> None:
    """Print a line about what is going on to stderr."""
    click.echo(line, err=True)


def report(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Print an answer of names and values, as a table or as JSON."""
    if as_json:
        say(json.dumps(answer, default=str, indent=2))
        return
    width = max((len(name) for name in answer), default=0)
    for name, value in answer.items():
        say(f"{name.replace('_', ' '):<{width}}  {_cell(value)}")


def report_rows(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, as_json: bool, title: str = ""
) -> None:
    """Print rows under their columns' names, as a table or as JSON."""
    if as_json:
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        say(json.dumps(named, default=str, indent=2))
        return
    table = Table(*columns, title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for row in rows:
        # Text, lest rich take brackets in a value for its own markup.
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    console.print(table)


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case dt.datetime():
            return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
        case _:
            return str(value)


@contextmanager
def waiting(for_what: str) -> Iterator[None]:
    """Show on stderr, if that is a terminal, that something goes on whose end is not known."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield
        return
    live = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        redirect_stdout=False,
    )
    with live:
        live.add_task(for_what, total=None)
        yield


@contextmanager
def progress(doing: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far something is, on stderr: a bar on a terminal, else plain lines.

    Yields
    ------
    advance
        To be called with how many more are done.
    """
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _plain_progress(doing, total)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        # Else what is said to stdout meanwhile would come out on stderr.
        redirect_stdout=False,
    )
    with bar:
        task = bar.add_task(doing, total=total)
        yield lambda more: bar.advance(task, more)


def _plain_progress(doing: str, total: int | None) -> Callable[[int], None]:
    done = lines = 0

    def advance(more: int) -> None:
        nonlocal done, lines
        done += more
        if total and done * PLAIN_LINES // total > lines:
            note(f"{doing}: {done} of {total}")
            lines = done * PLAIN_LINES // total

    return advance
