"""What can go wrong with the embedded server, told as what the user can do."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starledger.schema.errors import (
    DatabaseError,
    DiskFull,
    FolderError,
    FolderLocked,
    FolderReadOnly,
    StarledgerError,
)

if TYPE_CHECKING:
    from starledger.schema.embedded.place import Place


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Turn what the operating system says about our files into what the user can do."""
    try:
        yield
    except OSError as error:
        raise _of_folder(error, folder) from error


def explained(what: str, said: str, place: Place) -> StarledgerError:
    """Return the error for what PostgreSQL's programs said.

    Parameters
    ----------
    what
        What the server did not do.
    said
        Their output, or the new part of the server's log.
    place
        The server's place.
    """
    # Semaphores and shared memory that have run out are reported as a full disk too.
    full = re.compile(
        r"^(?!.*(semaphore|shared memory)).*(No space left on device|quota exceeded)",
        re.MULTILINE | re.IGNORECASE,
    )
    if full.search(said):
        return _disk_full(place.folder)
    if "Read-only file system" in said:
        return FolderReadOnly(
            f"{place.folder} is on a disk that is mounted read-only.",
            remedy="Mount it writable, or name another folder with STARLEDGER_HOME.",
        )
    if re.search(r'lock file "\S+" already exists|pre-existing shared memory', said):
        return FolderLocked(
            f"A PostgreSQL server that is not ours uses {place.data}.",
            remedy=f"Stop it; {place.data / 'postmaster.pid'} begins with its process id.",
        )
    if nameless := re.search(r"could not look up effective user ID (\d+)", said):
        return DatabaseError(
            f"PostgreSQL needs a name for the operating system's user {nameless[1]}.",
            remedy="Add one to /etc/passwd (of the container), "
            "or name a server with STARLEDGER_DATABASE_URL.",
        )
    return DatabaseError(
        f"The embedded PostgreSQL {what}: {_last_words(said)}.",
        remedy=f"Mend the cause and try again; the server's log is {place.log_file}.",
    )


def _last_words(said: str, lines: int = 3) -> str:
    routine = r"starting PostgreSQL|listening on|database system is|removing contents|Examine the"
    words = [
        re.sub(r"^[-\d]+ [:.\d]+ \w+ \[\d+\] *", "", line).strip().rstrip(".")
        for line in said.splitlines()
        if line.strip() and not re.search(routine, line)
    ]
    return " | ".join(words[-lines:]) or "it said nothing"


def _of_folder(error: OSError, folder: Path) -> StarledgerError:
    where = error.filename or folder
    # Copying a tree puts many errors into one, which has a text only.
    if error.errno in {errno.ENOSPC, errno.EDQUOT} or os.strerror(errno.ENOSPC) in str(error):
        return _disk_full(folder)
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return FolderReadOnly(
            f"{where} may not be read and written: {error.strerror}.",
            remedy=f"Mend the rights on {folder}, or name another folder with STARLEDGER_HOME.",
        )
    return FolderError(
        f"{where} cannot be used: {error.strerror or error}.",
        remedy="Move it away, or name another folder with STARLEDGER_HOME.",
    )


def _disk_full(folder: Path) -> DiskFull:
    return DiskFull(
        f"No space is left on the disk of {folder}.",
        remedy="Free some, or name a folder on another disk with STARLEDGER_HOME.",
    )
