"""What the truth says of a release: widths of pulls, and trends left in calibrated labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import median_abs_deviation

from starledger.catalog.calibrate.error_scale import ONE_SIGMA, TWO_SIGMA
from tests.realistic.sky import LABELS, Sky
from tests.realistic.way import RANGE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_FE_H = -1.5


@dataclass(frozen=True)
class Width:
    """How wide pulls are: 1 where errors are right.

    Parameters
    ----------
    one, two
        Within which 68.27 % of the absolute pulls lie, and half of within which 95.45 % do.
    plain
        Root of their mean square.
    error
        Sampling error of `one`.
    count
        How many there are.
    """

    one: float
    two: float
    plain: float
    error: float
    count: int

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.one:.2f} ± {self.error:.2f} ({self.two:.2f}, {self.plain:.2f})"


def width(pulls: Floats) -> Width:
    """Return how wide pulls are, missing ones left out."""
    size = np.abs(pulls[np.isfinite(pulls)])
    one, two = np.quantile(size, [ONE_SIGMA, TWO_SIGMA])
    # √(p (1 − p)) over the density of |z| at 1, for a Gaussian.
    error = 0.962 * one / np.sqrt(len(size))
    plain = np.sqrt(np.mean(size**2))
    return Width(float(one), float(two / 2), float(plain), float(error), len(size))


@dataclass(frozen=True)
class Trend:
    """What is left along a variable.

    Parameters
    ----------
    at, left, error
        Of bins of equal numbers: mean of the variable, mean of what is left without far outliers,
        and its standard error.
    """

    at: Floats
    left: Floats
    error: Floats

    @property
    def largest(self) -> float:
        """The largest of all bins."""
        return float(np.abs(self.left).max())

    @property
    def surely(self) -> float:
        """The largest of all bins beyond two standard errors: what is not chance."""
        return float(np.maximum(np.abs(self.left) - 2.0 * self.error, 0.0).max())


def trend(at: Floats, left: Floats, bins: int, clip: float = 4.0) -> Trend:
    """Return what is left in bins of equal numbers, what is beyond `clip` widths left out."""
    known = np.isfinite(at) & np.isfinite(left)
    at, left = at[known], left[known]
    rows = np.array_split(np.argsort(at), bins)
    means, errors = [], []
    for mine in rows:
        some = left[mine]
        near = np.abs(some - np.median(some)) < clip * median_abs_deviation(some, scale="normal")
        means.append(some[near].mean())
        errors.append(some[near].std(ddof=1) / np.sqrt(near.sum()))
    return Trend(np.array([at[mine].mean() for mine in rows]), np.array(means), np.array(errors))


@dataclass(frozen=True)
class Compared:
    """Stars of a release beside the truth.

    Parameters
    ----------
    stars
        Columns of the release, of stars without a bad flag within the calibrated range.
    truth
        Their true labels.
    held_out, in_m67, single
        Which no reference catalog and no derivation knew; which are of M67; which have no
        unresolved companion.
    """

    stars: Mapping[str, NDArray[Any]]
    truth: Mapping[str, Floats]
    held_out: Flags
    in_m67: Flags
    single: Flags

    @property
    def everyone(self) -> Flags:
        """All stars."""
        return np.ones(len(self.single), bool)

    def pulls(self, label: str, which: Flags, *, raw: bool = False) -> Width:
        """Return how wide the pulls of some stars are, with calibrated or with raw errors.

        The label is the calibrated one in both.
        """
        error = self.stars[f"{'raw_' if raw else ''}err_{label}"]
        return width(((self.stars[label] - self.truth[label]) / error)[which])

    def scatter(self, label: str, which: Flags) -> float:
        """Return within which 68 % of the stars are of the truth."""
        left = np.abs(self.stars[label] - self.truth[label])[which]
        return float(np.quantile(left[np.isfinite(left)], ONE_SIGMA))

    def left(self, label: str, along: str, which: Flags, bins: int, *, raw: bool = False) -> Trend:
        """Return by how much a label of some stars is above the truth, along a true label."""
        values = self.stars[f"raw_{label}" if raw else label] - self.truth[label]
        return trend(self.truth[along][which], values[which], bins)


def compared(stars: Mapping[str, NDArray[Any]], sky: Sky) -> Compared:
    """Set stars of a release beside the truth."""
    low, high = RANGE
    within = (stars["raw_teff"] > low) & (stars["raw_teff"] < high)
    within &= (stars["raw_fe_h"] > LEAST_FE_H) & (stars["flag_bad"] == 0)
    order = np.argsort(sky.source_id)
    place = np.searchsorted(sky.source_id[order], stars["gaia_dr3_source_id"])
    at = order[place.clip(max=len(order) - 1)]
    within &= sky.source_id[at] == stars["gaia_dr3_source_id"]
    at = at[within]
    return Compared(
        {name: values[within] for name, values in stars.items()},
        {label: sky.label(label)[at] for label in LABELS},
        sky.held_out[at],
        sky.in_m67[at],
        sky.single[at],
    )
