from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from starledger.compute.spectra.continuum import PseudoContinuum
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.normalisation import NoContinuum, continuum
from starledger.compute.spectra.wavelengths import vacuum_to_air
from starledger.compute.work.leases import Lease
from starledger.compute.work.lots import LOT
from starledger.compute.work.pixels import PixelReader, ReadBatch
from starledger.ingest.pixels.lamost_header import MASK_BITS
from starledger.ingest.pixels.shard_groups import Packing
from starledger.ingest.pixels.shards import write_shard
from starledger.ingest.pixels.spectrum import Grid, Pixels, ReadSpectrum

STEP, START, N = 1e-4, 5000.0, 300


@dataclass(frozen=True)
class Row:
    path: str
    sha256: str


def line(wavelength: np.ndarray) -> np.ndarray:
    """Return a spectrum that can be read anywhere: a slope and a line."""
    depth = 0.4 * np.exp(-0.5 * ((wavelength - 5100.0) / 8.0) ** 2)
    return np.asarray(3.0 * (1.0 - depth) + (wavelength - START) / 1000.0)


def spectrum(name: str, grid: Grid, n: int = N, bad: int | None = None) -> ReadSpectrum:
    wavelength = PixelGrid.of_survey(grid, n).wavelength
    mask = np.zeros(n, np.int32)
    if bad is not None:
        mask[bad] = 1 << MASK_BITS[0][0]
    pixels = Pixels(line(wavelength).astype(np.float32), np.full(n, 25.0, np.float32), mask)
    return ReadSpectrum(
        external_id=name, instrument="lamost_lrs", kind="visit", frame="barycentric", grid=grid,
        pixels=pixels, ra=1.0, dec=2.0, mask_bits=MASK_BITS,
    )  # fmt: skip


def shards(root: Path, *spectra: ReadSpectrum) -> dict[int, Row]:
    packing = Packing()
    for number, one in enumerate(spectra):
        packing.add(number, one)
    written = [write_shard(root, group, {}) for group in packing.groups()]
    return {number: Row(one.name, one.sha256) for number, one in enumerate(written, 1)}


def lease(*places: tuple[int, int]) -> Lease:
    shard_ids, rows = np.array(places, np.int64).T
    return Lease(1, np.arange(len(places)) + 10, shard_ids, rows)


def read(
    root: Path, known: dict[int, Row], wanted: np.ndarray, *places: tuple[int, int]
) -> ReadBatch:
    return PixelReader(root, wanted, NoContinuum()).read(lease(*places), known)


LOG = Grid("log10", "vacuum", START, STEP)


def test_pixels_that_are_the_model_s_are_only_picked(tmp_path: Path) -> None:
    later = Grid("log10", "vacuum", START * 10 ** (5 * STEP), STEP)
    known = shards(tmp_path, spectrum("a", LOG), spectrum("b", later, N - 20, bad=7))
    wanted = LOG.wavelength(N)[10:250]
    found = read(tmp_path, known, wanted, (1, 1), (1, 0))
    assert found.rows.tolist() == [0, 1]
    assert found.failures == []
    np.testing.assert_allclose(found.spectra.flux[1].numpy(), line(wanted), rtol=1e-6)
    # The survey's mask drops a pixel: the seventh of a spectrum that begins five later.
    assert torch.nonzero(found.spectra.ivar[0] == 0)[:, 0].tolist() == [2]


@pytest.mark.parametrize(
    "grid",
    [
        Grid("log10", "vacuum", START * 10 ** (0.4 * STEP), STEP),
        Grid("log10", "air", float(vacuum_to_air(START - 2.0)), STEP),
        Grid("linear", "vacuum", START - 1.0, 1.3),
    ],
)
def test_other_pixels_are_resampled(tmp_path: Path, grid: Grid) -> None:
    known = shards(tmp_path, spectrum("a", grid))
    wanted = LOG.wavelength(N)[10:250]
    found = read(tmp_path, known, wanted, (1, 0)).spectra
    counts = found.ivar[0] > 0
    assert int(counts.sum()) > 220
    np.testing.assert_allclose(
        found.flux[0, counts].numpy(), line(wanted)[counts.numpy()], rtol=2e-4
    )


def test_spectra_that_list_their_wavelengths_keep_their_own(tmp_path: Path) -> None:
    one, two = (
        START + np.arange(280) + np.random.default_rng(seed).uniform(0, 0.3, 280) for seed in (1, 2)
    )
    known = shards(
        tmp_path,
        *(
            spectrum(name, Grid("explicit", "vacuum", float(at[0]), listed=at), len(at))
            for name, at in (("a", one), ("b", two), ("c", one))
        ),
    )
    wanted = np.linspace(5050.0, 5250.0, 150)
    found = read(tmp_path, known, wanted, (1, 0), (1, 1), (1, 2)).spectra
    assert (found.flux[0] == found.flux[2]).all()
    for row in (0, 1):
        counts = found.ivar[row] > 0
        assert int(counts.sum()) > 140
        got = found.flux[row, counts].numpy()
        np.testing.assert_allclose(got, line(wanted)[counts.numpy()], rtol=2e-4)


def test_spectra_are_normalised_on_the_model_s_pixels_and_masked(tmp_path: Path) -> None:
    known = shards(tmp_path, spectrum("a", LOG))
    wanted = LOG.wavelength(N)
    masked = wanted < 5010.0
    reader = PixelReader(tmp_path, wanted, PseudoContinuum(wanted), masked)
    found = reader.read(lease((1, 0)), known).spectra
    assert ((found.ivar[0] == 0).numpy() == masked).all()
    assert 0.9 < float(found.flux[0, ~torch.from_numpy(masked)].mean()) < 1.1


def test_lots_are_read_alike_to_the_last_bit_whatever_is_beside_them(tmp_path: Path) -> None:
    grid, draw = Grid("log10", "vacuum", START, STEP), np.random.default_rng(1)
    spectra = [spectrum(str(number), grid) for number in range(2 * LOT)]
    for one in spectra:
        one.pixels.flux[:] += draw.normal(0.0, 0.2, N)
    rows = shards(tmp_path, *spectra)
    wavelength = PixelGrid.of_survey(grid, N).wavelength
    reader = PixelReader(tmp_path, wavelength, continuum("gaussian_50", wavelength))
    first = [(1, row) for row in range(20, LOT)]
    second = [(1, row) for row in range(LOT, 2 * LOT - 9)]
    whole = reader.read(lease(*first, *second), rows).spectra
    alone = [reader.read(lease(*some), rows).spectra for some in (first, second)]
    assert torch.equal(whole.flux, torch.cat([one.flux for one in alone]))
    assert torch.equal(whole.ivar, torch.cat([one.ivar for one in alone]))


def test_a_damaged_shard_costs_its_own_visits_only(tmp_path: Path) -> None:
    known = shards(
        tmp_path, spectrum("a", LOG), spectrum("b", Grid("linear", "vacuum", START, 1.0))
    )
    path = tmp_path / known[1].path
    content = bytearray(path.read_bytes())
    content[-9] ^= 255
    path.write_bytes(content)
    found = read(tmp_path, known, LOG.wavelength(N), (1, 0), (2, 0))
    assert found.rows.tolist() == [1]
    assert [one.spectrum_id for one in found.failures] == [10]
    assert "has changed: its SHA-256 is" in found.failures[0].error
    assert known[1].path in found.failures[0].error


def test_a_missing_shard_says_what_to_do(tmp_path: Path) -> None:
    found = read(tmp_path, {1: Row("gone.safetensors", "0" * 64)}, LOG.wavelength(N), (1, 0))
    assert len(found.spectra) == 0
    assert "Restore the file" in found.failures[0].error


def test_what_no_reader_foresaw_costs_its_own_visits_only(tmp_path: Path) -> None:
    at = np.array([5000.0, 5001.0, 5001.0, 5003.0, 5004.0])
    odd = spectrum("odd", LOG, len(at))
    odd = replace(odd, grid=Grid("explicit", "vacuum", 5000.0, listed=at))
    known = shards(tmp_path, spectrum("a", LOG), odd)
    found = read(tmp_path, known, LOG.wavelength(N), (1, 0), (2, 0))
    assert found.rows.tolist() == [0]
    assert [one.spectrum_id for one in found.failures] == [11]
    assert "The wavelengths do not increase after pixel 1" in found.failures[0].error
