"""The commands about the whole system: `starledger doctor` and `starledger status`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import click

from starledger.catalog.doctor import CHECKS, Finding, Verdict, examine
from starledger.catalog.status import Status
from starledger.catalog.status import status as look
from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    report,
    report_rows,
    say,
    settings_of,
    waiting,
)

COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.BROKEN: "red"}


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Examine the installation: versions, settings, database, GPU, disk, ports, extras.

    Each line is ok, a warning, or broken, with the remedy. Exit code 1 if anything is broken.
    """
    findings: list[Finding] = []
    for name in CHECKS:
        with waiting(f"Examining {name}"):
            found = examine(name, settings_of(context))
        findings += found
        if not as_json:
            for finding in found:
                say(_line(finding))
    if as_json:
        _rows(Finding, findings, as_json=True)
    if any(finding.verdict is Verdict.BROKEN for finding in findings):
        context.exit(Exit.NOT_ALL)


def _line(finding: Finding) -> str:
    verdict = click.style(f"{finding.verdict:<7}", fg=COLOURS[finding.verdict])
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    return f"{verdict}  {finding.name:<18}  {finding.said}{remedy}"


@click.command()
@json_option
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> None:
    """Show what the ledger holds, what waits to be fitted, and the last runs.

    Counts of large tables are estimates: "about", or "estimated" in JSON.
    """
    with database_of(context) as database, database.engine().connect() as connection:
        found = look(connection)
    if as_json:
        report(asdict(found), as_json=True)
        return
    say(f"Schema revision {found.revision}")
    _sections(found)


def _sections(found: Status) -> None:
    for field in fields(found):
        rows = getattr(found, field.name)
        title = field.name.replace("_", " ").capitalize()
        if rows and isinstance(rows, list):
            _rows(type(rows[0]), rows, title=title)
        elif not rows:
            say(f"{title}: none yet")


def _rows(kind: type[Any], rows: Sequence[Any], *, as_json: bool = False, title: str = "") -> None:
    columns = [field.name for field in fields(kind)]
    values = [[getattr(row, column) for column in columns] for row in rows]
    report_rows(columns, values, as_json=as_json, title=title)
