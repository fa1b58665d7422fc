"""What makes real spectra worse than their stated errors: the realistic quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.observe.instruments import LAMOST, Instrument
from starledger.compute.simulate.observe.night_sky import sky_emission, telluric_depth
from starledger.compute.simulate.observe.noise import Exposure, stated_sigma
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LSF_SCATTER_PLATE = 0.06
LSF_SCATTER_FIBRE = 0.02
"""Scatter (fraction) of the width of the line-spread function between plates, between fibres."""
ERROR_SCATTER = 0.12
"""Scatter (in ln) of true over stated errors from spectrograph to spectrograph."""
_WIGGLE = 0.03
_WIGGLE_KNOTS = 14
_TILT = 0.06
_DICHROIC = 5900.0
_DICHROIC_WIDTH = 45.0
_DICHROIC_DIP = 0.04
_SKY_RESIDUAL = 0.03
_COSMICS_PER_PIXEL = 4e-4
_FOUND = 0.8
_BAD_PER_PIXEL = 6e-4
_BAD_RUN = 4
_BRIGHT_SKY = 0.15
_DEEP_AIR = 0.1


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What differs between visits and is not the star; one value per visit.

    Parameters
    ----------
    lsf_scale
        Width of the line-spread function over the nominal one.
    error_scale
        True over stated errors.
    zero_point
        Error of the velocity zero point in km/s, of the whole plate.
    earth_velocity
        Velocity of the Earth towards the star in km/s, which is added to the barycentre.
    airmass, water
        Airmass, and water relative to the mean.
    """

    lsf_scale: Floats
    error_scale: Floats
    zero_point: Floats
    earth_velocity: Floats
    airmass: Floats
    water: Floats


def wiggles(wavelength: Floats, visits: int, rng: np.random.Generator) -> Floats:
    """Return smooth errors of the flux calibration, visits × pixels, about 1."""
    knots = np.linspace(wavelength[0], wavelength[-1], _WIGGLE_KNOTS)
    heights = _WIGGLE * rng.standard_normal((visits, _WIGGLE_KNOTS))
    heights += _TILT * rng.standard_normal((visits, 1)) * np.linspace(-1, 1, _WIGGLE_KNOTS)
    # Cosine between knots: smooth, with no ringing.
    place = np.interp(wavelength, knots, np.arange(_WIGGLE_KNOTS))
    left = np.minimum(place.astype(int), _WIGGLE_KNOTS - 2)
    share = 0.5 - 0.5 * np.cos(np.pi * (place - left))
    return np.asarray(np.exp(heights[:, left] * (1 - share) + heights[:, left + 1] * share))


def dichroic(wavelength: Floats, visits: int, rng: np.random.Generator) -> Floats:
    """Return the mismatch of two arms where they meet, visits × pixels, about 1."""
    distance = (wavelength - _DICHROIC) / _DICHROIC_WIDTH
    depth = _DICHROIC_DIP * rng.lognormal(0.0, 0.5, (visits, 1))
    step = 0.02 * rng.standard_normal((visits, 1))
    return np.asarray((1 - depth * np.exp(-0.5 * distance**2)) * (1 + step * np.tanh(distance)))


def transmission(wavelength: Floats, at: Circumstances) -> Floats:
    """Return the transmission of the air, visits × pixels of the barycentric frame."""
    seen = []
    for velocity, airmass, water in zip(at.earth_velocity, at.airmass, at.water, strict=True):
        # A wavelength of the barycentre was observed with the Earth's motion taken off.
        oxygen, wet = telluric_depth(wavelength * (1 - velocity / LIGHT_SPEED_KMS))
        seen.append(np.exp(-airmass * (oxygen + water * wet)))
    return np.array(seen)


def _runs(shape: tuple[int, ...], rate: float, longest: int, rng: np.random.Generator) -> Flags:
    """Return runs of flagged pixels of length 1 to `longest`, starting at a rate per pixel."""
    starts = rng.random(shape) < rate
    length = rng.integers(1, longest + 1, shape)
    flagged = np.zeros(shape, dtype=bool)
    for offset in range(longest):
        here = starts & (length > offset)
        flagged[:, offset:] |= here[:, : shape[1] - offset]
    return flagged


def expose_realistically(
    instrument: Instrument,
    flux: Floats,
    signal: Floats,
    at: Circumstances,
    rng: np.random.Generator,
) -> Exposure:
    """Return exposures with all that is wrong with real ones.

    Parameters
    ----------
    instrument
        Whose pixels the spectra have.
    flux
        Without noise, with the line-spread function and velocity of the circumstances.
    signal
        Signal-to-noise ratio per pixel in the reference band, one per visit.
    at
        The circumstances of each visit.
    rng
        Source of all that is random.
    """
    wavelength = instrument.wavelength
    visits = len(flux)
    air = transmission(wavelength, at)
    arriving = flux * wiggles(wavelength, visits, rng)
    if instrument.band == LAMOST.band:
        arriving = arriving * dichroic(wavelength, visits, rng) * air
    else:
        # The near-infrared pipeline divides by a model of the air, which is good to a few percent.
        arriving = arriving * air ** (0.1 * rng.standard_normal((visits, 1)))
    sigma, sky = stated_sigma(instrument, arriving, signal)
    noise = sigma * at.error_scale[:, None] * rng.standard_normal(flux.shape)
    emission = sky_emission(wavelength, instrument.lsf_sigma(wavelength))
    residual = _SKY_RESIDUAL * rng.standard_normal(flux.shape) * sky
    residual = np.where(emission > 0.02, residual, 0.0)
    lost = np.broadcast_to(~instrument.exposed(wavelength), flux.shape).copy()
    struck = _runs(flux.shape, _COSMICS_PER_PIXEL, 2, rng)
    height = sigma * rng.lognormal(2.5, 0.8, flux.shape)
    bad = _runs(flux.shape, _BAD_PER_PIXEL, _BAD_RUN, rng)
    found = rng.random(flux.shape) < _FOUND
    noisy = arriving + noise + residual
    noisy += np.where(struck & ~found, height, 0.0)
    noisy = np.where(bad, noisy * rng.normal(0.5, 0.5, flux.shape), noisy)
    bright = np.broadcast_to(emission > _BRIGHT_SKY, flux.shape).copy()
    deep = air < 1 - _DEEP_AIR
    return Exposure(
        np.where(lost, 0.0, noisy), sigma, sky, lost | bad, bad, struck & found, bright, deep
    )
