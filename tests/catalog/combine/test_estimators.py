from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from starledger.catalog.combine.estimators import ESTIMATES
from starledger.catalog.combine.groups import Groups
from starledger.catalog.combine.settings import Estimator
from starledger.catalog.combine.stars import estimated
from tests.catalog.combine.made_up import (
    covariances,
    drawn,
    measured,
    of_one_star,
    unpack,
    visits_of,
)

WEIGHING = [Estimator.INVERSE_VARIANCE, Estimator.DIAGONAL, Estimator.SNR]
SCALE = np.array([50.0, 0.1, 0.05, 0.08, 3.0])
TRUTH = np.array([5772.0, 4.4, -0.3, 0.1, 12.0])


@pytest.mark.parametrize("how", WEIGHING)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 5),
    counts=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    missing=st.floats(0, 0.4),
    nights=st.integers(1, 4),
)
def test_ragged_groups_agree_with_each_star_by_itself(
    how: Estimator, seed: int, n: int, counts: list[int], missing: float, nights: int
) -> None:
    rng = np.random.default_rng(seed)
    star = np.repeat(np.arange(len(counts)), counts)
    covariance = covariances(rng, len(star), SCALE[:n])
    labels = drawn(rng, TRUTH[:n], covariance)
    # Each star's first visit has all labels, so that each has a value.
    first = np.concatenate([[True], star[1:] != star[:-1]])
    labels[(rng.random(labels.shape) < missing) & ~first[:, None]] = np.nan
    visits = visits_of(
        star, labels, covariance, snr=rng.uniform(5, 200, len(star)),
        night=rng.integers(0, nights, len(star)),
    )  # fmt: skip
    stars = Groups.of(star)
    found = estimated(measured(visits, stars), visits.night, stars, ESTIMATES[how])
    for number in range(len(counts)):
        values, matrix = of_one_star(how, visits.rows(star == number))
        assert np.allclose(found.values[number], values, rtol=1e-7, atol=1e-7)
        scale = np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
        assert np.allclose(unpack(found.covariance[number], n) / scale, matrix / scale, atol=1e-6)
        assert np.allclose(found.errors[number], np.sqrt(np.diag(matrix)), rtol=1e-6)


@pytest.mark.parametrize("how", WEIGHING)
def test_pulls_of_repeats_are_normal_with_width_one(how: Estimator) -> None:
    rng = np.random.default_rng(3)
    star = np.repeat(np.arange(3000), rng.integers(2, 6, 3000))
    covariance = covariances(rng, len(star), SCALE)
    root = np.linalg.cholesky(np.array([unpack(one, 5) for one in covariance]))
    labels = TRUTH + np.einsum("rij,rj->ri", root, rng.normal(size=(len(star), 5)))
    visits = visits_of(star, labels, covariance, snr=rng.uniform(5, 200, len(star)))
    stars = Groups.of(star)
    found = estimated(measured(visits, stars), visits.night, stars, ESTIMATES[how])
    pulls = (found.values - TRUTH) / found.errors
    assert np.all(np.abs(pulls.std(axis=0) - 1) < 0.05)
    assert all(kstest(pull, "norm").pvalue > 1e-4 for pull in pulls.T)


def test_the_whole_covariance_gives_the_smallest_errors() -> None:
    rng = np.random.default_rng(4)
    star = np.repeat(np.arange(50), 3)
    covariance = covariances(rng, len(star), SCALE)
    visits = visits_of(star, drawn(rng, TRUTH, covariance), covariance)
    stars = Groups.of(star)
    rows = measured(visits, stars)
    best, diagonal, snr = (
        estimated(rows, visits.night, stars, ESTIMATES[how]).errors for how in WEIGHING
    )
    assert np.all(best <= diagonal * (1 + 1e-9))
    assert np.all(diagonal <= snr * (1 + 1e-9))


def test_a_covariance_that_is_none_gives_way_to_the_errors() -> None:
    covariance = np.array([[1.0, 2.0, 1.0], [1.0, 0.0, 1.0]])
    visits = visits_of(np.zeros(2), np.array([[0.0, 0.0], [1.0, 1.0]]), covariance)
    stars = Groups.of(visits.star_id)
    found = estimated(
        measured(visits, stars), visits.night, stars, ESTIMATES[Estimator.INVERSE_VARIANCE]
    )
    assert found.n_by_errors == 1
    assert np.allclose(found.values, 0.5)
    assert np.allclose(found.errors, np.sqrt(0.5))
