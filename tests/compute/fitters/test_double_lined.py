from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from starledger.compute.fitters.double_lined import PairFitter
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Convergence, Spectra
from starledger.compute.models.two_stars import TwoStars
from tests.compute.models.published import published_payne
from tests.real_data import real_path

N_SINGLE = int(os.environ.get("STARLEDGER_SINGLE_STARS", "1000"))


@pytest.fixture(scope="module")
def fitter() -> PairFitter:
    return PairFitter(TwoStars.of(published_payne("5n")))


def real_binary() -> Spectra:
    path = real_path("apogee", "binaries", "spectrum_ap_id_2M13012770+5754582_.npz")
    with np.load(path, allow_pickle=False) as archive:
        flux = torch.from_numpy(archive["spectrum"].astype(np.float32))[None]
        errors = torch.from_numpy(archive["spec_err"].astype(np.float32))[None]
    return Spectra(flux, 1 / errors**2)


@pytest.mark.real_data
def test_a_real_double_lined_binary_is_two_stars(fitter: PairFitter) -> None:
    found = fitter.fit(real_binary())
    assert 4.0 < float(found.single.chi2 / (found.single.n_pixels - 6)) < 4.3
    assert float(found.pair.chi2 / (found.pair.n_pixels - 11)) < 2.15
    assert found.double.tolist() == [True]
    # The second star is cooler than any that the network knows, which the fit says.
    assert found.pair.convergence == (Convergence.ON_BOUND,)


@pytest.mark.slow
@pytest.mark.real_data
def test_single_stars_are_not_called_double(fitter: PairFitter) -> None:
    star = fitter.pair.star
    draw = torch.Generator().manual_seed(11)
    part = 0.15 + 0.7 * torch.rand(N_SINGLE, len(star.labels), generator=draw)
    flux = star.flux(star.low + part * (star.high - star.low))
    flux = flux + torch.randn(flux.shape, generator=draw) / 100.0
    found = fitter.fit(Spectra(flux, torch.full_like(flux, 1e4)))
    assert int(found.double.sum()) < max(1, N_SINGLE // 100), found.gain.topk(10)
    assert bool((found.gain > -1.0).all())


@pytest.mark.real_data
def test_what_two_stars_are_comes_back(fitter: PairFitter) -> None:
    pair = fitter.pair
    true = torch.tensor(
        [
            [5600.0, 4.4, -0.2, 0.1, 5.0, 4900.0, 4.6, 8.0, 0.4, 60.0],
            [5200.0, 4.5, 0.1, 0.0, 4.0, 4700.0, 4.65, 6.0, 0.5, -35.0],
        ]
    )
    flux = pair.flux(true) + torch.randn(2, 7214, generator=torch.Generator().manual_seed(2)) / 200
    found = fitter.fit(Spectra(flux, torch.full_like(flux, 4e4)))
    assert found.double.tolist() == [True, True]
    assert set(found.pair.convergence) == {Convergence.CONVERGED}
    assert float(((found.pair.labels - true) / found.pair.errors).abs().max()) < 4.0
    assert found.pair.rv is not None
    assert float(found.pair.rv.abs().max()) < 1.0


@pytest.mark.real_data
def test_a_bad_spectrum_fails_alone(fitter: PairFitter) -> None:
    good = real_binary()
    flux, ivar = good.flux.repeat(2, 1), good.ivar.repeat(2, 1)
    ivar[0] = 0.0
    found = fitter.fit(Spectra(flux, ivar))
    assert found.pair.convergence[0] is Convergence.TOO_FEW_PIXELS
    assert found.double.tolist() == [False, True]
    assert bool(found.gain[0].isnan())


@pytest.mark.real_data
def test_velocities_are_needed(fitter: PairFitter) -> None:
    with pytest.raises(ValueError, match="range of velocities"):
        PairFitter(fitter.pair, FitSettings(rv_range=None))


def test_a_free_width_would_hide_the_second_star(fitter: PairFitter) -> None:
    with pytest.raises(ValueError, match="wide lines"):
        PairFitter(fitter.pair, FitSettings(free_width=True))
