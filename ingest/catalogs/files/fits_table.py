"""The binary table of a FITS file that has the most rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from starledger.ingest.catalogs.files.fits_cards import Hdu, hdus
from starledger.ingest.catalogs.files.fits_columns import Column, columns_of
from starledger.ingest.catalogs.files.names import checked_names, places
from starledger.ingest.catalogs.files.source import Source
from starledger.ingest.catalogs.files.table import About, RawBatch

MOST_ROWS = 50_000
BATCH_BYTES = 8 << 20
WIDEST = 64 << 20
"""Bytes of a row at most; there is at least one."""

_OF_LAYOUT = re.compile(
    r"T(TYPE|FORM|UNIT|DIM|NULL|SCAL|ZERO|DISP|COMM|UCD|UTYP)\d+|NAXIS\d*"
    r"|SIMPLE|XTENSION|BITPIX|[PG]COUNT|TFIELDS|EXTEND|CHECKSUM|DATASUM"
)
_KINDS = {"TABLE": "an ASCII table", "BINTABLE": "an empty table", "IMAGE": "images"}


class FitsTable:
    """A FITS file that lies unpacked on disk.

    Parameters
    ----------
    source
        The file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        with source.path.open("rb") as file:
            every = list(hdus(source, file))
        self._hdu = _largest(source, every)
        self._columns = columns_of(source, self._hdu)
        self._about = _about(source, every[0], self._hdu, self._columns)

    @property
    def about(self) -> About:
        """Names, units, number of rows and the keywords of the headers."""
        return self._about

    def batches(self, wanted: Sequence[str]) -> Iterator[RawBatch]:
        """Yield the rows, of the wanted columns alone, in their own types."""
        columns = [self._columns[at] for at in places(self._source, self._about.names, wanted)]
        for name, column in zip(wanted, columns, strict=True):
            if column.unread is not None:
                raise self._source.unreadable(
                    f"holds {column.unread} in column {name!r}", "Leave that column out."
                )
        rows, width = self._about.rows or 0, self._hdu.integer("NAXIS1") or 0
        step = max(1, min(MOST_ROWS, BATCH_BYTES // max(width, 1)))
        with self._source.path.open("rb") as file:
            file.seek(self._hdu.data)
            for start in range(0, rows, step):
                count = min(step, rows - start)
                raw = np.fromfile(file, np.uint8, count * width)
                if len(raw) < count * width:
                    raise self._source.unreadable("became shorter while it was read")
                matrix = raw.reshape(count, width)
                arrays = [column.array(matrix) for column in columns]
                yield RawBatch(
                    pa.RecordBatch.from_arrays(arrays, list(wanted)),
                    np.arange(start + 1, start + count + 1),
                )


def _largest(source: Source, every: Sequence[Hdu]) -> Hdu:
    """Return the table of the most rows, the first of several."""
    tables = [hdu for hdu in every if hdu.kind in {"BINTABLE", "A3DTABLE"}]
    if not tables:
        there = " and ".join(sorted({_KINDS.get(hdu.kind, "images") for hdu in every}))
        raise source.unreadable(
            f"holds {there} but no binary table", "Give the catalog's file as a binary table."
        )
    found = max(tables, key=lambda hdu: hdu.integer("NAXIS2") or 0)
    if found.cards.get("ZTABLE") == "T" or found.cards.get("ZIMAGE") == "T":
        raise source.unreadable("holds a compressed table", "Unpack it with funpack.")
    width = found.integer("NAXIS1") or 0
    if width > WIDEST or (not width and found.integer("NAXIS2")):
        raise source.unreadable(f"has rows of {width} bytes in HDU {found.number}")
    return found


def _about(source: Source, primary: Hdu, hdu: Hdu, columns: Sequence[Column]) -> About:
    names = checked_names(source, [column.name for column in columns])
    units = {name: column.unit for name, column in zip(names, columns, strict=True) if column.unit}
    said = {**primary.cards, **hdu.cards}
    meta = {key: value for key, value in said.items() if not _OF_LAYOUT.fullmatch(key)}
    said_ucds = [(name, hdu.cards.get(f"TUCD{at}")) for at, name in enumerate(names, 1)]
    ucds = {name: ucd for name, ucd in said_ucds if ucd}
    return About(names, units, hdu.integer("NAXIS2"), meta, ucds)
