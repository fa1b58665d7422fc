"""Ingest catalogs: the files of a data release become versioned rows, all accounted for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from starledger.ingest.catalogs.choosing import choose, named
from starledger.ingest.catalogs.conversion import Conversion, target_columns
from starledger.ingest.catalogs.files.opening import open_table
from starledger.ingest.catalogs.files.table import About, TableFile, UnreadableTable
from starledger.ingest.catalogs.layout import CatalogLayout
from starledger.ingest.catalogs.layouts import LAYOUTS
from starledger.ingest.catalogs.loading import FileCounts, Loader
from starledger.ingest.catalogs.resolving import labels_in, source_column
from starledger.ingest.catalogs.unchanged import COUNTS, checksums, repeat, same_run_before
from starledger.ingest.runs import hold, run_for, session
from starledger.ingest.surveys import Release, ensure_data_release
from starledger.schema.database import Database
from starledger.schema.runs import OpenRun, going_on
from starledger.schema.tables import CatalogLabel, IngestFile, RejectedRow


@dataclass
class CatalogSummary:
    """What an ingest of a catalog did.

    Parameters
    ----------
    run_id
        The ingest run.
    data_release, layout
        What was ingested and how it was read.
    n_files, refused_files
        How many files there were, and which of them could not be read, with the reason.
    n_read, n_inserted, n_new_version, n_unchanged, n_rejected
        Rows read, and what became of them; they add up.
    n_gone
        Rows of before that are in none of the files, where these are all there is.
    repaired
        How often a value was left out or put right, by its reason.
    ignored_columns
        Columns of the files that are not kept.
    same_as_run
        The earlier run that read the very same files.
    seconds
        How long it took.
    """

    run_id: int
    data_release: str
    layout: str
    n_files: int
    n_read: int = 0
    n_inserted: int = 0
    n_new_version: int = 0
    n_unchanged: int = 0
    n_rejected: int = 0
    n_gone: int = 0
    refused_files: dict[str, str] = field(default_factory=dict)
    repaired: dict[str, int] = field(default_factory=dict)
    ignored_columns: list[str] = field(default_factory=list)
    same_as_run: int | None = None
    seconds: float = 0.0

    def add(self, counts: dict[str, int]) -> None:
        """Add the counts of a file."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + counts.get(name, 0))


@dataclass(frozen=True)
class _Opened:
    path: Path
    file: TableFile
    layout: CatalogLayout


def ingest_catalog(
    database: Database,
    survey: str,
    release: str,
    paths: Sequence[Path],
    *,
    layout: str | None = None,
    layouts: Sequence[CatalogLayout] = LAYOUTS,
    complete: bool = False,
    advance: Callable[[int], None] = lambda _rows: None,
) -> list[CatalogSummary]:
    """Bring the catalogs of a data release in, each product of it in a run of its own.

    Parameters
    ----------
    database
        Where to.
    survey, release
        Whose catalogs they are, as ``lamost`` and ``dr5`` or ``dr5/v3``.
    paths
        The files; those of one layout are read as parts of one catalog.
    layout
        Name of their layout, where it is not to be told by their columns.
    layouts
        The layouts that may be.
    complete
        The files hold all of the catalog: rows of before that are in none of them are closed.
    advance
        Told how many more rows were read.

    Raises
    ------
    StarledgerError
        A file is of no layout, or none can be read; then nothing was done.
    """
    Release.parse(survey, release, "main")
    unreadable: dict[Path, UnreadableTable] = {}
    groups: dict[str, list[_Opened]] = {}
    with ExitStack() as stack:
        for path in dict.fromkeys(paths):
            try:
                one = _open(stack, path, layouts, layout, survey, release)
            except UnreadableTable as error:
                unreadable[path] = error
            else:
                groups.setdefault(one.layout.name, []).append(one)
        if not groups:
            raise next(iter(unreadable.values()))
        done = []
        for group in groups.values():
            whole = Release.parse(survey, release, group[0].layout.product)
            done.append(_ingest_files(database, whole, group, unreadable, complete, advance))
            # They are accounted for in one run.
            unreadable = {}
    return done


def _open(
    stack: ExitStack,
    path: Path,
    layouts: Sequence[CatalogLayout],
    layout: str | None,
    survey: str,
    release: str,
) -> _Opened:
    file = stack.enter_context(open_table(path))
    if layout is not None:
        return _Opened(path, file, named(layouts, layout, str(path), file.about))
    name = release.partition("/")[0]
    return _Opened(path, file, choose(layouts, survey, name, str(path), file.about))


def _ingest_files(
    database: Database,
    whole: Release,
    files: Sequence[_Opened],
    unreadable: Mapping[Path, UnreadableTable],
    complete: bool,
    advance: Callable[[int], None],
) -> CatalogSummary:
    started = time.monotonic()
    layout = files[0].layout
    paths = [*(one.path for one in files), *unreadable]
    about = {
        "content": "catalog",
        "source": "\n".join(str(path.resolve()) for path in paths),
        "layout": layout.name,
        "mapping_sha256": layout.sha256(),
    }
    engine = database.engine()
    with session(engine) as connection:
        with connection.begin():
            release_id = ensure_data_release(connection, whole)
        hold(connection, release_id, whole)
        with connection.begin():
            run_id, _went_on = run_for(connection, release_id, **about)
        with going_on(engine, run_id) as run:
            summary = CatalogSummary(run_id, str(whole), layout.name, len(paths))
            reading = _Reading(connection, release_id, layout, files, unreadable, summary)
            with connection.begin():
                reading.do(complete=complete, advance=advance)
            summary.seconds = round(time.monotonic() - started, 3)
            _tell(run, summary)
    return summary


def _tell(run: OpenRun, summary: CatalogSummary) -> None:
    told_elsewhere = {"run_id", "data_release", "layout", "seconds"}
    run.summary = {
        name: value for name, value in vars(summary).items() if name not in told_elsewhere
    }
    run.message = (
        f"{summary.n_read:,} rows of {summary.layout}: {summary.n_inserted:,} new, "
        f"{summary.n_new_version:,} changed, {summary.n_unchanged:,} unchanged, "
        f"{summary.n_rejected:,} rejected"
    )


@dataclass(frozen=True)
class _Reading:
    """The reading of a run's files, in one transaction."""

    connection: Connection
    release_id: int
    layout: CatalogLayout
    files: Sequence[_Opened]
    unreadable: Mapping[Path, UnreadableTable]
    summary: CatalogSummary

    def do(self, *, complete: bool, advance: Callable[[int], None]) -> None:
        """Read all files, unless the last run read the very same ones."""
        sha256s = checksums([*(one.path for one in self.files), *self.unreadable])
        earlier = same_run_before(self.connection, self.release_id, self.layout.sha256(), sha256s)
        if earlier is not None:
            self.summary.add(repeat(self.connection, earlier, self.summary.run_id))
            self.summary.same_as_run = earlier
            return
        refused = zip(self.unreadable.items(), sha256s[len(self.files) :], strict=True)
        for (path, error), sha256 in refused:
            self._refuse(path, sha256, error)
        all_there = complete and not self.unreadable
        self._read(sha256s[: len(self.files)], complete=all_there, advance=advance)

    def _read(
        self, sha256s: Sequence[str], *, complete: bool, advance: Callable[[int], None]
    ) -> None:
        labels = self._enter_labels([one.file.about for one in self.files])
        paths = [str(one.path) for one in self.files]
        columns = target_columns(self.layout, labels)
        run_id = self.summary.run_id
        loader = Loader(self.connection, self.layout.table, columns, self.release_id, run_id, paths)
        known: list[FileCounts | None] = []
        ignored: set[str] = set()
        for number, one in enumerate(self.files, 1):
            conversion = Conversion(self.layout, one.file.about, labels)
            ignored |= set(one.file.about.names) - set(conversion.wanted)
            try:
                known.append(loader.load(number, paths[number - 1], one.file, conversion, advance))
            except UnreadableTable as error:
                self._refuse(one.path, sha256s[number - 1], error)
                known.append(None)
        merged, self.summary.n_gone = loader.finish(complete=complete and None not in known)
        self.summary.ignored_columns = sorted(ignored)
        self._enter_files(sha256s, known, merged)

    def _enter_files(
        self,
        sha256s: Sequence[str],
        known: Sequence[FileCounts | None],
        merged: Mapping[int, Counter[str]],
    ) -> None:
        repaired: Counter[str] = Counter()
        each = zip(self.files, known, sha256s, strict=True)
        for number, (one, counts, sha256) in enumerate(each, 1):
            if counts is not None:
                repaired.update(counts.repaired)
                total = counts.counts + merged.get(number, Counter())
                self._enter_file(one.path, sha256, {"n_read": counts.n_read, **total})
        self.summary.repaired = dict(repaired)

    def _enter_labels(self, files: Sequence[About]) -> list[str]:
        """Return the data release's labels in their order, those that are new at the end."""
        kept = self.connection.scalars(
            select(CatalogLabel.label)
            .where(CatalogLabel.data_release_id == self.release_id)
            .order_by(CatalogLabel.position)
        )
        order = list(kept)
        for about in files:
            for name in labels_in(self.layout, about):
                if name in order:
                    continue
                order.append(name)
                source = self.layout.labels[name]
                self.connection.execute(
                    insert(CatalogLabel),
                    {
                        "data_release_id": self.release_id,
                        "position": len(order),
                        "label": name,
                        "source_column": source_column(source, about),
                        "solar_scale": source.solar_scale,
                        "equilibrium": source.equilibrium,
                        "definition": source.definition,
                    },
                )
        return order

    def _refuse(self, path: Path, sha256: str, error: UnreadableTable) -> None:
        """Reject a file as a whole."""
        self.summary.refused_files[str(path)] = error.what
        self.connection.execute(
            insert(RejectedRow),
            {"run_id": self.summary.run_id, "path": str(path), "reason": error.what},
        )
        self._enter_file(path, sha256, {"n_read": 1, "n_rejected": 1})

    def _enter_file(self, path: Path, sha256: str, counts: dict[str, int]) -> None:
        about = path.stat()
        told: dict[str, Any] = {name: counts.get(name, 0) for name in COUNTS}
        self.connection.execute(
            insert(IngestFile),
            {
                "run_id": self.summary.run_id,
                "path": str(path),
                "sha256": sha256,
                "size": about.st_size,
                "modified_ns": about.st_mtime_ns,
                **told,
            },
        )
        self.summary.add(told)
