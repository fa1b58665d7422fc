"""The rows of the ledger that a release is made of: what must never change under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from starledger.catalog.pinned_sql import listed
from starledger.catalog.releases.checksums import Sum, sum_query, sums
from starledger.catalog.releases.pinned_rows import ended, fits_of_any
from starledger.catalog.releases.plan import Plan
from starledger.schema.tables import SCHEMA, metadata

OBSERVED = """
SELECT DISTINCT s.data_release_id, s.instrument_id FROM ledger.spectrum s WHERE {fitted}
"""

VALIDITY = "valid_to_run_id"
"""The one value that may be written later; what of it the release reads is summed up apart."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a table that a release reads.

    Parameters
    ----------
    table
        The table.
    query
        What sums them up, by `sum_query`.
    """

    table: str
    query: str


def sources(connection: Connection, plan: Plan) -> list[Source]:
    """Return all rows that a release is made of, by table."""
    return [
        Source(table, sum_query(f"{SCHEMA}.{table}", _columns(plan, table), condition, group))
        for table, condition, group in _conditions(connection, plan)
    ]


def own_sources(release_id: int, run_id: int) -> list[Source]:
    """Return the rows that describe a release, by table."""
    conditions = {
        **dict.fromkeys(
            ("release_pin", "release_label", "release_flag", "release_view"),
            f"t.release_id = {release_id}",
        ),
        **dict.fromkeys(("run", "release_run"), f"t.run_id = {run_id}"),
    }
    return [
        Source(table, sum_query(f"{SCHEMA}.{table}", _all_columns(table), condition))
        for table, condition in conditions.items()
    ]


def summed(connection: Connection, found: Sequence[Source]) -> list[tuple[Source, dict[str, Sum]]]:
    """Return sources with their sums, each by its groups."""
    return [(one, sums(connection, one.query)) for one in found]


def _all_columns(table: str) -> list[str]:
    return [f"t.{column.name}" for column in metadata.tables[f"{SCHEMA}.{table}"].columns]


def _columns(plan: Plan, table: str) -> list[str]:
    """Return all columns as they are now: what later migrations add is not part of the release."""
    then = f"CASE WHEN {ended(plan, f't.{VALIDITY}')} THEN t.{VALIDITY} END"
    return [then if name == f"t.{VALIDITY}" else name for name in _all_columns(table)]


def _conditions(connection: Connection, plan: Plan) -> Iterator[tuple[str, str, str | None]]:
    """Yield each table with the condition of its rows, and the column of their run."""
    yield from _of_runs(plan)
    yield from _of_catalogs(plan)
    yield from _of_definitions(plan)
    yield from _of_spectra(connection, plan)


def _of_runs(plan: Plan) -> Iterator[tuple[str, str, str | None]]:
    combined, judged = listed(plan.combination_runs), listed(plan.quality_runs or (0,))
    seen, matched = listed(plan.star_runs), listed([one.run_id for one in plan.crossmatches] or [0])
    yield "fit", fits_of_any(plan, "t"), "t.fit_run_id"
    for table, column, runs in (
        ("combination", "combination_run_id", combined),
        ("combination_input", "combination_run_id", combined),
        ("fit_quality", "quality_run_id", judged),
        ("star_quality", "quality_run_id", judged),
        ("quality_output", "quality_run_id", judged),
        ("star", "created_run_id", seen),
        ("star_version", "star_run_id", seen),
        ("star_member", "star_run_id", seen),
        ("star_event", "star_run_id", seen),
        ("neighbourhood", "crossmatch_run_id", matched),
    ):
        yield table, f"t.{column} IN {runs}", f"t.{column}"
    pinned = listed(plan.runs)
    for table in ("run", "closed_run", "combination_run", "fit_run", "quality_run", "star_run"):
        yield table, f"t.run_id IN {pinned}", None
    yield "crossmatch_run", f"t.run_id IN {pinned}", None
    yield "withdrawal", ended(plan, "t.run_id"), None


def _of_catalogs(plan: Plan) -> Iterator[tuple[str, str, str | None]]:
    """Yield the rows that crossmatches found, of whichever tables."""
    sides = {
        (table, side, matched.run_id)
        for matched in plan.crossmatches
        for side, table in (("left", matched.left_table), ("right", matched.right_table))
        if table != "spectrum"
    }
    for table in sorted({table for table, _, _ in sides}):
        found = " OR ".join(
            f"t.row_id IN (SELECT {side}_row_id FROM ledger.neighbourhood"  # noqa: S608
            f" WHERE crossmatch_run_id = {run})"
            for known, side, run in sorted(sides)
            if known == table
        )
        yield table, f"({found})", None


def _of_definitions(plan: Plan) -> Iterator[tuple[str, str, str | None]]:
    models = listed([part.model_id for part in plan.parts])
    applied = listed([one.calibration_id for one in plan.calibrations] or [0])
    yield "model", f"t.model_id IN {models}", None
    yield "model_output", f"t.model_id IN {models}", None
    configs = listed([part.fit_config_id for part in plan.parts])
    yield "fit_config", f"t.fit_config_id IN {configs}", None
    yield "calibration", f"t.calibration_id IN {applied}", None
    yield "calibration_member", f"t.calibration_id IN {applied}", None


def _of_spectra(connection: Connection, plan: Plan) -> Iterator[tuple[str, str, str | None]]:
    """Yield the spectra that were fitted or matched, and what they refer to."""
    yield "spectrum", _fitted(plan, "t") + _matched_spectra(plan), None
    yield (
        "shard",
        f"t.shard_id IN (SELECT s.shard_id FROM ledger.spectrum s WHERE {_fitted(plan, 's')})",  # noqa: S608
        None,
    )
    query = OBSERVED.format(fitted=_fitted(plan, "s"))
    rows = connection.execute(text(query)).all()
    releases = {row.data_release_id for row in rows} | {
        number for one in plan.crossmatches for number in (one.left_id, one.right_id)
    }
    known = listed(sorted(releases) or [0])
    yield "data_release", f"t.data_release_id IN {known}", None
    instruments = listed(sorted({row.instrument_id for row in rows}) or [0])
    yield "instrument", f"t.instrument_id IN {instruments}", None
    surveys = f"SELECT survey_id FROM ledger.data_release WHERE data_release_id IN {known}"  # noqa: S608
    yield "survey", f"t.survey_id IN ({surveys})", None


def _fitted(plan: Plan, spectrum: str) -> str:
    """Return the condition that a spectrum has a fit in the pinned runs."""
    return (
        f"EXISTS (SELECT FROM ledger.fit f WHERE f.spectrum_id = {spectrum}.spectrum_id"
        f" AND {fits_of_any(plan, 'f')})"
    )


def _matched_spectra(plan: Plan) -> str:
    """Return what must be added to a condition so that matched spectra obey it too."""
    return "".join(
        f" OR t.spectrum_id IN (SELECT {side}_row_id FROM ledger.neighbourhood"  # noqa: S608
        f" WHERE crossmatch_run_id = {one.run_id})"
        for one in plan.crossmatches
        for side, table in (("left", one.left_table), ("right", one.right_table))
        if table == "spectrum"
    )
