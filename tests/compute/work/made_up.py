"""A survey made up for tests of work: shards full of spectra of a small network's own making."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import Connection, insert, text

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.models.activations import LEAKY_RELU
from starledger.compute.models.payne import Payne
from starledger.compute.models.registry import Registered, Registration, register
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.spectra.grid import PixelGrid
from starledger.ingest.pixels.shard_groups import Group, Packing
from starledger.ingest.pixels.shards import write_shard
from starledger.ingest.pixels.spectrum import Grid, Pixels, ReadSpectrum
from starledger.ingest.surveys import Release, ensure_data_release, ensure_instrument
from starledger.schema.database import Database, open_database
from starledger.schema.migrate import upgrade
from starledger.schema.runs import close_run, open_run
from starledger.schema.settings import load_settings
from starledger.schema.tables import RunKind, Shard

PER_SHARD = 512
STEP = 1e-4
START = 5000.0
SNR = 100.0

_ENTER = text("""
    INSERT INTO ledger.spectrum (data_release_id, external_id, version, valid_from_run_id,
        instrument_id, kind, arm, frame, shard_id, shard_row, file_name, sha256, snr, ra, dec,
        healpix, ref_epoch, mjd_mid, time_scale, night)
    SELECT :release, 'visit_' || (:first + n), 1, :run, :instrument, 'visit', 'full',
        'barycentric', :shard, n, n || '.fits', repeat('0', 64), 100, 150 + n / 1e4, 2, n, 2000.0,
        56000.0, 'utc', 56000 FROM generate_series(0, :visits - 1) n
""")


def small_payne(n_pixels: int = 400, hidden: tuple[int, ...] = (12, 12)) -> Payne:
    """Return a network of three labels with lines of its own."""
    generator = torch.Generator().manual_seed(7)
    network = SharedNetwork.random(3, n_pixels, hidden, LEAKY_RELU, generator)
    return Payne(
        network=network,
        labels=("teff", "logg", "fe_h"),
        wavelength=torch.from_numpy(10 ** (np.log10(START) + STEP * np.arange(n_pixels))),
        low=torch.tensor([4000.0, 0.5, -2.0], dtype=torch.float64),
        high=torch.tensor([7000.0, 5.0, 0.5], dtype=torch.float64),
        normalisation="none",
    )


@dataclass(frozen=True)
class Truth:
    """What was made up: labels and velocities of visits, in the order of their numbers."""

    labels: np.ndarray
    rv: np.ndarray


def enter_visits(
    connection: Connection,
    shard_root: Path,
    payne: Payne,
    count: int,
    marked: Mapping[int, float] | None = None,
) -> Truth:
    """Write shards of made-up visits of LAMOST and enter them in the ledger.

    The first pixel of those that are marked, by their place, has the given flux.
    """
    seed = 3
    generator = torch.Generator().manual_seed(seed)
    part = torch.rand(count, len(payne.labels), generator=generator, dtype=torch.float64)
    labels = payne.low + (0.2 + 0.6 * part) * (payne.high - payne.low)
    rv = 60.0 * torch.rand(count, generator=generator, dtype=torch.float64) - 30.0
    doppler = Doppler(payne.wavelength)
    even = PixelGrid.even(payne.wavelength.numpy())
    grid = Grid("log10", "vacuum", even.start, even.step)
    release = ensure_data_release(connection, Release("lamost", "dr5", "v1", "spectra"))
    instrument = ensure_instrument(connection, "lamost_lrs")
    run = open_run(connection, RunKind.INGEST, data_release_id=release, content="spectra")
    for first in range(0, count, PER_SHARD):
        some = slice(first, min(first + PER_SHARD, count))
        flux = doppler.shift(rv[some]).apply(payne.flux(labels[some].float()))
        flux = flux + torch.randn(flux.shape, generator=generator) / SNR
        for place, mark in (marked or {}).items():
            if some.start <= place < some.stop:
                flux[place - first, 0] = mark
        group = _group(flux.numpy(), first, grid)
        shard = _write(connection, shard_root, run, instrument, group)
        named = {"release": release, "run": run, "instrument": instrument}
        connection.execute(_ENTER, {**named, "shard": shard, "first": first, "visits": len(flux)})
    close_run(connection, run)
    return Truth(labels.numpy(), rv.numpy())


def some_group(count: int = 2000) -> Group:
    """Return spectra that wait to be written."""
    return _group(np.ones((count, 4000)), 0, Grid("log10", "vacuum", START, STEP))


def _group(flux: np.ndarray, first: int, grid: Grid) -> Group:
    packing = Packing()
    for number, row in enumerate(flux.astype(np.float32)):
        pixels = Pixels(row, np.full(len(row), SNR**2, np.float32), np.zeros(len(row), np.int32))
        packing.add(
            number,
            ReadSpectrum(
                external_id=f"visit_{first + number}", instrument="lamost_lrs", kind="visit",
                frame="barycentric", grid=grid, pixels=pixels, ra=150.0, dec=2.0,
            ),
        )  # fmt: skip
    (group,) = packing.groups()
    return group


def _write(connection: Connection, root: Path, run: int, instrument: int, group: Group) -> int:
    written = write_shard(root / "lamost/dr5/v1", group, {"survey": "lamost"})
    row = {
        "run_id": run, "instrument_id": instrument, "path": f"lamost/dr5/v1/{written.name}",
        "sha256": written.sha256, "n_spectra": written.n_spectra, "n_pixels": written.n_pixels,
        "grid_kind": written.grid_kind, "grid_start": written.grid_start,
        "grid_step": written.grid_step, "wavelength_medium": written.wavelength_medium,
        "mask_bits": written.mask_bits,
    }  # fmt: skip
    return int(connection.execute(insert(Shard).returning(Shard.shard_id), row).scalar_one())


def make_survey(
    database: Database,
    home: Path,
    count: int,
    payne: Payne | None = None,
    marked: Mapping[int, float] | None = None,
) -> tuple[Registered, Truth]:
    """Make visits up, and register the model that they were made with."""
    payne = payne or small_payne()
    with database.engine().begin() as connection:
        truth = enter_visits(connection, home / "shards", payne, count, marked)
    about = Registration(name="small", description="for tests", instruments=("lamost_lrs",))
    return register(database.engine(), home / "models", payne, about), truth


def main() -> None:
    """Make visits up in the ledger of the settings: VISITS."""
    settings = load_settings().settings
    with open_database(settings) as database:
        upgrade(database.engine())
        make_survey(database, settings.home, int(sys.argv[1]))


if __name__ == "__main__":
    main()
