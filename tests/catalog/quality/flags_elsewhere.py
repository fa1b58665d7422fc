"""Defects for the flags that ingest and fitting raise, and what is told of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from starledger.compute.models.base import Convergence, Fits
from starledger.compute.work.fit_rows import Origin, Ranges, fit_rows
from starledger.ingest.pixels import apogee_bits, boss_bits
from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.spectrum import Grid, Pixels, ReadSpectrum
from starledger.schema.flags import Scope, names

Named = set[tuple[Scope, str]]

SIZE = 30
LABELS = ("teff", "mg_fe", "vmac")
GOOD = Fits(
    labels=torch.tensor([[5000.0, 0.1, 10.0]]),
    covariance=torch.diag(torch.tensor([400.0, 0.01, 1.0, 0.25]))[None],
    rv=torch.tensor([3.0]),
    chi2=torch.tensor([300.0]),
    n_pixels=torch.tensor([304]),
    convergence=(Convergence.CONVERGED,),
    steps=torch.tensor([5]),
    bounds=torch.tensor([[10.0, 0.05, 0.5]]),
)
RANGES = Ranges(
    LABELS,
    *(
        np.array(ends)
        for ends in (
            [4000.0, -1.0, 0.0], [7000.0, 1.0, 50.0], [4100.0, -0.9, 0.5], [6900.0, 0.9, 45.0],
        )
    ),
)  # fmt: skip


def said_of_fit(**changes: Any) -> Named:
    """Return the flags of a fit and of its labels."""
    fits = replace(GOOD, **changes)
    row = fit_rows(np.array([1]), fits, RANGES, Origin(1, 1, 1, "w"), 1.0).to_pylist()[0]
    found = {(Scope.FIT, name) for name in names(Scope.FIT, row["flags"])}
    for bits in row["label_flags"] or []:
        found |= {(Scope.LABEL, name) for name in names(Scope.LABEL, bits)}
    return found


def said_of_spectrum(given: Pixels | None = None, **changes: Any) -> Named:
    """Return the flags of a spectrum when it comes in."""
    ones = np.ones(SIZE, np.float32)
    whole = given or Pixels(ones, ones, np.zeros(SIZE, np.int32))
    kept, flags = pixels(whole.flux, whole.ivar, whole.mask)
    spectrum = ReadSpectrum(
        external_id="1", instrument="lamost_lrs", kind="visit", frame="barycentric",
        grid=Grid("log10", "vacuum", 4000.0, 1e-4), pixels=kept, ra=10.0, dec=-5.0,
        mjd_mid=57000.0, time_scale="utc", snr_g=50.0, rv=3.0, class_name="STAR", flags=flags,
    )  # fmt: skip
    return of_bits(checked(replace(spectrum, **changes), bad_bits=1).flags)


def of_bits(flags: int) -> Named:
    """Return the flags of a spectrum's bits."""
    return {(Scope.SPECTRUM, name) for name in names(Scope.SPECTRUM, flags)}


def pixels_with(flux: float = 1.0, ivar: float = 1.0, mask: int = 0) -> Pixels:
    """Return pixels that are all alike."""
    return Pixels(
        np.full(SIZE, flux, np.float32), np.full(SIZE, ivar, np.float32), np.full(SIZE, mask)
    )


def _ended(end: Convergence) -> Callable[[], Named]:
    return lambda: said_of_fit(convergence=(end,))


def _labels(*values: float) -> Callable[[], Named]:
    return lambda: said_of_fit(labels=torch.tensor([values]))


def _one_bad_pixel() -> Named:
    some = pixels_with()
    some.flux[3] = np.nan
    return said_of_spectrum(some)


def _no_error() -> Named:
    covariance = GOOD.covariance.clone()
    covariance[0, 1, 1] = torch.nan
    return said_of_fit(covariance=covariance)


NO_DEFECT: tuple[Callable[[], Named], ...] = (
    said_of_fit,
    said_of_spectrum,
    lambda: of_bits(apogee_bits.flags(0) | boss_bits.flags(0)),
)
"""The same without any defect: nothing is said of them."""

DEFECTS: dict[tuple[Scope, str], Callable[[], Named]] = {
    (Scope.SPECTRUM, "missing_errors"): lambda: said_of_spectrum(pixels_with(ivar=0.0)),
    (Scope.SPECTRUM, "low_snr"): lambda: said_of_spectrum(snr_g=19.0),
    (Scope.SPECTRUM, "non_finite_flux"): _one_bad_pixel,
    (Scope.SPECTRUM, "negative_flux"): lambda: said_of_spectrum(pixels_with(flux=-1.0)),
    (Scope.SPECTRUM, "many_bad_pixels"): lambda: said_of_spectrum(pixels_with(mask=1)),
    (Scope.SPECTRUM, "bright_neighbour"): lambda: of_bits(apogee_bits.flags(1 << 2)),
    (Scope.SPECTRUM, "no_survey_rv"): lambda: said_of_spectrum(rv=None),
    (Scope.SPECTRUM, "survey_warning"): lambda: of_bits(boss_bits.flags(1 << 2)),
    (Scope.SPECTRUM, "survey_bad"): lambda: of_bits(boss_bits.flags(1 << 7)),
    (Scope.SPECTRUM, "not_a_star"): lambda: said_of_spectrum(class_name="GALAXY"),
    (Scope.FIT, "failed"): _ended(Convergence.NO_FLUX),
    (Scope.FIT, "too_few_pixels"): _ended(Convergence.TOO_FEW_PIXELS),
    (Scope.FIT, "not_converged"): _ended(Convergence.TOO_MANY_STEPS),
    (Scope.FIT, "non_finite"): lambda: said_of_fit(chi2=torch.tensor([torch.inf])),
    (Scope.FIT, "singular_covariance"): _ended(Convergence.SINGULAR),
    (Scope.FIT, "at_bound"): _ended(Convergence.ON_BOUND),
    (Scope.FIT, "rv_at_edge"): _ended(Convergence.RV_AT_EDGE),
    (Scope.FIT, "fast_rotator"): _labels(5000.0, 0.1, 21.0),
    (Scope.FIT, "high_chi2"): lambda: said_of_fit(chi2=torch.tensor([16_000.0])),
    (Scope.LABEL, "at_bound"): _labels(5000.0, 1.0, 10.0),
    (Scope.LABEL, "unconstrained"): lambda: said_of_fit(bounds=torch.tensor([[10.0, 0.4, 0.5]])),
    (Scope.LABEL, "outside_training_range"): _labels(5000.0, 0.95, 10.0),
    (Scope.LABEL, "unphysical"): _labels(5000.0, 7.5, 10.0),
    (Scope.LABEL, "no_error"): _no_error,
}
