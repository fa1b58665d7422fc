"""From the visits of stars to their combinations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from starledger.catalog.combine.estimators import BY_ERRORS, ESTIMATES, Estimate
from starledger.catalog.combine.groups import Bools, Floats, Groups, Ints
from starledger.catalog.combine.measured import (
    Measured,
    filled_covariance,
    usable,
    weights_by_signal,
)
from starledger.catalog.combine.outliers import outliers
from starledger.catalog.combine.packing import triangle
from starledger.catalog.combine.repeats import UNKNOWN_NIGHT, Repeats, by_night, compared
from starledger.catalog.combine.settings import CombineSettings
from starledger.catalog.combine.visits import Visits
from starledger.schema.flags import Scope, bad_mask, mask

_BAD_LABEL = bad_mask(Scope.LABEL)
_DISAGREE = mask(Scope.LABEL, "visits_disagree")
_DOUBLE_LINED = mask(Scope.STAR, "double_lined")
_RV_VARIABLE = mask(Scope.STAR, "rv_variable")
_REJECTED = mask(Scope.STAR, "outliers_rejected")
_NO_CLEAN = mask(Scope.STAR, "no_clean_visit")


@dataclass(frozen=True, slots=True)
class Estimated:
    """Values of stars, NaN where missing; what repeats tell is NaN where there are none.

    Parameters
    ----------
    values, errors
        Stars × labels.
    covariance
        Packed.
    repeats
        How the nights compare.
    n_by_errors
        Visits whose errors stood in for their covariance, missing or none.
    """

    values: Floats
    errors: Floats
    covariance: Floats
    repeats: Repeats
    n_by_errors: int


@dataclass(frozen=True, slots=True)
class Combined:
    """The combinations of stars, as columns; NaN where missing.

    Parameters
    ----------
    star_id, best_spectrum_id
        The stars and their visits of the highest S/N.
    labels
        Values of the labels, and what repeats tell of them.
    velocity
        The same of the radial velocity, stars × 1.
    label_flags, flags
        Of scopes label and star.
    snr
        S/N a pixel of all visits together.
    n_nights
        How many different nights there are.
    n_visits, n_rejected
        How many visits went in, or were left out.
    spectrum_ids, rejected_ids
        Which, star after star.
    """

    star_id: Ints
    best_spectrum_id: Ints
    labels: Estimated
    velocity: Estimated
    label_flags: Ints
    flags: Ints
    snr: Floats
    n_nights: Ints
    n_visits: Ints
    n_rejected: Ints
    spectrum_ids: Ints
    rejected_ids: Ints

    def __len__(self) -> int:
        """Return how many stars there are."""
        return len(self.star_id)


def combined(visits: Visits, settings: CombineSettings) -> Combined:
    """Combine the visits of stars, all of each star's being given."""
    rejected = _rejected(visits, settings)
    kept, left_out = visits.rows(~rejected), visits.rows(rejected)
    stars = Groups.of(kept.star_id)
    bad = (kept.label_flags & _BAD_LABEL) != 0
    counting = usable(kept.labels, kept.errors, bad, stars)
    weight = weights_by_signal(kept.snr, kept.snr_z, stars)
    labels = estimated(
        Measured(kept.labels, kept.errors, kept.covariance, counting, weight),
        kept.night,
        stars,
        ESTIMATES[settings.estimator],
    )
    velocity = _velocity(kept, stars, weight, settings.rv_floor)
    n_rejected = _counts(left_out.star_id, kept.star_id[stars.starts])
    return Combined(
        star_id=kept.star_id[stars.starts],
        best_spectrum_id=kept.spectrum_id[stars.starts],
        labels=labels,
        velocity=velocity,
        label_flags=_label_flags(kept, counting, stars, labels, settings.disagree_p),
        flags=_flags(kept, stars, n_rejected, velocity, settings.variable_p),
        snr=_signal(kept.snr, stars),
        n_nights=_n_nights(kept.night, stars),
        n_visits=stars.counts,
        n_rejected=n_rejected,
        spectrum_ids=_sorted_ids(kept),
        rejected_ids=_sorted_ids(left_out),
    )


def estimated(
    rows: Measured, night: Ints, stars: Groups, estimate: Estimate, floor: float = 0.0
) -> Estimated:
    """Return the values of stars; those of stars with one row are the row's, to the last bit.

    Parameters
    ----------
    rows
        Each star's best one first; the covariance NaN where missing.
    night
        Of each row.
    stars
        To which the rows belong.
    estimate
        How they are weighted.
    floor
        Added to errors in quadrature when nights are compared.
    """
    first = stars.starts
    nothing = np.full(rows.values[first].shape, np.nan)
    no_repeats = Repeats(nothing, nothing, nothing[:, 0])
    alone = Estimated(rows.values[first], rows.errors[first], rows.covariance[first], no_repeats, 0)
    several = stars.counts > 1
    if not several.any():
        return alone
    in_several = several[stars.of_rows]
    groups = Groups.of(stars.of_rows[in_several])
    together = _together(rows.rows(in_several), night[in_several], groups, estimate, floor)
    return _merged(alone, together, several)


def _together(
    rows: Measured, night: Ints, stars: Groups, estimate: Estimate, floor: float
) -> Estimated:
    """Return the values of stars that have several rows each."""
    covariance, missing = filled_covariance(rows.covariance, rows.errors, rows.used)
    rows = replace(rows, covariance=covariance)
    terms, n_refused = estimate.terms(rows)
    solved = estimate.solve(stars.sum(terms), rows.values.shape[1])
    nights = by_night(rows, terms, night, stars, estimate)
    # Where no visit told how labels go together, the combination does not know it either.
    untold = ~stars.any(~missing)[:, None] | ~_pairs_there(solved.values)
    return Estimated(
        _or_first(solved.values, rows.values, stars),
        np.sqrt(solved.variances),
        np.where(untold, np.nan, solved.covariance),
        compared(nights, solved.values, estimate, floor),
        int(missing.sum()) + n_refused,
    )


def _merged(alone: Estimated, together: Estimated, several: Bools) -> Estimated:
    """Return the values of all stars, from those of one row and those of several."""

    def merged(one: Floats, many: Floats) -> Floats:
        both = one.copy()
        both[several] = many
        return both

    repeats = (
        merged(getattr(alone.repeats, name), getattr(together.repeats, name))
        for name in ("scatter", "p", "chi2")
    )
    return Estimated(
        merged(alone.values, together.values),
        merged(alone.errors, together.errors),
        merged(alone.covariance, together.covariance),
        Repeats(*repeats),
        together.n_by_errors,
    )


def _pairs_there(values: Floats) -> Bools:
    there = np.isfinite(values)
    i, j = triangle(values.shape[1])
    return there[:, i] & there[:, j]


def _or_first(solved: Floats, values: Floats, stars: Groups) -> Floats:
    """Return solved values; where no visit has an error, the value of the best that has one."""
    first = stars.first(np.isfinite(values))
    rows = np.minimum(first, len(values) - 1)
    found = np.take_along_axis(values, rows, axis=0)
    missing = np.isnan(solved) & (first < len(values))
    return np.where(missing, found, solved)


def _rejected(visits: Visits, settings: CombineSettings) -> Bools:
    if settings.outlier_sigmas is None:
        return np.zeros(len(visits), np.bool_)
    good = np.isfinite(visits.labels) & np.isfinite(visits.errors)
    return outliers(
        visits.labels,
        visits.errors,
        good & ((visits.label_flags & _BAD_LABEL) == 0),
        Groups.of(visits.star_id),
        settings.outlier_sigmas,
        settings.outlier_min_visits,
    )


def _velocity(visits: Visits, stars: Groups, weight: Floats, floor: float) -> Estimated:
    """Return the radial velocities, always weighted by their errors."""
    rv, error = visits.rv[:, None], visits.err_rv[:, None]
    there = np.isfinite(rv) & np.isfinite(error)
    return estimated(
        Measured(rv, error, error**2, there, weight), visits.night, stars, BY_ERRORS, floor
    )


def _label_flags(
    visits: Visits, counting: Bools, stars: Groups, labels: Estimated, limit: float
) -> Ints:
    """Return the flags of the values that went in, and of all where none could."""
    none = ~stars.any(counting)[stars.of_rows]
    flags = stars.union(np.where(counting | none, visits.label_flags, 0))
    disagreeing: Ints = np.where(labels.repeats.p < limit, flags | _DISAGREE, flags)
    return disagreeing


def _flags(
    visits: Visits, stars: Groups, n_rejected: Ints, velocity: Estimated, limit: float
) -> Ints:
    first = stars.starts
    raised = {
        _DOUBLE_LINED: visits.double_lined[first],
        _NO_CLEAN: ~visits.clean[first],
        _REJECTED: n_rejected > 0,
        _RV_VARIABLE: velocity.repeats.p[:, 0] < limit,
    }
    flags = np.zeros(len(stars), np.int64)
    for bit, where in raised.items():
        flags |= np.where(where, bit, 0)
    return flags


def _signal(snr: Floats, stars: Groups) -> Floats:
    """Return the S/N of all visits together; NaN where none has one."""
    total = stars.sum(np.nan_to_num(snr) ** 2)
    return np.where(stars.any(np.isfinite(snr)), np.sqrt(total), np.nan)


def _n_nights(night: Ints, stars: Groups) -> Ints:
    order = np.lexsort((night, stars.of_rows))
    groups = Groups.of(stars.of_rows[order], night[order])
    first = order[groups.starts]
    known = first[night[first] != UNKNOWN_NIGHT]
    return np.bincount(stars.of_rows[known], minlength=len(stars))


def _counts(star_id: Ints, stars: Ints) -> Ints:
    """Return how many rows each star has; both are in order."""
    return np.searchsorted(star_id, stars, "right") - np.searchsorted(star_id, stars, "left")


def _sorted_ids(visits: Visits) -> Ints:
    return visits.spectrum_id[np.lexsort((visits.spectrum_id, visits.star_id))]
