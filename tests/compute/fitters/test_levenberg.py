from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.free_width import FreeWidth
from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.losses import Huber, Loss, Squares, Student
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.activations import LEAKY_RELU
from starledger.compute.models.base import Convergence, Fits, Spectra
from starledger.compute.models.payne import Payne
from starledger.compute.models.shared_network import SharedNetwork
from tests.compute.fitters.conftest import Observe, Observed
from tests.compute.fitters.pretend_emulator import PretendEmulator

Spoil = Callable[[Tensor, Tensor], None]
AT_REST = FitSettings(rv_range=None)


def same(one: Fits, other: Fits, rows: Tensor) -> None:
    """Assert that labels differ by less than a hundredth of their errors."""
    away = (one.labels - other.labels[rows]).abs() / one.errors
    assert float(away.max()) < 0.01
    assert one.convergence == tuple(other.convergence[row] for row in rows.tolist())


def test_noiseless_labels_come_back(emulator: PretendEmulator, observe: Observe) -> None:
    true = observe(100, None)
    fits = Levenberg(emulator).fit(true.spectra)
    assert set(fits.convergence) == {Convergence.CONVERGED}
    assert fits.rv is not None
    assert float(((fits.labels - true.labels) / fits.errors).abs().max()) < 0.02
    assert float((fits.rv - true.rv).abs().max()) < 0.005
    assert float(fits.chi2.max()) < 0.01


@pytest.mark.parametrize("snr", [30.0, 100.0, 300.0])
def test_scatter_is_that_of_the_photons(
    emulator: PretendEmulator, observe: Observe, snr: float
) -> None:
    true = observe(3000, snr)
    fits = Levenberg(emulator).fit(true.spectra)
    good = torch.tensor([end is Convergence.CONVERGED for end in fits.convergence])
    assert float(good.double().mean()) >= 0.99
    off = (fits.labels - true.labels)[good] / fits.bounds[good]
    assert float(off.mean(0).abs().max()) < 0.05
    assert float((off.std(0) - 1.0).abs().max()) < 0.05
    assert fits.rv is not None
    rv_off = ((fits.rv - true.rv) / fits.covariance[:, -1, -1].sqrt())[good]
    assert abs(float(rv_off.mean())) < 0.05
    assert float(rv_off.std()) == pytest.approx(1.0, abs=0.05)
    assert float((fits.chi2 / fits.n_pixels).mean()) == pytest.approx(1.0, abs=0.02)


def test_correlations_are_those_of_the_scatter(emulator: PretendEmulator, observe: Observe) -> None:
    one = observe(1, None)
    draw = torch.Generator().manual_seed(9)
    flux = one.spectra.flux + 0.01 * torch.randn(2000, one.spectra.flux.shape[1], generator=draw)
    fits = Levenberg(emulator).fit(Spectra(flux, torch.full_like(flux, 1e4)))
    assert fits.rv is not None
    scatter = torch.cat([fits.labels, fits.rv[:, None]], 1).T.cov()
    stated = fits.covariance.mean(0)
    root = stated.diagonal().sqrt()
    assert float(((scatter - stated) / (root[:, None] * root)).abs().max()) < 0.08


@pytest.mark.parametrize("rv", [-295.0, -140.0, 0.0, 77.0, 295.0])
def test_velocity_is_unbiased(emulator: PretendEmulator, observe: Observe, rv: float) -> None:
    true = observe(1000, 30.0, at=rv)
    fits = Levenberg(emulator).fit(true.spectra)
    assert fits.rv is not None
    off = (fits.rv - rv) / fits.covariance[:, -1, -1].sqrt()
    assert abs(float(off.mean())) < 0.1
    assert sum(end is Convergence.CONVERGED for end in fits.convergence) >= 990


@pytest.mark.parametrize("rv", [-900.0, -600.0, -310.0, 305.0, 350.0, 450.0, 990.0])
def test_velocity_beyond_its_range_is_flagged(
    emulator: PretendEmulator, observe: Observe, rv: float
) -> None:
    fits = Levenberg(emulator).fit(observe(200, 100.0, at=rv).spectra)
    assert set(fits.convergence) == {Convergence.RV_AT_EDGE}


def test_neither_batch_nor_order_matters(emulator: PretendEmulator, observe: Observe) -> None:
    spectra = observe(90).spectra
    whole = Levenberg(emulator, batch=90).fit(spectra)
    for batch in (1, 7):
        same(Levenberg(emulator, batch=batch).fit(spectra), whole, torch.arange(90))
    order = torch.randperm(90, generator=torch.Generator().manual_seed(1))
    shuffled = Spectra(spectra.flux[order], spectra.ivar[order])
    same(Levenberg(emulator, batch=31).fit(shuffled), whole, order)
    again = Levenberg(emulator, batch=90).fit(spectra)
    assert torch.equal(again.labels, whole.labels)


def test_lots_are_fitted_alike_to_the_last_bit_whatever_is_beside_them(
    emulator: PretendEmulator, observe: Observe
) -> None:
    spectra, lots = observe(300, 40.0).spectra, [100, 128, 5, 67]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fitter = Levenberg(emulator)
        whole = fitter.fit(spectra, lots)
        begin = 0
        for length in lots:
            rows = slice(begin, begin + length)
            alone = fitter.fit(Spectra(spectra.flux[rows], spectra.ivar[rows]), [length])
            assert torch.equal(alone.labels, whole.labels[rows])
            assert torch.equal(alone.covariance, whole.covariance[rows])
            assert torch.equal(alone.chi2, whole.chi2[rows])
            begin += length
    finally:
        torch.set_num_threads(threads)


def test_masked_pixels_do_not_count(emulator: PretendEmulator, observe: Observe) -> None:
    spectra = observe(50).spectra
    masked = torch.rand(spectra.flux.shape, generator=torch.Generator().manual_seed(2)) < 0.2
    ivar = spectra.ivar.masked_fill(masked, 0.0)
    clean = Levenberg(emulator).fit(Spectra(spectra.flux, ivar))
    spoilt = Levenberg(emulator).fit(Spectra(spectra.flux.masked_fill(masked, torch.nan), ivar))
    wild = Levenberg(emulator).fit(Spectra(spectra.flux.masked_fill(masked, 50.0), ivar))
    assert torch.equal(clean.labels, spoilt.labels)
    assert torch.equal(clean.labels, wild.labels)
    assert bool((clean.n_pixels < 0.85 * spectra.flux.shape[1]).all())


def test_errors_scale_with_those_of_the_pixels(emulator: PretendEmulator, observe: Observe) -> None:
    spectra = observe(20).spectra
    fits = Levenberg(emulator).fit(spectra)
    worse = Levenberg(emulator).fit(Spectra(spectra.flux, spectra.ivar / 4.0))
    # Both end within a hundredth of their errors of the best labels, where errors differ as much.
    assert torch.allclose(worse.errors, 2.0 * fits.errors, rtol=0.02)
    assert torch.allclose(worse.chi2, fits.chi2 / 4.0, rtol=1e-3)


def test_emulator_error_widens_errors_and_not_bounds(
    emulator: PretendEmulator, observe: Observe
) -> None:
    spectra = observe(20, 100.0).spectra
    unsure = replace(emulator, error=torch.full_like(emulator.wavelength, 0.01).float())
    plain = Levenberg(emulator).fit(spectra)
    fits = Levenberg(unsure, FitSettings(emulator_error=True)).fit(spectra)
    assert torch.allclose(fits.errors, 2.0**0.5 * fits.bounds, rtol=0.01)
    assert torch.allclose(fits.bounds, plain.bounds, rtol=0.01)


def of_other_widths(emulator: PretendEmulator, true: Observed, variance: Tensor) -> Spectra:
    """Return the spectra of stars as a fibre with other widths of lines sees them."""
    wide = FreeWidth.of(emulator)
    flux = wide.flux(torch.cat([true.labels, variance[:, None]], 1))
    seen = Doppler(emulator.wavelength).shift(true.rv).apply(flux)
    noise = true.spectra.flux - Doppler(emulator.wavelength).shift(true.rv).apply(
        emulator.flux(true.labels)
    )
    return Spectra(seen + noise, true.spectra.ivar)


def test_a_free_width_is_not_taken_for_labels(emulator: PretendEmulator, observe: Observe) -> None:
    true = observe(1000, 100.0)
    variance = 60.0 * torch.randn(1000, generator=torch.Generator().manual_seed(8)).clamp(-1.5, 1.5)
    spectra = of_other_widths(emulator, true, variance)
    free = Levenberg(emulator, FitSettings(free_width=True)).fit(spectra)
    assert free.labels.shape == true.labels.shape
    assert free.covariance.shape == (1000, 6, 6)
    good = torch.tensor([end is Convergence.CONVERGED for end in free.convergence])
    assert float(good.double().mean()) >= 0.99
    off = (free.labels - true.labels)[good] / free.errors[good]
    assert float((off.std(0) - 1.0).abs().max()) < 0.08
    assert free.rv is not None
    rv_off = ((free.rv - true.rv) / free.covariance[:, -1, -1].sqrt())[good]
    assert float(rv_off.std()) == pytest.approx(1.0, abs=0.08)
    assert free.line_variance is not None
    assert float((free.line_variance - variance)[good].abs().median()) < 10.0
    fixed = Levenberg(emulator).fit(spectra)
    assert fixed.line_variance is None
    wrong = (fixed.labels - true.labels)[good] / fixed.errors[good]
    assert float(wrong.std(0).max()) > 2.0


def test_a_width_at_its_end_is_told_apart_from_labels(
    emulator: PretendEmulator, observe: Observe
) -> None:
    true = observe(4, None)
    variance = torch.tensor([0.0, 300.0, 0.0, -200.0])
    fits = Levenberg(emulator, FitSettings(free_width=True)).fit(
        of_other_widths(emulator, true, variance)
    )
    assert [end is Convergence.WIDTH_AT_EDGE for end in fits.convergence] == [
        False, True, False, True,
    ]  # fmt: skip


def test_widths_are_found_at_rest_too(emulator: PretendEmulator, observe: Observe) -> None:
    true = observe(20, None, at=0.0)
    variance = torch.linspace(-60.0, 60.0, 20)
    still = FitSettings(rv_range=None, free_width=True)
    fits = Levenberg(emulator, still).fit(of_other_widths(emulator, true, variance))
    assert fits.rv is None
    assert fits.covariance.shape == (20, 5, 5)
    assert fits.line_variance is not None
    assert torch.allclose(fits.line_variance.float(), variance, atol=0.5)
    assert float(((fits.labels - true.labels) / fits.errors).abs().max()) < 0.02


def test_stars_to_start_from_need_no_width(emulator: PretendEmulator, observe: Observe) -> None:
    true = observe(20, None)
    starts = observe(300, None, seed=9).labels
    fits = Levenberg(emulator, FitSettings(free_width=True), starts=starts).fit(true.spectra)
    assert set(fits.convergence) == {Convergence.CONVERGED}
    assert float(((fits.labels - true.labels) / fits.errors).abs().max()) < 0.02


def test_a_label_at_its_end_is_flagged(emulator: PretendEmulator) -> None:
    labels = (emulator.low + 0.5 * (emulator.high - emulator.low)).repeat(2, 1)
    labels[0, 1] = emulator.high[1] + 0.3
    flux = emulator.flux(labels)
    fits = Levenberg(emulator, AT_REST).fit(Spectra(flux, torch.full_like(flux, 1e4)))
    assert fits.convergence == (Convergence.ON_BOUND, Convergence.CONVERGED)
    assert float(fits.labels[0, 1]) == float(emulator.high[1])
    roomy = Levenberg(emulator, FitSettings(rv_range=None, margin=0.25))
    free = roomy.fit(Spectra(flux, torch.full_like(flux, 1e4)))
    assert free.convergence[0] is Convergence.CONVERGED
    assert float(free.labels[0, 1]) == pytest.approx(float(labels[0, 1]), abs=1e-3)


@pytest.mark.parametrize("loss", [Huber(), Student()])
def test_robust_losses_stand_outliers(
    emulator: PretendEmulator, observe: Observe, loss: Loss
) -> None:
    true = observe(100)
    flux = true.spectra.flux.clone()
    flux[:, ::25] += 0.3
    spoilt = Spectra(flux, true.spectra.ivar)

    def away(loss: Loss) -> float:
        fits = Levenberg(emulator, FitSettings(loss=loss)).fit(spoilt)
        return float(((fits.labels - true.labels) / fits.bounds).abs().median())

    assert away(loss) < 1.2
    assert away(Squares()) > 2.0


def _set(array: int, value: float, first: int = 0) -> Spoil:
    def spoil(*arrays: Tensor) -> None:
        arrays[array][first:] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_set(1, 0.0), Convergence.TOO_FEW_PIXELS),
        (_set(1, 0.0, first=5), Convergence.TOO_FEW_PIXELS),
        (_set(0, torch.nan, first=700), Convergence.NOT_FINITE),
        (_set(0, torch.inf), Convergence.NOT_FINITE),
        (_set(1, torch.nan, first=799), Convergence.NOT_FINITE),
        (_set(1, torch.inf), Convergence.NOT_FINITE),
        (_set(1, -1.0, first=799), Convergence.NEGATIVE_IVAR),
        (_set(0, 0.0), Convergence.NO_FLUX),
    ],
)
def test_bad_spectra_fail_alone(
    emulator: PretendEmulator, observe: Observe, spoil: Spoil, reason: Convergence
) -> None:
    spectra = observe(3).spectra
    flux, ivar = spectra.flux.clone(), spectra.ivar.clone()
    spoil(flux[1], ivar[1])
    fits = Levenberg(emulator).fit(Spectra(flux, ivar))
    assert fits.convergence == (Convergence.CONVERGED, reason, Convergence.CONVERGED)
    assert fits.rv is not None
    for numbers in (fits.labels, fits.covariance, fits.rv, fits.chi2, fits.bounds):
        assert bool(numbers[1].isnan().all())
        assert bool(numbers[[0, 2]].isfinite().all())


def test_labels_that_do_nothing_are_singular(emulator: PretendEmulator, observe: Observe) -> None:
    (first, bias), *others = emulator.layers
    first = first.clone()
    first[:, 2] = 0.0
    blind = replace(emulator, layers=((first, bias), *others))
    fits = Levenberg(blind).fit(observe(5).spectra)
    assert set(fits.convergence) == {Convergence.SINGULAR}
    assert bool(fits.errors.isnan().all())


@pytest.mark.parametrize("value", [-1.0, 1e6, 3.0])
def test_nonsense_is_flagged(emulator: PretendEmulator, observe: Observe, value: float) -> None:
    spectra = observe(4).spectra
    fits = Levenberg(emulator).fit(Spectra(torch.full_like(spectra.flux, value), spectra.ivar))
    assert Convergence.CONVERGED not in fits.convergence


def test_no_spectra_give_no_fits(emulator: PretendEmulator) -> None:
    fits = Levenberg(emulator).fit(Spectra(torch.empty(0, 800), torch.empty(0, 800)))
    assert fits.labels.shape == (0, 5)
    assert fits.convergence == ()


def test_fits_end_at_the_kinks_of_rectifying_neurons() -> None:
    draw = torch.Generator().manual_seed(4)
    labels = ("teff", "logg", "vmic", *(f"{one}_fe" for one in ("c", "o", "mg", "ca", "ti", "ni")))
    n = len(labels)
    network = SharedNetwork.random(n, 600, (60, 60), LEAKY_RELU, draw)
    low = torch.full((n,), -1.0, dtype=torch.float64)
    wavelength = torch.linspace(5000.0, 5200.0, 600, dtype=torch.float64)
    kinked = Payne(network, labels, wavelength, low, -low, "none")
    true = 1.2 * torch.rand(200, n, generator=draw) - 0.6
    flux = kinked.flux(true) + 0.1 * torch.randn(200, 600, generator=draw)
    fits = Levenberg(kinked, AT_REST).fit(Spectra(flux, torch.full_like(flux, 100.0)))
    assert sum(end is Convergence.CONVERGED for end in fits.convergence) >= 195
    assert float(((fits.labels - true) / fits.errors).std()) < 1.15
    assert float(fits.steps.double().mean()) < 20.0
