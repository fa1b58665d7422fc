"""An uploaded table: its name, its columns as queries see them, and its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from starledger.catalog.fields import Field
from starledger.catalog.query.errors import UploadRefused
from starledger.catalog.query.uploads.columns import holds_several, typed
from starledger.catalog.query.uploads.files import columns_of_file
from starledger.catalog.query.uploads.memory import columns_in_memory
from starledger.catalog.query.uploads.position import with_cells
from starledger.catalog.query.uploads.units import known_unit
from starledger.catalog.releases.tables import Table

SCHEMA = "tap_upload"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_LONGEST = 63
"""Bytes of a column's name that PostgreSQL keeps."""
_MOST_COLUMNS = 1500
_TAKEN = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A table of the user's that goes along with a query.

    Parameters
    ----------
    name
        What the query calls it.
    fields, rows
        Its columns and rows, among them `healpix` where it has positions.
    notes
        What its user should know: columns left out, units that nobody can read.
    """

    name: str
    fields: tuple[Field, ...]
    rows: pa.Table
    notes: tuple[str, ...] = ()

    def table(self, schema: str = SCHEMA) -> Table:
        """Return the table as ADQL knows it, in a schema."""
        about = f"uploaded table {self.name}"
        return Table(schema, self.name, self.relation, about, self.rows.num_rows, self.fields)

    @property
    def relation(self) -> str:
        """The temporary table in the database; no word of SQL begins so."""
        return f"pg_temp.upload_{self.name}"


def read_uploads(given: Mapping[str, Any], most_bytes: int) -> list[Upload]:
    """Return a user's tables, ready to be sent.

    Parameters
    ----------
    given
        By the name that the query calls it: the path of a file (FITS, VOTable, CSV, ECSV, Parquet,
        gzipped or not), an astropy table, or a table of Arrow, pandas or polars.
    most_bytes
        Most memory that they may take together.

    Raises
    ------
    UploadRefused
        A table, a column or a value cannot be used; the message names file, column and row.
    UnreadableTable
        A file is damaged or no table.
    """
    uploads: list[Upload] = []
    left = most_bytes
    for name, source in given.items():
        _check_name(name, {one.name for one in uploads})
        uploads.append(_read(name.lower(), source, left))
        left -= uploads[-1].rows.nbytes
    return uploads


def _check_name(name: str, known: set[str]) -> None:
    if not _NAME.fullmatch(name):
        raise UploadRefused(
            f"An upload cannot be called {name!r}.",
            remedy="Give it a name of letters, digits and underscores, such as mine=stars.fits.",
        )
    if name.lower() in known:
        raise UploadRefused(
            f"Two uploads are called {name!r}.", remedy="Give each a name of its own."
        )


def _read(name: str, source: Any, most_bytes: int) -> Upload:
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        origin, raw = columns_of_file(source, most_bytes)
    else:
        origin, raw = f"The table {name!r}", columns_in_memory(name, source, most_bytes)
    kept = [one for one in raw if not holds_several(one)]
    notes = [
        f"{origin}: column {one.name!r} holds several values a row and was left out."
        for one in raw
        if holds_several(one)
    ]
    _check_columns(origin, [one.name for one in kept])
    fields: list[Field] = []
    arrays: list[pa.Array] = []
    for one in kept:
        values, kind = typed(origin, one)
        unit, note = known_unit(origin, one)
        notes += note
        arrays.append(values)
        about = one.description or f"column {one.name} of the upload {name}"
        fields.append(Field(one.name, kind, unit, one.ucd or "", about))
    rows = pa.Table.from_arrays(arrays, [one.name for one in fields])
    marked, rows, more = with_cells(origin, fields, rows)
    return Upload(name, marked, rows, (*notes, *more))


def _check_columns(origin: str, names: Sequence[str]) -> None:
    if not names:
        raise UploadRefused(f"{origin} has no column to be used.", remedy="Give a table with some.")
    if len(names) > _MOST_COLUMNS:
        raise UploadRefused(
            f"{origin} has {len(names)} columns.", remedy=f"Keep the {_MOST_COLUMNS} you need."
        )
    seen: dict[str, str] = {}
    for place, name in enumerate(names, 1):
        if not name.strip():
            raise UploadRefused(
                f"{origin} has no name for its column {place}.", remedy="Give it one."
            )
        if len(name.encode()) > _LONGEST or not name.isprintable() or name.lower() in _TAKEN:
            raise UploadRefused(
                f"{origin} calls a column {name!r}, as none can be called here.",
                remedy=f"Give it another name, of at most {_LONGEST} bytes.",
            )
        if (other := seen.setdefault(name.lower(), name)) is not name:
            raise UploadRefused(
                f"{origin} has columns {other!r} and {name!r}, which ADQL takes for one.",
                remedy="Give every column a name of its own.",
            )
