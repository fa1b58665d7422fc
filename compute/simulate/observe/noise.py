"""Noise of photons, sky and detector for a wanted signal-to-noise ratio."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.observe.instruments import Instrument
from starledger.compute.simulate.observe.night_sky import sky_emission

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_READ_VARIANCE = 30.0
_SKY_SIGNAL = 12.0
"""Signal-to-noise ratio per pixel at which a star is as bright as the sky's continuum."""
_LINE_TO_CONTINUUM = 15.0


@dataclass(slots=True)
class Exposure:
    """Spectra as a pipeline would give them, visits × pixels, before a survey's own bits.

    Parameters
    ----------
    flux
        With noise.
    sigma
        Standard deviation that the pipeline states, in the unit of the flux.
    sky
        The sky that was subtracted, in the unit of the flux.
    lost
        Pixels without a usable value: off the detector, or bad in all exposures.
    bad
        Pixels that are bad in all exposures, known to the pipeline.
    struck
        Pixels in which one exposure was rejected, known to the pipeline.
    bright
        Pixels under a strong line of the sky.
    telluric
        Pixels in a strong band of the air.
    """

    flux: Floats
    sigma: Floats
    sky: Floats
    lost: Flags
    bad: Flags
    struck: Flags
    bright: Flags
    telluric: Flags

    @property
    def ivar(self) -> Floats:
        """Inverse variance as stated, zero where a pixel is lost."""
        return np.asarray(np.where(self.lost, 0.0, self.sigma**-2.0))

    def visit(self, i: int) -> Exposure:
        """Return one visit, pixels only."""
        return Exposure(*(getattr(self, one.name)[i] for one in fields(self)))


def _reference(instrument: Instrument, values: Floats) -> Floats:
    low, high = instrument.signal_bands[instrument.reference_band]
    inside = (instrument.wavelength > low) & (instrument.wavelength < high)
    inside &= instrument.exposed(instrument.wavelength)
    return np.asarray(np.median(values[:, inside], axis=1))


def stated_sigma(instrument: Instrument, flux: Floats, signal: Floats) -> tuple[Floats, Floats]:
    """Return standard deviations, and the sky, of spectra with given signal-to-noise ratios.

    Parameters
    ----------
    instrument
        Whose pixels the spectra have.
    flux
        Without noise, visits × pixels, positive.
    signal
        Signal-to-noise ratio per pixel in the reference band, one per visit.

    Examples
    --------
    >>> from starledger.compute.simulate.observe.instruments import LAMOST
    >>> sigma, sky = stated_sigma(LAMOST, np.ones((1, 3909)), np.array([50.0]))
    >>> bool(abs(np.median(1 / sigma[0, 340:1720]) / 50 - 1) < 0.1)
    True
    """
    wavelength = instrument.wavelength
    efficiency = instrument.efficiency(wavelength)
    emission = sky_emission(wavelength, instrument.lsf_sigma(wavelength))
    counts = flux * wavelength * efficiency
    counts = counts / _reference(instrument, counts)[:, None]
    relative_sky = efficiency * (1 + _LINE_TO_CONTINUUM * emission)
    relative_sky = relative_sky / _reference(instrument, relative_sky[None])
    to_star = (_SKY_SIGNAL / signal) ** 2
    # Electrons at which star, sky and detector together give the wanted ratio.
    half = 0.5 * signal**2 * (1 + to_star)
    electrons = half + np.sqrt(half**2 + signal**2 * _READ_VARIANCE)
    star = electrons[:, None] * counts
    sky = (electrons * to_star)[:, None] * relative_sky
    per_electron = flux / star
    return np.sqrt(star + sky + _READ_VARIANCE) * per_electron, sky * per_electron


def expose(
    instrument: Instrument, flux: Floats, signal: Floats, rng: np.random.Generator
) -> Exposure:
    """Return exposures whose noise is Gaussian with the stated standard deviation.

    Parameters
    ----------
    instrument
        Whose pixels the spectra have.
    flux
        Without noise, visits × pixels.
    signal
        Signal-to-noise ratio per pixel in the reference band, one per visit.
    rng
        Source of the noise.
    """
    sigma, sky = stated_sigma(instrument, flux, signal)
    lost = np.broadcast_to(~instrument.exposed(instrument.wavelength), flux.shape).copy()
    noisy = np.where(lost, 0.0, flux + sigma * rng.standard_normal(flux.shape))
    none = [np.zeros(flux.shape, dtype=bool) for _ in range(4)]
    return Exposure(noisy, sigma, sky, lost, *none)
