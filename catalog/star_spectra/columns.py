"""Columns of a FITS table with unit, UCD and description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from starledger.catalog.plain_ascii import plain_ascii
from starledger.schema.units import DIMENSIONLESS

_LETTERS = {"f8": "D", "f4": "E", "i2": "I", "i4": "J", "i8": "K", "b1": "L"}

_WIDTH = 67
"""Characters of a card for the value and the comment."""

LONG_STRINGS = "OGIP 1.0"
"""The convention by which texts go on in the next card."""

Card: TypeAlias = tuple[str, Any, str]
"""Keyword, value and comment."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name
        Its name.
    values
        One a row.
    unit, ucd, description
        As everywhere in the ledger.
    null
        The integer that stands for a missing value.
    """

    name: str
    values: NDArray[Any]
    unit: str
    ucd: str
    description: str
    null: int | None = None

    @property
    def format(self) -> str:
        """Its TFORM."""
        kind = self.values.dtype
        if kind.kind == "S":
            return f"{max(kind.itemsize, 1)}A"
        return _LETTERS[kind.str[1:]]


def table_hdu(name: str, columns: Sequence[Column], cards: Iterable[Card]) -> fits.BinTableHDU:
    """Return a table with the unit, UCD and description of each column in its header."""
    made = [
        fits.Column(
            name=one.name,
            format=one.format,
            array=one.values,
            unit=None if one.unit == DIMENSIONLESS else one.unit,
            null=one.null,
        )
        for one in columns
    ]
    hdu = fits.BinTableHDU.from_columns(made, name=name)
    hdu.header["LONGSTRN"] = LONG_STRINGS
    for number, one in enumerate(columns, 1):
        if one.unit == DIMENSIONLESS:
            hdu.header.set(f"TUNIT{number}", "", "dimensionless", after=f"TFORM{number}")
        hdu.header[f"TUCD{number}"] = one.ucd
        hdu.header[f"TCOMM{number}"] = plain_ascii(one.description)
    hdu.header.extend([fitting(one) for one in cards], end=True)
    return hdu


def fitting(card: Card) -> Card:
    """Return a card of a header with the words of its comment that there is room for.

    Examples
    --------
    >>> fitting(("SHA", 60 * "0", "its checksum"))[2]
    'its'
    """
    keyword, value, comment = card
    length = len(value.replace("'", "''")) + 2 if isinstance(value, str) else 20
    room = _WIDTH - max(length, 20)
    if len(comment) > room:
        comment = comment[: max(room, 0)].rpartition(" ")[0]
    return keyword, value, comment


def integers(values: Sequence[int | None], kind: str) -> tuple[NDArray[Any], int]:
    """Return integers with the least of their kind for what is missing, and that number.

    Examples
    --------
    >>> integers([1, None], "i2")[0].tolist()
    [1, -32768]
    """
    null = int(np.iinfo(kind).min)
    return np.array([null if one is None else one for one in values], kind), null
