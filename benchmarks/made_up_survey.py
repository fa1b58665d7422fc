"""What benchmarks of work share: a ledger of their own, many visits, and a network without a past.

The visits are made by the server itself, in one statement, and have no pixels: benchmarks that read
some write shards of their own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sqlalchemy import Connection, create_engine, text

from starledger.compute.models.activations import LEAKY_RELU
from starledger.compute.models.fit_configs import ensure_fit_config
from starledger.compute.models.payne import Payne
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.work.planning import Selection, plan
from starledger.ingest.surveys import Release, ensure_data_release, ensure_instrument
from starledger.schema.database import Database, open_database
from starledger.schema.labels import LABELS
from starledger.schema.migrate import upgrade
from starledger.schema.runs import close_run, open_run
from starledger.schema.settings import Settings
from starledger.schema.tables import RunKind

PER_SHARD = 4096
_SHARDS = text("""
    INSERT INTO ledger.shard (run_id, instrument_id, path, sha256, n_spectra, n_pixels, grid_kind,
        grid_start, grid_step, wavelength_medium, mask_bits)
    SELECT :run, :instrument, 'made/up/' || n, md5(n::text) || md5(n::text), :each, 3700, 'log10',
        3800.0, 1e-4, 'vacuum', '{}' FROM generate_series(1, :shards) n
""")
_SPECTRA = text("""
    INSERT INTO ledger.spectrum (data_release_id, external_id, version, valid_from_run_id,
        instrument_id, kind, arm, frame, shard_id, shard_row, file_name, sha256, snr, ra, dec,
        healpix, ref_epoch, mjd_mid, time_scale, night)
    SELECT :release, 'visit_' || n, 1, :run, :instrument, 'visit', 'full', 'barycentric',
        (SELECT min(shard_id) FROM ledger.shard) + n / :each, n % :each, n || '.fits',
        repeat('0', 64), n % 200, (n % 3600) / 10.0, (n % 1000) / 100.0, n, 2000.0, 56000.0,
        'utc', 56000 FROM generate_series(0, :visits - 1) n
""")


@contextmanager
def fresh_ledger() -> Iterator[Database]:
    """Open an embedded database of its own, which is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="starledger-bench-"))
    home.chmod(0o755)
    try:
        with open_database(Settings(home=home)) as database:
            upgrade(database.engine())
            _let_keys_go_unchecked(database)
            yield database
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _let_keys_go_unchecked(database: Database) -> None:
    assert database.server is not None
    admin = create_engine(database.server.url("postgres"))
    with admin.begin() as connection:
        connection.execute(text("GRANT SET ON PARAMETER session_replication_role TO starledger"))
    admin.dispose()


def enter_visits(connection: Connection, visits: int) -> None:
    """Enter visits of LAMOST in shards that do not exist."""
    release = ensure_data_release(connection, Release("lamost", "dr5", "v1", "spectra"))
    instrument = ensure_instrument(connection, "lamost_lrs")
    run = open_run(connection, RunKind.INGEST, data_release_id=release, content="spectra")
    named = {
        "run": run, "instrument": instrument, "release": release, "visits": visits,
        "each": PER_SHARD, "shards": visits // PER_SHARD + 1,
    }  # fmt: skip
    # Their keys are right by the way they are made.
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(_SHARDS, named)
    connection.execute(_SPECTRA, named)
    connection.execute(text("SET LOCAL session_replication_role = origin"))
    close_run(connection, run)


def untrained(n_labels: int, n_pixels: int, hidden: int) -> Payne:
    """Return a network with two hidden layers that knows nothing of stars."""
    names = tuple(name for name, one in LABELS.items() if one.low is not None)[:n_labels]
    ends = [LABELS[name] for name in names]
    generator = torch.Generator().manual_seed(1)
    return Payne(
        network=SharedNetwork.random(n_labels, n_pixels, (hidden, hidden), LEAKY_RELU, generator),
        labels=names,
        wavelength=torch.from_numpy(5000.0 * 10 ** (1e-4 * np.arange(n_pixels))),
        low=torch.tensor([one.low for one in ends], dtype=torch.float64),
        high=torch.tensor([one.high for one in ends], dtype=torch.float64),
        normalisation="none",
    )


def plan_all(database: Database, model_id: int, settings: Mapping[str, Any]) -> tuple[int, int]:
    """Plan all visits for a model, and return the run and the configuration."""
    with database.engine().begin() as connection:
        config = ensure_fit_config(connection, settings)
        run = plan(connection, model_id, config, Selection()).fit_run_id
    assert run is not None
    return run, config
