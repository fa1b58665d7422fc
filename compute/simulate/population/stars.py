"""The simulated stars with all that is true of them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from astropy.table import Column, Table
from numpy.typing import NDArray

from starledger.compute.simulate.population.binaries import Companions, orbital_velocities
from starledger.compute.simulate.population.bodies import Integers
from starledger.compute.simulate.population.photometry import (
    BANDS,
    SloanMagnitudes,
    sloan_magnitudes,
)
from starledger.compute.simulate.population.tracks import Array
from starledger.compute.synthesis.labels import SYNTHESIS_LABELS, label_index

_LABEL_UNITS = {"teff": "K", "vmic": "km/s", "vmac": "km/s", "vsini": "km/s"}

_COMPANION_UNITS = {
    "mass": "Msun",
    "teff": "K",
    "logg": "dex(cm/s2)",
    "period": "d",
    "periastron": "d",
    "argument": "rad",
    "k1": "km/s",
    "k2": "km/s",
}


def _means(unit: str, description: str) -> dict[str, str]:
    return {"unit": unit, "description": description}


@dataclass(frozen=True)
class Stars:
    """Stars whose truth is known, one row each; nothing is missing and nothing is NaN.

    The metadata of each field gives its unit and meaning; `to_table` writes them out.
    """

    number: Integers = field(metadata=_means("", "Number of the star: its row when it was drawn"))
    component: NDArray[np.str_] = field(
        metadata=_means("", "thin, thick, halo or the name of a cluster")
    )
    cluster: Integers = field(
        metadata=_means("", "Place of the cluster in CLUSTERS, -1 in the field")
    )
    birth: Integers = field(
        metadata=_means("", "Number of the cloud of birth, shared by stars of one stuff")
    )
    wide_partner: Integers = field(
        metadata=_means("", "Number of the resolved partner, -1 without")
    )
    gaia_dr3_source_id: Integers = field(metadata=_means("", "Identifier as in Gaia DR3"))
    gaia_dr2_source_id: Integers = field(metadata=_means("", "Identifier as in Gaia DR2"))
    apogee_id: NDArray[np.str_] = field(metadata=_means("", "Identifier as in 2MASS and APOGEE"))
    ra: Array = field(metadata=_means("deg", "Right ascension, ICRS, epoch 2016.0"))
    dec: Array = field(metadata=_means("deg", "Declination, ICRS, epoch 2016.0"))
    pmra: Array = field(
        metadata=_means("mas/yr", "Proper motion in right ascension, with cos(dec)")
    )
    pmdec: Array = field(metadata=_means("mas/yr", "Proper motion in declination"))
    parallax: Array = field(metadata=_means("mas", "Parallax"))
    distance: Array = field(metadata=_means("pc", "Distance"))
    rv: Array = field(
        metadata=_means("km/s", "Barycentric velocity, of a binary that of its centre of mass")
    )
    age: Array = field(metadata=_means("Gyr", "Age"))
    mass: Array = field(metadata=_means("Msun", "Initial mass"))
    radius: Array = field(metadata=_means("Rsun", "Radius"))
    luminosity: Array = field(
        metadata=_means("Lsun", "Bolometric luminosity without the companion's")
    )
    phase: NDArray[np.int8] = field(
        metadata=_means("", "0 dwarf, 1 subgiant, 2 giant branch, 3 red clump")
    )
    alpha_fe: Array = field(metadata=_means("dex", "[alpha/Fe] of the cloud of birth"))
    a_v: Array = field(metadata=_means("mag", "Extinction in V"))
    labels: Array = field(metadata=_means("", "Labels of the primary, stars x SYNTHESIS_LABELS"))
    magnitudes: Array = field(
        metadata=_means("mag", "Apparent magnitudes with extinction, stars x BANDS (Vega)")
    )
    companions: Companions = field(metadata=_means("", "Unresolved companions"))

    def __len__(self) -> int:
        return len(self.number)

    def label(self, name: str) -> Array:
        """Return one label of all stars, as `starledger.compute.synthesis.labels` names it."""
        return np.asarray(self.labels[:, label_index(name)])

    def magnitude(self, band: str) -> Array:
        """Return the apparent magnitudes in one of `BANDS`."""
        return np.asarray(self.magnitudes[:, BANDS.index(band)])

    def sloan(self) -> SloanMagnitudes:
        """Return apparent magnitudes in Sloan g, r and i (AB)."""
        return sloan_magnitudes(self.magnitudes)

    def take(self, rows: Integers) -> Stars:
        """Return some rows in a given order; their numbers stay.

        Examples
        --------
        >>> from starledger.compute.simulate.population.truth import draw_stars
        >>> draw_stars(50, seed=1).take(np.array([7, 3])).number.tolist()
        [7, 3]
        """
        plain = {
            one.name: getattr(self, one.name)[rows]
            for one in fields(self)
            if one.name != "companions"
        }
        return Stars(companions=self.companions.take(rows), **plain)

    def to_table(self) -> Table:
        """Return all as one flat table: labels and ``g_mag``, ``companion_teff`` … as columns.

        Examples
        --------
        >>> from starledger.compute.simulate.population.truth import draw_stars
        >>> table = draw_stars(50, seed=1).to_table()
        >>> str(table["pmra"].unit), str(table["companion_k1"].unit)
        ('mas / yr', 'km / s')
        """
        table = Table()
        for one in fields(self):
            if one.name in {"labels", "magnitudes", "companions"}:
                continue
            meta = one.metadata
            table[one.name] = Column(
                getattr(self, one.name), unit=meta["unit"] or None, description=meta["description"]
            )
        for name in SYNTHESIS_LABELS:
            unit = "dex(cm/s2)" if name == "logg" else _LABEL_UNITS.get(name, "dex")
            table[name] = Column(self.label(name), unit=unit)
        for band in BANDS:
            table[f"{band}_mag"] = Column(self.magnitude(band), unit="mag")
        for one in fields(self.companions):
            values = getattr(self.companions, one.name)
            table[f"companion_{one.name}"] = Column(values, unit=_COMPANION_UNITS.get(one.name))
        return table


def visit_rv(stars: Stars, mjd: Array | float) -> Array:
    """Return the barycentric velocities of the primaries at times, in km/s.

    Parameters
    ----------
    stars
        The stars.
    mjd
        Barycentric times as MJD: one, one per star, or stars × times.

    Examples
    --------
    >>> from starledger.compute.simulate.population.truth import draw_stars
    >>> stars = draw_stars(100, seed=1)
    >>> visit_rv(stars, np.full((100, 3), 58000.0)).shape
    (100, 3)
    """
    orbit = orbital_velocities(stars.companions, mjd).primary
    return np.asarray(orbit + stars.rv.reshape(-1, *(1,) * (orbit.ndim - 1)))


def companion_rv(stars: Stars, mjd: Array | float) -> Array:
    """Return the barycentric velocities of the unseen companions at times, in km/s.

    Parameters
    ----------
    stars, mjd
        As for `visit_rv`. A single star gives its own velocity.
    """
    orbit = orbital_velocities(stars.companions, mjd).companion
    return np.asarray(orbit + stars.rv.reshape(-1, *(1,) * (orbit.ndim - 1)))
