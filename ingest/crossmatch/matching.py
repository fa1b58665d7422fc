"""A crossmatch: the rows of one data release with those of another, as a run of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from psycopg import Connection as DriverConnection
from sqlalchemy import Connection, Engine

from starledger.ingest.crossmatch.columns import read_columns
from starledger.ingest.crossmatch.comparison import (
    Comparison,
    compared_at,
    compared_where_published,
    farthest_shift,
)
from starledger.ingest.crossmatch.neighbours import Pairs, neighbours, paired
from starledger.ingest.crossmatch.ranking import BestRule, keep, open_stage, stage
from starledger.ingest.crossmatch.rows import COLUMNS, positions_in, read_positions
from starledger.ingest.crossmatch.sides import (
    Census,
    Side,
    census_of,
    last_closed_run,
    side_of,
    sql_of,
)
from starledger.ingest.crossmatch.supplied import supplied_pairs
from starledger.ingest.surveys import Release
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.runs import running
from starledger.schema.tables import RunKind

WIDEST = 60.0
"""The largest radius in arcsec; farther rows are not the same source."""

_TWO_ROWS = np.dtype(
    [(name + suffix, COLUMNS[name]) for suffix in ("", "_right") for name in COLUMNS.names or ()]
)


class UnfitCrossmatch(StarledgerError):
    """A crossmatch was asked for with a radius, an epoch or a rule that does not fit."""


@dataclass(frozen=True)
class Crossmatch:
    """What a crossmatch is to do.

    Parameters
    ----------
    left, right
        The two sides.
    radius
        In arcsec.
    comparison
        At which epochs.
    margin
        How far (arcsec) rows of the two sides together may be from where they were published.
    """

    left: Side
    right: Side
    radius: float
    comparison: Comparison
    margin: float


def crossmatch(
    database: Database,
    left: Release,
    right: Release,
    radius: float,
    epoch: float | None = None,
    best_rule: BestRule = BestRule.NEAREST,
) -> dict[str, Any]:
    """Find every pair of rows of two data releases that are near each other, and rank them.

    Parameters
    ----------
    database
        The ledger.
    left, right
        The data releases; each left row's neighbours on the right are ranked.
    radius
        Largest separation in arcsec. Pairs that a survey supplied may be farther apart.
    epoch
        The Julian year to which both sides are propagated; without it, each pair is compared at
        the epoch of its row of the side that has no proper motions.
    best_rule
        Which neighbour is ranked first where the survey supplied none.

    Returns
    -------
    summary
        The one epoch of all pairs (None where there are several or none is known), and what the
        run counted: rows with a position (``n_left``, ``n_right``) and without
        (``n_left_without_position``, …), pairs, left rows with a pair and without, supplied pairs.
    """
    _check(radius, epoch)
    engine = database.engine()
    with engine.begin() as connection:
        as_of = last_closed_run(connection)
        sides = side_of(connection, left, as_of), side_of(connection, right, as_of)
        censuses = [census_of(connection, side) for side in sides]
    if best_rule is BestRule.BRIGHTEST and sides[1].name != "gaia_source":
        raise UnfitCrossmatch(
            f"The rows of {right} have no magnitude in G, so that none is the brightest.",
            remedy="Put Gaia on the right side, or ask for the nearest.",
        )
    task = _task(sides, censuses, radius, epoch)
    with running(engine, RunKind.CROSSMATCH, **_about(task, best_rule)) as run:
        with engine.begin() as connection:
            counts = _match(engine, connection, task, run.run_id, best_rule)
        run.summary |= {"epoch": task.comparison.only_epoch, **_summary(censuses, counts)}
        run.message = f"{left} × {right}: {counts['n_pairs']} pairs within {radius:g} arcsec"
    return {"run": run.run_id, **run.summary}


def _check(radius: float, epoch: float | None) -> None:
    if not 0 < radius <= WIDEST:
        raise UnfitCrossmatch(
            f"The radius is {radius:g} arcsec.", remedy=f"Give one above 0 and up to {WIDEST:g}."
        )
    if epoch is not None and not 1800 <= epoch <= 2200:
        raise UnfitCrossmatch(
            f"The epoch is {epoch:g}.", remedy="Give a Julian year between 1800 and 2200."
        )


def _task(
    sides: tuple[Side, Side], censuses: list[Census], radius: float, epoch: float | None
) -> Crossmatch:
    left, right = (census.motions for census in censuses)
    comparison = compared_where_published(left, right) if epoch is None else compared_at(epoch)
    margin = sum(farthest_shift(motions, comparison) for motions in (left, right))
    return Crossmatch(*sides, radius, comparison, margin)


def _about(task: Crossmatch, best_rule: BestRule) -> dict[str, Any]:
    return {
        "left_table": task.left.name,
        "left_data_release_id": task.left.data_release_id,
        "right_table": task.right.name,
        "right_data_release_id": task.right.data_release_id,
        "as_of_run_id": task.left.as_of,
        "radius": task.radius,
        "best_rule": best_rule.value,
    }


def _match(
    engine: Engine, connection: Connection, task: Crossmatch, run_id: int, rule: BestRule
) -> dict[str, int]:
    open_stage(connection)
    with driver_of(connection) as staging, _driver(engine) as lefts, _driver(engine) as rights:
        for pairs in _supplied(lefts, task):
            stage(staging, "supplied_pair", pairs)
        left = read_positions(lefts, sql_of(task.left.positions()))
        right = read_positions(rights, sql_of(task.right.positions()))
        for pairs in neighbours(left, right, task.radius, task.comparison, task.margin):
            stage(staging, "near_pair", pairs)
    return keep(connection, run_id, rule)


def _supplied(connection: DriverConnection[Any], task: Crossmatch) -> Iterator[Pairs]:
    query = supplied_pairs(task.left, task.right)
    if query is None:
        return
    for rows in read_columns(connection, sql_of(query), _TWO_ROWS):
        yield paired(positions_in(rows), positions_in(rows, "_right"), task.comparison)


def _summary(censuses: list[Census], counts: dict[str, int]) -> dict[str, int]:
    left, right = censuses
    return {
        "n_left": left.n_rows,
        "n_right": right.n_rows,
        "n_left_without_position": left.n_without_position,
        "n_right_without_position": right.n_without_position,
        **counts,
        "n_unmatched": left.n_rows - counts["n_matched"],
    }


@contextmanager
def driver_of(connection: Connection) -> Iterator[DriverConnection[Any]]:
    """Yield the driver's own connection, which COPY needs."""
    own = connection.connection.driver_connection
    assert isinstance(own, DriverConnection)  # noqa: S101 - psycopg is the only driver
    yield own


@contextmanager
def _driver(engine: Engine) -> Iterator[DriverConnection[Any]]:
    with engine.connect() as connection, driver_of(connection) as own:
        yield own
