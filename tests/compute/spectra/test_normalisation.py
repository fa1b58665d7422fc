from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.compute.models.base import Spectra
from starledger.compute.spectra.normalisation import NAMES, UnknownContinuum, continuum, normalise

WAVELENGTH = np.linspace(15150.0, 16950.0, 900)
PIXELS = np.arange(900) % 7 == 0


def spectra(n: int = 2) -> Spectra:
    rng = np.random.default_rng(2)
    level = 300 * (WAVELENGTH / 16000) ** -2
    flux = level * (1 + rng.normal(0, 0.01, (n, 900)))
    return Spectra(
        torch.from_numpy(flux.astype(np.float32)),
        torch.from_numpy(np.broadcast_to((0.01 * level) ** -2, flux.shape).astype(np.float32)),
    )


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_continuum_is_divided_out(name: str) -> None:
    by = continuum(name, WAVELENGTH, PIXELS).to(torch.device("cpu"))
    got = normalise(spectra(), by)
    assert float((got.flux.mean(1) - 1).abs().max()) < 3e-3
    assert float(got.ivar.rsqrt().mean()) == pytest.approx(0.01, rel=2e-2)


@pytest.mark.parametrize("name", NAMES)
def test_the_signal_to_noise_ratio_of_a_pixel_stays(name: str) -> None:
    before = spectra()
    after = normalise(before, continuum(name, WAVELENGTH, PIXELS))
    np.testing.assert_allclose(
        after.flux * after.ivar.sqrt(), before.flux * before.ivar.sqrt(), rtol=1e-5
    )


def test_none_changes_nothing() -> None:
    before = spectra()
    after = normalise(before, continuum("none", WAVELENGTH))
    assert torch.equal(after.flux, before.flux)
    assert torch.equal(after.ivar, before.ivar)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(NAMES), share=st.floats(0, 1))
def test_nothing_bad_leaks(seed: int, name: str, share: float) -> None:
    rng = np.random.default_rng(seed)
    given_ = spectra()
    bad = torch.from_numpy(rng.random(given_.flux.shape) < share)
    junk = torch.tensor([torch.nan, torch.inf, -torch.inf, 1e38, -1.0])
    which = torch.from_numpy(rng.integers(0, 5, given_.flux.shape))
    given_.flux[bad] = junk[which[bad]]
    given_.ivar[bad] = torch.tensor([0.0, -1.0, torch.nan])[which[bad] % 3]
    got = normalise(given_, continuum(name, WAVELENGTH, PIXELS))
    assert bool(torch.isfinite(got.flux).all() & torch.isfinite(got.ivar).all())
    assert bool((got.ivar >= 0).all())
    assert not got.ivar[bad].any()
    assert not got.flux[bad].any()


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("level", [0.0, -1.0])
def test_a_spectrum_without_light_keeps_no_pixel(name: str, level: float) -> None:
    dark = Spectra(torch.full((1, 900), level), torch.ones(1, 900))
    assert not normalise(dark, continuum(name, WAVELENGTH, PIXELS)).ivar.any()


@pytest.mark.parametrize(
    ("name", "pixels", "says"),
    [
        ("spline", PIXELS, "'spline' is no continuum"),
        ("apogee_pixels_4", None, "lacks its continuum pixels"),
        ("apogee_pixels_4", PIXELS[1:], "lacks its continuum pixels"),
    ],
)
def test_what_cannot_be_made_is_refused(name: str, pixels: np.ndarray | None, says: str) -> None:
    with pytest.raises(UnknownContinuum, match=says):
        continuum(name, WAVELENGTH, pixels)
