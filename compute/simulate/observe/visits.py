"""Who is observed when: plates, nights, fibres, signal-to-noise ratios and repeats."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ZONE = 5.0
"""Height in degrees of the zones of declination along which stars are put on plates."""
_ORBITAL_SPEED = 29.79
_OBLIQUITY = np.radians(23.4393)
_ECCENTRICITY = 0.01671
_PERIHELION = np.radians(102.94)
_PERIHELION_MJD = 51547.0
_YEAR = 365.2596


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a survey observes.

    Parameters
    ----------
    first_night, last_night
        Range of the nights in MJD.
    stars_per_plate
        Stars of one plate.
    spectrographs, fibres
        Spectrographs, and fibres of each.
    visit_shares
        Shares of the stars with 1, 2, 3, … visits.
    signal_at, magnitude_at, slope
        The median signal-to-noise ratio per pixel of a visit to a star of a magnitude, and by
        how many dex it falls per magnitude: bright stars are exposed for a shorter time.
    longitude
        Of the site in degrees east.
    """

    first_night: int
    last_night: int
    stars_per_plate: int
    spectrographs: int
    fibres: int
    visit_shares: tuple[float, ...]
    signal_at: float
    magnitude_at: float
    slope: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits in the order of their stars; one value per visit.

    Parameters
    ----------
    star
        Place of the star in the columns of stars.
    sequence, of_star
        The how-manieth visit of the star it is, from 1, and how many the star has.
    plate, plate_visit
        Number of the plate, and of the plate on this night: two visits that share it were
        exposed at once.
    night
        MJD of the local midnight of the night, as an integer.
    mjd
        Middle of the exposure in MJD (UTC).
    spectrograph, fibre
        Numbers from 1.
    signal
        Signal-to-noise ratio per pixel to be had.
    earth_velocity
        Velocity of the Earth towards the star in km/s.
    """

    star: Integers
    sequence: Integers
    of_star: Integers
    plate: Integers
    plate_visit: Integers
    night: Integers
    mjd: Floats
    spectrograph: Integers
    fibre: Integers
    signal: Floats
    earth_velocity: Floats

    def __len__(self) -> int:
        return len(self.star)

    def of_stars(self, first: int, past: int) -> Visits:
        """Return the visits of the stars from `first` to before `past`."""
        here = slice(*np.searchsorted(self.star, [first, past]).tolist())
        return Visits(*(getattr(self, column.name)[here] for column in fields(self)))


def earth_velocity(mjd: Floats, ra: Floats, dec: Floats) -> Floats:
    """Return the velocity of the Earth towards stars in km/s, on an ellipse around the Sun.

    Added to a velocity of the observatory it gives that of the barycentre, to 0.1 km/s.

    Parameters
    ----------
    mjd
        Times in MJD.
    ra, dec
        Positions in degrees.

    Examples
    --------
    >>> equinox = np.array([51623.3])  # in March, towards where the Sun is in winter
    >>> round(float(earth_velocity(equinox, np.array([270.0]), np.array([-23.44]))[0]))
    30
    """
    anomaly = 2 * np.pi * (mjd - _PERIHELION_MJD) / _YEAR
    longitude = _PERIHELION + anomaly + 2 * _ECCENTRICITY * np.sin(anomaly)
    along_x = -np.sin(longitude) - _ECCENTRICITY * np.sin(_PERIHELION)
    along_y = np.cos(longitude) + _ECCENTRICITY * np.cos(_PERIHELION)
    alpha, delta = np.radians(ra), np.radians(dec)
    x = np.cos(delta) * np.cos(alpha)
    y = np.cos(delta) * np.sin(alpha)
    y = y * np.cos(_OBLIQUITY) + np.sin(delta) * np.sin(_OBLIQUITY)
    return np.asarray(_ORBITAL_SPEED * (x * along_x + y * along_y))


def _plates(ra: Floats, dec: Floats, size: int) -> tuple[Integers, Integers]:
    """Return the plate of every star, and its place on it."""
    zone = np.floor((dec + 90.0) / _ZONE).astype(np.int64)
    order = np.lexsort((dec, ra, zone))
    rank = np.empty(len(ra), dtype=np.int64)
    rank[order] = np.arange(len(ra))
    return rank // size, rank % size


def plan_visits(
    ra: Floats, dec: Floats, magnitude: Floats, schedule: Schedule, seed: int
) -> Visits:
    """Plan the visits of a survey.

    Parameters
    ----------
    ra, dec
        Positions in degrees.
    magnitude
        In the band of the schedule.
    schedule
        How the survey observes.
    seed
        The same seed gives the same visits.

    Examples
    --------
    >>> schedule = Schedule(56000, 58000, 100, 16, 250, (0.75, 0.2, 0.05), 60.0, 14.0, 0.12, 117.6)
    >>> rng = np.random.default_rng(1)
    >>> plan = plan_visits(rng.uniform(0, 360, 4000), rng.uniform(0, 60, 4000), np.full(4000, 14.0),
    ...                    schedule, seed=1)
    >>> round(float((plan.of_star[plan.sequence == 1] > 1).mean()), 2)
    0.26
    """
    rng = np.random.default_rng([seed, 7])
    plate, place = _plates(ra, dec, schedule.stars_per_plate)
    plates = int(plate.max()) + 1
    most = len(schedule.visit_shares)
    gaps = np.maximum(1, rng.lognormal(3.5, 1.5, (plates, most))).astype(np.int64)
    gaps[:, 0] = rng.integers(0, schedule.last_night - schedule.first_night, plates)
    span = schedule.last_night - schedule.first_night
    nights = schedule.first_night + np.cumsum(gaps, axis=1) % span
    # A night that comes round to an earlier one would be no repeat.
    nights.sort(axis=1)
    nights += np.arange(most)
    hours = rng.uniform(-4.0, 4.0, (plates, most))
    count = 1 + rng.choice(most, size=len(ra), p=schedule.visit_shares)
    star = np.repeat(np.arange(len(ra)), count)
    sequence = np.arange(len(star)) - np.repeat(np.cumsum(count) - count, count)
    night = nights[plate[star], sequence]
    mjd = night - schedule.longitude / 360.0 + hours[plate[star], sequence] / 24.0
    brighter = schedule.magnitude_at - magnitude[star]
    signal = schedule.signal_at * 10 ** (schedule.slope * brighter + rng.normal(0, 0.15, len(star)))
    return Visits(
        star,
        sequence + 1,
        count[star],
        plate[star],
        plate[star] * most + sequence,
        night,
        mjd,
        1 + (place[star] * schedule.spectrographs) // schedule.stars_per_plate,
        1 + place[star] % schedule.fibres,
        np.clip(signal, 2.0, 600.0),
        earth_velocity(mjd, ra[star], dec[star]),
    )
