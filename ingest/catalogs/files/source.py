"""The bytes of a catalog's file, unpacked while they are read."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from isal import igzip, isal_zlib

from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.schema.errors import DiskFull

CHUNK = 1 << 20
_Damaged = cast("type[Exception]", isal_zlib.error)


class Stream(Protocol):
    """Bytes that are read from their beginning to their end."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, and none at the end alone."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read from its beginning any number of times.

    Parameters
    ----------
    path
        Where it is, which messages tell.
    packed
        Whether it is gzipped.
    """

    path: Path
    packed: bool = False

    def unreadable(self, what: str, remedy: str | None = None) -> UnreadableTable:
        """Return the error that says what is wrong with the file, such as ``is cut off``."""
        if remedy is None:
            return UnreadableTable(f"{self.path} {what}.")
        return UnreadableTable(f"{self.path} {what}.", remedy=remedy)

    @contextmanager
    def opened(self) -> Iterator[Stream]:
        """Open the file at its beginning.

        Raises
        ------
        UnreadableTable
            It cannot be opened; or, from ``read``, its packed bytes are damaged or cut off.
        """
        try:
            file = self.path.open("rb")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise self.unreadable(
                f"cannot be read: {reason}", "Give a file that is there and that you may read."
            ) from None
        with file:
            yield _Unpacked(self, file) if self.packed else file

    @contextmanager
    def unpacked(self) -> Iterator[Source]:
        """Give the same bytes as a file that lies unpacked on disk, for a while.

        Raises
        ------
        UnreadableTable
            The packed bytes are damaged or cut off.
        DiskFull
            They do not fit into the folder of temporary files.
        """
        if not self.packed:
            yield self
            return
        with tempfile.NamedTemporaryFile(prefix="starledger-", suffix=f"-{self.path.stem}") as file:
            with self.opened() as stream:
                while chunk := stream.read(CHUNK):
                    self._keep(file, chunk)
            self._keep(file, b"")
            yield _Copy(Path(file.name), packed=False, original=self.path)

    def _keep(self, file: tempfile._TemporaryFileWrapper[bytes], chunk: bytes) -> None:
        try:
            file.write(chunk)
            if not chunk:
                file.flush()
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            raise DiskFull(
                f"{self.path} does not fit unpacked into {tempfile.gettempdir()}.",
                remedy="Make room there, or name another folder by TMPDIR.",
            ) from None


@dataclass(frozen=True, slots=True)
class _Copy(Source):
    """An unpacked copy, which messages call by the name of what it was made of."""

    original: Path = Path()

    def unreadable(self, what: str, remedy: str | None = None) -> UnreadableTable:
        return Source(self.original).unreadable(what, remedy)


class _Unpacked:
    """Gzipped bytes, which tell in our words when they are damaged."""

    def __init__(self, source: Source, file: BinaryIO) -> None:
        self._source = source
        self._file: Stream = igzip.IGzipFile(fileobj=file)  # type: ignore[no-untyped-call]

    def read(self, size: int, /) -> bytes:
        try:
            return self._file.read(size)
        except EOFError:
            raise self._source.unreadable("is cut off: its gzipped bytes do not end") from None
        except (_Damaged, OSError) as error:
            reason = str(error).rstrip(".")
            raise self._source.unreadable(f"is damaged: gzip says {reason}") from None


def read_fully(stream: Stream, size: int) -> bytes:
    """Return so many bytes, or fewer at the end alone."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
