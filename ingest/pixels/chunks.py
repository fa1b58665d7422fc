"""A chunk of files, read and packed in one process: what is sent there and what comes back."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starledger.ingest.pixels.shard_groups import Packing
from starledger.ingest.pixels.shards import WrittenShard, write_shard
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from starledger.ingest.pixels.spectrum_rows import SpectrumRow, row_of

Reader = Callable[[str, str, bytes], tuple[object, list[ReadSpectrum]]]
"""Takes a survey, a file's name and its contents; gives the layout and the spectra."""

LARGEST_FILE = 256 * 2**20
"""Bytes; no survey's spectrum file is near it, and one that is would fill the memory."""

PACKED_AT_ONCE = 64 * 2**20
"""Bytes of pixels that are held before they are written: what a process needs is some times it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is the same for all chunks of a run.

    Parameters
    ----------
    survey
        Whose files they are.
    folder
        Where shards are written until they are entered in the ledger.
    origin
        What shards say about where they are from.
    read
        The reader.
    """

    survey: str
    folder: Path
    origin: dict[str, Any]
    read: Reader


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file to be read: its number among these, its name in the ledger, and where it is."""

    number: int
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Files to be read together, and what the ledger holds of them.

    Parameters
    ----------
    files
        In their order.
    known
        SHA-256 of the spectra that the ledger now holds from a file, by its number: these are
        not packed again.
    """

    files: tuple[NamedFile, ...]
    known: dict[int, frozenset[str]]


@dataclass(slots=True)
class FileOutcome:
    """A file that was read, or why it is refused.

    Parameters
    ----------
    number, name
        As of `NamedFile`.
    sha256, size, modified_ns
        Of its bytes, their number, and when they were last changed; none where it could not
        even be opened.
    refusal
        Why it is refused as a whole.
    """

    number: int
    name: str
    sha256: str | None = None
    size: int | None = None
    modified_ns: int | None = None
    refusal: str | None = None


@dataclass(slots=True)
class PackedChunk:
    """What came of a chunk: its files, the rows of their spectra, and the shards of the new."""

    files: list[FileOutcome] = field(default_factory=list)
    rows: list[SpectrumRow] = field(default_factory=list)
    shards: list[WrittenShard] = field(default_factory=list)


def pack_chunk(task: Task, chunk: Chunk) -> PackedChunk:
    """Read the files of a chunk and write shards of what the ledger does not hold yet."""
    done = PackedChunk()
    packing = Packing()
    for file in chunk.files:
        outcome, spectra = read_file(task, file)
        done.files.append(outcome)
        known = chunk.known.get(file.number, frozenset())
        for row_number, spectrum in enumerate(spectra, 1):
            row = row_of(spectrum, file.number, row_number)
            if row.refusal is None and row.sha256 not in known:
                packing.add(len(done.rows), spectrum)
            done.rows.append(row)
        if packing.size >= PACKED_AT_ONCE:
            _write(task, packing, done)
            packing = Packing()
    _write(task, packing, done)
    return done


def _write(task: Task, packing: Packing, done: PackedChunk) -> None:
    for group in packing.groups():
        for place, (number, _) in enumerate(group.members):
            done.rows[number].shard = len(done.shards)
            done.rows[number].shard_row = place
        done.shards.append(write_shard(task.folder, group, task.origin))


def read_file(task: Task, file: NamedFile) -> tuple[FileOutcome, list[ReadSpectrum]]:
    """Read a file; it is refused, and the run goes on, where that cannot be done."""
    outcome = FileOutcome(file.number, file.name)
    try:
        contents = _contents(file.path, outcome)
        outcome.sha256 = hashlib.sha256(contents).hexdigest()
        _, spectra = task.read(task.survey, file.name, contents)
    except UnreadableSpectrum as error:
        outcome.refusal = error.what
    except OSError as error:
        outcome.refusal = f"cannot be read: {error.strerror}"
    except MemoryError:
        raise
    except Exception as error:  # one file must not end the run, nor each that goes on with it
        outcome.refusal = f"a mistake of the reader: {type(error).__name__}: {error}"
    else:
        return outcome, spectra
    return outcome, []


def _contents(path: str, outcome: FileOutcome) -> bytes:
    # A pipe would be waited for without end.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb", buffering=0) as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise UnreadableSpectrum("is no file")
        if about.st_size > LARGEST_FILE:
            raise UnreadableSpectrum(f"is too large: {about.st_size} bytes")
        contents = file.readall()
        outcome.size, outcome.modified_ns = len(contents), about.st_mtime_ns
        return contents
