"""Pairs that a survey supplied itself: its rows' Gaia identifiers, of DR2 or of DR3.

An identifier of one Gaia data release says nothing of another data release. Where a survey
supplied only those of the other one, Gaia's own table dr2_neighbourhood leads over, to the nearest
source that it names.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from starledger.ingest.crossmatch.sides import Side
from starledger.schema.asof import valid, withdrawn
from starledger.schema.tables import GaiaDr2Neighbour, Withdrawal

GENERATIONS = {"dr2": "dr2", "edr3": "dr3", "dr3": "dr3"}
"""Which identifiers the data releases of Gaia use; those of EDR3 and DR3 are the same."""

OTHER = {"dr2": "dr3", "dr3": "dr2"}


def supplied_pairs(left: Side, right: Side) -> Select[Any] | None:
    """Return the query of the pairs that the left or the right side supplied.

    Returns
    -------
    query
        The columns of `Positions` for the left row, and for the right one ending in ``_right``;
        None where neither side is Gaia or the other has no identifiers of it.
    """
    gaia, named = (right, left) if right.name == "gaia_source" else (left, right)
    generation = GENERATIONS.get(gaia.release.name)
    if gaia.name != "gaia_source" or generation is None or not _names_gaia(named):
        return None
    return (
        select(*left.columns(), *right.columns(suffix="_right"))
        .select_from(named.table)
        .join(gaia.table, gaia.table.source_id == _source_id(named, generation))
        .where(left.counts(), right.counts())
        .where(named.table.ra.is_not(None))
        .where(
            func.num_nonnulls(named.table.gaia_dr2_source_id, named.table.gaia_dr3_source_id) > 0
        )
    )


def _names_gaia(side: Side) -> bool:
    return hasattr(side.table, "gaia_dr2_source_id")


def _source_id(named: Side, generation: str) -> ColumnElement[int]:
    """Return the identifier that a row supplied, or to which Gaia itself leads over."""
    direct = getattr(named.table, f"gaia_{generation}_source_id")
    other = getattr(named.table, f"gaia_{OTHER[generation]}_source_id")
    bridged = nearest_in_gaia(other, OTHER[generation], generation, named.as_of)
    return func.coalesce(direct, bridged)


def nearest_in_gaia(known: Any, known_as: str, wanted: str, as_of: int) -> Any:
    """Return the subquery of the source of one Gaia data release nearest to one of the other.

    Parameters
    ----------
    known
        A column of identifiers.
    known_as, wanted
        ``dr2`` and ``dr3``, or the other way round.
    as_of
        The run as of which Gaia's dr2_neighbourhood is read.
    """
    bridge = aliased(GaiaDr2Neighbour)
    return (
        select(getattr(bridge, f"gaia_{wanted}_source_id"))
        .where(
            getattr(bridge, f"gaia_{known_as}_source_id") == known,
            valid(bridge, as_of),
            ~withdrawn(Withdrawal.data_release_id, bridge.data_release_id, as_of),
        )
        .order_by(
            bridge.separation,
            func.abs(bridge.magnitude_difference).nulls_last(),
            getattr(bridge, f"gaia_{wanted}_source_id"),
        )
        .limit(1)
        .scalar_subquery()
    )
