"""Verifying a release: that what it was made of, how, and what it answers are as published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from starledger.catalog.releases.building import column_types
from starledger.catalog.releases.finding import PublishedRelease, find_release
from starledger.catalog.releases.manifest import digest, text_digest
from starledger.schema.checksums import ALL, Sum, sum_query, sums
from starledger.schema.execution import execute
from starledger.schema.tables import SCHEMA

SAME = """
SELECT pg_get_viewdef(CAST(:one AS regclass)) = pg_get_viewdef(CAST(:other AS regclass))
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one thing that a release stands on.

    Parameters
    ----------
    subject
        The table, view or row.
    problem
        How it differs from what was published; ``None`` where it does not.
    """

    subject: str
    problem: str | None = None


def verify(connection: Connection, name: str) -> list[Verdict]:
    """Return what was found of everything that a release stands on.

    Parameters
    ----------
    connection
        To the ledger, as its owner.
    name
        The release.

    Raises
    ------
    NoSuchRelease
        There is no such release.
    """
    return list(_verdicts(connection, find_release(connection, name)))


def _verdicts(connection: Connection, release: PublishedRelease) -> Iterator[Verdict]:
    yield _manifest(release)
    yield from (_table(connection, one) for one in release.own_tables)
    yield _pins(connection, release)
    for table in release.manifest.get("tables", []):
        yield _table(connection, table)
    kept = _kept_views(connection, release)
    for view, said in sorted(release.manifest.get("views", {}).items()):
        yield from _view(connection, release, view, said, kept.get(view))


def _manifest(release: PublishedRelease) -> Verdict:
    subject = f"{SCHEMA}.release"
    if digest(release.manifest) != release.manifest_sha256:
        return Verdict(subject, "the manifest is not the one that was published")
    columns = ("name", "title", "description", "licence", "citation", "doi")
    changed = [one for one in columns if getattr(release, one) != release.manifest[one]]
    return Verdict(subject, f"{changed[0]} differs from the manifest" if changed else None)


def _pins(connection: Connection, release: PublishedRelease) -> Verdict:
    """Look whether all pinned runs are closed, and ended well."""
    pins = release.manifest.get("pins", {})
    runs = sorted(run for kind, found in pins.items() if kind != "calibration" for run in found)
    query = "SELECT run_id FROM ledger.closed_run WHERE outcome = 'done' AND run_id = ANY (:runs)"
    done = set(connection.scalars(text(query), {"runs": runs}))
    missing = [run for run in runs if run not in done]
    problem = f"run {missing[0]} is not closed as done" if missing else None
    return Verdict(f"{SCHEMA}.closed_run", problem)


def _table(connection: Connection, said: Mapping[str, Any]) -> Verdict:
    expected = {key: Sum(**one) for key, one in said["sums"].items()}
    return _compared(connection, f"{SCHEMA}.{said['table']}", expected, said["sql"])


def _compared(
    connection: Connection, subject: str, expected: Mapping[str, Sum], query: str
) -> Verdict:
    """Sum rows up, and name the first run whose sum differs."""
    try:
        with connection.begin_nested():
            found = sums(connection, query)
    except DBAPIError as error:
        why = str(error.orig).splitlines()[0]
        return Verdict(subject, f"its rows cannot be summed up any more: {why}")
    nothing = Sum(0, "")
    for key in sorted({*expected, *found}):
        then, now = expected.get(key, nothing), found.get(key, nothing)
        if then != now:
            which = f"run {key}: " if key else ""
            return Verdict(subject, which + _difference(then, now))
    return Verdict(subject)


def _difference(then: Sum, now: Sum) -> str:
    if then.rows != now.rows:
        return f"{now.rows} rows instead of {then.rows}"
    return f"the checksum of its {now.rows} rows differs"


def _kept_views(connection: Connection, release: PublishedRelease) -> dict[str, str]:
    query = "SELECT name, definition FROM ledger.release_view WHERE release_id = :release"
    rows = connection.execute(text(query), {"release": release.release_id})
    return {row.name: row.definition for row in rows}


def _view(
    connection: Connection,
    release: PublishedRelease,
    view: str,
    said: Mapping[str, Any],
    definition: str | None,
) -> Iterator[Verdict]:
    """Look at a view: its text, its rows, and its copy."""
    subject = f"{release.name}.{view}"
    if definition is None or text_digest(definition) != said["definition_sha256"]:
        yield Verdict(f"{SCHEMA}.release_view", f"the text of {view} is not the one published")
        return
    expected = {ALL: Sum(said["summed_rows"], said["checksum"])}
    problem = _changed(connection, release.name, view, definition)
    if problem is None and said["summed_rows"] != said["rows"]:
        problem = _recounted(connection, subject, said["rows"])
    if problem is None:
        yield _compared(connection, subject, expected, said["sql"])
    else:
        yield Verdict(subject, problem)
    if said["materialised"]:
        yield _copy(connection, release, view, expected)


def _recounted(connection: Connection, view: str, rows: int) -> str | None:
    """Return how many rows a view has now, if others than when a sample of them was summed up."""
    found = connection.scalar(text(f"SELECT count(*) FROM {view}"))  # noqa: S608 - it is ours
    return None if found == rows else f"{found} rows instead of {rows}"


def _copy(
    connection: Connection, release: PublishedRelease, view: str, expected: Mapping[str, Sum]
) -> Verdict:
    schema = f"{release.name}_data"
    columns = column_types(connection, schema, view)
    if not columns:
        return Verdict(f"{schema}.{view}", "it is missing")
    query = sum_query(f"{schema}.{view}", [f"t.{one}" for one in columns])
    return _compared(connection, f"{schema}.{view}", expected, query)


def _changed(connection: Connection, schema: str, view: str, definition: str) -> str | None:
    """Return how a view differs from its text, by making a temporary one of it.

    PostgreSQL keeps no text but what it understood, and writes that differently in each of its
    versions: two views are the same if it writes them the same.
    """
    if not column_types(connection, schema, view):
        return "it is missing"
    step = connection.begin_nested()
    try:
        execute(connection, f"CREATE TEMPORARY VIEW verified_view AS\n{definition}")
        names = {"one": "pg_temp.verified_view", "other": f"{schema}.{view}"}
        same = connection.scalar(text(SAME), names)
    except DBAPIError as error:
        return f"its text cannot be run any more: {str(error.orig).splitlines()[0]}"
    finally:
        step.rollback()
    return None if same else "the view is not the one that its text makes"
