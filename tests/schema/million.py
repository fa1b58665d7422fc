"""A ledger of a million spectra of 400,000 stars, for looking at how queries are answered."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, text

from starledger.schema.sky import healpix_cells
from tests.schema.many_models import ManyModels

N_SPECTRA = 1_000_000
N_STARS = 400_000

# The small ledger goes first, so that every key that is referred to exists.
FILL = """
SET session_replication_role = replica;
CREATE TEMP TABLE positions (n bigint PRIMARY KEY, ra float8, dec float8, healpix bigint);
COPY positions FROM STDIN (FORMAT text);
"""

TABLES = """
INSERT INTO ledger.star (star_id, created_run_id)
    SELECT {first} + n, :stars FROM positions WHERE n < {stars};
INSERT INTO ledger.star_version (star_id, star_run_id, ra, dec, healpix, starid)
    SELECT {first} + n, :stars, ra, dec, healpix, 'S' || n FROM positions WHERE n < {stars};
INSERT INTO ledger.spectrum (spectrum_id, data_release_id, external_id, valid_from_run_id, ra, dec,
    healpix, snr, instrument_id, kind, mjd_mid, time_scale, frame, shard_id, shard_row, file_name,
    sha256)
    SELECT {first} + n, :lamost_dr5, n::text, :lamost_spectra, ra, dec, healpix, n % 997,
    :lamost_lrs, 'visit', 56000 + n % 1000, 'utc', 'barycentric', 1000 + n / 4096, n % 4096,
    n || '.fits', repeat('0', 64) FROM positions;
INSERT INTO ledger.star_member (spectrum_id, star_run_id, star_id)
    SELECT {first} + n, :stars, {first} + n % {stars} FROM positions;
INSERT INTO ledger.fit (model_id, spectrum_id, fit_config_id, fit_run_id, outcome, labels, errors,
    n_pixels, worker, software_version)
    SELECT :payne_lamost, {first} + n, :config, :fit_payne_lamost, 'good', '{{5000,4,0,0}}',
    '{{1,1,1,1}}', 3000, 'w', '0' FROM positions;
INSERT INTO ledger.work (model_id, fit_config_id, spectrum_id, fit_run_id, position)
    SELECT :dd_payne_lamost, :config, {first} + n, :fit_open, 10 + n FROM positions;
ANALYZE;
"""


@dataclass(frozen=True)
class Million:
    """The numbers of the big ledger."""

    engine: Engine
    ids: dict[str, int]
    runs: dict[str, int]
    first: int = 10_000_000


def fill(owner: Engine, admin: Engine) -> Million:
    """Load the small ledger, and a million rows beside it, keys unchecked for speed."""
    with owner.begin() as connection:
        many = ManyModels(connection)
    million = Million(owner, many.ids, many.runs)
    with admin.begin() as connection:
        _copy_positions(connection)
        script = TABLES.format(first=million.first, stars=N_STARS)
        for statement in script.strip().rstrip(";").split(";\n"):
            connection.execute(text(statement), many.ids | many.runs)
    return million


def _copy_positions(connection: Connection) -> None:
    rng = np.random.default_rng(5)
    ra = rng.uniform(0, 360, N_SPECTRA)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, N_SPECTRA)))
    rows = np.column_stack([np.arange(N_SPECTRA), healpix_cells(ra, dec)])
    buffer = io.StringIO()
    for (n, cell), a, d in zip(rows.tolist(), ra.tolist(), dec.tolist(), strict=True):
        buffer.write(f"{n}\t{a!r}\t{d!r}\t{cell}\n")
    *statements, copy = FILL.strip().rstrip(";").split(";\n")
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        with cursor.copy(copy) as stream:
            stream.write(buffer.getvalue())


def plan(connection: Connection, query: Any) -> str:
    """Return the plan of a query, literals in place as they would be sent."""
    compiled = query.compile(connection.engine, compile_kwargs={"literal_binds": True})
    lines = connection.exec_driver_sql("EXPLAIN " + str(compiled).replace("%", "%%")).scalars()
    return "\n".join(lines)
