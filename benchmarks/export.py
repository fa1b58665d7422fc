"""Exports of a table of sixty columns, against PostgreSQL's binary COPY and the libraries' writes.

The table is laid out as the copy of a release is. Ratios are of times in one run, in turns: reading
and writing rows as we do it, over a binary COPY of the same rows plus a write of them by NumPy or
pyarrow alone, from memory. All writes end with an fsync. Memory is the peak of a process of its
own.

    python benchmarks/export.py             # 10⁶ rows for the times, 10⁵ and 5 × 10⁶ for the memory
    python benchmarks/export.py 100000      # as many for the times, and for the memory too
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import connect
from pyarrow import parquet
from sqlalchemy import text

from starledger.catalog.export.about import About
from starledger.catalog.export.fits.body import row_type
from starledger.catalog.export.formats import Format
from starledger.catalog.export.kinds import kind_of
from starledger.catalog.export.reading import address_of, reading
from starledger.catalog.export.writing import write
from starledger.catalog.fields import Field
from starledger.schema.database import Database, open_database
from starledger.schema.roles import Role, ensure_login_roles
from starledger.schema.settings import Settings

ROUNDS = 3
LARGE = 5_000_000
SMALL = 100_000
LABELS = 22
MOST_MIB = 600
HEAD = {
    "star_id": ("bigint", "n"),
    "starid": ("text", "'S' || lpad((n % 360000)::text, 7, '0') || '+' || n % 90000"),
    "gaia_dr3_source_id": ("bigint", "CASE WHEN n % 9 > 0 THEN 4000000000000000000 + n END"),
    "ra": ("double precision", "360 * random()"),
    "dec": ("double precision", "180 * random() - 90"),
    "ref_epoch": ("double precision", "2016.0"),
    "healpix": ("bigint", "1000000000::bigint * n"),
    "pmra": ("double precision", "CASE WHEN n % 7 > 0 THEN 20 * random() END"),
    "pmdec": ("double precision", "CASE WHEN n % 7 > 0 THEN 20 * random() END"),
    "snr": ("real", "300 * random()"),
    "n_visits": ("smallint", "1 + n % 5"),
    "best_spectrum_id": ("bigint", "3 * n"),
    "flags": ("integer", "n % 16"),
    "quality_flag": ("text", "CASE WHEN n % 4 > 0 THEN 'good' ELSE 'few_visits ; rv_variable' END"),
    "flag_warn": ("boolean", "n % 4 = 0"),
    "flag_bad": ("boolean", "n % 16 = 0"),
}
QUERY = "SELECT * FROM made.star WHERE star_id <= {rows} ORDER BY healpix, star_id"
ABOUT = About("Made up", "Stars that are none", (("release", "made"), ("view", "star")))


def columns() -> dict[str, tuple[str, str]]:
    """Return type and SQL of each column: half of the sixty are labels, with their errors."""
    labels = {
        f"{prefix}x{number}": ("real", f"CASE WHEN n % 50 <> {number} THEN random() END")
        for number in range(LABELS)
        for prefix in ("", "err_")
    }
    return HEAD | labels


FIELDS = tuple(
    Field(name, kind, "dimensionless", "meta.number", "a number that means nothing")
    for name, (kind, _) in columns().items()
)


def make(database: Database, rows: int) -> None:
    """Make the table, sorted and indexed as a release's copy is."""
    said = ", ".join(f"({sql})::{kind} AS {name}" for name, (kind, sql) in columns().items())
    with database.engine().begin() as connection:
        ensure_login_roles(connection)
        for statement in (
            "CREATE SCHEMA made",
            "SELECT setseed(0.5)",
            f"CREATE TABLE made.star AS SELECT {said} FROM generate_series(1, {rows}) n",
            "CREATE INDEX ON made.star (healpix)",
            f"GRANT USAGE ON SCHEMA made TO {Role.READER}",
            f"GRANT SELECT ON made.star TO {Role.READER}",
        ):
            connection.execute(text(statement))
    with database.engine().connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("VACUUM ANALYZE made.star"))


def copy(database: Database, rows: int) -> None:
    """Read the rows as PostgreSQL's binary COPY gives them, and do nothing with them."""
    said = f"COPY ({QUERY.format(rows=rows)}) TO STDOUT (FORMAT binary)".encode()
    with (
        connect(address_of(database)) as connection,
        connection.cursor().copy(said) as blocks,
    ):
        for _ in blocks:
            pass


def export(database: Database, rows: int, path: Path, format_: Format) -> None:
    """Read and write the rows as we do it."""
    with reading(database, QUERY.format(rows=rows)) as batches:
        written = write(path, format_, FIELDS, batches, ABOUT)
    assert written.rows == rows


def structured(table: pa.Table) -> np.ndarray[Any, Any]:
    """Return rows as NumPy writes them in one go."""
    widths = {field.name: 24 for field in FIELDS if kind_of(field).is_text}
    rows = np.zeros(table.num_rows, row_type(FIELDS, widths))
    for number, (field, column) in enumerate(zip(FIELDS, table.columns, strict=True)):
        null: Any = "" if kind_of(field).is_text else 0
        filled = column.fill_null(False if kind_of(field).fits == "L" else null)
        values = filled.to_numpy()
        rows[str(number)] = values.astype("S") if kind_of(field).is_text else values
    return rows


def to_disk(path: Path, fill: Callable[[Any], object]) -> None:
    """Write a file as far as the disk."""
    with path.open("wb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())


def timed(call: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def speed(database: Database, folder: Path, rows: int) -> None:
    """Time the exports against what they cannot do without."""
    with reading(database, QUERY.format(rows=rows)) as reader:
        table = reader.read_all()
    array = structured(table)
    calls: Mapping[str, Callable[[], object]] = {
        "copy": lambda: copy(database, rows),
        "numpy": lambda: to_disk(folder / "rows.npy", array.tofile),
        "pyarrow": lambda: to_disk(
            folder / "rows.parquet",
            lambda file: parquet.write_table(table, file, compression="zstd"),
        ),
    } | {
        one.value: partial(export, database, rows, folder / f"out{one.ending}", one)
        for one in (Format.FITS, Format.PARQUET, Format.VOTABLE)
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            seconds[name].append(timed(call))
    for name, taken in seconds.items():
        print(f"{name:8}  {statistics.median(taken):6.2f} s  ({min(taken):.2f}–{max(taken):.2f})")
    for name, base, most in (
        ("fits", ("copy", "numpy"), 1.5),
        ("parquet", ("copy", "pyarrow"), 1.5),
        ("votable", ("copy",), 2.0),
    ):
        ratios = [
            own / sum(seconds[one][turn] for one in base) for turn, own in enumerate(seconds[name])
        ]
        print(
            f"{name} / ({' + '.join(base)}) = {statistics.median(ratios):.2f}"
            f"  ({min(ratios):.2f}–{max(ratios):.2f}; wanted ≤ {most})"
        )


def memory(home: Path, folder: Path, rows: int) -> None:
    """Export in processes of their own, and tell how much memory each had at most."""
    for format_ in Format:
        path = folder / f"out{format_.ending}"
        command = [sys.executable, __file__, str(home), str(path), str(rows)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"{format_.value:8} {rows:>9,} rows  {done.stdout.strip()} (wanted < {MOST_MIB} MiB)")
        path.unlink()


def one(home: Path, path: Path, rows: int) -> None:
    """Export once, and print the peak of this process's memory and the time."""
    with open_database(Settings(home=home)) as database:
        taken = timed(lambda: export(database, rows, path, Format.of(path)))
    # What getrusage says includes the memory of the process that started this one.
    said = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(said.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"peak {peak:.0f} MiB, {path.stat().st_size / 2**20:.0f} MiB written in {taken:.1f} s")


def main() -> None:
    """Make the table, and run what was asked for."""
    given = sys.argv[1:]
    if len(given) == 3:
        one(Path(given[0]), Path(given[1]), int(given[2]))
        return
    timed_rows = int(given[0]) if given else 1_000_000
    sizes = [timed_rows] if given else [SMALL, LARGE]
    with tempfile.TemporaryDirectory(prefix="starledger-export-") as name:
        home, folder = Path(name, "home"), Path(name, "out")
        folder.mkdir()
        Path(name).chmod(0o755)
        with open_database(Settings(home=home)) as database:
            print(f"{timed_rows:,} rows of {len(FIELDS)} columns; {os.cpu_count()} cores")
            make(database, max(timed_rows, *sizes))
            speed(database, folder, timed_rows)
            for rows in sizes:
                memory(home, folder, rows)


if __name__ == "__main__":
    main()
