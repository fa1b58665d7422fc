"""From pairs to neighbourhoods: the database ranks what was found and keeps it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from psycopg import Connection as DriverConnection
from psycopg.errors import NumericValueOutOfRange
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError

from starledger.ingest.crossmatch.columns import write_columns
from starledger.ingest.crossmatch.neighbours import Pairs
from starledger.schema.errors import StarledgerError


class TooManyNeighbours(StarledgerError):
    """A row has more neighbours than can be ranked."""


class BestRule(StrEnum):
    """Which of several neighbours is the best, unless the survey supplied one."""

    NEAREST = "nearest"
    BRIGHTEST = "brightest"


ORDERS = {
    BestRule.NEAREST: "separation, right_row_id",
    BestRule.BRIGHTEST: "magnitude, separation, right_row_id",
}
"""How neighbours are ordered; a NaN sorts last, so that a source without magnitude does."""

_STAGE = """
CREATE TEMP TABLE {table} (left_row_id bigint, right_row_id bigint, separation float8,
    epoch float8, magnitude float8) ON COMMIT DROP
"""

_KEEP = """
INSERT INTO ledger.neighbourhood (crossmatch_run_id, left_row_id, right_row_id, origin, separation,
    epoch, rank, n_neighbours, n_mates)
SELECT :run, left_row_id, right_row_id, origin, separation, nullif(epoch, 'NaN'),
    row_number() OVER (PARTITION BY left_row_id ORDER BY origin DESC, {order}),
    count(*) OVER (PARTITION BY left_row_id), count(*) OVER (PARTITION BY right_row_id)
FROM (
    SELECT *, 'supplied' AS origin FROM supplied_pair
    UNION ALL
    SELECT *, 'position' FROM near_pair n WHERE NOT EXISTS (
        SELECT FROM supplied_pair s
        WHERE s.left_row_id = n.left_row_id AND s.right_row_id = n.right_row_id)
) pairs
"""

_COUNT = """
SELECT count(*) AS n_pairs, count(*) FILTER (WHERE rank = 1) AS n_matched,
    count(*) FILTER (WHERE origin = 'supplied') AS n_supplied
FROM ledger.neighbourhood WHERE crossmatch_run_id = :run
"""


def open_stage(connection: Connection) -> None:
    """Make the temporary tables that take pairs, until the transaction ends."""
    for table in ("near_pair", "supplied_pair"):
        connection.execute(text(_STAGE.format(table=table)))


def stage(connection: DriverConnection[Any], table: str, pairs: Pairs) -> None:
    """Add pairs to ``near_pair`` or ``supplied_pair``."""
    columns = {
        "left_row_id": pairs.left,
        "right_row_id": pairs.right,
        "separation": pairs.separation,
        "epoch": pairs.epoch,
        "magnitude": pairs.magnitude,
    }
    write_columns(connection, table, columns)


def keep(connection: Connection, run_id: int, rule: BestRule) -> dict[str, int]:
    """Rank the pairs of each left row, keep them as the run's, and count them.

    Supplied pairs come first, and a pair that is both supplied and near is one, supplied.
    """
    for table in ("near_pair", "supplied_pair"):
        connection.execute(text(f"ANALYZE {table}"))
    try:
        connection.execute(text(_KEEP.format(order=ORDERS[rule])), {"run": run_id})
    except DataError as error:
        if isinstance(error.orig, NumericValueOutOfRange):
            raise TooManyNeighbours(
                "A row has more than 32767 neighbours within the radius.",
                remedy="Give a smaller radius, or look for rows that all have one position.",
            ) from error
        raise
    counts = connection.execute(text(_COUNT), {"run": run_id}).mappings().one()
    return dict(counts)
