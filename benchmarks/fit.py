"""Labels and radial velocity of spectra: batched fits against scipy's curve_fit, one by one.

Run by hand: ``python benchmarks/fit.py [--spectra 512] [--reference 8] [--snr 100]``, or
``make bench-fit``. Both fit the same spectra with the same emulator, whose weights are drawn, not
trained. The reference does as The Payne's own code does: `curve_fit` within bounds, with finite
differences, on one thread, from our starting points.
Counted is the time of all threads of the process.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import curve_fit

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Fits, Spectra

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.compute.fitters.pretend_emulator import PretendEmulator, pretend_emulator

_SHAPES = {"25→300→300→7214": (25, 7214, 4.14), "20→300→300→3700": (20, 3700, 69.0)}
_VELOCITY_UNIT = 100.0
"""The reference fits the velocity in units of so many km/s, as The Payne's code does."""


@dataclass(frozen=True)
class Timed:
    """Seconds of CPU for a spectrum, and the χ² that were reached."""

    seconds: float
    chi2: np.ndarray


def observe(emulator: PretendEmulator, count: int, snr: float) -> Spectra:
    """Observe stars from the inner half of the range of each label."""
    draw = torch.Generator().manual_seed(7)
    part = 0.25 + 0.5 * torch.rand(count, len(emulator.low), generator=draw)
    rv = 10.0 * (torch.rand(count, generator=draw).double() - 0.5)
    rest = emulator.flux(emulator.low + part * (emulator.high - emulator.low))
    flux = Doppler(emulator.wavelength).shift(rv).apply(rest)
    flux += torch.randn(flux.shape, generator=draw) / snr
    return Spectra(flux, torch.full_like(flux, snr**2))


def ours(fitter: Levenberg, spectra: Spectra) -> tuple[Timed, Fits, float]:
    """Fit all at once; return the fits and the seconds on the wall as well."""
    wall, started = time.perf_counter(), time.process_time()
    fits = fitter.fit(spectra)
    seconds = (time.process_time() - started) / len(spectra)
    return Timed(seconds, fits.chi2.numpy()), fits, time.perf_counter() - wall


def reference(fitter: Levenberg, spectra: Spectra, rows: int, used: torch.Tensor) -> Timed:
    """Fit some of the spectra one by one on one thread, on the pixels that we used."""
    emulator, threads = fitter.emulator, torch.get_num_threads()
    starts = fitter.grid.starts(Spectra(spectra.flux[:rows], spectra.ivar[:rows]), 1)[0]
    starts[:, :-1] = (starts[:, :-1] - emulator.low) / (emulator.high - emulator.low) - 0.5
    starts[:, -1] /= _VELOCITY_UNIT
    torch.set_num_threads(1)
    started = time.process_time()
    with torch.inference_mode():
        chi2 = [
            _fit_one(emulator, spectra, row, used[row].numpy(), starts[row].numpy())
            for row in range(rows)
        ]
    seconds = (time.process_time() - started) / rows
    torch.set_num_threads(threads)
    return Timed(seconds, np.array(chi2))


def _fit_one(
    emulator: PretendEmulator, spectra: Spectra, row: int, used: np.ndarray, start: np.ndarray
) -> float:
    (w1, b1), (w2, b2), (w3, b3) = [
        (w.double().numpy(), b.double().numpy()) for w, b in emulator.layers
    ]
    wavelength = emulator.wavelength.numpy()
    doppler = Doppler(emulator.wavelength)

    def model(_: np.ndarray, *x: float) -> np.ndarray:
        scaled = np.asarray(x[:-1])
        rest = w3 @ np.tanh(w2 @ np.tanh(w1 @ scaled + b1) + b2) + b3
        rv = torch.tensor([x[-1] * _VELOCITY_UNIT])
        moved = doppler.shift(rv).apply(torch.from_numpy(rest)[None])[0].numpy()
        return moved[used].astype(np.float64)

    flux = spectra.flux[row].numpy()[used].astype(np.float64)
    error = spectra.ivar[row].numpy()[used].astype(np.float64) ** -0.5
    ends = np.append(np.full(len(start) - 1, 0.5), 3.0)
    best, _ = curve_fit(
        model,
        wavelength[used],
        flux,
        start,
        error,
        absolute_sigma=True,
        bounds=(-ends, ends),
        ftol=5e-4,
        xtol=5e-4,
        method="trf",
    )
    return float((((flux - model(wavelength, *best)) / error) ** 2).sum())


def matrix_rate() -> float:
    """Return floating-point operations a second of CPU that matrix products of 1024 reach."""
    a, b = torch.rand(2, 1024, 1024)
    a @ b
    started = time.process_time()
    for _ in range(20):
        a @ b
    return 20 * 2 * 1024**3 / (time.process_time() - started)


def compare(name: str, count: int, rows: int, snr: float) -> None:
    """Fit with both and print what came of it."""
    n_labels, n_pixels, pixel_kms = _SHAPES[name]
    emulator = pretend_emulator(n_labels, n_pixels, 300, pixel_kms)
    spectra = observe(emulator, count, snr)
    fitter = Levenberg(emulator, FitSettings())
    ours(fitter, Spectra(spectra.flux[:64], spectra.ivar[:64]))
    batched, fits, wall = ours(fitter, spectra)
    doppler = Doppler(emulator.wavelength)
    reach = doppler.reach_kms
    assert fits.rv is not None
    used = doppler.readable(fits.rv, reach)
    single = reference(fitter, spectra, rows, used)
    print(
        f"{name}: {1 / batched.seconds:.0f} spectra per CPU-second, {count / wall:.0f} a second; "
        f"{fits.steps.double().mean():.1f} steps; "
        f"{sum(end.name == 'CONVERGED' for end in fits.convergence)} of {count} converged"
    )
    print(
        f"  curve_fit {1 / single.seconds:.2f} per CPU-second: "
        f"{single.seconds / batched.seconds:.1f} times as fast"
    )
    worse = batched.chi2[:rows] - single.chi2
    print(f"  χ² above the reference's: at most {worse.max():.3f}, at least {worse.min():.3f}")
    for row in np.flatnonzero(worse > 0.1):
        print(f"  spectrum {row}: {worse[row]:.3f} above")
    products = 2 * n_labels * 300 * (300 + n_pixels) + 2 * n_labels**2 * n_pixels
    rate = (fits.steps.double().mean().item() + 1) * products / batched.seconds
    print(f"  {rate / matrix_rate():.0%} of the rate of matrix products, over the whole fit")


def main() -> None:
    """Compare all shapes of network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--spectra", type=int, default=512)
    parser.add_argument("--reference", type=int, default=8)
    parser.add_argument("--snr", type=float, default=100.0)
    chosen = parser.parse_args()
    for name in _SHAPES:
        compare(name, chosen.spectra, chosen.reference, chosen.snr)


if __name__ == "__main__":
    main()
