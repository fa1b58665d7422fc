"""Finding all pairs of rows that are near each other, band by band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from starledger.ingest.crossmatch.comparison import Comparison
from starledger.ingest.crossmatch.positions import Integers, Positions, tree_of
from starledger.ingest.crossmatch.sweep import overlapping
from starledger.ingest.sky_motion import ARCSEC, Floats, separations

SLOW = 1.0
"""Rows that may shift by more than this (arcsec) about the middle epoch are searched apart, lest
all rows be searched as widely as they must."""

ROUNDING = 1e-9
"""By how much (arcsec) trees are asked wider, so that only the exact separation decides."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows: which, how far apart in arcsec, at which epoch, and how bright on the right.

    Where neither row has an epoch, the pair's is NaN.
    """

    left: Integers
    right: Integers
    separation: Floats
    epoch: Floats
    magnitude: Floats


@dataclass(frozen=True)
class _Block:
    """Rows of one band, with the trees that are made of them when first asked for."""

    rows: Positions
    comparison: Comparison

    @property
    def dec(self) -> Floats:
        return self.rows.dec

    @cached_property
    def vectors(self) -> Floats:
        """The directions at the middle epoch."""
        return self.rows.vectors_at(self.comparison.middle)

    @cached_property
    def groups(self) -> list[_Group]:
        """The slow rows and the fast ones, where there are any."""
        shift = self.rows.speed * self.comparison.half_range
        slow = shift <= SLOW
        parts = [np.flatnonzero(slow), np.flatnonzero(~slow)]
        return [
            _Group(part, float(shift[part].max()), tree_of(self.vectors[part]))
            for part in parts
            if len(part)
        ]


@dataclass(frozen=True)
class _Group:
    """Rows of a block, how far (arcsec) they shift at most, and the tree of their directions."""

    index: NDArray[np.intp]
    shift: float
    tree: cKDTree


def neighbours(
    left: Iterator[Positions],
    right: Iterator[Positions],
    radius: float,
    comparison: Comparison,
    margin: float = 0.0,
) -> Iterator[Pairs]:
    """Yield all pairs whose separation at their epoch is at most the radius, each pair once.

    Parameters
    ----------
    left, right
        Blocks of rows from south to north, sorted by declination.
    radius
        In arcsec.
    comparison
        At which epochs.
    margin
        How far (arcsec) two rows together may be from where they were published.
    """
    lefts = (_Block(rows, comparison) for rows in left)
    rights = (_Block(rows, comparison) for rows in right)
    for first, second in overlapping(lefts, rights, (radius + margin) / 3600 + 1e-9):
        i, j = _candidates(first, second, radius)
        separation = _separations(first, second, i, j, comparison)
        near = np.flatnonzero(separation <= radius)
        if len(near):
            left_rows, right_rows = first.rows.take(i[near]), second.rows.take(j[near])
            yield _described(left_rows, right_rows, separation[near], comparison)


def _separations(
    first: _Block,
    second: _Block,
    i: NDArray[np.intp],
    j: NDArray[np.intp],
    comparison: Comparison,
) -> Floats:
    if comparison.half_range > 0:
        return comparison.separations(first.rows.take(i), second.rows.take(j))
    # All pairs have the epoch of the trees: what was moved there need not be moved again.
    return separations(first.vectors[i], second.vectors[j])


def paired(left: Positions, right: Positions, comparison: Comparison) -> Pairs:
    """Return pairs of rows, row by row, with what is said of them."""
    return _described(left, right, comparison.separations(left, right), comparison)


def _described(
    left: Positions, right: Positions, separation: Floats, comparison: Comparison
) -> Pairs:
    epoch = comparison.epochs(left, right)
    return Pairs(left.row_id, right.row_id, separation, epoch, right.magnitude)


def _candidates(
    first: _Block, second: _Block, radius: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    found = []
    for one in first.groups:
        for other in second.groups:
            reach = chord(radius + one.shift + other.shift + ROUNDING)
            near = one.tree.sparse_distance_matrix(other.tree, reach, output_type="ndarray")
            found.append((one.index[near["i"]], other.index[near["j"]]))
    i, j = zip(*found, strict=True)
    return np.concatenate(i), np.concatenate(j)


def chord(angle: float) -> float:
    """Return the distance of two points of the unit sphere that are an angle (arcsec) apart."""
    return 2.0 * float(np.sin(min(angle * ARCSEC, np.pi) / 2.0))


def blocks_of(rows: Positions, size: int) -> Iterator[Positions]:
    """Yield rows from south to north, some number at a time."""
    order = np.argsort(rows.dec, kind="stable")
    for first in range(0, len(order), size):
        yield rows.take(order[first : first + size])
