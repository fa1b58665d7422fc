"""The visits of stars with what a model found of them, as columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from starledger.catalog.combine.groups import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits in the order of their stars, each star's best one first.

    What is missing is NaN, and -1 for a night.

    Parameters
    ----------
    star_id, spectrum_id
        Whose they are, and which.
    clean
        Whether the fit is free of bad flags; else it is the only one here of its star.
    double_lined
        Whether any visit of the star, here or not, shows the lines of two.
    night
        Day number, -1 where there is none.
    snr, snr_z
        S/N a pixel, over all wavelengths and in the z band.
    rv, err_rv
        Barycentric radial velocity and its error, in km/s.
    topocentric
        Whether a velocity was left out, because the Earth's own share in it is not known.
    label_flags
        Visits × labels.
    labels, errors
        Visits × labels, each in its own unit.
    covariance
        Of the labels, packed.
    """

    star_id: Ints
    spectrum_id: Ints
    clean: Bools
    double_lined: Bools
    night: Ints
    snr: Floats
    snr_z: Floats
    rv: Floats
    err_rv: Floats
    topocentric: Bools
    label_flags: Ints
    labels: Floats
    errors: Floats
    covariance: Floats

    def __len__(self) -> int:
        """Return how many visits there are."""
        return len(self.star_id)

    def rows(self, which: Bools | slice) -> Self:
        """Return some of the visits."""
        return type(self)(*(getattr(self, one.name)[which] for one in fields(self)))

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Return the visits of several parts as one."""
        return cls(*(np.concatenate([getattr(p, one.name) for p in parts]) for one in fields(cls)))
