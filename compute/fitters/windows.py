"""How well a fit describes stretches of the spectrum that are of interest."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.triage import cleaned
from starledger.compute.models.base import Emulator, Fits, Spectra


def window_chi2(
    emulator: Emulator, spectra: Spectra, fits: Fits, windows: Mapping[str, tuple[float, float]]
) -> dict[str, Tensor]:
    """Return the mean χ² of a pixel in each window; NaN where none counts or the fit failed.

    Parameters
    ----------
    emulator
        That was fitted.
    spectra
        What it was fitted to.
    fits
        What came of it.
    windows
        By name: first and last wavelength in Å in vacuum, as observed.
    """
    clean = cleaned(spectra)
    model = emulator.flux(fits.labels.to(clean.flux.dtype))
    ivar = clean.ivar
    if fits.rv is not None:
        doppler, rv = Doppler(emulator.wavelength), fits.rv.nan_to_num()
        model = doppler.shift(rv).apply(model)
        ivar = ivar * doppler.readable(rv, 0.0)
    squares = ((clean.flux - model).square() * ivar).double()
    return {
        name: _mean(squares, ivar > 0, _between(emulator.wavelength, *ends))
        for name, ends in windows.items()
    }


def _between(wavelength: Tensor, first: float, last: float) -> Tensor:
    return (wavelength >= first) & (wavelength <= last)


def _mean(squares: Tensor, counts: Tensor, window: Tensor) -> Tensor:
    return squares[:, window].sum(1) / counts[:, window].sum(1)
