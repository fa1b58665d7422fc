"""Writing a release as a folder that the CDS takes: a ReadMe and a text file of each table."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from starledger.catalog.cds.data import write_lines
from starledger.catalog.cds.layout import Layout, layout_of
from starledger.catalog.cds.readme import readme
from starledger.catalog.releases.finding import PublishedRelease
from starledger.catalog.releases.tables import tables_of
from starledger.schema.errors import StarledgerError

README = "ReadMe"


class CdsNotWritten(StarledgerError):
    """The files for the CDS cannot be written."""


class NoSuchTable(StarledgerError):
    """A release has no table of that name."""


def layouts_of(
    connection: Connection, release: PublishedRelease, tables: Sequence[str]
) -> list[Layout]:
    """Return the layouts of some tables of a release.

    Raises
    ------
    NoSuchTable
        It has none of a name.
    """
    known = {one.name: one for one in tables_of(connection, release)}
    for name in tables:
        if name not in known:
            raise NoSuchTable(
                f"{release.name} has no table {name!r}.", remedy=f"It has {', '.join(known)}."
            )
    return [layout_of(connection, known[name]) for name in tables]


def write_folder(
    connection: Connection, release: PublishedRelease, tables: Sequence[str], folder: Path
) -> list[Layout]:
    """Write tables of a release and their ReadMe into a folder, each file whole or not at all.

    Parameters
    ----------
    connection
        To the ledger.
    release, tables
        What to write.
    folder
        Made where it is not there.

    Raises
    ------
    NoSuchTable, CdsNotWritten
        There is no such table; a file cannot be written.
    """
    layouts = layouts_of(connection, release, tables)
    for layout in layouts:
        _write(folder / layout.file, partial(write_lines, connection, layout))
    write_readme(folder / README, release, layouts)
    return layouts


def write_readme(path: Path, release: PublishedRelease, layouts: Sequence[Layout]) -> None:
    """Write the ReadMe alone."""
    _write(path, lambda file: file.write(readme(release, layouts).encode("ascii")))


def _write(path: Path, fill: Callable[[BinaryIO], int]) -> None:
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise CdsNotWritten(
            f"{path} cannot be written: {error.strerror}.", remedy="Name another folder."
        ) from error
