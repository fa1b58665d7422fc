"""Ingest the spectra of a data release, in a run that can be gone on with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from starledger.ingest.pixels.chunk_entry import Entry
from starledger.ingest.pixels.chunk_processes import packed_in_order
from starledger.ingest.pixels.chunks import Reader, Task
from starledger.ingest.pixels.file_comparison import (
    Comparison,
    chunks_to_read,
    compare,
    stage_listing,
)
from starledger.ingest.pixels.layouts import read_spectra
from starledger.ingest.pixels.placing import places_of
from starledger.ingest.pixels.shards import shard_folder
from starledger.ingest.pixels.sources import Source, described, find_sources
from starledger.ingest.runs import hold, run_for, session
from starledger.ingest.surveys import Release, ensure_data_release
from starledger.schema.database import Database
from starledger.schema.runs import going_on

FILES_A_CHUNK = 1000
FEWEST_FILES_A_CHUNK = 125
_CHUNKS_TO_SHARE = 8

ProgressBar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, slots=True)
class SpectraSummary:
    """What an ingest of spectra did; spectra read = inserted + new + unchanged + rejected.

    Parameters
    ----------
    run_id
        The run.
    went_on
        Whether it was begun by an earlier command that was interrupted; the counts are those of
        the whole run.
    n_files
        Files found: skipped, read, or refused before they could be read.
    n_files_skipped, n_skipped
        Files as they were when they were last ingested, and the spectra in them: not read again.
    n_files_refused
        Files refused as a whole; each counts as one spectrum read and rejected.
    n_read, n_inserted, n_new_version, n_unchanged, n_rejected
        Spectra.
    n_closed
        Spectra that their changed files no longer hold: they are current no more.
    seconds
        What this command took.
    """

    run_id: int
    went_on: bool
    n_files: int
    n_files_skipped: int
    n_skipped: int
    n_files_refused: int
    n_read: int
    n_inserted: int
    n_new_version: int
    n_unchanged: int
    n_rejected: int
    n_closed: int
    seconds: float


@contextmanager
def no_progress(_doing: str, _total: int) -> Iterator[Callable[[int], None]]:
    """Show nothing of the progress."""
    yield lambda _: None


def chunk_size(n_files: int) -> int:
    """Return how many files make a chunk; it depends on nothing that going on could change.

    Examples
    --------
    >>> chunk_size(50), chunk_size(4000), chunk_size(1_000_000)
    (125, 500, 1000)
    """
    return max(FEWEST_FILES_A_CHUNK, min(FILES_A_CHUNK, -(-n_files // _CHUNKS_TO_SHARE)))


def ingest_spectra(
    database: Database,
    shard_root: Path,
    survey: str,
    release: str,
    sources: Sequence[Path],
    *,
    processes: int = 1,
    read: Reader = read_spectra,
    size: Callable[[int], int] = chunk_size,
    progress: ProgressBar = no_progress,
) -> SpectraSummary:
    """Bring the spectra of a data release into shards and into the ledger.

    Files that are as they were when last ingested are not read again. Each chunk of files is
    one transaction; an interrupted run stays open, and the same call goes on with it.

    Parameters
    ----------
    database
        The ledger.
    shard_root
        The folder that paths of shards are relative to.
    survey, release
        Such as ``lamost`` and ``dr5`` or ``dr5/v3``.
    sources
        Folders, lists of files, and files.
    processes
        How many read and pack; their number does not change what comes out.
    read
        The reader of the files.
    size
        How many files make a chunk, of so many to be read; the same throughout a run.
    progress
        Shows how many files are done.

    Raises
    ------
    StarledgerError
        The data release or a source is unknown, another process ingests the same, or what is
        needed on the way (disk, database, a process) fails: then the same call goes on.
    """
    began = time.perf_counter()
    whole = Release.parse(survey, release, "spectra")
    found = find_sources(sources)
    engine = database.engine()
    with session(engine) as connection:
        with connection.begin():
            stage_listing(connection, found)
            data_release_id = ensure_data_release(connection, whole)
        hold(connection, data_release_id, whole)
        with connection.begin():
            run_id, went_on = run_for(
                connection, data_release_id, content="spectra", source=described(found)
            )
        with going_on(engine, run_id) as run:
            job = _Job(connection, data_release_id, run_id, whole, found, shard_root)
            compared = job.do(processes, read, size, progress)
            summary = _summary(job, compared, went_on=went_on, began=began)
            run.summary = asdict(summary)
            run.message = (
                f"{summary.n_read:,} spectra read from {compared.n_to_read:,} files; "
                f"{compared.n_files_skipped:,} files are as they were"
            )
    return summary


@dataclass(frozen=True, slots=True)
class _Job:
    connection: Connection
    data_release_id: int
    run_id: int
    release: Release
    sources: Sequence[Source]
    shard_root: Path

    @property
    def about(self) -> dict[str, int]:
        """The job in statements."""
        return {"data_release_id": self.data_release_id, "run_id": self.run_id}

    def do(
        self, processes: int, read: Reader, size: Callable[[int], int], progress: ProgressBar
    ) -> Comparison:
        """Read, pack and enter what is to be read."""
        release = self.release
        folder = shard_folder(release.survey, release.name, release.version)
        with self.connection.begin():
            places = places_of(self.connection, self.shard_root, folder)
            places.tidy(self.connection)
            compared = compare(self.connection, self.data_release_id, self.run_id)
            ordinal = self.connection.scalar(text(_ORDINAL), self.about)
        if not compared.n_left:
            return compared
        origin = {
            "survey": release.survey,
            "release": f"{release.name}/{release.version}",
            # The same spectra may come again after others; a row of a shard is used only once.
            "ingest": ordinal,
        }
        task = Task(release.survey, places.unfinished, origin, read)
        entry = Entry(self.connection, self.data_release_id, self.run_id, places)
        entry.prepare()
        length = size(compared.n_to_read)
        chunks = chunks_to_read(self.connection, self.sources, compared.n_to_read, length)
        busy = min(processes, -(-compared.n_left // length))
        with (
            closing(packed_in_order(task, chunks, busy)) as packed,
            progress("files", compared.n_left) as advance,
        ):
            for chunk in packed:
                entry.enter(chunk)
                advance(len(chunk.files))
        with self.connection.begin():
            places.tidy(self.connection)
        return compared


_ORDINAL = """
SELECT count(*) FROM ledger.ingest_run
WHERE data_release_id = :data_release_id AND run_id <= :run_id
"""
_COUNTED = """
SELECT coalesce(sum(n_read), 0) AS n_read, coalesce(sum(n_inserted), 0) AS n_inserted,
    coalesce(sum(n_new_version), 0) AS n_new_version,
    coalesce(sum(n_unchanged), 0) AS n_unchanged, coalesce(sum(n_rejected), 0) AS n_rejected
FROM ledger.ingest_file WHERE run_id = :run_id
"""
_REFUSED = """
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM ledger.ingest_file f WHERE f.run_id = r.run_id AND f.path = r.path))
FROM ledger.rejected_row r WHERE r.run_id = :run_id AND r.row_number IS NULL
"""
_CLOSED = """
SELECT count(*) FROM ledger.spectrum s
WHERE s.data_release_id = :data_release_id AND s.valid_to_run_id = :run_id AND NOT EXISTS (
    SELECT FROM ledger.spectrum n WHERE n.data_release_id = s.data_release_id
    AND n.external_id = s.external_id AND n.version = s.version + 1
    AND n.valid_from_run_id = :run_id)
"""


def _summary(job: _Job, compared: Comparison, *, went_on: bool, began: float) -> SpectraSummary:
    with job.connection.begin():
        counted = job.connection.execute(text(_COUNTED), job.about).mappings().one()
        counts = {name: int(value) for name, value in counted.items()}
        refused, unopened = job.connection.execute(text(_REFUSED), job.about).one()
        closed = 0
        if counts["n_read"]:
            closed = job.connection.scalar(text(_CLOSED), job.about) or 0
    counts["n_read"] += unopened
    counts["n_rejected"] += unopened
    return SpectraSummary(
        job.run_id,
        went_on,
        compared.n_files,
        compared.n_files_skipped,
        compared.n_skipped,
        refused,
        **counts,
        n_closed=closed,
        seconds=round(time.perf_counter() - began, 3),
    )
