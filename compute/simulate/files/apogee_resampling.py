"""APOGEE's detector pixels brought to the pixels of the combined spectra, and combined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.observe.instruments import APOGEE, APOGEE_COMBINED
from starledger.compute.simulate.observe.noise import Exposure
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Floats = NDArray[np.float64]

NO_ERROR = 1e10
"""Error of pixels without data."""
BAD, COSMIC, BRIGHT_SKY, TELLURIC, NO_DATA = 1 << 0, 1 << 1, 1 << 12, 1 << 13, 1 << 14
"""Bits of APOGEE_PIXMASK: BADPIX, CRPIX, SIG_SKYLINE, SIG_TELLURIC, NOT_ENOUGH_PSF."""


@dataclass(frozen=True, slots=True)
class VisitSpectra:
    """Spectra on the combined pixels, visits × pixels; error `NO_ERROR` where there are none."""

    flux: Floats
    error: Floats
    mask: NDArray[np.int16]
    sky: Floats

    def rows(self, here: NDArray[np.int64]) -> VisitSpectra:
        """Return some of the visits."""
        return VisitSpectra(self.flux[here], self.error[here], self.mask[here], self.sky[here])


def pixel_mask(seen: Exposure) -> NDArray[np.int16]:
    """Return APOGEE's bits of detector pixels."""
    bits = seen.bad * BAD + seen.struck * COSMIC + seen.bright * BRIGHT_SKY
    return np.asarray(bits + seen.telluric * TELLURIC, dtype=np.int16)


def resample(seen: Exposure, noiseless: Floats, at_rest: Floats, velocity: Floats) -> VisitSpectra:
    """Bring visits to rest and to the pixels of combined spectra.

    A combined pixel gets the noiseless flux at its own wavelength and the mean of what noise and
    effects did to the one to three detector pixels within it. So nothing is lost by
    interpolation, the noise stays independent, and it is the noise of the visit's own file.

    Parameters
    ----------
    seen
        The visits on the pixels of `APOGEE`.
    noiseless
        The same before noise.
    at_rest
        Noiseless spectra at rest on `APOGEE_COMBINED`.
    velocity
        Velocity of each visit in km/s, in the observed frame, that is taken out.
    """
    shape = (len(velocity), len(APOGEE_COMBINED))
    flux, variance = np.zeros(shape), np.zeros(shape)
    sky, mask = np.zeros(shape), np.zeros(shape, dtype=np.int16)
    count = np.zeros(shape)
    first, step = np.log(APOGEE_COMBINED[0]), np.log(APOGEE_COMBINED[1] / APOGEE_COMBINED[0])
    bits = pixel_mask(seen)
    for i, speed in enumerate(velocity):
        rest = APOGEE.wavelength / (1 + speed / LIGHT_SPEED_KMS)
        place = np.rint((np.log(rest) - first) / step).astype(int)
        good = (place >= 0) & (place < shape[1]) & ~seen.lost[i]
        place = place[good]
        for total, values in (
            (count, np.ones(APOGEE.pixels)),
            (flux, seen.flux[i] - noiseless[i]),
            (variance, seen.sigma[i] ** 2),
            (sky, seen.sky[i]),
        ):
            total[i] = np.bincount(place, values[good], minlength=shape[1])
        np.bitwise_or.at(mask[i], place, bits[i][good])
    empty = count == 0
    count[empty] = 1.0
    return VisitSpectra(
        np.where(empty, 0.0, at_rest + flux / count),
        np.where(empty, NO_ERROR, np.sqrt(variance) / count),
        np.where(empty, np.int16(BAD | NO_DATA), mask).astype(np.int16),
        sky / count,
    )


def combine(visits: VisitSpectra) -> VisitSpectra:
    """Return two combined spectra: with weights by pixel, and with one weight for each visit.

    Their masks are the bitwise or, and the bitwise and, of the visits'.
    """
    weight = np.where(visits.error < NO_ERROR, visits.error**-2.0, 0.0)
    whole = np.where(weight > 0, weight.mean(axis=1, keepdims=True), 0.0)
    rows = [_mean(visits, w) for w in (weight, whole)]
    masks = [f.reduce(visits.mask, axis=0) for f in (np.bitwise_or, np.bitwise_and)]
    return VisitSpectra(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array(masks, dtype=np.int16),
        np.array([row[2] for row in rows]),
    )


def _mean(visits: VisitSpectra, weight: Floats) -> tuple[Floats, Floats, Floats]:
    total = weight.sum(axis=0)
    seen = total > 0
    safe = np.where(seen, total, 1.0)
    error = np.sqrt((weight**2 * visits.error**2).sum(axis=0)) / safe
    flux, sky = ((weight * values).sum(axis=0) / safe for values in (visits.flux, visits.sky))
    return flux, np.where(seen, error, NO_ERROR), sky
