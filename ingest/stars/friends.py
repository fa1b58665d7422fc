"""Friends of friends: positions that hang together by steps no longer than a radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from starledger.ingest.crossmatch.comparison import Comparison
from starledger.ingest.crossmatch.neighbours import blocks_of, neighbours
from starledger.ingest.crossmatch.positions import BLOCK, Integers, Positions
from starledger.ingest.sky_motion import Floats, positions_of, unit_vectors

AS_PUBLISHED = Comparison(None, "right", np.nan, np.nan)
"""The comparison of rows of which no motion is known."""


def friends(ra: Floats, dec: Floats, radius: float) -> Integers:
    """Return the group of each position, numbered from 0 from south to north.

    Which positions are of one group does not depend on their order, nor do the numbers.

    Parameters
    ----------
    ra, dec
        In degrees.
    radius
        The longest step in arcsec.

    Examples
    --------
    >>> friends(np.array([9.0, 5.0, 9.0]), np.array([2.0, 1.0, 2.0005]), 3.0).tolist()
    [1, 0, 1]
    """
    # Most repeats of a survey have the very same position: a star of a thousand visits would
    # make a million pairs.
    places, place = np.unique(np.column_stack([dec, ra]), axis=0, return_inverse=True)
    return _linked(places[:, 1], places[:, 0], radius)[place.ravel()]


def _linked(ra: Floats, dec: Floats, radius: float) -> Integers:
    size = len(ra)
    unknown = np.full(size, np.nan)
    rows = Positions(np.arange(size), ra, dec, unknown, unknown, unknown, unknown)
    links: list[NDArray[np.int32]] = []
    for pairs in neighbours(blocks_of(rows, BLOCK), blocks_of(rows, BLOCK), radius, AS_PUBLISHED):
        once = pairs.left < pairs.right
        links.append(np.stack([pairs.left[once], pairs.right[once]]).astype(np.int32))
    i, j = np.concatenate(links, axis=1) if links else np.zeros((2, 0), np.int32)
    graph = coo_matrix((np.ones(len(i), np.int8), (i, j)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return _in_order(labels)


def _in_order(labels: NDArray[np.int32]) -> Integers:
    """Return groups, numbered by their first member."""
    _, first, group = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[group.ravel()]


def centres(ra: Floats, dec: Floats, group: Integers) -> tuple[Floats, Floats]:
    """Return the mean directions of groups that are numbered from 0, in degrees.

    They do not depend on the order of the positions, to the last bit.
    """
    order = np.lexsort((ra, dec, group))
    sums = np.zeros((int(group.max(initial=-1)) + 1, 3))
    np.add.at(sums, group[order], unit_vectors(ra[order], dec[order]))
    mean = positions_of(sums)
    alone = np.bincount(group) == 1
    # Rounding must not move a star that has one spectrum.
    one = alone[group]
    mean.ra[group[one]], mean.dec[group[one]] = ra[one], dec[one]
    return mean.ra, mean.dec


def common(values: Floats, group: Integers) -> Floats:
    """Return the value that all members of a group share, NaN where they differ.

    Examples
    --------
    >>> common(np.array([2000.0, 2000.0, 1991.25]), np.array([0, 0, 0])).tolist()
    [nan]
    """
    size = int(group.max(initial=-1)) + 1
    least, most = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(least, group, np.nan_to_num(values, nan=-np.inf))
    np.maximum.at(most, group, np.nan_to_num(values, nan=np.inf))
    return np.where(least == most, least, np.nan)
