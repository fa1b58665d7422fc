"""Writing a release as a folder that the CDS takes: a ReadMe and a text file of each table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from starledger.catalog.cds.data import write_lines
from starledger.catalog.cds.layout import Layout, layout_of
from starledger.catalog.cds.readme import readme
from starledger.catalog.export.arriving import arriving, make_folder
from starledger.catalog.releases.finding import PublishedRelease
from starledger.catalog.releases.tables import tables_of
from starledger.schema.errors import StarledgerError

README = "ReadMe"


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
    NoSuchTable, ExportError, DiskFull
        There is no such table; a file cannot be written.
    """
    layouts = layouts_of(connection, release, tables)
    make_folder(folder)
    for layout in layouts:
        with arriving(folder / layout.file) as file:
            write_lines(connection, layout, file)
    write_readme(folder / README, release, layouts)
    return layouts


def write_readme(path: Path, release: PublishedRelease, layouts: Sequence[Layout]) -> None:
    """Write the ReadMe alone."""
    make_folder(path.parent)
    with arriving(path) as file:
        file.write(readme(release, layouts).encode("ascii"))
