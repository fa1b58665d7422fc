"""Rows of a view as a table of a FITS file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.io import fits

from starledger.catalog.fields import Field
from starledger.catalog.star_spectra.columns import Column, integers, table_hdu
from starledger.catalog.star_spectra.rows import Rows

_INTEGERS = {"smallint": "i2", "integer": "i4", "bigint": "i8", "boolean": "i2"}
_FLOATS = {"real": "f4", "double precision": "f8"}


def rows_hdu(name: str, rows: Rows, about: str) -> fits.BinTableHDU:
    """Return rows of a view as a table; booleans are 0 and 1, so that they can be missing."""
    columns = [
        _column(field, [row[place] for row in rows.values])
        for place, field in enumerate(rows.fields)
    ]
    return table_hdu(name, columns, [("TABLE", about, "what the rows are")])


def _column(field: Field, values: Sequence[Any]) -> Column:
    said = field.unit, field.ucd, field.description
    if field.type in _INTEGERS:
        numbers, null = integers(values, _INTEGERS[field.type])
        return Column(field.name, numbers, *said, null=null)
    if field.type in _FLOATS:
        floats = [np.nan if one is None else one for one in values]
        return Column(field.name, np.array(floats, _FLOATS[field.type]), *said)
    words = [_said(one).encode("ascii", "replace") for one in values]
    return Column(field.name, np.array(words, np.bytes_), *said)


def _said(value: object) -> str:
    """Return a value as text: times in UTC, whatever the zone of the session."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return "" if value is None else str(value)
