"""Rows of the sky as columns in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection as DriverConnection

from starledger.ingest.crossmatch.columns import BLOCK, read_columns
from starledger.ingest.sky_motion import Floats, moved_vectors

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PlacedRows:
    """Rows with their positions; NaN where a row does not say.

    Parameters
    ----------
    row_id
        Which rows.
    ra, dec
        PlacedRows (ICRS) in degrees, at ``epoch``.
    epoch
        Julian years.
    pmra, pmdec
        Proper motions in mas/yr, pmra with cos(dec).
    magnitude
        Brightness in G, which ranks neighbours; NaN where it is not asked for.
    """

    row_id: Integers
    ra: Floats
    dec: Floats
    epoch: Floats
    pmra: Floats
    pmdec: Floats
    magnitude: Floats

    def __len__(self) -> int:
        return len(self.row_id)

    def take(self, index: NDArray[Any]) -> PlacedRows:
        """Return some of the rows."""
        return PlacedRows(*(getattr(self, name)[index] for name in NAMES))

    def vectors_at(self, epoch: Floats | float) -> Floats:
        """Return directions at an epoch, the same or one for each row; NaN is the row's own."""
        return moved_vectors(self.ra, self.dec, self.pmra, self.pmdec, epoch - self.epoch)

    @cached_property
    def speed(self) -> Floats:
        """Proper motions in arcsec/yr, 0 where unknown."""
        return np.asarray(np.nan_to_num(np.hypot(self.pmra, self.pmdec)) / 1000)


NAMES = tuple(each.name for each in fields(PlacedRows))
"""The columns, in the order in which queries must give them."""

COLUMNS = np.dtype([(name, "i8" if name == "row_id" else "f8") for name in NAMES])
"""Their types."""


def read_positions(
    connection: DriverConnection[Any], query: str, block: int = BLOCK
) -> Iterator[PlacedRows]:
    """Yield the rows of a query that gives the columns of `PlacedRows`, block by block."""
    for rows in read_columns(connection, query, COLUMNS, block):
        yield positions_in(rows)


def positions_in(rows: NDArray[Any], suffix: str = "") -> PlacedRows:
    """Return the columns of structured rows whose names may end in a suffix."""
    return PlacedRows(*(np.ascontiguousarray(rows[name + suffix]) for name in NAMES))
