"""Stars as they are born and where they are, before anybody asks what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.population.tracks import Array

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Bodies:
    """Drawn stars, one row each.

    Parameters
    ----------
    component
        ``thin``, ``thick``, ``halo`` or the name of a cluster.
    cluster
        Place of the cluster in `.clusters.CLUSTERS`, −1 in the field.
    birth
        Number of the cloud of birth: stars of the same cloud are of the same stuff.
    age, fe_h, alpha_fe, mass
        In Gyr, dex, dex and solar masses.
    ra, dec, distance
        ICRS in degrees, epoch 2016.0, and pc.
    pmra, pmdec, rv
        In mas/yr (pmra with cos dec) and km/s, barycentric.
    a_v
        Extinction in mag.
    """

    component: NDArray[np.str_]
    cluster: Integers
    birth: Integers
    age: Array
    fe_h: Array
    alpha_fe: Array
    mass: Array
    ra: Array
    dec: Array
    distance: Array
    pmra: Array
    pmdec: Array
    rv: Array
    a_v: Array

    def __len__(self) -> int:
        return len(self.ra)

    def take(self, rows: Integers) -> Bodies:
        """Return some rows in a given order."""
        return Bodies(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def joined(parts: Sequence[Bodies]) -> Bodies:
    """Return the rows of several lots, one lot after the other."""
    return Bodies(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Bodies)
        }
    )
