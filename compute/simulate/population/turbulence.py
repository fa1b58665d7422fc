"""Motions that shape lines: micro- and macroturbulence and rotation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from starledger.compute.simulate.population.tracks import Array


class LineMotions(NamedTuple):
    """Speeds in km/s: microturbulence, macroturbulence, projected rotation."""

    vmic: Array
    vmac: Array
    vsini: Array


def line_motions(teff: Array, logg: Array, age: Array, rng: np.random.Generator) -> LineMotions:
    """Draw the motions in and of stars.

    Microturbulence is a plane in teff and log g like that of Dutra-Ferreira et al. (2016),
    macroturbulence that of Doyle et al. (2014) for dwarfs and grows to 6 km/s in giants. Dwarfs
    below 6250 K slow down with the root of their age, hotter ones keep their spin (Kraft 1967).

    Parameters
    ----------
    teff, logg, age
        In K, dex(cm/s2) and Gyr.
    rng
        Draws scatter, spins and inclinations.

    Examples
    --------
    >>> sun = (np.array([5772.0]), np.array([4.44]), np.array([4.6]))
    >>> 0.7 < float(line_motions(*sun, np.random.default_rng(0)).vmic[0]) < 1.4
    True
    """
    scatter = rng.standard_normal((3, len(teff)))
    warmer, lower = teff - 5772.0, 4.44 - logg
    vmic = 1.0 + 4.0e-4 * np.clip(warmer, -1000.0, 2000.0) + 0.3 * np.clip(lower, -0.5, 4.0)
    vmac = 3.2 + 2.3e-3 * np.maximum(warmer, -1200.0) + 2.0e-6 * warmer * np.abs(warmer)
    vmac = np.clip(vmac, 1.0, 9.0) + np.clip(1.3 * lower, 0.0, 4.0)
    slow = 2.0 * np.sqrt(4.6 / np.maximum(age, 0.1))
    hot = np.clip((teff - 6250.0) / 500.0, 0.0, 1.0)
    spin = slow ** (1 - hot) * 60.0**hot * 10 ** (0.2 * scatter[2])
    # A swelling star keeps its angular momentum and turns slowly.
    spin *= np.clip(10 ** (0.5 * (logg - 4.0)), 0.1, 1.0)
    inclined = np.sqrt(1 - rng.random(len(teff)) ** 2)
    return LineMotions(
        vmic=np.clip(vmic + 0.1 * scatter[0], 0.3, 4.0),
        vmac=np.clip(vmac * 10 ** (0.06 * scatter[1]), 0.5, 15.0),
        vsini=np.clip(spin * inclined, 0.1, 250.0),
    )
