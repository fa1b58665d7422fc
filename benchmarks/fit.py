"""Labels and radial velocity of spectra: batched fits against scipy's curve_fit, one by one.

Run by hand: ``python benchmarks/fit.py [--spectra 512] [--reference 32] [--many 10000]``, or ``make
bench-fit``. Both fit the same spectra with the same network; curve_fit once as The Payne's own code
calls it, and once with our help, see `one_by_one`. Networks with shared layers are trained on
made-up lines first; the per-pixel ones are published ones, and need the folder of real data.
Counted is the processor time of all threads; the reference has one thread, ours has all.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from made_up_grid import trained
from one_by_one import OneByOne
from torch.utils.flop_counter import FlopCounterMode

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.products import fast_products
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Fits, Spectra
from starledger.compute.models.payne import Payne

_ROUNDS = 3
_ONE_THREAD = "OPENBLAS_NUM_THREADS"
_WORSE = 0.1
"""So much may χ² lie above the reference's."""


@dataclass(frozen=True)
class Subject:
    """A network to fit with, and by which factor it must beat the reference."""

    name: str
    make: Callable[[], Payne]
    pixel_kms: float
    wanted: float


def published() -> Payne:
    """Return a published network with ten neurons a pixel."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.compute.models.published import published_payne

    return published_payne("10n")


SUBJECTS = (
    Subject("25→300→300→7214", lambda: trained(25, 7214, 4.14, 15100.0), 4.14, 20.0),
    Subject("20→300→300→3700", lambda: trained(20, 3700, 69.0, 3800.0), 69.0, 25.0),
    Subject("7214 × (5→10→1)", published, 4.1417858687, 30.0),
)


def observe(payne: Payne, count: int, snr: float, seed: int = 7) -> Spectra:
    """Observe moving stars from the inner part of the range of each label."""
    draw = torch.Generator().manual_seed(seed)
    part = 0.15 + 0.7 * torch.rand(count, len(payne.low), generator=draw)
    rv = 100.0 * (torch.rand(count, generator=draw).double() - 0.5)
    rest = payne.flux(payne.low + part * (payne.high - payne.low))
    flux = Doppler(payne.wavelength).shift(rv).apply(rest)
    flux += torch.randn(flux.shape, generator=draw) / snr
    ivar = torch.full_like(flux, snr**2)
    if payne.mask is not None:
        ivar[:, payne.mask] = 0.0
    return Spectra(flux, ivar)


def fitted(fitter: Levenberg, spectra: Spectra) -> tuple[Fits, float, float]:
    """Fit all at once; return the fits, and seconds of CPU and on the wall."""
    wall, started = time.perf_counter(), time.process_time()
    fits = fitter.fit(spectra)
    return fits, time.process_time() - started, time.perf_counter() - wall


def matrix_rate() -> float:
    """Return floating-point operations a second of CPU that matrix products of 1024 reach."""
    a, b = torch.rand(2, 1024, 1024)
    with fast_products(torch.device("cpu")):
        a @ b
        started = time.process_time()
        for _ in range(40):
            a @ b
        return 40 * 2 * 1024**3 / (time.process_time() - started)


def products_of(fitter: Levenberg, spectra: Spectra) -> int:
    """Return the floating-point operations in the matrix products of a fit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the counter sees its own thread
    with FlopCounterMode(display=False) as counter:
        fitter.fit(spectra)
    torch.set_num_threads(threads)
    return int(counter.get_total_flops())


def compare(subject: Subject, count: int, rows: int, snr: float, many: int) -> None:
    """Fit with both and print what came of it."""
    payne = subject.make()
    spectra = observe(payne, count, snr)
    fitter = Levenberg(payne, FitSettings())
    fitter.fit(Spectra(spectra.flux[:64], spectra.ivar[:64]))
    runs = [fitted(fitter, spectra) for _ in range(_ROUNDS)]
    fits, rates = runs[0][0], sorted(count / cpu for _, cpu, _ in runs)
    ends = sum(end.name == "CONVERGED" for end in fits.convergence)
    steps = fits.steps.double()
    print(f"\n{subject.name}, {count} spectra of S/N {snr:g}")
    print(
        f"  {rates[1]:.0f} spectra per CPU-second ({rates[0]:.0f}–{rates[-1]:.0f} in {_ROUNDS} "
        f"rounds), {count / min(wall for *_, wall in runs):.0f} a second; {steps.mean():.1f} steps "
        f"(median {steps.median():.0f}, most {steps.max():.0f}); {ends} converged"
    )
    for helped in (False, True):
        _against_reference(subject, fitter, spectra, fits, rows, rates, helped)
    flops = products_of(fitter, spectra) / count
    part = flops * rates[1] / matrix_rate()
    print(f"  {flops / 1e6:.0f} MFLOP of matrix products a spectrum: {part:.0%} of their peak")
    for n in [100, 1000, many] if many else []:
        _constant(fitter, observe(payne, min(n, 2000), snr, seed=9), n)


def _against_reference(
    subject: Subject,
    fitter: Levenberg,
    spectra: Spectra,
    fits: Fits,
    rows: int,
    rates: list[float],
    helped: bool,
) -> None:
    single = OneByOne(fitter, subject.pixel_kms, helped)
    some = Spectra(spectra.flux[:rows], spectra.ivar[:rows])
    assert fits.rv is not None
    doppler = Doppler(fitter.emulator.wavelength)
    used = doppler.readable(fits.rv[:rows], doppler.reach_kms) & (some.ivar > 0)
    chi2, _, seconds = single.fit(some, used)
    ours = single.chi2(some, used, single.scaled(fits.labels[:rows], fits.rv[:rows]))
    ratios = [rate * seconds for rate in rates]
    verdict = "reached" if ratios[1] >= subject.wanted else "MISSED"
    print(
        f"  curve_fit {'with our help' if helped else 'as published'}: {1 / seconds:.2f} per "
        f"CPU-second; ours is {ratios[1]:.1f} × as fast ({ratios[0]:.1f}–{ratios[-1]:.1f})"
        + ("" if helped else f", wanted {subject.wanted:g} ×: {verdict}")
    )
    above = ours - chi2
    fine = float((above <= _WORSE).mean())
    print(
        f"  χ² above the reference's: at most {above.max():.3f}, median {np.median(above):.3f}, "
        f"least {above.min():.1f}; {fine:.1%} of {rows} at most {_WORSE} above"
    )
    for row in np.flatnonzero(above > _WORSE):
        print(f"    spectrum {row}: {above[row]:.3f} above, {fits.convergence[row].name}")


def _constant(fitter: Levenberg, spectra: Spectra, count: int) -> None:
    """Print the rate and the memory for so many spectra, of which some are fitted repeatedly."""
    done, cpu = 0, 0.0
    while done < count:
        part = Spectra(spectra.flux[: count - done], spectra.ivar[: count - done])
        cpu += fitted(fitter, part)[1]
        done += len(part)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {count} spectra: {count / cpu:.0f} per CPU-second, peak memory {peak:.0f} MiB")


def main() -> None:
    """Compare all shapes of network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--spectra", type=int, default=512)
    parser.add_argument("--reference", type=int, default=32)
    parser.add_argument("--snr", type=float, default=100.0)
    parser.add_argument("--many", type=int, default=0, help="show the cost of so many, too")
    parser.add_argument("--only", type=int, default=None, help="0, 1 or 2: one of the networks")
    chosen = parser.parse_args()
    if os.environ.get(_ONE_THREAD) != "1":
        # NumPy reads it once, when it is imported; torch has its own library.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, _ONE_THREAD: "1"})  # noqa: S606
    print(f"{torch.get_num_threads()} threads, {os.cpu_count()} processors")
    subjects = SUBJECTS if chosen.only is None else SUBJECTS[chosen.only : chosen.only + 1]
    for subject in subjects:
        compare(subject, chosen.spectra, chosen.reference, chosen.snr, chosen.many)


if __name__ == "__main__":
    main()
