"""The rows of a table of FITS in its file, each as wide as the widest texts need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.fits.checksum import added
from starledger.catalog.export.fits.text import in_ascii, in_fixed_width, widest
from starledger.catalog.export.kinds import Kind, kind_of
from starledger.catalog.export.values import Values, filled, nulls
from starledger.catalog.fields import Field

BLOCK = 2880
"""Bytes of which a file of FITS has a whole number."""

CHUNK_BYTES = 1440 * BLOCK
"""About how many bytes of rows are read again at a time."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Neighbouring rows of one width.

    Parameters
    ----------
    first, end
        The numbers of the first row and of the one behind the last.
    at
        Where in the file the first one begins.
    row
        The type of each.
    """

    first: int
    end: int
    at: int
    row: np.dtype[Any]

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Yield pieces of it, the last one first."""
        step = max(1, CHUNK_BYTES // self.row.itemsize)
        for first in reversed(range(self.first, self.end, step)):
            yield first, min(first + step, self.end)


class Body:
    """Rows that are written as they come.

    How wide texts and arrays are is known when the last row is there. Until then rows are as wide
    as what has come needs; those that came before a longer text are widened at the end.

    Parameters
    ----------
    file
        Where the first row goes.
    fields
        The columns.
    """

    def __init__(self, file: BinaryIO, fields: Sequence[Field]) -> None:
        self._file = file
        self._fields = fields
        self._start = file.tell()
        self._parts: list[_Part] = []
        self.widths = dict.fromkeys((field.name for field in fields), 1)
        self._lengths: dict[str, int] = {}
        self.rows = 0

    @property
    def row(self) -> np.dtype[Any]:
        """The type of a row, as far as it is known."""
        return row_type(self._fields, self.widths)

    def measure(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """Learn how wide texts and arrays are, and return the columns with their texts in ASCII.

        Raises
        ------
        ExportError
            Arrays are of several lengths.
        """
        columns = list(batch.columns)
        for number, field in enumerate(self._fields):
            kind = kind_of(field)
            if kind.is_text:
                columns[number] = in_ascii(columns[number])
                self.widths[field.name] = max(self.widths[field.name], widest(columns[number]))
            elif kind.is_array:
                self._measure_arrays(field, columns[number])
        return columns

    def add(self, batch: pa.RecordBatch) -> None:
        """Write more rows.

        Raises
        ------
        ExportError
            A value stands for null here, or arrays are of several lengths.
        """
        columns = self.measure(batch)
        rows = np.zeros(batch.num_rows, self.row)
        for number, (field, column) in enumerate(zip(self._fields, columns, strict=True)):
            rows[str(number)] = _values(field, column, self.widths[field.name])
        self._note(rows)
        self._file.write(rows.view(np.uint8).data)

    def _measure_arrays(self, field: Field, column: pa.Array) -> None:
        """Learn how long the arrays of a column are; where all are null, nobody knows yet."""
        lengths = set(pc.unique(column.value_lengths().drop_null()).to_pylist())
        lengths |= {self._lengths.get(field.name, length) for length in lengths}
        if len(lengths) > 1 or 0 in lengths:
            raise ExportError(
                f"The column {field.name} holds arrays of {' and '.join(map(str, sorted(lengths)))}"
                " values; in FITS all are of one length, and none is empty.",
                remedy="Leave it out, or take Parquet or VOTable.",
            )
        for length in lengths:
            self._lengths[field.name] = self.widths[field.name] = length

    def _note(self, rows: Values) -> None:
        last = self._parts[-1] if self._parts else None
        end = self.rows + len(rows)
        if last is not None and last.row == rows.dtype:
            self._parts[-1] = _Part(last.first, end, last.at, last.row)
        else:
            self._parts.append(_Part(self.rows, end, self._file.tell(), rows.dtype))
        self.rows = end

    def end(self) -> int:
        """Bring all rows to one width, fill the last block, and return the checksum."""
        row = self.row
        # A row only moves towards the end: what is written lies on what was read.
        for part in reversed(self._parts[:-1] and self._parts):
            for first, end in part.chunks():
                self._file.seek(part.at + (first - part.first) * part.row.itemsize)
                narrow = np.frombuffer(self._file.read((end - first) * part.row.itemsize), part.row)
                wide = np.zeros(len(narrow), row)
                for name in row.names or ():
                    wide[name] = narrow[name]
                self._file.seek(self._start + first * row.itemsize)
                self._file.write(wide.view(np.uint8).data)
        size = self._file.seek(self._start + self.rows * row.itemsize) - self._start
        self._file.write(bytes(-size % BLOCK))
        return self._checksum()

    def _checksum(self) -> int:
        total = 0
        self._file.seek(self._start)
        while data := self._file.read(CHUNK_BYTES):
            total = added(total, data)
        return total


def row_type(fields: Sequence[Field], widths: Mapping[str, int]) -> np.dtype[Any]:
    """Return the type of a row of NumPy, whose bytes are those of a row of FITS.

    Parameters
    ----------
    fields
        The columns.
    widths
        How many bytes or values the texts and arrays of each have.
    """
    return np.dtype(
        [
            _part(str(number), kind_of(field), widths.get(field.name, 1))
            for number, field in enumerate(fields)
        ]
    )


def _part(name: str, kind: Kind, width: int) -> tuple[Any, ...]:
    if kind.is_array:
        return name, kind.numpy, (width,)
    return name, f"S{width}" if kind.is_text else kind.numpy


def _values(field: Field, column: pa.Array, width: int) -> Values:
    kind = kind_of(field)
    if kind.is_text:
        return in_fixed_width(column, width)
    if kind.is_array:
        # As long as the others, where there is none: nothing but nulls.
        none = pa.scalar([None] * width, kind.arrow)
        elements = column.fill_null(none).flatten()
        return _numbers(field, kind.value, elements).reshape(len(column), width)
    if kind.fits == "L":
        true = np.where(column.fill_null(False).to_numpy(zero_copy_only=False), ord("T"), ord("F"))
        return np.where(nulls(column), 0, true)
    return _numbers(field, kind, column)


def _numbers(field: Field, kind: Kind, column: pa.Array) -> Values:
    values = filled(kind, column)
    null = values == kind.smallest if kind.is_integer else np.isnan(values)
    if np.count_nonzero(null) > column.null_count:
        raise ExportError(
            f"The column {field.name} holds {kind.smallest if kind.is_integer else 'NaN'},"
            " which stands for a missing value in FITS.",
            remedy="Leave such rows out, or take Parquet or VOTable.",
        )
    return values
