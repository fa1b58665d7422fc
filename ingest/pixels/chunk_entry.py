"""Entering a chunk into the ledger: its files, shards and spectra, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, text

from starledger.ingest.pixels.chunks import FileOutcome, PackedChunk
from starledger.ingest.pixels.judging import STAGED, judge, staging_statement
from starledger.ingest.pixels.placing import Places
from starledger.ingest.pixels.shards import WrittenShard
from starledger.ingest.pixels.spectrum_rows import COLUMNS, SpectrumRow
from starledger.ingest.surveys import ensure_instrument
from starledger.schema.sky import healpix_cells
from starledger.schema.tables import Shard

_RA, _DEC = COLUMNS.index("ra"), COLUMNS.index("dec")

_READ_FILE = """
CREATE TEMP TABLE read_file (number integer, path text, sha256 text, size bigint,
    modified_ns bigint, refusal text) ON COMMIT DELETE ROWS
"""
_ROW_HEAD = (
    *("number", "file_number", "file_name", "row_number", "instrument", "parents"),
    *("shard", "shard_row", "verdict", "reason"),
)
_COPY_ROWS = f"COPY incoming ({', '.join((*_ROW_HEAD, *STAGED))}) FROM STDIN"
_COPY_FILES = "COPY read_file FROM STDIN"

_NEEDED = """
SELECT DISTINCT shard FROM incoming WHERE verdict IN ('inserted', 'new_version') ORDER BY shard
"""
_CLOSE = """
UPDATE ledger.spectrum s SET valid_to_run_id = :run_id
FROM incoming i WHERE i.verdict = 'new_version' AND s.spectrum_id = i.current_id
"""
_INSERT = f"""
INSERT INTO ledger.spectrum (data_release_id, version, valid_from_run_id, instrument_id,
    shard_id, shard_row, file_name, {", ".join(STAGED)})
SELECT :data_release_id, i.version, :run_id, n.instrument_id,
    (CAST(:shard_ids AS integer[]))[i.shard + 1], i.shard_row, i.file_name,
    {", ".join(f"i.{name}" for name in STAGED)}
FROM incoming i JOIN ledger.instrument n ON n.name = i.instrument
WHERE i.verdict IN ('inserted', 'new_version') ORDER BY i.number
"""  # noqa: S608 - the names are those of our own columns
_PARENTS = """
INSERT INTO ledger.spectrum_parent (spectrum_id, parent_id)
SELECT DISTINCT s.spectrum_id, p.spectrum_id
FROM incoming i CROSS JOIN LATERAL unnest(i.parents) AS named (external_id)
JOIN ledger.spectrum s ON s.data_release_id = :data_release_id
    AND s.external_id = i.external_id AND s.valid_to_run_id IS NULL
JOIN ledger.spectrum p ON p.data_release_id = :data_release_id
    AND p.external_id = named.external_id AND p.valid_to_run_id IS NULL
WHERE i.verdict IN ('inserted', 'new_version') AND p.spectrum_id <> s.spectrum_id
"""
_FILES = """
INSERT INTO ledger.ingest_file (run_id, path, sha256, size, modified_ns, n_read, n_inserted,
    n_new_version, n_unchanged, n_rejected)
SELECT :run_id, f.path, f.sha256, f.size, f.modified_ns,
    CASE WHEN f.refusal IS NULL THEN count(i.number) ELSE 1 END,
    count(*) FILTER (WHERE i.verdict = 'inserted'),
    count(*) FILTER (WHERE i.verdict = 'new_version'),
    count(*) FILTER (WHERE i.verdict = 'unchanged'),
    CASE WHEN f.refusal IS NULL THEN count(*) FILTER (WHERE i.verdict = 'rejected') ELSE 1 END
FROM read_file f LEFT JOIN incoming i ON i.file_number = f.number
WHERE f.sha256 IS NOT NULL
GROUP BY f.number, f.path, f.sha256, f.size, f.modified_ns, f.refusal ORDER BY f.number
"""
_REJECTED = """
INSERT INTO ledger.rejected_row (run_id, path, row_number, external_id, reason)
SELECT :run_id, path, NULL, NULL, refusal FROM read_file WHERE refusal IS NOT NULL
UNION ALL
SELECT :run_id, file_name, row_number, external_id, reason FROM incoming
WHERE verdict = 'rejected' ORDER BY 2, 3
"""


@dataclass
class Entry:
    """Enters chunks into one run.

    Parameters
    ----------
    connection
        That of the temporary tables, in no transaction.
    data_release_id, run_id
        The data release and the run.
    places
        Of the shards.
    """

    connection: Connection
    data_release_id: int
    run_id: int
    places: Places
    _instruments: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the temporary tables that chunks pass through."""
        with self.connection.begin():
            self.connection.execute(text(staging_statement()))
            self.connection.execute(text(_READ_FILE))

    def enter(self, chunk: PackedChunk) -> None:
        """Enter a chunk, all of it or nothing."""
        about = {"data_release_id": self.data_release_id, "run_id": self.run_id}
        with self.connection.begin():
            self._stage(chunk)
            judge(self.connection, self.data_release_id, self.run_id)
            needed = [n for n in self.connection.scalars(text(_NEEDED)) if n is not None]
            self.places.place([chunk.shards[number].name for number in needed])
            ids: list[int | None] = [None] * len(chunk.shards)
            for number in needed:
                ids[number] = self._insert_shard(chunk.shards[number])
            self.connection.execute(text(_CLOSE), about)
            self.connection.execute(text(_INSERT), about | {"shard_ids": ids})
            if any(row.parents for row in chunk.rows):
                self.connection.execute(text(_PARENTS), about)
            self.connection.execute(text(_FILES), about)
            self.connection.execute(text(_REJECTED), about)
        self.places.forget(shard.name for shard in chunk.shards)

    def _stage(self, chunk: PackedChunk) -> None:
        cursor = self.connection.connection.cursor()
        with cursor.copy(_COPY_ROWS) as copy:
            for row in _staged_rows(chunk):
                copy.write_row(row)
        with cursor.copy(_COPY_FILES) as copy:
            for file in chunk.files:
                copy.write_row(_staged_file(file))

    def _insert_shard(self, shard: WrittenShard) -> int:
        shard_id: int = self.connection.execute(
            insert(Shard).returning(Shard.shard_id),
            {
                "run_id": self.run_id,
                "instrument_id": self._instrument(shard.instrument),
                "path": self.places.path(shard.name),
                "sha256": shard.sha256,
                "n_spectra": shard.n_spectra,
                "n_pixels": shard.n_pixels,
                "grid_kind": shard.grid_kind,
                "grid_start": shard.grid_start,
                "grid_step": shard.grid_step,
                "wavelength_medium": shard.wavelength_medium,
                "mask_bits": shard.mask_bits,
            },
        ).scalar_one()
        return shard_id

    def _instrument(self, name: str) -> int:
        if name not in self._instruments:
            self._instruments[name] = ensure_instrument(self.connection, name)
        return self._instruments[name]


def _staged_file(file: FileOutcome) -> tuple[Any, ...]:
    said = file.refusal and file.refusal.replace("\0", "�")
    return (file.number, file.name, file.sha256, file.size, file.modified_ns, said)


def _staged_rows(chunk: PackedChunk) -> Iterator[tuple[Any, ...]]:
    names = {file.number: file.name for file in chunk.files}
    cells = _cells(chunk.rows)
    for number, (row, cell) in enumerate(zip(chunk.rows, cells.tolist(), strict=True)):
        yield (
            number,
            row.file_number,
            names[row.file_number],
            row.row_number,
            row.instrument,
            list(row.parents),
            row.shard,
            row.shard_row,
            row.refusal and "rejected",
            row.refusal,
            *_values(row),
            row.sha256,
            cell,
        )


def _values(row: SpectrumRow) -> tuple[Any, ...]:
    if row.refusal is None:
        return row.values
    return tuple(row.external_id if name == "external_id" else None for name in COLUMNS)


def _cells(rows: list[SpectrumRow]) -> NDArray[np.int64]:
    """Return the HEALPix cells; 0 where there is no position, which the rules find out."""
    ra = np.array([row.values[_RA] for row in rows], float)
    dec = np.array([row.values[_DEC] for row in rows], float)
    known = (ra >= 0) & (ra < 360) & (np.abs(dec) <= 90)
    cells = np.zeros(len(rows), np.int64)
    if known.any():
        cells[known] = healpix_cells(ra[known], dec[known])
    return cells
