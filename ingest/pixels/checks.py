"""What every spectrum must satisfy, whatever its survey, and the flags that it earns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels.spectrum import Grid, Pixels, ReadSpectrum, UnreadableSpectrum
from starledger.schema.flags import Scope, mask

Floats = NDArray[np.floating[Any]]

_FLAG = {
    name: mask(Scope.SPECTRUM, name)
    for name in (
        "missing_errors", "low_snr", "non_finite_flux", "negative_flux", "many_bad_pixels",
        "no_survey_rv", "not_a_star",
    )
}  # fmt: skip
_SNR = ("snr_u", "snr_g", "snr_r", "snr_i", "snr_z", "snr")
_LOW_SNR = 20.0
_BAD_PIXELS = 10
_INT4 = (1 << 31) - 1
_LEAST_ANGSTROM, _MOST_ANGSTROM = 500.0, 1e6


def pixels(
    flux: Floats, ivar: Floats, mask: NDArray[Any], or_mask: NDArray[Any] | None = None
) -> tuple[Pixels, int]:
    """Return pixels that are finite everywhere, and our flags of those that were not.

    A pixel whose flux or inverse variance is not finite, or whose inverse variance is negative,
    gets flux 0 and inverse variance 0.

    Raises
    ------
    UnreadableSpectrum
        There are no pixels, or not as many of each, or a mask holds what are no bits.

    Examples
    --------
    >>> import numpy as np
    >>> kept, flags = pixels(np.array([1, np.nan]), np.ones(2), np.zeros(2))
    >>> kept.flux.tolist(), kept.ivar.tolist(), flags
    ([1.0, 0.0], [1.0, 0.0], 4)
    """
    if flux.ndim != 1 or not len(flux):
        raise UnreadableSpectrum("has a spectrum without pixels.")
    if not flux.shape == ivar.shape == mask.shape or (
        or_mask is not None and or_mask.shape != flux.shape
    ):
        raise UnreadableSpectrum("has not as many errors or mask bits as pixels.")
    kept_flux, kept_ivar = flux.astype(np.float32), ivar.astype(np.float32)
    good = np.isfinite(kept_flux)
    good &= kept_ivar >= 0
    good &= kept_ivar < np.inf
    flags = 0
    if not good.all():
        flags = _FLAG["non_finite_flux"]
        kept_flux[~good] = 0.0
        kept_ivar[~good] = 0.0
    kept = Pixels(kept_flux, kept_ivar, _bits(mask), None if or_mask is None else _bits(or_mask))
    return kept, flags


def _bits(values: NDArray[Any]) -> NDArray[np.int32]:
    """Return mask bits as integers; LAMOST publishes them as floating-point numbers."""
    bits = values.astype(np.int32)
    if values.dtype.kind == "f" and not np.array_equal(bits, values):
        raise UnreadableSpectrum("has a mask with values that are no bits.")
    return bits


def checked(spectrum: ReadSpectrum, bad_bits: int) -> ReadSpectrum:
    """Return a spectrum with our flags, if nothing about it is impossible.

    Parameters
    ----------
    spectrum
        As read; its flags are kept.
    bad_bits
        The survey's mask bits by which it marks a pixel bad.

    Raises
    ------
    UnreadableSpectrum
        It has no identifier, no possible position, no increasing wavelengths, no time although
        it is of one night, or a number that cannot be.
    """
    _check_identity(spectrum)
    _check_time(spectrum)
    _check_grid(spectrum.grid, len(spectrum.pixels.flux))
    return replace(spectrum, flags=spectrum.flags | _flags(spectrum, bad_bits))


def _check_identity(spectrum: ReadSpectrum) -> None:
    if not spectrum.external_id:
        raise UnreadableSpectrum("does not say which spectrum it is.")
    if not (0.0 <= spectrum.ra <= 360.0 and -90.0 <= spectrum.dec <= 90.0):
        raise UnreadableSpectrum(
            f"has the position ({spectrum.ra}, {spectrum.dec}) degrees, which is not on the sky."
        )
    if abs(spectrum.survey_flags) >= 1 << 63:
        raise UnreadableSpectrum(f"has flags {spectrum.survey_flags} of more than 63 bits.")


def _check_time(spectrum: ReadSpectrum) -> None:
    time, night = spectrum.mjd_mid, spectrum.night
    if time is None and spectrum.kind != "coadd":
        raise UnreadableSpectrum("does not say when it was observed.")
    if time is not None and not 0.0 < time < 1e5:
        raise UnreadableSpectrum(f"was observed at MJD {time}, which cannot be.")
    if night is not None and not 0 < night < _INT4:
        raise UnreadableSpectrum(f"was observed in night {night}, which cannot be.")


def _check_grid(grid: Grid, n_pixels: int) -> None:
    if grid.listed is not None:
        ends = float(grid.listed[0]), float(grid.listed[-1])
        rising = len(grid.listed) == n_pixels and bool((np.diff(grid.listed) > 0).all())
    else:
        ends = regular_ends(grid, n_pixels)
        rising = ends[0] < ends[1]
    if n_pixels > 1 and not rising:
        raise UnreadableSpectrum("has wavelengths that do not increase.")
    if not _LEAST_ANGSTROM <= ends[0] <= ends[1] <= _MOST_ANGSTROM:
        raise UnreadableSpectrum(f"has wavelengths from {ends[0]:.6g} to {ends[1]:.6g} Å.")


def regular_ends(grid: Grid, n_pixels: int) -> tuple[float, float]:
    """Return the first and the last wavelength of a regular grid in Å; infinite where too large.

    Examples
    --------
    >>> regular_ends(Grid("linear", "vacuum", 5000.0, 0.5), 3)
    (5000.0, 5001.0)
    """
    reach = (grid.step or 0.0) * (n_pixels - 1)
    if grid.kind == "linear":
        return grid.start, grid.start + reach
    if not 0.0 < grid.start < math.inf or not abs(reach) < 10.0:
        return grid.start, math.inf
    return grid.start, grid.start * 10.0**reach


def _flags(spectrum: ReadSpectrum, bad_bits: int) -> int:
    """Return our flags that follow from what is read."""
    seen = spectrum.pixels
    weighted = seen.ivar > 0
    used = np.count_nonzero(weighted)
    flags = 0
    if not used:
        flags |= _FLAG["missing_errors"]
    elif 2 * np.count_nonzero((seen.flux > 0) & weighted) <= used:
        flags |= _FLAG["negative_flux"]
    ratios = [ratio for name in _SNR if (ratio := getattr(spectrum, name)) is not None]
    if ratios and max(ratios) < _LOW_SNR:
        flags |= _FLAG["low_snr"]
    if np.count_nonzero(seen.mask & np.int32(bad_bits)) > _BAD_PIXELS:
        flags |= _FLAG["many_bad_pixels"]
    if spectrum.rv is None:
        flags |= _FLAG["no_survey_rv"]
    if spectrum.class_name is not None and spectrum.class_name.upper() != "STAR":
        flags |= _FLAG["not_a_star"]
    return flags
