"""The epoch at which two rows are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from starledger.ingest.crossmatch.rows import PlacedRows
from starledger.ingest.sky_motion import Floats, separations


@dataclass(frozen=True)
class Motions:
    """What is known of the motions of all rows of a side, together.

    Parameters
    ----------
    n_moving
        How many rows have a proper motion.
    n_undated
        How many rows have no epoch.
    first, last
        The earliest and the latest epoch; None where no row has one.
    fastest
        The largest proper motion in arcsec/yr.
    """

    n_moving: int
    n_undated: int
    first: float | None
    last: float | None
    fastest: float


@dataclass(frozen=True)
class Comparison:
    """At which epoch a pair is compared.

    Parameters
    ----------
    epoch
        One for all pairs; where it is None, that of the pair's row of the side that stays, and
        of the other row where that one has no epoch.
    stays
        The side whose rows are compared where they were published, unless there is one epoch.
    first, last
        Between these lie the epochs of all pairs; both are NaN where no row has an epoch.
    """

    epoch: float | None
    stays: Literal["left", "right"]
    first: float
    last: float

    @property
    def middle(self) -> float:
        """The epoch for which trees are made."""
        return (self.first + self.last) / 2

    @property
    def half_range(self) -> float:
        """Most years between the middle and the epoch of any pair."""
        return (self.last - self.first) / 2 if self.last > self.first else 0.0

    @property
    def only_epoch(self) -> float | None:
        """The epoch of all pairs; None where there are several, or none is known."""
        return self.first if self.first == self.last else None

    def epochs(self, left: PlacedRows, right: PlacedRows) -> Floats:
        """Return the epochs of pairs, NaN where neither row has one."""
        if self.epoch is not None:
            return np.full(len(left), self.epoch)
        here, there = (left, right) if self.stays == "left" else (right, left)
        return np.where(np.isnan(here.epoch), there.epoch, here.epoch)

    def separations(self, left: PlacedRows, right: PlacedRows) -> Floats:
        """Return the angular distances of pairs at their epochs, in arcsec."""
        epochs = self.epochs(left, right)
        return separations(left.vectors_at(epochs), right.vectors_at(epochs))


def compared_at(epoch: float) -> Comparison:
    """Return the comparison of all pairs at one epoch."""
    return Comparison(epoch, "right", epoch, epoch)


def compared_where_published(left: Motions, right: Motions) -> Comparison:
    """Return the comparison at the epoch of the side whose rows do not move.

    Where both sides move, or neither, the right one stays.

    Examples
    --------
    >>> gaia = Motions(900, 0, 2016.0, 2016.0, 10.4)
    >>> compared_where_published(Motions(0, 0, 2000.0, 2000.0, 0.0), gaia).middle
    2000.0
    """
    stays: Literal["left", "right"] = "left" if right.n_moving and not left.n_moving else "right"
    here, there = (left, right) if stays == "left" else (right, left)
    ends = [here.first, here.last]
    if here.n_undated:
        ends += [there.first, there.last]
    known = [end for end in ends if end is not None] or [np.nan]
    return Comparison(None, stays, min(known), max(known))


def farthest_shift(side: Motions, comparison: Comparison) -> float:
    """Return how far a row of a side may be from its published position when compared, arcsec."""
    if not side.n_moving or side.first is None or side.last is None:
        return 0.0
    years = max(abs(comparison.last - side.first), abs(comparison.first - side.last))
    return side.fastest * years if np.isfinite(years) else 0.0
