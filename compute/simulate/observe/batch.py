"""A batch of observed visits with all that is true about them, from which files are written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.observe.effects import Circumstances
from starledger.compute.simulate.observe.noise import Exposure
from starledger.compute.simulate.observe.visits import Visits
from starledger.compute.simulate.population.photometry import SloanMagnitudes
from starledger.compute.simulate.population.stars import Stars

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SPECTRAL_CLASSES = (
    (3900.0, "M1"), (4100.0, "K7"), (4450.0, "K5"), (4800.0, "K3"), (5150.0, "K1"),
    (5350.0, "G9"), (5500.0, "G8"), (5650.0, "G6"), (5800.0, "G3"), (5950.0, "G0"),
    (6150.0, "F9"), (6300.0, "F7"), (6550.0, "F5"), (6850.0, "F2"), (7250.0, "F0"),
    (7600.0, "A7V"), (8200.0, "A5V"), (1e9, "A1V"),
)  # fmt: skip
"""The highest teff in K of each class."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Visits that were observed, one row each.

    Parameters
    ----------
    stars
        Those of the whole survey; `visits.star` are places in them.
    visits
        Who, when, where.
    velocity
        True radial velocity at the time of the visit, barycentric, in km/s.
    ra, dec
        Positions in degrees that the survey pointed at, of epoch 2000.0.
    circumstances
        What differs between visits.
    exposure
        The pixels.
    signal_to_noise
        As stated, by band.
    rng
        Source of what the pipeline measures.
    """

    stars: Stars
    visits: Visits
    velocity: Floats
    ra: Floats
    dec: Floats
    circumstances: Circumstances
    exposure: Exposure
    signal_to_noise: dict[str, Floats]
    rng: np.random.Generator

    def __len__(self) -> int:
        return len(self.visits)

    def label(self, name: str) -> Floats:
        """Return a true label of each visit's star."""
        return np.asarray(self.stars.label(name)[self.visits.star])

    @property
    def sloan(self) -> SloanMagnitudes:
        """Apparent magnitudes in Sloan g, r and i."""
        return SloanMagnitudes(*(band[self.visits.star] for band in self.stars.sloan()))

    def magnitude(self, band: str) -> Floats:
        """Return the apparent magnitude of each visit's star in one of `BANDS`."""
        return np.asarray(self.stars.magnitude(band)[self.visits.star])


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity as a pipeline gives it, with the error that it states."""

    value: Floats
    error: Floats


def measured(
    truth: Floats, floor: float, at_ten: float, signal: Floats, rng: np.random.Generator
) -> Measured:
    """Return what a pipeline measures: the truth with a Gaussian error of the stated size.

    Parameters
    ----------
    truth
        True values.
    floor
        Error that no signal-to-noise ratio goes below.
    at_ten
        Error due to noise at a signal-to-noise ratio of 10.
    signal
        Signal-to-noise ratios.
    rng
        Source of the errors.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> teff = measured(np.full(1000, 5000.0), 30.0, 200.0, np.full(1000, 50.0), rng)
    >>> round(float(teff.error[0])), bool(abs(teff.value.std() / teff.error[0] - 1) < 0.1)
    (50, True)
    """
    error = np.sqrt(floor**2 + (10.0 * at_ten / np.maximum(signal, 1.0)) ** 2)
    return Measured(truth + error * rng.standard_normal(truth.shape), error)


def spectral_class(teff: Floats) -> list[str]:
    """Return the spectral class of effective temperatures in K.

    Examples
    --------
    >>> spectral_class(np.array([3700.0, 5772.0, 7900.0]))
    ['M1', 'G3', 'A5V']
    """
    limits = [limit for limit, _ in _SPECTRAL_CLASSES]
    return [_SPECTRAL_CLASSES[i][1] for i in np.searchsorted(limits, teff)]


def sexagesimal(degrees: float, *, hours: bool, digits: int) -> str:
    """Return an angle as HHMMSS.s or ±DDMMSS.s, truncated as designations are.

    Examples
    --------
    >>> sexagesimal(158.209454, hours=True, digits=2), sexagesimal(-0.5, hours=False, digits=1)
    ('103250.26', '-003000.0')
    """
    scale = 10**digits
    total = int(abs(degrees) * (240 if hours else 3600) * scale + 1e-6)
    minutes, ticks = divmod(total, 60 * scale)
    whole, minute = divmod(minutes, 60)
    sign = "" if hours else ("-" if degrees < 0 else "+")
    seconds = f"{ticks / scale:0{3 + digits}.{digits}f}"
    return f"{sign}{whole:02d}{minute:02d}{seconds}"
