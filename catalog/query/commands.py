"""`starledger query`: ask the releases in ADQL."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starledger.catalog.query.limits import Limits
from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    report,
    report_rows,
    say,
    waiting,
)

if TYPE_CHECKING:
    from starledger.catalog.query.asking import Asker, Question

TERMINAL_ROWS = 100
"""Rows that are asked for if they go to a terminal and no limit is given."""


@click.command()
@click.argument("text", metavar="[QUERY]", required=False)
@click.option(
    "-f",
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with the query, in place of QUERY.",
)
@click.option("--release", help="The release; by default the newest one.")
@click.option(
    "--upload",
    "uploads",
    multiple=True,
    metavar="NAME=FILE",
    help="A table of yours to go along: FITS, VOTable, CSV, ECSV or Parquet. May be repeated.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file for the answer: .fits, .parquet, .vot, .ecsv, .csv or .json.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Most rows of the answer.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.001),
    default=Limits.seconds,
    show_default=True,
    metavar="SECONDS",
    help="How long the query may run.",
)
@click.option(
    "--cost-limit",
    type=click.FloatRange(min=0),
    default=Limits.cost,
    show_default=True,
    help="What the query may cost, as PostgreSQL's planner expects it.",
)
@click.option("--explain", is_flag=True, help="Show the SQL and its plan, and run nothing.")
@click.option("--tables", is_flag=True, help="List the tables that can be asked.")
@click.option("--columns", metavar="TABLE", help="List the columns of a table.")
@json_option
@click.pass_context
def query(context: click.Context, /, *, as_json: bool, **given: Any) -> None:
    """Ask the published releases in ADQL.

    QUERY is the text, or - to read it from stdin. On a terminal the answer is a table, which says
    if there are more rows; piped, it is CSV with all digits. The exit code is 1 if the answer was
    cut at a limit that you did not set.
    """
    from starledger.catalog.query.asking import Asker

    with database_of(context) as database, Asker(database) as asker:
        if given["tables"] or given["columns"]:
            _list(asker, given["columns"], given["release"], as_json=as_json)
            return
        text = _text(given["text"], given["file"])
        whole = _answer(asker, text, given, as_json=as_json)
    if not whole and given["limit"] is None:
        context.exit(Exit.NOT_ALL)


def _list(asker: Asker, table: str | None, release: str | None, *, as_json: bool) -> None:
    from starledger.catalog.query import listing

    offer = asker.offer()
    if table is None:
        rows = listing.table_rows(offer, release)
        report_rows(listing.TABLE_COLUMNS, rows, as_json=as_json)
    else:
        rows = listing.column_rows(offer, table, release)
        report_rows(listing.COLUMN_COLUMNS, rows, as_json=as_json)


def _text(text: str | None, file: Path | None) -> str:
    """Return the query, wherever it is."""
    if (text is None) == (file is None):
        raise click.UsageError("Give a QUERY, - to read it from stdin, or --file.")
    if file is not None:
        try:
            return file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise click.BadParameter(f"{file} cannot be read: {reason}.") from None
    assert text is not None  # noqa: S101 - one of the two is there
    return sys.stdin.read() if text == "-" else text


def _answer(asker: Asker, text: str, given: dict[str, Any], *, as_json: bool) -> bool:
    """Answer a query where it was asked to be, and tell whether the answer is whole."""
    question = _question(asker, text, given, as_json=as_json)
    if given["explain"]:
        explanation = {"sql": question.sql, "plan": asker.explanation(question)}
        if as_json:
            report(explanation, as_json=True)
        else:
            say(f"{explanation['sql']}\n\n{explanation['plan']}")
        return True
    if given["output"] is not None:
        return _save(asker, question, given["output"], as_json=as_json)
    return _show(asker, question, as_json=as_json)


def _question(asker: Asker, text: str, given: dict[str, Any], *, as_json: bool) -> Question:
    from starledger.catalog.adql.errors import AdqlError
    from starledger.catalog.query.marking import marked

    few = given["output"] is None and not as_json and sys.stdout.isatty()
    limits = Limits(
        rows=given["limit"] or (TERMINAL_ROWS if few else Limits.rows),
        seconds=given["time_limit"],
        cost=given["cost_limit"],
    )
    uploads = dict(map(_upload, given["uploads"]))
    try:
        return asker.question(text, release=given["release"], uploads=uploads, limits=limits)
    except AdqlError as error:
        note(marked(text, error))
        raise


def _upload(given: str) -> tuple[str, str]:
    name, equals, file = given.partition("=")
    if not (name and equals and file):
        raise click.BadParameter(f"{given!r} is not NAME=FILE.", param_hint="--upload")
    return name, file


def _save(asker: Asker, question: Question, path: Path, *, as_json: bool) -> bool:
    from starledger.catalog.export.formats import Format
    from starledger.catalog.query.saving import save

    file_format = Format.of(path)
    with waiting("Asking"):
        saved = save(asker, question, path, file_format)
    for line in saved.notes:
        note(line)
    done = saved.written
    if as_json:
        about = {"file": str(path), "rows": done.rows, "bytes": done.bytes, "sha256": done.sha256}
        report(about | {"truncated": saved.truncated}, as_json=True)
    else:
        note(f"{path}: {_rows(done.rows)}, {done.bytes:,} bytes.")
    return not saved.truncated


def _show(asker: Asker, question: Question, *, as_json: bool) -> bool:
    from starledger.catalog.query.printing import print_csv, print_json
    from starledger.catalog.query.showing import show

    with waiting("Asking"):
        answer = asker.answer(question)
    columns = len(answer.fields)
    if as_json:
        print_json(answer)
    elif sys.stdout.isatty():
        columns = show(answer.fields, answer.rows)
    else:
        print_csv(answer)
    for line in answer.notes:
        note(line)
    if columns < len(answer.fields):
        note(f"{columns} of {len(answer.fields)} columns fit; name those you want, or use -o.")
    note(f"{_rows(answer.rows.num_rows)}.")
    return not answer.truncated


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
