"""A sky of some hundred stars, a TAP service that has them, and a patience that does not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine, text

from starledger.ingest.remote.download import Downloaded, download
from starledger.ingest.remote.manner import Manner
from starledger.ingest.remote.patience import Patience, Waiting
from starledger.ingest.remote.request import Request, wanted_of
from starledger.ingest.remote.services import GAIA_ID_SHIFT, SERVICES
from starledger.ingest.remote.wanted import Wanted
from starledger.schema.sky import healpix_cells
from tests.conftest import Server
from tests.ingest.remote.tap_server import FUNCTIONS, Service, serving

Fetch = Callable[..., Downloaded]

N_STARS = 600
N_CLUSTERED = 200
CLUSTER = (56.75, 24.1)
"""Where a third of the stars are, in degrees."""


@dataclass(frozen=True)
class Sky:
    """The stars, and the database that has them."""

    engine: Engine
    ids: NDArray[np.int64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]


class NoWait(Waiting):
    """Takes note of every wait and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def pause(self, seconds: float) -> None:
        """Take note."""
        self.waits.append(seconds)


@pytest.fixture(scope="module")
def sky(server: Server) -> Iterator[Sky]:
    """Fill a database with stars in the tables of Gaia and VizieR."""
    rng = np.random.default_rng(7)
    n_field = N_STARS - N_CLUSTERED
    ra = np.concatenate(
        [rng.uniform(0, 360, n_field), CLUSTER[0] + rng.normal(0, 0.5, N_CLUSTERED)]
    )
    dec = np.concatenate(
        [
            np.degrees(np.arcsin(rng.uniform(-1, 1, n_field))),
            CLUSTER[1] + rng.normal(0, 0.5, N_CLUSTERED),
        ]
    )
    ids = ((healpix_cells(ra, dec) >> 34) << GAIA_ID_SHIFT) + 128 * np.arange(1, N_STARS + 1) + 1
    with server.database() as database:
        engine = database.engine()
        _fill(engine, ids, ra, dec)
        yield Sky(engine, ids, ra, dec)


def _fill(
    engine: Engine, ids: NDArray[np.int64], ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> None:
    columns = SERVICES["gaia"].tables["gaiadr3.gaia_source"].columns
    given = {"source_id": "source_id", "ra": "ra", "dec": "dec"}
    # Every third star has no velocity; the others' values tell which star's they are.
    given |= {"radial_velocity": "CASE WHEN n % 3 <> 0 THEN n END", "ref_epoch": "2016.0"}
    chosen = [f"({given.get(name, 'n / 7.0')})::{_kind(name)} AS {name}" for name in columns]
    source = "unnest((:ids)::bigint[], (:ra)::float8[], (:dec)::float8[])"
    with engine.begin() as connection:
        connection.exec_driver_sql(FUNCTIONS)
        connection.exec_driver_sql("CREATE SCHEMA gaiadr3")
        connection.execute(
            text(
                f"CREATE TABLE gaiadr3.gaia_source AS SELECT {', '.join(chosen)} "
                f"FROM {source} WITH ORDINALITY AS s (source_id, ra, dec, n)"
            ),
            {"ids": ids.tolist(), "ra": ra.tolist(), "dec": dec.tolist()},
        )
        connection.exec_driver_sql(
            "CREATE TABLE gaiadr3.dr2_neighbourhood AS SELECT source_id - k AS dr2_source_id,"
            " source_id AS dr3_source_id, (10 * k)::real AS angular_distance,"
            " NULL::real AS magnitude_difference, k = 0 AS proper_motion_propagation"
            " FROM gaiadr3.gaia_source, generate_series(0, 1) AS k"
        )
        connection.exec_driver_sql(
            'CREATE TABLE "V/999/stars" AS SELECT row_number() OVER (ORDER BY source_id)::int'
            ' AS recno, ra AS "RAJ2000", dec AS "DEJ2000", (n * 0.01)::real AS "[Fe/H]",'
            ' CASE WHEN mod(n, 2) = 0 THEN \'G2 <V> & more\' END AS "SpType", n::smallint AS "Nobs"'
            " FROM (SELECT *, row_number() OVER () AS n FROM gaiadr3.gaia_source) AS s"
        )


def _kind(column: str) -> str:
    wide = {"source_id": "bigint", "ra": "float8", "dec": "float8", "ref_epoch": "float8"}
    return wide.get(column, "float8" if column.startswith(("parallax", "pm")) else "real")


@pytest.fixture
def tap(sky: Sky) -> Iterator[Service]:
    """Run a TAP service with the stars."""
    with serving(sky.engine) as service:
        yield service


@pytest.fixture
def waiting() -> NoWait:
    """Return what takes note of all waits."""
    return NoWait()


@pytest.fixture
def patience(waiting: NoWait) -> Patience:
    """Return a patience that does not wait, and leaves nothing to chance."""
    return Patience(tries=4, waiting=waiting, chance=lambda: 1.0, timeout_s=20.0)


@pytest.fixture
def fetch(tap: Service, patience: Patience, tmp_path: Path) -> Fetch:
    """Return how to download into a folder."""

    def run(wanted: Wanted, folder: str = "stars", **manner: object) -> Downloaded:
        how = replace(Manner("sync", patience), **manner)  # type: ignore[arg-type]
        return download(wanted, tmp_path / folder, how, tell=lambda _: None)

    return run


def gaia(tap: Service, **more: object) -> Wanted:
    """Return all stars, by a hundred."""
    asked = {"chunk_rows": 100} | more
    return wanted_of(
        Request(service="gaia", survey="gaia", release="dr3", url=tap.url, **asked)  # type: ignore[arg-type]
    )


def rows_of(done: Downloaded) -> pa.Table:
    """Return the rows of all files."""
    return pa.concat_tables(pq.read_table(file) for file in done.files)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, but for what tells times."""
    return {file.name: file.read_bytes() for file in folder.glob("chunk-*")}
