"""Identifiers that are not real but are made as the surveys make theirs."""

from __future__ import annotations

from typing import NamedTuple

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix
from numpy.typing import NDArray

from starledger.compute.simulate.population.bodies import Integers
from starledger.compute.simulate.population.tracks import Array

GAIA_LEVEL = 12
"""HEALPix level of the positions in Gaia's source identifiers."""

RENAMED_SHARE = 0.03
"""Share of the sources that have another identifier in Gaia DR2 than in DR3."""

_PIXEL_BITS = 35
_COMPONENT_BITS = 7
_EPOCH = 2016.0


class GaiaIds(NamedTuple):
    """Source identifiers in Gaia DR3 and DR2."""

    dr3: Integers
    dr2: Integers


def sky_pixels(ra: Array, dec: Array, level: int = GAIA_LEVEL) -> Integers:
    """Return the nested HEALPix pixels of ICRS positions in degrees.

    Examples
    --------
    >>> int(sky_pixels(np.array([132.846]), np.array([11.814]))[0]) < 12 * 4**12
    True
    """
    longitude, latitude = Longitude(ra, u.deg), Latitude(dec, u.deg)
    return np.asarray(lonlat_to_healpix(longitude, latitude, level), dtype=np.int64)


def gaia_ids(ra: Array, dec: Array, rng: np.random.Generator) -> GaiaIds:
    """Make Gaia source identifiers: the pixel, then a running number, then seven zero bits.

    Parameters
    ----------
    ra, dec
        ICRS in degrees; 10 million stars at most.
    rng
        Draws running numbers, and which sources Gaia DR2 had named differently.

    Examples
    --------
    >>> made = gaia_ids(np.array([10.0]), np.array([20.0]), np.random.default_rng(0))
    >>> bool(made.dr3[0] >> 35 == sky_pixels(np.array([10.0]), np.array([20.0]))[0])
    True
    """
    pixels = sky_pixels(ra, dec) << _PIXEL_BITS
    # Running numbers grow by random steps, which keeps all of them apart, whatever the pixel.
    first, second = np.cumsum(rng.integers(1, 4, size=(1, 2 * len(ra))), axis=1).reshape(2, -1)
    dr3 = pixels | (first << _COMPONENT_BITS)
    renamed = rng.random(len(ra)) < RENAMED_SHARE
    return GaiaIds(dr3, np.where(renamed, pixels | (second << _COMPONENT_BITS), dr3))


def twomass_ids(ra: Array, dec: Array, pmra: Array, pmdec: Array) -> NDArray[np.str_]:
    """Make the ids that APOGEE takes from 2MASS: ``2MHHMMSSss±DDMMSSs``, position of 2000.0, cut.

    Parameters
    ----------
    ra, dec
        ICRS in degrees, epoch 2016.0.
    pmra, pmdec
        In mas/yr, pmra with cos dec.

    Examples
    --------
    >>> one, still = np.array([132.8461]), np.zeros(1)
    >>> twomass_ids(one, np.array([11.8140]), still, still).tolist()
    ['2M08512306+1148504']
    """
    years = 2000.0 - _EPOCH
    declination = dec + years * pmdec / 3.6e6
    ascension = (ra + years * pmra / 3.6e6 / np.cos(np.radians(dec))) % 360.0
    time = np.floor(ascension / 15.0 * 360_000.0 + 1e-6).astype(np.int64)
    arc = np.floor(np.abs(declination) * 36_000.0 + 1e-6).astype(np.int64)
    signs = np.where(declination < 0, "-", "+")
    return np.array(
        [
            f"2M{t // 360_000:02d}{t // 6000 % 60:02d}{t % 6000:04d}"
            f"{sign}{a // 36_000:02d}{a // 600 % 60:02d}{a % 600:03d}"
            for t, sign, a in zip(time.tolist(), signs.tolist(), arc.tolist(), strict=True)
        ],
        dtype="U18",
    )
