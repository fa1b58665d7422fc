from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.compute.models.base import Spectra
from starledger.compute.spectra.doppler import LIGHT_SPEED, Mover, doppler_factor, usable
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.stencils import TAPS, Form

FORMS = list(Form)
LOG = PixelGrid.log10(5000.0, 1e-4, 400)
LINEAR = PixelGrid.linear(5020.0, 1.0, 350)
GAPPED = PixelGrid.explicit(np.r_[np.arange(5000.0, 5150.0), np.arange(5200.0, 5400.0)])
PIXEL = LIGHT_SPEED * np.log(10) * 1e-4
"""km/s of a pixel of `LOG`."""


def mover(old: PixelGrid, new: PixelGrid, form: Form) -> Mover:
    return Mover(old, new, form, torch.float64)


def velocities(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def lines(wavelength: np.ndarray, sigma: float = 3.0) -> torch.Tensor:
    centres = np.arange(5030.0, 5400.0, 17.0)
    depth = np.exp(-0.5 * ((wavelength[:, None] - centres) / sigma) ** 2).sum(1)
    return torch.from_numpy(1 - 0.4 * depth)[None]


def noisy(grid: PixelGrid, sigma: float = 0.01) -> Spectra:
    flux = lines(grid.wavelength)
    return Spectra(flux, torch.full_like(flux, sigma**-2))


def test_the_factor_is_the_relativistic_one() -> None:
    v = velocities(-300.0, 0.0, 300.0, 3e4)
    beta = v.numpy() / LIGHT_SPEED
    expected = (1 + beta) / np.sqrt(1 - beta**2)
    np.testing.assert_allclose(doppler_factor(v).numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose((doppler_factor(v) * doppler_factor(-v)).numpy(), 1.0, rtol=1e-15)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("grid", [LOG, LINEAR, GAPPED])
def test_no_velocity_changes_nothing(form: Form, grid: PixelGrid) -> None:
    spectra = noisy(grid)
    got = mover(grid, grid, form).resample(spectra, velocities(0.0))
    np.testing.assert_allclose(got.flux, spectra.flux, atol=1e-10)
    np.testing.assert_allclose(got.ivar, spectra.ivar, rtol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_whole_pixels_move_as_such(form: Form) -> None:
    spectra = noisy(LOG)
    velocity = LIGHT_SPEED * np.tanh(5 * PIXEL / LIGHT_SPEED)
    got = mover(LOG, LOG, form).resample(spectra, velocities(velocity))
    np.testing.assert_allclose(got.flux[0, 6:], spectra.flux[0, 1:-5], atol=1e-7)
    np.testing.assert_allclose(got.ivar[0, 6:], spectra.ivar[0, 1:-5], rtol=1e-6)
    assert not got.ivar[0, :4].any()


def test_the_linear_form_is_that_of_numpy() -> None:
    spectra, v = noisy(LOG), velocities(-210.0, 0.0, 33.3)
    flux = spectra.flux.repeat(3, 1)
    got = mover(LOG, LINEAR, Form.LINEAR).resample(Spectra(flux, torch.ones_like(flux)), v)
    for i, factor in enumerate(doppler_factor(v).numpy()):
        at = LINEAR.wavelength / factor
        inside = (at >= LOG.wavelength[0]) & (at <= LOG.wavelength[-1])
        expected = np.interp(at, LOG.wavelength, flux[0].numpy())
        np.testing.assert_array_equal(got.ivar[i].numpy() > 0, inside)
        np.testing.assert_allclose(got.flux[i].numpy()[inside], expected[inside], atol=1e-12)


def test_a_cubic_is_read_exactly() -> None:
    def cubic(at: np.ndarray) -> torch.Tensor:
        x = (at - 5200) / 200
        return torch.from_numpy(1 + x - 2 * x**2 + 3 * x**3)[None]

    v = velocities(71.0)
    moved = mover(LOG, LINEAR, Form.CUBIC).move(cubic(LOG.wavelength), v)
    at = LINEAR.wavelength / float(doppler_factor(v))
    inside = moved.inside[0]
    assert int(inside.sum()) > 300
    np.testing.assert_allclose(moved.flux[0, inside], cubic(at)[0, inside], atol=1e-9)


@pytest.mark.parametrize(
    ("form", "worst"), [(Form.LINEAR, 0.02), (Form.CUBIC, 0.0015), (Form.KRIGED, 3e-4)]
)
def test_there_and_back_again(form: Form, worst: float) -> None:
    spectra, v = noisy(LOG), velocities(87.6)
    one = mover(LOG, LOG, form)
    back = one.resample(one.resample(spectra, v), -v)
    good = back.ivar[0] > 0
    assert int(good.sum()) >= len(LOG) - 2 * TAPS[form]
    assert float((back.flux - spectra.flux)[0, good].abs().max()) < worst


@settings(max_examples=30)
@given(v=st.floats(-500, 500), sigma=st.floats(0.5, 10.0), step=st.floats(0.3, 5.0))
def test_the_conserving_form_conserves_flux(v: float, sigma: float, step: float) -> None:
    flux = torch.from_numpy(np.exp(-0.5 * ((LOG.wavelength - 5220) / sigma) ** 2))[None]
    new = PixelGrid.linear(5100.0, step, int(240 / step))
    moved = mover(LOG, new, Form.CONSERVING).move(flux, velocities(v))
    factor = float(doppler_factor(velocities(v)))
    before, after = (np.subtract(*grid.edges()[::-1]) for grid in (LOG, new))
    assert bool(moved.inside.all())
    total = float((moved.flux[0].numpy() * after).sum()) / factor
    assert total == pytest.approx(float((flux[0].numpy() * before).sum()), rel=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_a_constant_stays_one_on_a_much_coarser_grid(form: Form) -> None:
    flux = torch.full((1, len(LOG)), 3.0, dtype=torch.float64)
    moved = mover(LOG, PixelGrid.linear(5050.0, 20.0, 15), form).move(flux, velocities(50.0))
    np.testing.assert_allclose(moved.flux, 3.0, rtol=1e-12)
    np.testing.assert_allclose(moved.slope, 0.0, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("v", [-251.3, 3.1, 144.4])
def test_the_slope_is_that_of_finite_differences(form: Form, v: float) -> None:
    one, flux, h = mover(LOG, LINEAR, form), lines(LOG.wavelength), 1e-4
    up, down = (one.move(flux, velocities(v + sign * h)) for sign in (1, -1))
    # Where a pixel's centre or edge is passed between the two, the derivative jumps.
    same = (one.stencil(velocities(v + h)).first == one.stencil(velocities(v - h)).first)[0]
    got = one.move(flux, velocities(v)).slope
    expected = (up.flux - down.flux) / (2 * h)
    assert float(same.double().mean()) > 0.99
    np.testing.assert_allclose(got[0, same], expected[0, same], atol=1e-8)
    assert float(got.abs().max()) > 1e-4


@pytest.mark.parametrize("form", FORMS)
def test_errors_are_those_of_many_draws(form: Form) -> None:
    rng = np.random.default_rng(3)
    sigma = torch.from_numpy(rng.uniform(0.5, 2.0, len(LOG)))[None]
    draws = sigma * torch.from_numpy(rng.standard_normal((4000, len(LOG))))
    v = velocities(0.37 * PIXEL).expand(4000)
    got = mover(LOG, LINEAR, form).resample(Spectra(draws, sigma.expand(4000, -1) ** -2), v)
    good = got.ivar[0] > 0
    pull = (got.flux * got.ivar.sqrt())[:, good]
    assert float(pull.std()) == pytest.approx(1.0, abs=0.003)
    assert float((pull.std(0) - 1).abs().max()) < 0.05
    assert float(pull.mean().abs()) < 0.005


@pytest.mark.parametrize(
    ("form", "phase", "variance", "correlation"),
    [
        (Form.LINEAR, 0.5, 0.5, 0.5),
        (Form.CUBIC, 0.5, 0.641, 0.384),
        (Form.CONSERVING, 0.5, 0.5, 0.5),
        (Form.LINEAR, 0.25, 0.625, 0.3),
    ],
)
def test_neighbours_are_correlated(
    form: Form, phase: float, variance: float, correlation: float
) -> None:
    unit = torch.ones(1, len(LOG), dtype=torch.float64)
    stencil = mover(LOG, LOG, form).stencil(velocities(phase * PIXEL))
    diagonal = stencil.read_variance(unit)
    assert float(diagonal[0, 200]) == pytest.approx(variance, abs=2e-3)
    beside = stencil.read_covariance(unit) / diagonal[:, 1:]
    assert float(beside[0, 200]) == pytest.approx(correlation, abs=2e-3)


def test_the_covariance_is_that_of_many_draws() -> None:
    draws = torch.from_numpy(np.random.default_rng(4).standard_normal((4000, len(LOG))))
    one = mover(LOG, LOG, Form.CUBIC)
    stencil = one.stencil(velocities(0.5 * PIXEL))
    got = one.stencil(velocities(0.5 * PIXEL).expand(4000)).read(draws)[:, 100:300]
    for lag in (1, 2, 3, 4):
        measured = float((got[:, lag:] * got[:, :-lag]).mean())
        expected = stencil.read_covariance(torch.ones(1, len(LOG), dtype=torch.float64), lag)
        assert measured == pytest.approx(float(expected[0, 200]), abs=0.005)


@pytest.mark.parametrize(("form", "factor"), [(Form.LINEAR, 2**0.5), (Form.CUBIC, 1.249)])
def test_the_diagonal_alone_makes_errors_of_broad_features_too_small(
    form: Form, factor: float
) -> None:
    draws = torch.from_numpy(np.random.default_rng(5).standard_normal((4000, len(LOG))))
    spectra = Spectra(draws, torch.ones_like(draws))
    got = mover(LOG, LOG, form).resample(spectra, velocities(0.5 * PIXEL).expand(4000))
    mean = got.flux[:, 100:300].mean(1)
    claimed = float((1 / got.ivar[0, 100:300]).sum().sqrt()) / 200
    assert float(mean.std()) / claimed == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize(("form", "factor"), [(Form.LINEAR, 1.5**0.5), (Form.CUBIC, 1.135)])
def test_what_the_diagonal_leaves_out_over_all_phases(form: Form, factor: float) -> None:
    v = torch.linspace(0, PIXEL, 1001, dtype=torch.float64)
    unit = torch.ones(1001, len(LOG), dtype=torch.float64)
    variance = mover(LOG, LOG, form).stencil(v).read_variance(unit)[:, 200].mean()
    assert float(variance) ** -0.5 == pytest.approx(factor, abs=0.001)


@pytest.mark.parametrize("form", FORMS)
def test_a_masked_pixel_masks_all_that_touch_it(form: Form) -> None:
    spectra = noisy(LOG)
    spectra.ivar[0, 200] = 0.0
    spectra.flux[0, 200] = float("nan")
    for v in np.linspace(-PIXEL, PIXEL, 9):
        one = mover(LOG, LOG, form)
        got = one.resample(spectra, velocities(v))
        without = one.resample(noisy(LOG), velocities(v))
        lost = np.flatnonzero(((got.ivar == 0) & (without.ivar > 0))[0].numpy())
        at = LOG.wavelength[lost] / float(doppler_factor(velocities(v)))
        distance = np.abs(at - LOG.wavelength[200]) / 1.2
        assert len(lost) >= 1
        assert distance.max() < TAPS.get(form, 4) / 2
        kept = got.ivar[0] > 0
        np.testing.assert_allclose(got.flux[0, kept], without.flux[0, kept], atol=1e-6)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), v=st.floats(-2000, 2000), form=st.sampled_from(FORMS))
def test_nothing_bad_leaks(seed: int, v: float, form: Form) -> None:
    rng = np.random.default_rng(seed)
    flux = rng.normal(1.0, 0.1, (2, len(GAPPED))).astype(np.float32)
    ivar = rng.uniform(0.0, 100.0, flux.shape).astype(np.float32)
    junk = np.array([np.nan, np.inf, -np.inf, 1e30, -1.0, 0.0, 1e-45, 3e38], dtype=np.float32)
    bad = rng.random(flux.shape) < 0.1
    flux[bad] = rng.choice(junk, bad.sum())
    ivar[bad] = rng.choice(junk[[0, 1, 2, 4, 5, 6, 7]], bad.sum())
    got = Mover(GAPPED, LOG, form).resample(
        Spectra(torch.from_numpy(flux), torch.from_numpy(ivar)), velocities(v, -v)
    )
    assert bool(torch.isfinite(got.flux).all() & torch.isfinite(got.ivar).all())
    assert bool((got.ivar >= 0).all())
    assert float((got.flux * (got.ivar > 0)).abs().max()) < 3.0


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_read_across_a_gap(form: Form) -> None:
    one = mover(GAPPED, LOG, form)
    got = one.resample(noisy(GAPPED), velocities(40.0))
    at = torch.from_numpy(LOG.wavelength) / doppler_factor(velocities(40.0))
    assert not got.ivar[0, (at > 5150) & (at < 5198)].any()
    assert bool((got.ivar[0, (at > 5010) & (at < 5145)] > 0).all())
    assert bool((got.ivar[0, (at > 5204) & (at < 5380)] > 0).all())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("v", [float("nan"), 5e4, -5e4, LIGHT_SPEED, 4e5, float("inf")])
def test_a_velocity_out_of_all_range_leaves_no_pixels(form: Form, v: float) -> None:
    spectra = noisy(LOG)
    both = Spectra(spectra.flux.repeat(2, 1), spectra.ivar.repeat(2, 1))
    got = mover(LOG, LOG, form).resample(both, velocities(v, 10.0))
    assert not got.ivar[0].any()
    assert not got.flux[0].any()
    assert int((got.ivar[1] > 0).sum()) > 390


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_is_its_spectra_one_by_one(form: Form) -> None:
    rng = np.random.default_rng(6)
    flux = torch.from_numpy(rng.normal(1, 0.1, (5, len(LOG))))
    spectra = Spectra(flux, torch.ones_like(flux))
    v = torch.from_numpy(rng.uniform(-300, 300, 5))
    one = mover(LOG, LINEAR, form)
    together = one.resample(spectra, v)
    for i in range(5):
        alone = one.resample(Spectra(flux[i : i + 1], torch.ones_like(flux[:1])), v[i : i + 1])
        np.testing.assert_allclose(together.flux[i], alone.flux[0], atol=1e-12)
        np.testing.assert_allclose(together.ivar[i], alone.ivar[0], rtol=1e-12)


def test_float32_agrees_with_float64() -> None:
    flux, v = lines(LOG.wavelength), velocities(123.4)
    exact = mover(LOG, LINEAR, Form.CUBIC).move(flux, v)
    got = Mover(LOG, LINEAR, Form.CUBIC).to(torch.device("cpu")).move(flux.float(), v.float())
    assert got.flux.dtype == got.slope.dtype == torch.float32
    np.testing.assert_allclose(got.flux, exact.flux, atol=1e-6)
    np.testing.assert_allclose(got.slope, exact.slope, atol=1e-7)


def test_huge_and_tiny_weights_do_not_count() -> None:
    ivar = torch.tensor([[1e-45, 3e38, 1.0]])
    assert usable(Spectra(torch.ones(1, 3), ivar)).tolist() == [[False, False, True]]
