"""What a survey takes of the sky's stars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.population.tracks import Array


@dataclass(frozen=True)
class Selection:
    """The limits of a survey.

    Parameters
    ----------
    bright, faint
        Limits in apparent G, in mag.
    south, north
        Limits in declination, in degrees; clusters are taken wherever they are.
    teff, fe_h
        Limits in K and dex: what the synthesis can make.
    """

    bright: float = 9.0
    faint: float = 17.8
    south: float = -10.0
    north: float = 60.0
    teff: tuple[float, float] = (3500.0, 8000.0)
    fe_h: tuple[float, float] = (-2.5, 0.5)

    def takes(self, magnitude: Array, teff: Array, logg: Array, fe_h: Array) -> NDArray[np.bool_]:
        """Return which stars are within the limits in G, teff and [Fe/H], with log g from 0 to 5.

        Examples
        --------
        >>> Selection().takes(*np.array([[12.0, 20.0], [5000, 5000], [4.5, 4.5], [0, 0]]))
        array([ True, False])
        """
        within = (magnitude > self.bright) & (magnitude < self.faint)
        within &= (teff > self.teff[0]) & (teff < self.teff[1])
        within &= (fe_h > self.fe_h[0]) & (fe_h < self.fe_h[1])
        return np.asarray(within & (logg > 0.0) & (logg < 5.0))
