"""The crossmatches with Gaia that a star run follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from starledger.ingest.crossmatch.supplied import GENERATIONS
from starledger.schema.asof import withdrawn
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import ClosedRun, CrossmatchRun, DataRelease, Withdrawal


class UnfitCrossmatchRun(StarledgerError):
    """A run is no finished crossmatch of spectra with Gaia."""


class GaiaMatch(NamedTuple):
    """A crossmatch run of spectra with Gaia, and whether its source ids are of DR2 or of DR3."""

    run_id: int
    generation: str
    left: int
    right: int


def chosen_matches(connection: Connection, run_ids: Sequence[int], as_of: int) -> list[GaiaMatch]:
    """Return the crossmatch runs of some numbers.

    Raises
    ------
    UnfitCrossmatchRun
        One of them is no run that can be followed.
    """
    usable = {match.run_id: match for match in _usable(connection, as_of)}
    for run_id in run_ids:
        if run_id not in usable:
            raise UnfitCrossmatchRun(
                f"Run {run_id} is no finished crossmatch of spectra with Gaia DR2 or DR3.",
                remedy="Name runs of `starledger crossmatch` whose left side is a data release of"
                f" spectra; there are {', '.join(map(str, usable)) or 'none'}.",
            )
    return [usable[run_id] for run_id in sorted(set(run_ids))]


def newest_matches(connection: Connection, as_of: int) -> list[GaiaMatch]:
    """Return the newest crossmatch run of each data release of spectra with each of Gaia."""
    newest = {(match.left, match.right): match for match in _usable(connection, as_of)}
    return sorted(newest.values())


def _usable(connection: Connection, as_of: int) -> list[GaiaMatch]:
    right = CrossmatchRun.right_data_release_id
    query = (
        select(CrossmatchRun.run_id, DataRelease.name, CrossmatchRun.left_data_release_id, right)
        .join(DataRelease, DataRelease.data_release_id == right)
        .join(ClosedRun, ClosedRun.run_id == CrossmatchRun.run_id)
        .where(
            ClosedRun.outcome == "done",
            CrossmatchRun.run_id <= as_of,
            CrossmatchRun.left_table == "spectrum",
            CrossmatchRun.right_table == "gaia_source",
            DataRelease.name.in_(list(GENERATIONS)),
            ~withdrawn(Withdrawal.data_release_id, right, as_of),
        )
        .order_by(CrossmatchRun.run_id)
    )
    return [
        GaiaMatch(run_id, GENERATIONS[name], left_id, right_id)
        for run_id, name, left_id, right_id in connection.execute(query).all()
    ]
