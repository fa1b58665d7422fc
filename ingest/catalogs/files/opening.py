"""Opening a catalog's file as what its first bytes say that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starledger.ingest.catalogs.files.fits_table import FitsTable
from starledger.ingest.catalogs.files.parquet import ParquetTable
from starledger.ingest.catalogs.files.source import Source, read_fully
from starledger.ingest.catalogs.files.table import TableFile
from starledger.ingest.catalogs.files.text import TextTable
from starledger.ingest.catalogs.files.votable import VoTable

FORMATS = "Give a text table (CSV, ECSV), FITS, Parquet or VOTable, gzipped or not."

_LOOKED_AT = 4096
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"\x89HDF": "an HDF5 file",
    b"PK": "a zip archive or an office document",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    b"\x1f\x9d": "packed by compress",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x93NUMPY": "an array of NumPy",
    b"\x80": "a pickle, which is never loaded",
    b"ARROW1": "an Arrow file",
    b"SQLite": "an SQLite database",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\x00\x00\x00\x00": "filled with zeros, as after a broken transfer",
}
_PAGE = re.compile(rb"\s*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_XML = re.compile(rb"(\xef\xbb\xbf)?\s*<(\?xml|!--|([\w.-]+:)?VOTABLE\b)")
_NO_TEXT = bytes({*range(32)} - {*b"\t\n\r\f"})
_FEW = 0.01
"""Share of control characters that damaged text may have."""


@contextmanager
def open_table(path: Path) -> Iterator[TableFile]:
    """Open a catalog's file, whatever it is called.

    Parameters
    ----------
    path
        A text table, FITS, Parquet or VOTable file, gzipped or not. A gzipped FITS or Parquet file
        is unpacked into a temporary file for the while.

    Raises
    ------
    UnreadableTable
        It is none of these, or damaged at its beginning; reading its rows may raise it too.
    DiskFull
        There is no room for unpacking it.
    """
    source = Source(path)
    first = _first_bytes(source)
    if first.startswith(_GZIP):
        source = Source(path, packed=True)
        first = _first_bytes(source)
    if not first:
        raise source.unreadable("is empty")
    if first.startswith((b"SIMPLE", b"PAR1")):
        with source.unpacked() as plain:
            yield FitsTable(plain) if first.startswith(b"SIMPLE") else ParquetTable(plain)
    elif _XML.match(first):
        yield VoTable(source)
    else:
        _refuse_foreign(source, first)
        yield TextTable(source)


def _first_bytes(source: Source) -> bytes:
    with source.opened() as stream:
        return read_fully(stream, _LOOKED_AT)


def _refuse_foreign(source: Source, first: bytes) -> None:
    """Refuse what is no text, by name where it has one."""
    for magic, name in _FOREIGN.items():
        if first.startswith(magic):
            raise source.unreadable(f"is {name}", FORMATS)
    if first.startswith(_GZIP):
        raise source.unreadable("is gzipped twice", "Unpack it once.")
    if first[257:262] == b"ustar":
        raise source.unreadable("is a tar archive", "Unpack it and give its files.")
    if _PAGE.match(first):
        raise source.unreadable(
            "is a web page, perhaps a message of the server that it was got from", FORMATS
        )
    strange = len(first) - len(first.translate(None, _NO_TEXT))
    if strange > _FEW * len(first) and strange > 1:
        raise source.unreadable("is of no kind that is read", FORMATS)
