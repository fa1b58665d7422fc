"""Which files are to be read: those that changed since they were last read, told by the database.

The listing of a survey's files may not fit into memory; it lies in temporary tables of one
connection, and so does what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, text

from starledger.ingest.pixels.chunks import Chunk, NamedFile
from starledger.ingest.pixels.sources import Found, Source, UnusableSources, list_files

_ROWS_A_BLOCK = 10_000
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}

_LISTING = """
CREATE TEMP TABLE listing
    (source integer, name text COLLATE "C", size bigint, modified_ns bigint)
"""
_NAMED_TWICE = "SELECT name FROM listing GROUP BY name HAVING count(*) > 1 LIMIT 1"

_COMPARED = """
CREATE TEMP TABLE compared AS
WITH last AS (
    SELECT f.path, max(f.ingest_file_id) AS ingest_file_id
    FROM ledger.ingest_file f JOIN ledger.ingest_run r USING (run_id)
    WHERE r.data_release_id = :data_release_id AND r.run_id <> :run_id GROUP BY f.path
)
SELECT l.source, l.name, f.n_read,
    coalesce((f.size, f.modified_ns, f.n_rejected) = (l.size, l.modified_ns, 0), false) AS same
FROM listing l LEFT JOIN last ON last.path = l.name
LEFT JOIN ledger.ingest_file f ON f.ingest_file_id = last.ingest_file_id
"""
_TO_READ = """
CREATE TEMP TABLE to_read AS
WITH done AS (
    SELECT path FROM ledger.ingest_file WHERE run_id = :run_id
    UNION SELECT path FROM ledger.rejected_row WHERE run_id = :run_id AND row_number IS NULL
)
SELECT row_number() OVER (ORDER BY name COLLATE "C")::integer AS number, source, name,
    done.path IS NOT NULL AS done
FROM compared LEFT JOIN done ON done.path = name WHERE NOT same
"""
_KNOWN = """
CREATE TEMP TABLE known AS
SELECT t.number, s.spectrum_id, s.external_id, s.sha256
FROM to_read t JOIN ledger.spectrum s ON s.file_name = t.name
WHERE s.data_release_id = :data_release_id AND s.valid_to_run_id IS NULL AND NOT t.done
"""
_INDEXES = (
    "CREATE INDEX ON compared (name)",
    "CREATE UNIQUE INDEX ON to_read (number)",
    "CREATE INDEX ON to_read (name)",
    "CREATE INDEX ON known (number)",
    "ANALYZE compared",
    "ANALYZE to_read",
    "ANALYZE known",
)
_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE same), coalesce(sum(n_read) FILTER (WHERE same), 0)
FROM compared
"""
_LEFT = "SELECT count(*), count(*) FILTER (WHERE NOT done) FROM to_read"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is to be done with the files of a listing.

    Parameters
    ----------
    n_files
        Files listed.
    n_files_skipped, n_skipped
        Files that are as they were when last read, and the spectra in them.
    n_to_read
        Files to be read in this run.
    n_left
        Those of them that it has not read yet.
    """

    n_files: int
    n_files_skipped: int
    n_skipped: int
    n_to_read: int
    n_left: int


def stage_listing(connection: Connection, sources: Sequence[Source]) -> None:
    """Bring the names, sizes and times of all files into the table ``listing``.

    Raises
    ------
    UnusableSources
        There are none, or two have the same name.
    """
    connection.execute(text(_LISTING))
    cursor = connection.connection.cursor()
    copied = 0
    with cursor.copy("COPY listing FROM STDIN") as copy:
        for number, source in enumerate(sources):
            lines = (_line(number, found) for found in list_files(source))
            while block := list(islice(lines, _ROWS_A_BLOCK)):
                copy.write("".join(block))
                copied += len(block)
    if not copied:
        raise UnusableSources(
            "There are no files in what was named.", remedy="Name a folder that holds spectra."
        )
    if [source.kind for source in sources] != ["folder"]:
        _require_unique(connection)


def _line(source: int, found: Found) -> str:
    name = found.name
    if _SPECIAL.search(name):
        name = _SPECIAL.sub(lambda special: _ESCAPES[special[0]], name)
    if found.size is None:
        return f"{source}\t{name}\t\\N\t\\N\n"
    return f"{source}\t{name}\t{found.size}\t{found.modified_ns}\n"


def _require_unique(connection: Connection) -> None:
    name = connection.scalar(text(_NAMED_TWICE))
    if name is not None:
        raise UnusableSources(
            f"The file {name} is named twice.",
            remedy="Name each file once; for files of one name in two folders, name the folder"
            " that holds both.",
        )


def compare(connection: Connection, data_release_id: int, run_id: int) -> Comparison:
    """Find the files to be read, in the order of their names: the table ``to_read``.

    A file is passed over if nothing of it was refused when the data release was last ingested
    from it, and its size and time of change are the same. What the run itself has read before
    it was interrupted counts as to be read, so that chunks have the same borders, but as done.
    """
    about = {"data_release_id": data_release_id, "run_id": run_id}
    connection.execute(text(_COMPARED), about)
    connection.execute(text(_TO_READ), about)
    n_to_read, n_left = connection.execute(text(_LEFT)).one()
    if n_left:
        connection.execute(text(_KNOWN), about)
        for statement in _INDEXES:
            connection.execute(text(statement))
    n_files, n_files_skipped, n_skipped = connection.execute(text(_COUNTS)).one()
    return Comparison(n_files, n_files_skipped, int(n_skipped), n_to_read, n_left)


def chunks_to_read(
    connection: Connection, sources: Sequence[Source], n_to_read: int, files_a_chunk: int
) -> Iterator[Chunk]:
    """Yield the chunks of files that are still to be read.

    The connection must be in no transaction whenever a chunk is asked for.
    """
    for before in range(0, n_to_read, files_a_chunk):
        span = {"before": before, "last": before + files_a_chunk}
        with connection.begin():
            files = connection.execute(text(_FILES), span).all()
            known = connection.execute(text(_KNOWN_OF), span).all()
        if files:
            yield Chunk(
                tuple(
                    NamedFile(number, name, str(sources[source].root / name))
                    for number, source, name in files
                ),
                {number: frozenset(sha256) for number, sha256 in known},
            )


_FILES = """
SELECT number, source, name FROM to_read
WHERE number > :before AND number <= :last AND NOT done ORDER BY number
"""
_KNOWN_OF = """
SELECT number, array_agg(sha256) FROM known
WHERE number > :before AND number <= :last GROUP BY number
"""
