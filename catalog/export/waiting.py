"""Rows that wait in a file of their own until all of them are known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from starledger.catalog.export.kinds import schema_of
from starledger.catalog.fields import Field


class Waiting:
    """Rows in a file without a name, which can be read more than once.

    Parameters
    ----------
    file
        The file.
    schema
        Of the rows.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._file = file
        self._writer = pa.ipc.new_stream(file, schema)
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep more rows."""
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, of which there may be no more from then on."""
        self._writer.close()
        self._file.seek(0)
        yield from pa.ipc.open_stream(self._file)


@contextmanager
def waiting(fields: Sequence[Field], beside: BinaryIO) -> Iterator[Waiting]:
    """Give a place for rows to wait, on the disk of another file.

    The place has no name: it is gone when nobody has it open any more.
    """
    with tempfile.TemporaryFile(dir=Path(str(beside.name)).parent) as file:
        yield Waiting(cast("BinaryIO", file), schema_of(fields))


def kept(rows: Waiting, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches while they are kept."""
    for batch in batches:
        rows.add(batch)
        yield batch
