"""A file that is whole or not there: written beside its place and put there at the end."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from starledger.catalog.export.errors import ExportError
from starledger.schema.errors import DiskFull

ENDING = ".arriving"


@contextmanager
def arriving(path: Path) -> Iterator[BinaryIO]:
    """Give an empty file that becomes the one at a path when all went well.

    A file that was there stays until then. Whoever is killed leaves a hidden file beside, without
    a lock on it; the next one who writes to the same path removes it.

    Raises
    ------
    DiskFull
        No space is left.
    ExportError
        The folder is not there, or may not be written in.
    """
    beside: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=ENDING, delete=False
        ) as file:
            beside = Path(file.name)
            fcntl.flock(file, fcntl.LOCK_EX)
            _remove_leftovers(path)
            yield cast("BinaryIO", file.file)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            beside.replace(path)
            beside = None
        _keep(path.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"No space is left to write {path}.", remedy="Free some, or write elsewhere."
            ) from error
        if error.filename is not None and Path(str(error.filename)).parent == path.parent:
            raise ExportError(
                f"{path} cannot be written: {error.strerror}.",
                remedy="Name a folder that is there and may be written in.",
            ) from error
        raise
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder for files, if it is not there.

    Raises
    ------
    ExportError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"The folder {folder} cannot be made, and its files cannot be written:"
            f" {error.strerror}.",
            remedy="Name another one.",
        ) from error


def _remove_leftovers(path: Path) -> None:
    for other in path.parent.glob(f".{_literal(path.name)}.*{ENDING}"):
        try:
            with other.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                other.unlink(missing_ok=True)
        except OSError:
            # Somebody is still writing it, or another has removed it.
            continue


def _literal(name: str) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)


def _umask() -> int:
    # It can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _keep(folder: Path) -> None:
    """Let a new name in a folder survive a crash of the machine."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
