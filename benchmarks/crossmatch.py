"""Crossmatch of N × N positions at 2 arcsec, beside scipy's trees alone; then the whole command.

In memory: ours (propagation, trees band by band, exact separations) against two of scipy's
cKDTree on unit vectors that already stand at the right epoch, and all their pairs. The pairs must
be the same. In the database: `assign_stars` without and with a `crossmatch`, each in a process of
its own whose peak memory is measured; the server's memory is not in it.

    python benchmarks/crossmatch.py            # 10⁵ and 10⁶ rows on each side
    python benchmarks/crossmatch.py 100000
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree
from sqlalchemy import insert, text

from starledger.ingest.crossmatch.columns import BLOCK, write_columns
from starledger.ingest.crossmatch.comparison import compared_at
from starledger.ingest.crossmatch.matching import crossmatch, driver_of
from starledger.ingest.crossmatch.neighbours import blocks_of, chord, neighbours
from starledger.ingest.crossmatch.rows import PlacedRows
from starledger.ingest.sky_motion import moved_vectors, positions_of, unit_vectors
from starledger.ingest.stars.assignment import assign_stars
from starledger.ingest.surveys import Release, ensure_data_release, ensure_instrument
from starledger.schema import migrate
from starledger.schema.database import Database, open_database
from starledger.schema.partitions import ensure_partition
from starledger.schema.runs import close_run, open_run
from starledger.schema.settings import Settings
from starledger.schema.sky import healpix_cells
from starledger.schema.tables import RunKind, Shard

RADIUS = 2.0
EPOCH = 2000.0
ROUNDS = 5
SPECTRA = Release.parse_whole("lamost/dr5", "spectra")
GAIA = Release.parse_whole("gaia/dr3", "source")


def two_sides(n: int) -> tuple[PlacedRows, PlacedRows]:
    """Return N stars as a survey pointed at them in 2000, and as Gaia saw them in 2016."""
    rng = np.random.default_rng(n)
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    pmra, pmdec = rng.normal(0, 15, (2, n)) * rng.choice([1.0, 1.0, 20.0], n)
    unknown = np.full(n, np.nan)
    here = PlacedRows(np.arange(n), ra, dec, np.full(n, EPOCH), unknown, unknown, unknown)
    east, north = rng.normal(0, 300, (2, n))
    then = positions_of(moved_vectors(ra, dec, pmra * 16 + east, pmdec * 16 + north, np.ones(n)))
    order = rng.permutation(n)
    there = PlacedRows(
        np.arange(n), then.ra, then.dec, np.full(n, 2016.0), pmra, pmdec, rng.uniform(8, 20, n)
    )
    return here, there.take(order)


def ours(left: PlacedRows, right: PlacedRows) -> np.ndarray[Any, Any]:
    """Return the pairs of row ids, by the software."""
    fastest = float(right.speed.max()) * 16
    found = neighbours(
        blocks_of(left, BLOCK), blocks_of(right, BLOCK), RADIUS, compared_at(EPOCH), fastest
    )
    return np.concatenate([np.stack([pairs.left, pairs.right]) for pairs in found], axis=1)


def scipys(
    left: tuple[np.ndarray[Any, Any], ...], right: tuple[np.ndarray[Any, Any], ...]
) -> np.ndarray[Any, Any]:
    """Return the pairs of places in two lists of positions, by two trees."""
    trees = [cKDTree(unit_vectors(ra, dec)) for ra, dec in (left, right)]
    near = trees[0].sparse_distance_matrix(trees[1], chord(RADIUS), output_type="ndarray")
    return np.stack([near["i"], near["j"]])


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds something takes, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def in_memory(n: int) -> None:
    """Print the ratio of the two, and refuse any pair that differs."""
    left, right = two_sides(n)
    at = positions_of(right.vectors_at(EPOCH))
    ratios, times = [], []
    for _ in range(ROUNDS):
        mine, found = timed(lambda: ours(left, right))
        his, expected = timed(lambda: scipys((left.ra, left.dec), (at.ra, at.dec)))
        ratios.append(mine / his)
        times.append((mine, his))
    expected = np.stack([left.row_id[expected[0]], right.row_id[expected[1]]])
    same = np.array_equal(*(pairs[:, np.lexsort(pairs)] for pairs in (found, expected)))
    mine, his = np.median(times, axis=0)
    print(
        f"{n} × {n} in memory: ours {mine:.2f} s, scipy {his:.2f} s; ratio"
        f" {np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds);"
        f" {found.shape[1]} pairs, {'all the same' if same else 'NOT THE SAME'}"
    )
    assert same


def load(database: Database, n: int) -> None:
    """Load the two sides as spectra and as Gaia sources."""
    for release, rows in zip((SPECTRA, GAIA), two_sides(n), strict=True):
        with database.engine().begin() as connection:
            number = ensure_data_release(connection, release)
            if release is not SPECTRA:
                ensure_partition(connection, "gaia_source", number)
            about = {"data_release_id": number, "content": "catalog", "source": "made"}
            run = open_run(connection, RunKind.INGEST, **about)
            names = ("row_id", "ra", "dec", "epoch", "pmra", "pmdec", "magnitude")
            columns = {name: getattr(rows, name) for name in names}
            columns["healpix"] = healpix_cells(rows.ra, rows.dec)
            columns["epoch"] = rows.epoch
            types = ", ".join(
                f"{name} {'bigint' if values.dtype.kind == 'i' else 'float8'}"
                for name, values in columns.items()
            )
            connection.execute(text(f"CREATE TEMP TABLE arriving ({types}) ON COMMIT DROP"))
            with driver_of(connection) as own:
                write_columns(own, "arriving", columns)
            bound = {"number": number, "run": run}
            if release is SPECTRA:
                instrument = ensure_instrument(connection, "lamost_lrs")
                shard = insert(Shard).returning(Shard.shard_id)
                made = connection.execute(shard, _shard(run, instrument)).scalar_one()
                bound |= {"instrument": instrument, "shard": made}
            connection.execute(text(_INSERT[str(release)]), bound)
            close_run(connection, run)
    with database.engine().connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("VACUUM ANALYZE ledger.spectrum, ledger.gaia_source"))


def _shard(run: int, instrument: int) -> dict[str, Any]:
    return {
        "run_id": run,
        "instrument_id": instrument,
        "path": "made.shard",
        "sha256": "0" * 64,
        "n_spectra": 1,
        "n_pixels": 1,
        "grid_kind": "log10",
        "grid_start": 3700.0,
        "grid_step": 1e-4,
        "wavelength_medium": "vacuum",
    }


_INSERT = {
    str(SPECTRA): """
        INSERT INTO ledger.spectrum (data_release_id, external_id, valid_from_run_id, ra, dec,
            ref_epoch, healpix, instrument_id, kind, mjd_mid, time_scale, frame, shard_id,
            shard_row, file_name, sha256)
        SELECT :number, row_id::text, :run, ra, dec, epoch, healpix, :instrument, 'visit', 56000,
            'utc', 'barycentric', :shard, row_id, row_id || '.fits', repeat('0', 64) FROM arriving
    """,
    str(GAIA): """
        INSERT INTO ledger.gaia_source (data_release_id, external_id, valid_from_run_id, ra, dec,
            ref_epoch, healpix, source_id, pmra, pmdec, phot_g_mean_mag)
        SELECT :number, row_id::text, :run, ra, dec, epoch, healpix, row_id, pmra, pmdec, magnitude
        FROM arriving
    """,
}

STEPS: dict[str, Callable[[Database], dict[str, Any]]] = {
    "stars by friends alone": assign_stars,
    "crossmatch": lambda database: crossmatch(database, SPECTRA, GAIA, RADIUS),
    "stars by Gaia": assign_stars,
    "stars again": assign_stars,
}


def measured(home: str, step: str) -> None:
    """Do one step in this process and print what it took."""
    with open_database(Settings(home=Path(home))) as database:
        seconds, summary = timed(lambda: STEPS[step](database))
    print(json.dumps({"seconds": seconds, "peak_GiB": peak_memory(), **summary}))


def peak_memory() -> float:
    """Return the most memory that this process had, in GiB (Linux).

    What `resource` tells counts also the process that this one was started from.
    """
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    return int(kilobytes) / 2**20


def in_database(n: int) -> None:
    """Print what the whole commands take, the server's work included."""
    with _home() as home, open_database(Settings(home=home)) as database:
        migrate.upgrade(database.engine())
        load(database, n)
        for step in STEPS:
            command = [sys.executable, __file__, "--step", str(home), step]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            said = json.loads(done.stdout)
            counts = ", ".join(
                f"{name[2:]} {said[name]}"
                for name in ("n_pairs", "n_matched", "n_stars", "n_members_written")
                if name in said
            )
            print(
                f"{n} × {n} {step}, whole: {said['seconds']:.1f} s,"
                f" peak memory {said['peak_GiB']:.2f} GiB ({counts})"
            )


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="starledger-bench-") as home:
        # The embedded server has a user of its own where we are root.
        Path(home).chmod(0o755)
        yield Path(home)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        measured(*sys.argv[2:4])
    else:
        for size in [int(given) for given in sys.argv[1:]] or [10**5, 10**6]:
            in_memory(size)
            in_database(size)
