"""Where we are: what the ledger holds, what waits, and what was done last.

Small counts are exact. Larger ones would take minutes on a whole survey: they are estimated from
some pages of the table, picked at random but always the same, and say so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, Row, text

from starledger.schema.migrate import require_head, schema_state
from starledger.schema.partitions import is_divided
from starledger.schema.tables import SCHEMA
from starledger.schema.triggers import versioned_tables

EXACT_UP_TO = 20_000
"""Rows of one data release or model up to which they are counted one by one."""

SAMPLED_PAGES = 1_000
"""Pages of a table that are read for an estimate: an error of some per cent, in a second."""

LAST_RUNS = 10

OUTCOMES = ("good", "flagged", "failed")
STATES = ("pending", "leased", "aside")

RELEASES = """
SELECT r.name, r.title, c.closed_at AS published_at, coalesce((
    SELECT w.action = 'withdrawn' FROM ledger.withdrawal w
    WHERE w.release_id = r.release_id ORDER BY w.run_id DESC LIMIT 1), false) AS withdrawn
FROM ledger.release r LEFT JOIN ledger.closed_run c USING (run_id) ORDER BY r.release_id
"""

# The orders below make PostgreSQL walk an index, which ends at once where there is nothing.
DATA_RELEASES = """
SELECT d.data_release_id,
    s.name || '/' || d.name || '/' || d.version || ':' || d.product AS name, coalesce((
    SELECT w.action = 'withdrawn' FROM ledger.withdrawal w
    WHERE w.data_release_id = d.data_release_id ORDER BY w.run_id DESC LIMIT 1
    ), false) AS withdrawn, (
    SELECT count(*) FROM (
        SELECT FROM ledger.spectrum p
        WHERE p.data_release_id = d.data_release_id AND p.valid_to_run_id IS NULL
        ORDER BY p.data_release_id, p.external_id LIMIT :enough
    ) few) AS at_least
FROM ledger.data_release d JOIN ledger.survey s USING (survey_id) ORDER BY d.data_release_id
"""

# Statistics are gathered when a partition is attached, and from time to time later.
CATALOG_PARTITIONS = """
SELECT substring(c.relname FROM '[0-9]+$')::int AS data_release_id, c.relname, c.reltuples AS about
FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE i.inhparent = ANY (CAST(:tables AS regclass[]))
"""

STAR_OF = """
SELECT m.star_id FROM ledger.star_member m
JOIN ledger.closed_run c ON c.run_id = m.star_run_id AND c.outcome = 'done'
WHERE m.spectrum_id = s.spectrum_id ORDER BY m.star_run_id DESC LIMIT 1
"""

SPECTRA_COUNTED = f"""
SELECT s.data_release_id, count(*) AS spectra, count(DISTINCT m.star_id) AS stars
FROM ledger.spectrum s LEFT JOIN LATERAL ({STAR_OF}) m ON true
WHERE s.data_release_id = ANY (:ids) AND s.valid_to_run_id IS NULL GROUP BY 1
"""  # noqa: S608 - both parts are ours

# A star with n spectra is met n times as often as one with a single spectrum: each meeting
# counts for 1/n of it.
SPECTRA_SAMPLED = f"""
WITH s AS MATERIALIZED (
    SELECT spectrum_id, data_release_id FROM ledger.spectrum
    TABLESAMPLE SYSTEM (CAST(:percent AS real)) REPEATABLE (0)
    WHERE data_release_id = ANY (:ids) AND valid_to_run_id IS NULL)
SELECT s.data_release_id, count(*) AS spectra, coalesce(sum(1.0 / n.spectra), 0) AS stars
FROM s LEFT JOIN LATERAL ({STAR_OF}) m ON true LEFT JOIN LATERAL (
    SELECT count(*) AS spectra FROM ledger.star_member o JOIN ledger.spectrum p USING (spectrum_id)
    WHERE o.star_id = m.star_id AND p.data_release_id = s.data_release_id
    AND p.valid_to_run_id IS NULL
) n ON n.spectra > 0 GROUP BY 1
"""  # noqa: S608 - both parts are ours

MODELS = """
SELECT m.model_id, m.name, m.system, coalesce((
    SELECT w.action = 'withdrawn' FROM ledger.withdrawal w
    WHERE w.model_id = m.model_id ORDER BY w.run_id DESC LIMIT 1), false) AS withdrawn, (
    SELECT count(*) FROM (
        SELECT FROM ledger.fit f WHERE f.model_id = m.model_id LIMIT :enough
    ) few) AS fits, (
    SELECT count(*) FROM (
        SELECT FROM ledger.work k
        WHERE k.model_id = m.model_id AND k.state = 'pending'
        ORDER BY k.model_id, k.fit_config_id, k.spectrum_id LIMIT :enough
    ) few) AS pending
FROM ledger.model m ORDER BY m.model_id
"""

FITS_COUNTED = """
SELECT model_id, outcome, count(*) AS n FROM ledger.fit WHERE model_id = ANY (:ids) GROUP BY 1, 2
"""

FITS_SAMPLED = """
SELECT model_id, outcome, count(*) AS n FROM ledger.fit
TABLESAMPLE SYSTEM (CAST(:percent AS real)) REPEATABLE (0) WHERE model_id = ANY (:ids) GROUP BY 1, 2
"""

PENDING_SAMPLED = """
SELECT model_id, 'pending' AS outcome, count(*) AS n FROM ledger.work
TABLESAMPLE SYSTEM (CAST(:percent AS real)) REPEATABLE (0)
WHERE model_id = ANY (:ids) AND state = 'pending' GROUP BY 1
"""

LEASED_AND_ASIDE = """
SELECT model_id, 'aside' AS outcome, count(*) AS n FROM ledger.work WHERE state = 'aside' GROUP BY 1
UNION ALL
SELECT r.model_id, 'leased', sum(cardinality(l.spectrum_ids))
FROM ledger.lease l JOIN ledger.fit_run r ON r.run_id = l.fit_run_id GROUP BY 1
"""

RUNS = """
SELECT r.run_id, r.kind, r.opened_at, c.closed_at, coalesce(c.outcome, 'open') AS outcome, c.message
FROM ledger.run r LEFT JOIN ledger.closed_run c USING (run_id) ORDER BY r.run_id DESC LIMIT :last
"""

# A partitioned table has no pages but those of its partitions.
PAGES = """
SELECT coalesce(sum(pg_relation_size(c.oid)), 0) / current_setting('block_size')::int
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE coalesce(i.inhparent, c.oid) = CAST(:table AS regclass)
"""


@dataclass(frozen=True)
class Count:
    """A number of rows.

    Examples
    --------
    >>> str(Count(1234)), str(Count.about(1234567.8))
    ('1,234', 'about 1,200,000')
    """

    number: int
    estimated: bool = False

    @classmethod
    def about(cls, number: float) -> Self:
        """Return an estimate, of which two figures mean something."""
        return cls(int(float(f"{number:.2g}")), estimated=True)

    def __str__(self) -> str:
        return f"about {self.number:,}" if self.estimated else f"{self.number:,}"


@dataclass(frozen=True)
class ReleaseStatus:
    """A release that was published."""

    name: str
    title: str
    published_at: dt.datetime | None
    withdrawn: bool


@dataclass(frozen=True)
class DataReleaseStatus:
    """What is current of a data release: rows of catalogs, spectra, and the stars of these."""

    name: str
    withdrawn: bool
    rows: Count
    spectra: Count
    stars: Count


@dataclass(frozen=True)
class ModelStatus:
    """A model's fits by their outcome, and its work by its state."""

    name: str
    system: str
    withdrawn: bool
    good: Count
    flagged: Count
    failed: Count
    pending: Count
    leased: Count
    aside: Count


@dataclass(frozen=True)
class RunStatus:
    """A run, and how it ended: done, failed, or open still."""

    run: int
    kind: str
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    outcome: str
    message: str | None


@dataclass(frozen=True)
class Status:
    """Where we are."""

    revision: str | None
    releases: list[ReleaseStatus]
    data_releases: list[DataReleaseStatus]
    models: list[ModelStatus]
    runs: list[RunStatus]


def status(connection: Connection) -> Status:
    """Tell what the ledger holds, what waits, and the last runs.

    Raises
    ------
    SchemaMismatch
        The database is behind or ahead of this software.
    """
    require_head(connection)
    releases = connection.execute(text(RELEASES))
    runs = connection.execute(text(RUNS), {"last": LAST_RUNS})
    return Status(
        revision=schema_state(connection).current,
        releases=[ReleaseStatus(*row) for row in releases],
        data_releases=_data_releases(connection),
        models=_models(connection),
        runs=[RunStatus(*row) for row in runs],
    )


def _data_releases(connection: Connection) -> list[DataReleaseStatus]:
    rows = connection.execute(text(DATA_RELEASES), {"enough": EXACT_UP_TO + 1}).all()
    few = [row.data_release_id for row in rows if row.at_least <= EXACT_UP_TO]
    many = [row.data_release_id for row in rows if row.at_least > EXACT_UP_TO]
    counts = {row.data_release_id: (Count(0), Count(0)) for row in rows}
    counts |= {one: (Count.about(EXACT_UP_TO), Count.about(0)) for one in many}
    for found in _counted(connection, SPECTRA_COUNTED, few):
        counts[found.data_release_id] = (Count(found.spectra), Count(found.stars))
    times, sampled = _sampled(connection, SPECTRA_SAMPLED, "ledger.spectrum", many)
    for found in sampled:
        spectra, stars = times * found.spectra, times * float(found.stars)
        counts[found.data_release_id] = (Count.about(spectra), Count.about(stars))
    catalogs = _catalog_rows(connection)
    return [
        DataReleaseStatus(
            row.name,
            row.withdrawn,
            catalogs.get(row.data_release_id, Count(0)),
            *counts[row.data_release_id],
        )
        for row in rows
    ]


def _catalog_rows(connection: Connection) -> dict[int, Count]:
    """Return how many rows of catalogs each data release has."""
    tables = [f"{SCHEMA}.{table}" for table in versioned_tables() if is_divided(table)]
    partitions = connection.execute(text(CATALOG_PARTITIONS), {"tables": tables}).all()
    few = [row for row in partitions if row.about <= EXACT_UP_TO]
    counted = " UNION ALL ".join(
        f"SELECT {row.data_release_id}, count(*) FROM {SCHEMA}.{row.relname}"  # noqa: S608 - ours
        " WHERE valid_to_run_id IS NULL"
        for row in few
    )
    exact = connection.execute(text(counted)).all() if few else []
    found: dict[int, Count] = {}
    for release, rows in exact:
        found[release] = Count(found.get(release, Count(0)).number + rows)
    for row in partitions:
        if row.about > EXACT_UP_TO:
            found[row.data_release_id] = Count.about(row.about)
    return found


def _models(connection: Connection) -> list[ModelStatus]:
    rows = connection.execute(text(MODELS), {"enough": EXACT_UP_TO + 1}).all()
    few = [row.model_id for row in rows if row.fits <= EXACT_UP_TO]
    many = [row.model_id for row in rows if row.fits > EXACT_UP_TO]
    waiting = [row.model_id for row in rows if row.pending > EXACT_UP_TO]
    counts = {(row.model_id, kind): Count(0) for row in rows for kind in OUTCOMES + STATES}
    counts |= {(one, kind): Count.about(0) for one in many for kind in OUTCOMES}
    counts |= {(row.model_id, "pending"): Count(row.pending) for row in rows}
    counts |= {(one, "pending"): Count.about(EXACT_UP_TO) for one in waiting}
    for found in (
        *_counted(connection, FITS_COUNTED, few),
        *connection.execute(text(LEASED_AND_ASIDE)),
    ):
        counts[found.model_id, found.outcome] = Count(found.n)
    for query, table, ids in (
        (FITS_SAMPLED, "ledger.fit", many),
        (PENDING_SAMPLED, "ledger.work", waiting),
    ):
        times, sampled = _sampled(connection, query, table, ids)
        for found in sampled:
            counts[found.model_id, found.outcome] = Count.about(times * found.n)
    return [
        ModelStatus(
            row.name,
            row.system,
            row.withdrawn,
            *(counts[row.model_id, kind] for kind in OUTCOMES + STATES),
        )
        for row in rows
    ]


def _counted(connection: Connection, query: str, ids: list[int]) -> Sequence[Row[Any]]:
    return connection.execute(text(query), {"ids": ids}).all() if ids else []


def _sampled(
    connection: Connection, query: str, table: str, ids: list[int]
) -> tuple[float, Sequence[Row[Any]]]:
    """Return how many rows each row found stands for, and the rows found."""
    if not ids:
        return 1, []
    pages = connection.scalar(text(PAGES), {"table": table}) or 1
    percent = min(100.0, 100.0 * SAMPLED_PAGES / float(pages))
    found = connection.execute(text(query), {"ids": ids, "percent": percent}).all()
    return 100 / percent, found
