"""What repeats tell: how far a star's nights are apart, and whether chance explains it.

Spectra of one night share its weather, its sky and its calibration: they are brought together
first, and only nights are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from starledger.catalog.combine.estimators import Estimate, Solved
from starledger.catalog.combine.groups import Floats, Groups, Ints
from starledger.catalog.combine.measured import Measured

UNKNOWN_NIGHT = -1
"""Stands for the night of a spectrum that has none, as sums of visits do."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """How the nights of stars compare; NaN where a star, or a label, has fewer than two.

    Parameters
    ----------
    scatter
        Standard deviation between nights: stars × labels.
    p
        How often chance alone gives so large a scatter: stars × labels.
    chi2
        Squared distance of the nights from the star's values, in errors, over all labels.
    """

    scatter: Floats
    p: Floats
    chi2: Floats


@dataclass(frozen=True, slots=True)
class Nights:
    """The nights of stars, all visits of one brought together.

    Parameters
    ----------
    sums, solved
        Of each night.
    stars
        To which the nights belong.
    n_known
        How many nights of each star have a date.
    """

    sums: Floats
    solved: Solved
    stars: Groups
    n_known: Ints


def by_night(
    rows: Measured, terms: Floats, night: Ints, stars: Groups, estimate: Estimate
) -> Nights:
    """Bring the visits of each night together."""
    star = stars.of_rows
    order = np.lexsort((night, star))
    groups = Groups.of(star[order], night[order])
    first = order[groups.starts]
    sums = groups.sum(terms[order])
    values = np.where(rows.used, rows.values, np.nan)[first]
    covariance = rows.covariance[first]
    several = groups.counts > 1
    if several.any():
        together = estimate.solve(sums[several], values.shape[1])
        values[several], covariance[several] = together.values, together.covariance
    stars_of_nights = Groups.of(star[first])
    known = night[first] != UNKNOWN_NIGHT
    n_known = stars_of_nights.sum(known.astype(float)).astype(np.int64)
    return Nights(sums, Solved(values, covariance), stars_of_nights, n_known)


def compared(nights: Nights, centre: Floats, estimate: Estimate, floor: float = 0.0) -> Repeats:
    """Compare the nights of each star.

    Parameters
    ----------
    nights
        All nights of some stars.
    centre
        The values of the stars, of which `Repeats.chi2` tells how far the nights are.
    estimate
        By which the nights were made.
    floor
        Added in quadrature to the nights' errors for `Repeats.p`, in the values' unit.
    """
    stars, values = nights.stars, nights.solved.values
    there = np.isfinite(values)
    enough = (stars.sum(there.astype(float)) > 1) & (nights.n_known > 1)[:, None]
    ones = np.where(there, 1.0, 0.0)
    scatter = np.sqrt(_about_mean(values, ones, stars) / _freedom(ones, stars))
    precision = np.where(there, 1.0 / (nights.solved.variances + floor**2), 0.0)
    deviation = _about_mean(values, precision, stars)
    p = chdtrc(_freedom(ones, stars), deviation)
    chi2 = stars.sum(estimate.chi2(nights.sums, nights.solved, centre[stars.of_rows]))
    return Repeats(
        np.where(enough, scatter, np.nan),
        np.where(enough, p, np.nan),
        np.where(enough.any(axis=1), chi2, np.nan),
    )


def _freedom(ones: Floats, stars: Groups) -> Floats:
    return np.maximum(stars.sum(ones) - 1, 1)


def _about_mean(values: Floats, weights: Floats, stars: Groups) -> Floats:
    """Return the weighted sum of the squared deviations from the weighted mean."""
    there = np.where(weights > 0, values, 0.0)
    total = stars.sum(weights)
    mean = stars.sum(weights * there) / np.where(total > 0, total, 1.0)
    return stars.sum(weights * (there - mean[stars.of_rows]) ** 2)
