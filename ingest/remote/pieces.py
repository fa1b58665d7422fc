"""The pieces that a table is fetched in: ranges of its key, or parts of a list."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.remote import adql
from starledger.ingest.remote.services import RemoteTable

UPLOADED_ID, UPLOADED_RA, UPLOADED_DEC = "starledger_id", "starledger_ra", "starledger_dec"
"""Columns of the table that is sent along; unlikely in a table that it is joined to."""

Columns = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a piece adds to a query: a condition, or a table to be joined with."""

    condition: str | None = None
    joined_on: str | None = None
    upload: Columns | None = None


class Piece(Protocol):
    """A part of what is wanted, asked for in one query."""

    @property
    def size(self) -> int:
        """How many entries of a list it asks for; 0 where that is no list."""

    def told(self) -> str:
        """Return what it is, in one line that is another for every other piece."""

    def halves(self) -> tuple[Piece, Piece] | None:
        """Return two pieces that are this one together, or None where it cannot be cut."""

    def wish(self, table: RemoteTable, *, upload: bool) -> Wish:
        """Return what it adds to a query, by a table that is sent along where that is possible."""


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The rows whose key is in a range, ends included.

    Examples
    --------
    >>> KeyRange(1, 5).halves()
    (KeyRange(first=1, last=3), KeyRange(first=4, last=5))
    """

    first: int
    last: int

    @property
    def size(self) -> int:
        """No list."""
        return 0

    def told(self) -> str:
        """Return the range."""
        return f"key from {self.first} to {self.last}"

    def halves(self) -> tuple[Piece, Piece] | None:
        """Cut in the middle."""
        if self.first == self.last:
            return None
        middle = (self.first + self.last) // 2
        return KeyRange(self.first, middle), KeyRange(middle + 1, self.last)

    def wish(self, table: RemoteTable, *, upload: bool) -> Wish:  # noqa: ARG002
        """Return the range as a condition."""
        return Wish(f"{adql.column(table.key)} BETWEEN {self.first} AND {self.last}")


@dataclass(frozen=True, slots=True, eq=False)
class IdList:
    """The rows whose identifier is in a list."""

    column: str
    ids: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many identifiers."""
        return len(self.ids)

    def told(self) -> str:
        """Return how many, and their checksum."""
        return f"{self.size} of {self.column}, sha256 {_checksum(self.ids)}"

    def halves(self) -> tuple[Piece, Piece] | None:
        """Cut in the middle."""
        if self.size <= 1:
            return None
        middle = self.size // 2
        return IdList(self.column, self.ids[:middle]), IdList(self.column, self.ids[middle:])

    def wish(self, table: RemoteTable, *, upload: bool) -> Wish:  # noqa: ARG002
        """Return the list as a table to be joined with, or as a condition."""
        column = adql.column(self.column)
        if upload:
            return Wish(None, f"u.{UPLOADED_ID} = {column}", {UPLOADED_ID: self.ids})
        return Wish(f"{column} IN ({', '.join(map(str, self.ids.tolist()))})")


@dataclass(frozen=True, slots=True, eq=False)
class PositionList:
    """The rows near positions of a list.

    Parameters
    ----------
    ra, dec
        In degrees.
    group
        Positions that share neighbours have the same number, and lie side by side: no cut parts
        them, so that a row is in one piece only.
    radius
        In degrees.
    """

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    group: NDArray[np.int64]
    radius: float

    @property
    def size(self) -> int:
        """How many positions."""
        return len(self.ra)

    def told(self) -> str:
        """Return how many, and their checksum."""
        return f"{self.size} positions, sha256 {_checksum(self.ra, self.dec)}"

    def part(self, start: int, stop: int) -> PositionList:
        """Return some of the positions."""
        part = slice(start, stop)
        return PositionList(self.ra[part], self.dec[part], self.group[part], self.radius)

    def halves(self) -> tuple[Piece, Piece] | None:
        """Cut where two groups meet, as near to the middle as there is such a place."""
        places = np.flatnonzero(np.diff(self.group)) + 1
        if not len(places):
            return None
        cut = int(places[np.argmin(np.abs(places - self.size / 2))])
        return self.part(0, cut), self.part(cut, self.size)

    def wish(self, table: RemoteTable, *, upload: bool) -> Wish:
        """Return the list as a table to be joined with, or as a condition."""
        ra, dec = table.ra or "", table.dec or ""
        if upload:
            centre = (f"u.{UPLOADED_RA}", f"u.{UPLOADED_DEC}")
            on = adql.within(ra, dec, centre, self.radius)
            return Wish(None, on, {UPLOADED_RA: self.ra, UPLOADED_DEC: self.dec})
        centres = zip(self.ra.tolist(), self.dec.tolist(), strict=True)
        near = (adql.within(ra, dec, (repr(x), repr(y)), self.radius) for x, y in centres)
        return Wish(f"({' OR '.join(near)})")


def cut_evenly(covered: Sequence[tuple[int, int]], pieces: int) -> list[KeyRange]:
    """Cut ranges of a key into ranges that hold about as many of its values each.

    Parameters
    ----------
    covered
        Increasing ranges, ends included, that do not overlap.
    pieces
        How many to make; fewer where there are not so many values.

    Returns
    -------
    list of KeyRange
        Ranges without gap from the first value to the last; gaps between what is covered belong
        to one of their neighbours.

    Examples
    --------
    >>> cut_evenly([(0, 9), (100, 109)], 2)
    [KeyRange(first=0, last=9), KeyRange(first=10, last=109)]
    """
    sizes = [last - first + 1 for first, last in covered]
    total = sum(sizes)
    pieces = max(1, min(pieces, total))
    ends: list[int] = []
    before, at = 0, 0
    for number in range(1, pieces):
        wanted = total * number // pieces
        while before + sizes[at] < wanted:
            before += sizes[at]
            at += 1
        ends.append(covered[at][0] + wanted - before - 1)
    firsts = [covered[0][0], *(end + 1 for end in ends)]
    return [KeyRange(a, b) for a, b in zip(firsts, [*ends, covered[-1][1]], strict=True)]


def cut_ids(column: str, ids: NDArray[np.int64], at_most: int) -> list[IdList]:
    """Cut a list of identifiers, sorted and each of them once, into pieces of at most so many."""
    single = np.unique(ids)
    return [
        IdList(column, single[start : start + at_most]) for start in range(0, len(single), at_most)
    ]


def cut_positions(
    ra: NDArray[np.float64], dec: NDArray[np.float64], radius: float, at_most: int
) -> list[PositionList]:
    """Cut a list of positions into pieces of about so many, whose circles do not overlap.

    Parameters
    ----------
    ra, dec
        In degrees.
    radius
        Of the circles, in degrees.
    at_most
        How many positions a piece has, but for a single group that has more.
    """
    places = np.unique(np.column_stack([ra, dec]), axis=0)
    group = _groups(places[:, 0], places[:, 1], 2.0 * radius)
    order = np.lexsort((places[:, 0], places[:, 1], group))
    whole = PositionList(places[order, 0], places[order, 1], group[order], radius)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(whole.group)) + 1, [whole.size]])
    pieces: list[PositionList] = []
    start = 0
    while start < whole.size:
        last, following = np.searchsorted(starts, [start + at_most, start], side="right")
        stop = int(starts[max(last - 1, following)])
        pieces.append(whole.part(start, stop))
        start = stop
    return pieces


def _groups(ra: NDArray[np.float64], dec: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """Give a number to each set of positions that are linked by steps up to ``reach`` degrees."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    lon, lat = np.radians(ra), np.radians(dec)
    unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    chord = 2 * np.sin(np.radians(min(reach, 180.0)) / 2)
    # A chord too long by a rounding error links what need not be, which does no harm.
    pairs = cKDTree(unit).query_pairs(chord * (1 + 1e-9), output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ra),) * 2)
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _checksum(*arrays: NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
