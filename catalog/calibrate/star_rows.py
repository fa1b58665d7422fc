"""Which row of another catalog is of which star: by Gaia's identifiers, or by a crossmatch."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, exists, literal, or_, select, union
from sqlalchemy.orm import aliased

from starledger.catalog.calibrate.combined import CombinationOf
from starledger.ingest.crossmatch.sides import Side
from starledger.ingest.crossmatch.supplied import GENERATIONS
from starledger.schema.asof import done, membership
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import (
    CrossmatchRun,
    DataRelease,
    GaiaSource,
    Neighbourhood,
    StarMember,
    StarVersion,
)


class NoBridge(StarledgerError):
    """A crossmatch run does not lead from stars to the rows of a catalog."""


def is_latest(run: CombinationOf) -> ColumnElement[bool]:
    """Return the condition that a row of `StarVersion` is its star's last as of the run's stars.

    As a condition on each row it leaves PostgreSQL free to begin at the catalog, which is smaller.
    """
    later = aliased(StarVersion)
    return and_(
        done(StarVersion.star_run_id, run.star_run_id),
        ~exists().where(
            later.star_id == StarVersion.star_id,
            later.star_run_id > StarVersion.star_run_id,
            done(later.star_run_id, run.star_run_id),
        ),
    )


def by_gaia(run: CombinationOf, side: Side) -> Select[Any]:
    """Return the query of stars and rows to which one Gaia identifier is given.

    Identifiers of DR2 and DR3 are different names and are compared each with its own.
    """
    ways = [
        select(StarVersion.star_id, side.row_id.label("row_id"), literal(0.0).label("separation"))
        .join(side.table, getattr(side.table, name) == getattr(StarVersion, name))
        .where(is_latest(run), side.counts())
        for name in ("gaia_dr3_source_id", "gaia_dr2_source_id")
        if hasattr(side.table, name)
    ]
    both = union(*ways).subquery("by_gaia")
    return select(both.c.star_id, both.c.row_id, both.c.separation)


def by_crossmatch(run: CombinationOf, side: Side, match: CrossmatchRun) -> Select[Any]:
    """Return the query of stars and rows that a crossmatch run paired as best neighbours.

    Raises
    ------
    NoBridge
        The run matched neither spectra nor Gaia sources with the catalog.
    """
    mine = (side.name, side.data_release_id)
    left = (match.left_table, match.left_data_release_id)
    right = (match.right_table, match.right_data_release_id)
    if mine not in (left, right):
        raise NoBridge(
            f"The crossmatch run {match.run_id} did not match {side.release}.",
            remedy=f"`starledger crossmatch … {side.release}` does.",
        )
    here, there = Neighbourhood.left_row_id, Neighbourhood.right_row_id
    row, other = (here, there) if mine == left else (there, here)
    table = match.right_table if mine == left else match.left_table
    pairs = (
        select(row.label("row_id"), other.label("other_id"), Neighbourhood.separation)
        .join(side.table, and_(side.row_id == row, side.counts()))
        .where(Neighbourhood.crossmatch_run_id == match.run_id, Neighbourhood.rank == 1)
        .subquery("pair")
    )
    match table:
        case "spectrum":
            return _by_spectrum(run, pairs)
        case "gaia_source":
            return _by_gaia_row(run, pairs)
        case _:
            raise NoBridge(
                f"No star is known by a row of {table}.",
                remedy="Match the catalog with spectra, or with Gaia.",
            )


def _by_spectrum(run: CombinationOf, pairs: Subquery) -> Select[Any]:
    belongs = and_(StarMember.spectrum_id == pairs.c.other_id, membership(run.star_run_id))
    return select(StarMember.star_id, pairs.c.row_id, pairs.c.separation).join(pairs, belongs)


def _by_gaia_row(run: CombinationOf, pairs: Subquery) -> Select[Any]:
    same = [
        and_(
            DataRelease.name.in_([name for name, of in GENERATIONS.items() if of == generation]),
            getattr(StarVersion, f"gaia_{generation}_source_id") == GaiaSource.source_id,
        )
        for generation in ("dr2", "dr3")
    ]
    return (
        select(StarVersion.star_id, pairs.c.row_id, pairs.c.separation)
        .select_from(pairs)
        .join(GaiaSource, GaiaSource.row_id == pairs.c.other_id)
        .join(DataRelease, DataRelease.data_release_id == GaiaSource.data_release_id)
        .join(StarVersion, or_(*same))
        .where(is_latest(run))
    )
