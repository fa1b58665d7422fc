"""Which rows of a remote table are wanted, and in which pieces they are fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.remote import adql
from starledger.ingest.remote.faults import RemoteError
from starledger.ingest.remote.pieces import Piece, cut_evenly, cut_ids, cut_positions
from starledger.ingest.remote.services import GAIA_ID_SHIFT, RemoteTable
from starledger.schema.sky import cone_ranges

_CELL_SHIFT = 34
"""A HEALPix cell of order 29 holds its parent of order 12 above so many bits."""

IN_QUERY_IDS, IN_QUERY_POSITIONS = 1000, 50
"""How long a list is that stands in the query itself."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows a service has, and the lowest and highest of their keys."""

    rows: int
    first: int
    last: int


class Selection(Protocol):
    """Which rows are wanted."""

    @property
    def entries(self) -> int | None:
        """How many entries a list has; None where rows of ranges are to be counted first."""

    def about(self) -> dict[str, Any]:
        """Return what it is, for the manifest."""

    def conditions(self, table: RemoteTable) -> list[str]:
        """Return the conditions that every query has."""

    def cut(
        self, table: RemoteTable, chunk_rows: int, upload_rows: int, counted: Counted | None
    ) -> Sequence[Piece]:
        """Return the pieces."""


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle on the sky, in degrees (ICRS)."""

    ra: float
    dec: float
    radius: float


@dataclass(frozen=True, slots=True)
class Region:
    """All rows, or those in a cone."""

    cone: Cone | None = None

    @property
    def entries(self) -> int | None:
        """No list."""
        return None

    def about(self) -> dict[str, Any]:
        """Return the cone."""
        cone = self.cone
        return {"cone": None if cone is None else [cone.ra, cone.dec, cone.radius]}

    def conditions(self, table: RemoteTable) -> list[str]:
        """Return the condition that a row is in the cone."""
        if self.cone is None:
            return []
        ra, dec = _position(table)
        return [adql.within(ra, dec, (repr(self.cone.ra), repr(self.cone.dec)), self.cone.radius)]

    def cut(
        self,
        table: RemoteTable,
        chunk_rows: int,
        upload_rows: int,  # noqa: ARG002
        counted: Counted | None,
    ) -> Sequence[Piece]:
        """Return ranges of the key, with about ``chunk_rows`` rows each if these lie evenly."""
        if counted is None or not counted.rows:
            return []
        covered = [(counted.first, counted.last)]
        if table.key_is_healpix and self.cone is not None:
            covered = _clipped(_gaia_ranges(self.cone), covered[0]) or covered
        return cut_evenly(covered, -(-counted.rows // chunk_rows))


@dataclass(frozen=True, slots=True, eq=False)
class Ids:
    """The rows whose identifier is in a list."""

    column: str
    ids: NDArray[np.int64]

    @property
    def entries(self) -> int | None:
        """How many different ones."""
        return len(np.unique(self.ids))

    def about(self) -> dict[str, Any]:
        """Return how many, and a checksum."""
        return {"ids": self.column, "entries": self.entries, "sha256": _sha256(np.unique(self.ids))}

    def conditions(self, table: RemoteTable) -> list[str]:  # noqa: ARG002
        """Return none."""
        return []

    def cut(
        self,
        table: RemoteTable,  # noqa: ARG002
        chunk_rows: int,
        upload_rows: int,
        counted: Counted | None,  # noqa: ARG002
    ) -> Sequence[Piece]:
        """Return parts of the list."""
        return cut_ids(self.column, self.ids, min(chunk_rows, upload_rows or IN_QUERY_IDS))


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """The rows within a radius of any of some positions, all in degrees (ICRS)."""

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    radius: float

    @property
    def entries(self) -> int | None:
        """How many different ones."""
        return len(np.unique(np.column_stack([self.ra, self.dec]), axis=0))

    def about(self) -> dict[str, Any]:
        """Return how many, and a checksum."""
        places = np.unique(np.column_stack([self.ra, self.dec]), axis=0)
        return {"radius": self.radius, "entries": len(places), "sha256": _sha256(places)}

    def conditions(self, table: RemoteTable) -> list[str]:
        """Return none; complain about a table without positions."""
        _position(table)
        return []

    def cut(
        self,
        table: RemoteTable,  # noqa: ARG002
        chunk_rows: int,
        upload_rows: int,
        counted: Counted | None,  # noqa: ARG002
    ) -> Sequence[Piece]:
        """Return parts of the list."""
        at_most = min(chunk_rows, upload_rows or IN_QUERY_POSITIONS)
        return cut_positions(self.ra, self.dec, self.radius, at_most)


def _position(table: RemoteTable) -> tuple[str, str]:
    if table.ra is None or table.dec is None:
        raise RemoteError(
            f"{table.name} has no positions that we know of.",
            remedy="Ask by identifiers with --ids, or name the columns with --ra-column and "
            "--dec-column.",
        )
    return table.ra, table.dec


def _gaia_ranges(cone: Cone) -> list[tuple[int, int]]:
    """Return ranges of Gaia's ids, ends included, that hold all of a cone."""
    ranges: list[tuple[int, int]] = []
    for first, last in cone_ranges(cone.ra, cone.dec, cone.radius):
        start = (first >> _CELL_SHIFT) << GAIA_ID_SHIFT
        stop = (((last >> _CELL_SHIFT) + 1) << GAIA_ID_SHIFT) - 1
        if ranges and start <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(stop, ranges[-1][1]))
        else:
            ranges.append((start, stop))
    return ranges


def _clipped(ranges: list[tuple[int, int]], to: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the parts of ranges within another, stretched to its ends."""
    parts = [(max(a, to[0]), min(b, to[1])) for a, b in ranges if a <= to[1] and b >= to[0]]
    if parts:
        parts[0] = (to[0], parts[0][1])
        parts[-1] = (parts[-1][0], to[1])
    return parts


def _sha256(values: NDArray[np.generic]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
