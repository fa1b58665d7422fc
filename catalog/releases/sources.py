"""The rows of the ledger that a release is made of: what must never change under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from starledger.catalog.pinned_sql import listed
from starledger.catalog.releases.pinned_rows import ended, fits_of_any
from starledger.catalog.releases.plan import Plan
from starledger.schema.checksums import Sum, sum_query, sums
from starledger.schema.seals import Seal, seal_missing, seals_of
from starledger.schema.tables import SCHEMA, metadata
from starledger.schema.triggers import RUN_COLUMNS

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
    sums
        What they add up to, by run where they are of runs.
    """

    table: str
    query: str
    sums: Mapping[str, Sum]


def sources(connection: Connection, plan: Plan) -> list[Source]:
    """Return all rows that a release is made of, by table.

    What pinned runs wrote was summed up when they were closed; the rest is summed up now.
    """
    seal_missing(connection, plan.runs)
    sealed = [_sealed(plan, seal) for seal in seals_of(connection, plan.runs)]
    return sealed + [
        _summed(connection, table, sum_query(f"{SCHEMA}.{table}", _columns(plan, table), condition))
        for table, condition in _conditions(connection, plan)
    ]


def own_sources(connection: Connection, release_id: int, run_id: int) -> list[Source]:
    """Return the rows that describe a release, by table."""
    conditions = {
        **dict.fromkeys(
            ("release_pin", "release_label", "release_flag", "release_view"),
            f"t.release_id = {release_id}",
        ),
        **dict.fromkeys(("run", "release_run"), f"t.run_id = {run_id}"),
    }
    return [
        _summed(connection, table, sum_query(f"{SCHEMA}.{table}", _all_columns(table), condition))
        for table, condition in conditions.items()
    ]


def _sealed(plan: Plan, seal: Seal) -> Source:
    """Return the rows that runs wrote, of which some may have been closed before a migration."""
    column = f"t.{RUN_COLUMNS[seal.table]}"
    condition = f"{column} IN {listed(seal.runs)}"
    if seal.table == "fit":
        condition += f" AND t.model_id IN {listed([part.model_id for part in plan.parts])}"
    columns = [f"t.{one}" for one in seal.columns]
    query = sum_query(f"{SCHEMA}.{seal.table}", columns, condition, column)
    return Source(seal.table, query, {str(run): sum_ for run, sum_ in seal.sums.items()})


def _summed(connection: Connection, table: str, query: str) -> Source:
    return Source(table, query, sums(connection, query))


def _all_columns(table: str) -> list[str]:
    return [f"t.{column.name}" for column in metadata.tables[f"{SCHEMA}.{table}"].columns]


def _columns(plan: Plan, table: str) -> list[str]:
    """Return all columns as they are now: what later migrations add is not part of the release."""
    then = f"CASE WHEN {ended(plan, f't.{VALIDITY}')} THEN t.{VALIDITY} END"
    return [then if name == f"t.{VALIDITY}" else name for name in _all_columns(table)]


def _conditions(connection: Connection, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each table that is not sealed by runs, with the condition of its rows."""
    pinned = listed(plan.runs)
    for table in ("run", "closed_run", "combination_run", "fit_run", "quality_run", "star_run"):
        yield table, f"t.run_id IN {pinned}"
    yield "crossmatch_run", f"t.run_id IN {pinned}"
    yield "withdrawal", ended(plan, "t.run_id")
    yield from _of_catalogs(plan)
    yield from _of_definitions(plan)
    yield from _of_spectra(connection, plan)


def _of_catalogs(plan: Plan) -> Iterator[tuple[str, str]]:
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
        yield table, f"({found})"


def _of_definitions(plan: Plan) -> Iterator[tuple[str, str]]:
    models = listed([part.model_id for part in plan.parts])
    applied = listed([one.calibration_id for one in plan.calibrations] or [0])
    yield "model", f"t.model_id IN {models}"
    yield "model_output", f"t.model_id IN {models}"
    configs = listed([part.fit_config_id for part in plan.parts])
    yield "fit_config", f"t.fit_config_id IN {configs}"
    yield "calibration", f"t.calibration_id IN {applied}"
    yield "calibration_member", f"t.calibration_id IN {applied}"


def _of_spectra(connection: Connection, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the spectra that were fitted or matched, and what they refer to."""
    yield "spectrum", _fitted(plan, "t") + _matched_spectra(plan)
    shards = f"SELECT s.shard_id FROM ledger.spectrum s WHERE {_fitted(plan, 's')}"  # noqa: S608
    yield "shard", f"t.shard_id IN ({shards})"
    query = OBSERVED.format(fitted=_fitted(plan, "s"))
    rows = connection.execute(text(query)).all()
    releases = {row.data_release_id for row in rows} | {
        number for one in plan.crossmatches for number in (one.left_id, one.right_id)
    }
    known = listed(sorted(releases) or [0])
    yield "data_release", f"t.data_release_id IN {known}"
    instruments = listed(sorted({row.instrument_id for row in rows}) or [0])
    yield "instrument", f"t.instrument_id IN {instruments}"
    surveys = f"SELECT survey_id FROM ledger.data_release WHERE data_release_id IN {known}"  # noqa: S608
    yield "survey", f"t.survey_id IN ({surveys})"


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
