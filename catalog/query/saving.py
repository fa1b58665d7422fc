"""An answer as a file: streamed, and known to be whole or cut before its first byte is written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from starledger.catalog.export.formats import Format
from starledger.catalog.export.writing import Written, write
from starledger.catalog.query.asking import Asker, Question, cut_note

IN_MEMORY = 1 << 26
"""Bytes of an answer that wait in memory; more wait in a temporary file."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A file with an answer.

    Parameters
    ----------
    written
        What was written.
    truncated
        Whether there are more rows, which the limit cut off.
    notes
        What who asked should know.
    """

    written: Written
    truncated: bool
    notes: tuple[str, ...]


def save(asker: Asker, question: Question, path: Path, file_format: Format) -> Saved:
    """Run a query and write its answer to a file, in constant memory.

    The heads of most formats say whether the answer was cut, and how many rows there are. So the
    rows wait until the last one is there.

    Parameters
    ----------
    asker
        Whom to ask.
    question
        The query.
    path, file_format
        The file, which is whole or not there, and its format.

    Raises
    ------
    QueryRefused, QueryFailed
        As `Asker.answer` does; nothing is written then.
    """
    most = question.limits.rows
    with asker.reading(question) as batches, _waiting(batches) as (kept, rows):
        truncated = rows > most
        about = question.about(truncated=truncated)
        written = write(path, file_format, question.fields, _first(kept, most), about)
    notes = (*question.notes, cut_note(question.limits)) if truncated else question.notes
    return Saved(written, truncated, notes)


@contextmanager
def _waiting(
    batches: Iterable[pa.RecordBatch],
) -> Iterator[tuple[Iterator[pa.RecordBatch], int]]:
    """Give batches, and how many rows they have, once all have come."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY, prefix="starledger-") as file:
        rows = 0
        writer = None
        for batch in batches:
            if writer is None:
                writer = pa.ipc.new_stream(file, batch.schema)
            writer.write_batch(batch)
            rows += batch.num_rows
        if writer is None:
            yield iter(()), 0
            return
        writer.close()
        file.seek(0)
        yield iter(pa.ipc.open_stream(file)), rows


def _first(batches: Iterable[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    left = most
    for batch in batches:
        if left <= 0:
            return
        yield batch.slice(0, left)
        left -= batch.num_rows
