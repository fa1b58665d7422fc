"""A folder of made-up files and what ingests them, for the tests of the ingest of spectra."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from starledger.ingest.pixels.shard_reading import open_shard, verify_shard
from starledger.ingest.pixels.spectra_run import SpectraSummary, ingest_spectra
from starledger.schema.asof import valid
from starledger.schema.database import Database
from starledger.schema.tables import RejectedRow, Shard, Spectrum
from tests.ingest.pixels.made_up import read_made_up, write_file


class Desk:
    """A folder of made-up files, and what ingests them."""

    def __init__(self, ledger: Database, tmp_path: Path) -> None:
        self.ledger = ledger
        self.files = tmp_path / "files"
        self.root = tmp_path / "shards"

    def write(self, name: str, *spectra: dict[str, Any]) -> Path:
        return write_file(self.files / name, *spectra)

    def ingest(self, *sources: Path, **options: Any) -> SpectraSummary:
        about: dict[str, Any] = {"read": read_made_up, "size": lambda _: 4} | options
        return ingest_spectra(
            self.ledger, self.root, "lamost", "dr5", sources or [self.files], **about
        )

    def refusals(self, run_id: int) -> list[tuple[str, int | None, str]]:
        query = select(RejectedRow.path, RejectedRow.row_number, RejectedRow.reason)
        with self.ledger.engine().connect() as connection:
            rows = connection.execute(
                query.where(RejectedRow.run_id == run_id).order_by(
                    RejectedRow.path, RejectedRow.row_number
                )
            )
            return [(path, number, reason) for path, number, reason in rows]

    def current(self, as_of: int = 10**9) -> dict[str, tuple[int, str]]:
        query = select(Spectrum.external_id, Spectrum.version, Spectrum.file_name)
        with self.ledger.engine().connect() as connection:
            rows = connection.execute(query.where(valid(Spectrum, as_of)))
            return {name: (version, file) for name, version, file in rows}

    def pixels(self, external_id: str, version: int = 1) -> np.ndarray[Any, Any]:
        query = (
            select(Shard.path, Shard.sha256, Spectrum.shard_row)
            .join(Spectrum, Spectrum.shard_id == Shard.shard_id)
            .where(Spectrum.external_id == external_id, Spectrum.version == version)
        )
        with self.ledger.engine().connect() as connection:
            row: Any = connection.execute(query).one()
        verify_shard(self.root, row)
        shard = open_shard(self.root, row)
        assert shard.about["external_ids"][row.shard_row] == external_id
        return np.asarray(shard.flux[row.shard_row, shard.own(row.shard_row)])


def counts(done: SpectraSummary) -> tuple[int, int, int, int, int]:
    assert done.n_read == (
        done.n_inserted + done.n_new_version + done.n_unchanged + done.n_rejected
    )
    return (done.n_inserted, done.n_new_version, done.n_unchanged, done.n_rejected, done.n_closed)


def touch(path: Path) -> None:
    about = path.stat()
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 1_000_000))
