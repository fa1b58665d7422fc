"""Exporting a release: views into files, with a manifest beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from starledger.catalog.export.arriving import make_folder
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.formats import Format
from starledger.catalog.export.manifest import OF_FOLDER, Exported, beside, write_manifest
from starledger.catalog.export.ordering import identifiers
from starledger.catalog.export.reading import reading
from starledger.catalog.export.selecting import Selection, select
from starledger.catalog.export.telling import about
from starledger.catalog.export.writing import write
from starledger.catalog.releases.finding import PublishedRelease, find_release
from starledger.catalog.releases.tables import tables_of
from starledger.schema.database import Database
from starledger.schema.migrate import require_head
from starledger.schema.roles import Role


@dataclass(frozen=True, slots=True)
class Planned:
    """An export that can be done.

    Parameters
    ----------
    release
        Of which release.
    selections
        What of it.
    paths
        The file of each.
    format
        Of all files.
    manifest
        Where the manifest goes.
    """

    release: PublishedRelease
    selections: tuple[Selection, ...]
    paths: tuple[Path, ...]
    format: Format
    manifest: Path

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known."""
        counted = [one.table.rows for one in self.selections if one.where is None]
        known = [rows for rows in counted if rows is not None]
        return sum(known) if len(known) == len(self.selections) else None


def plan(
    database: Database,
    release: str | None = None,
    *,
    views: Sequence[str] = (),
    columns: Sequence[str] = (),
    where: str | None = None,
    format: Format | None = None,  # noqa: A002 - so it is called everywhere
    out: Path | None = None,
) -> Planned:
    """Return what an export would write, and where.

    Parameters
    ----------
    database
        The ledger.
    release
        Its name; the newest, where none is given.
    views, columns, where
        What of it: see `select`.
    format
        Of the files; what the name of the file says, or FITS.
    out
        The file of one view, or the folder of several; named after the release else.

    Raises
    ------
    StarledgerError
        Something of it is not there, or does not fit together.
    """
    with database.engine(Role.OWNER).connect() as connection:
        require_head(connection)
        found = find_release(connection, release)
        selections = tuple(select(tables_of(connection, found), views, columns, where))
    alone = len(views) == 1
    chosen = _format(format, out if alone else None)
    if alone:
        path = out or Path(f"{found.name}.{selections[0].table.name}{chosen.ending}")
        return Planned(found, selections, (path,), chosen, beside(path))
    folder = out or Path(found.name)
    paths = tuple(folder / f"{one.table.name}{chosen.ending}" for one in selections)
    return Planned(found, selections, paths, chosen, folder / OF_FOLDER)


def _format(given: Format | None, out: Path | None) -> Format:
    if given is not None:
        return given
    return Format.FITS if out is None else Format.of(out)


def export(
    database: Database, planned: Planned, advance: Callable[[int], None] = lambda _: None
) -> list[Exported]:
    """Write the files of an export, and their manifest at the end.

    Each file is whole or not there. The same release gives the same bytes with the same software.

    Parameters
    ----------
    database
        The ledger.
    planned
        What to write.
    advance
        Called with how many more rows were read.

    Raises
    ------
    StarledgerError
        A file cannot be written, or the database broke off.
    """
    make_folder(planned.manifest.parent)
    exported = [
        _export(database, planned, selection, path, advance)
        for selection, path in zip(planned.selections, planned.paths, strict=True)
    ]
    write_manifest(planned.manifest, planned.release, exported)
    return exported


def _export(
    database: Database,
    planned: Planned,
    selection: Selection,
    path: Path,
    advance: Callable[[int], None],
) -> Exported:
    said = about(planned.release, selection)
    with reading(database, selection.sql) as reader:
        batches = _counted(_without_null(selection, reader), advance)
        written = write(path, planned.format, selection.fields, batches, said)
    return Exported(path, planned.format, selection, written)


def _counted(
    batches: Iterable[pa.RecordBatch], advance: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch
        advance(batch.num_rows)


def _without_null(
    selection: Selection, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield batches whose identifiers are all there, lest a reader make other numbers of them."""
    keys = set(identifiers(selection.table.name, selection.table.fields))
    numbers = [(place, one.name) for place, one in enumerate(selection.fields) if one.name in keys]
    for batch in batches:
        for place, name in numbers:
            if batch.column(place).null_count:
                raise ExportError(
                    f"The identifier {name} of {selection.table.name} is missing in a row.",
                    remedy="Run `starledger release verify`: the release is not what it was.",
                )
        yield batch
