r"""Catalog ingest beside psql's \copy of the same rows into a bare table.

Prints rows a second of both, pair by pair, their ratio with its spread, the second run of the
unchanged file against the first, and the peak memory at two sizes.

    python benchmarks/ingest_catalog.py [ROWS] [PAIRS]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from starledger.schema import migrate
from starledger.schema.backup import client_binaries, dbname
from starledger.schema.database import Database, open_database
from starledger.schema.roles import Role
from starledger.schema.settings import load_settings

COLUMNS = {
    "obsid": "bigint", "designation": "text", "obsdate": "date", "lmjd": "integer",
    "mjd": "integer", "planid": "text", "spid": "integer", "fiberid": "integer",
    "ra": "double precision", "dec": "double precision", "snru": "real", "snrg": "real",
    "snrr": "real", "snri": "real", "snrz": "real", "objtype": "text", "class": "text",
    "subclass": "text", "z": "real", "z_err": "real", "magtype": "text", "mag1": "real",
    "mag2": "real", "mag3": "real", "mag4": "real", "mag5": "real", "mag6": "real",
    "mag7": "real", "tsource": "text", "fibertype": "text", "tfrom": "text", "tcomment": "text",
    "offsets": "text", "offset_v": "real", "ra_obs": "double precision",
    "dec_obs": "double precision",
}  # fmt: skip


def write_catalog(path: Path, rows: int) -> None:
    """Write a general catalog in the columns of LAMOST DR5, in its order of observation."""
    rng = np.random.default_rng(1)
    with path.open("w") as file:
        file.write("|".join(COLUMNS) + "\n")
        for start in range(0, rows, 50_000):
            n = min(50_000, rows - start)
            ra, dec = rng.uniform(0, 360, n), rng.uniform(-10, 60, n)
            snr = rng.uniform(2, 300, (n, 5))
            mag = rng.uniform(10, 18, (n, 3))
            z = rng.normal(0, 1e-4, n)
            for i in range(n):
                row = start + i
                file.write(
                    f"{100_000_000 + row}|J{ra[i] / 15:010.6f}{dec[i]:+010.5f}|2014-01-11"
                    f"|{56000 + row // 4000}|{55999 + row // 4000}|HD{row // 4000:06d}N030149B"
                    f"|{row // 250 % 16 + 1}|{row % 250 + 1}|{ra[i]:.10f}|{dec[i]:.10f}"
                    f"|{snr[i, 0]:.2f}|{snr[i, 1]:.2f}|{snr[i, 2]:.2f}|{snr[i, 3]:.2f}"
                    f"|{snr[i, 4]:.2f}|Star|STAR|G5|{z[i]:.10f}|{3e-5:.10f}|gri|{mag[i, 0]:.2f}"
                    f"|{mag[i, 1]:.2f}|{mag[i, 2]:.2f}|99.0|99.0|99.0|99.0|SIM|Obj|SIM||false|0.0"
                    f"|{ra[i]:.10f}|{dec[i]:.10f}\n"
                )


def bare_copy(database: Database, path: Path) -> float:
    """Return the seconds that psql takes to copy the file into a table without any index."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    with database.engine().begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS bare")
        connection.exec_driver_sql(f"CREATE TABLE bare ({columns})")
    command = f"\\copy bare FROM '{path}' WITH (FORMAT csv, DELIMITER '|', HEADER true)"
    psql = client_binaries(database).tool("psql")
    started = time.perf_counter()
    address = dbname(database.urls[Role.OWNER])
    subprocess.run([psql, "-q", "-X", "-d", address, "-c", command], check=True)
    seconds = time.perf_counter() - started
    with database.engine().begin() as connection:
        connection.exec_driver_sql("DROP TABLE bare")
    return seconds


def ingest(database: Database, release: str, path: Path) -> float:
    """Return the seconds that the ingest takes."""
    from starledger.ingest.catalogs.ingesting import ingest_catalog

    started = time.perf_counter()
    (summary,) = ingest_catalog(database, "lamost", release, [path])
    assert summary.n_rejected == 0, summary
    return time.perf_counter() - started


def peak_memory(path: Path, home: Path) -> float:
    """Return the peak resident memory in MiB of a process that ingests the file by the command."""
    program = [sys.executable, "-m", "starledger", "--home", str(home), "ingest", "catalog"]
    command = [*program, "lamost", f"dr{path.stat().st_size}", str(path)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert after >= before
    return after / 1024


def main() -> None:
    """Run the pairs and print what was compared."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - the server's own user must enter it
        home, path = Path(folder, "home"), Path(folder, "general.csv")
        write_catalog(path, rows)
        small = Path(folder, "small.csv")
        write_catalog(small, rows // 10)
        size = path.stat().st_size
        print(f"{rows:,} rows of {len(COLUMNS)} columns, {size / rows:.0f} bytes each")
        settings = load_settings({"home": home}, {}).settings
        with open_database(settings) as database:
            migrate.upgrade(database.engine())
            ratios, again = [], []
            for pair in range(pairs):
                bare = bare_copy(database, path)
                ours = ingest(database, f"p{pair}", path)
                second = ingest(database, f"p{pair}", path)
                ratios.append(bare / ours)
                again.append(ours / second)
                print(
                    f"\\copy {rows / bare:9,.0f} rows/s   ingest {rows / ours:9,.0f} rows/s"
                    f"   ratio {ratios[-1]:.2f}   second run {second:.2f} s, {again[-1]:.0f} x"
                )
            print(f"ratio to \\copy: median {median(ratios):.2f} ({spread(ratios)})")
            print(f"second run faster by: median {median(again):.0f} ({spread(again)})")
            for one in (small, path):
                print(f"peak memory at {one.name}: {peak_memory(one, home):.0f} MiB")


def spread(values: list[float]) -> str:
    """Return the range of some values."""
    return f"{min(values):.2f} to {max(values):.2f}, {len(values)} pairs"


if __name__ == "__main__":
    main()
