from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_of
from scipy.stats import kstest

from starledger.catalog.combine.estimators import ESTIMATES
from starledger.catalog.combine.groups import Floats, Groups, Ints
from starledger.catalog.combine.repeats import UNKNOWN_NIGHT, Repeats
from starledger.catalog.combine.settings import Estimator
from starledger.catalog.combine.stars import estimated
from tests.catalog.combine.made_up import covariances, measured, unpack, visits_of

WEIGHING = [Estimator.INVERSE_VARIANCE, Estimator.DIAGONAL, Estimator.SNR]
N = 3
SCALE = np.array([50.0, 0.1, 0.05])


def repeats(how: Estimator, labels: Floats, covariance: Floats, star: Ints, night: Ints) -> Repeats:
    visits = visits_of(star, labels, covariance, night=night)
    stars = Groups.of(star)
    return estimated(measured(visits, stars), night, stars, ESTIMATES[how]).repeats


def one_star(labels: list[float], night: list[int], sigma: float = 1.0) -> Repeats:
    x = np.array(labels)[:, None]
    star = np.zeros(len(x), np.int64)
    covariance = np.full((len(x), 1), sigma**2)
    return repeats(Estimator.DIAGONAL, x, covariance, star, np.array(night))


@pytest.mark.parametrize("how", WEIGHING)
def test_chance_alone_gives_chi2_and_p_as_they_should_be(how: Estimator) -> None:
    rng = np.random.default_rng(5)
    star = np.repeat(np.arange(4000), 4)
    covariance = covariances(rng, len(star), SCALE)
    root = np.linalg.cholesky(np.array([unpack(one, N) for one in covariance]))
    labels = np.einsum("rij,rj->ri", root, rng.normal(size=(len(star), N)))
    # Two of the four visits are of the same night.
    night = np.tile([1, 2, 2, 3], 4000)
    found = repeats(how, labels, covariance, star, night)
    if how is Estimator.INVERSE_VARIANCE:
        assert kstest(found.chi2, chi2_of(N * 2).cdf).pvalue > 1e-4
    assert all(kstest(p, "uniform").pvalue > 1e-4 for p in found.p.T)


def test_the_scatter_is_between_nights() -> None:
    found = one_star([1.0, 3.0, 10.0, 12.0], [1, 1, 2, 2])
    assert found.scatter.item() == pytest.approx(np.std([2.0, 11.0], ddof=1))


def test_one_night_is_no_repeat_however_many_its_visits() -> None:
    found = one_star([1.0, 300.0, 2.0], [5, 5, 5])
    assert np.isnan([found.scatter.item(), found.p.item(), found.chi2.item()]).all()


def test_visits_of_unknown_nights_are_no_repeats() -> None:
    found = one_star([1.0, 300.0, 2.0], [UNKNOWN_NIGHT, UNKNOWN_NIGHT, 3])
    assert np.isnan([found.scatter.item(), found.p.item(), found.chi2.item()]).all()


def test_disagreement_is_significant() -> None:
    assert one_star([0.0, 8.0], [1, 2]).p.item() < 1e-6
    assert one_star([0.0, 1.0], [1, 2]).p.item() > 0.1


def test_a_label_that_one_night_has_does_not_scatter() -> None:
    star, night = np.zeros(2, np.int64), np.array([1, 2])
    labels = np.array([[1.0, 2.0], [2.0, np.nan]])
    covariance = np.tile([1.0, 0.0, 1.0], (2, 1))
    found = repeats(Estimator.INVERSE_VARIANCE, labels, covariance, star, night)
    assert np.isfinite(found.scatter[0]).tolist() == [True, False]
    assert found.chi2.item() == pytest.approx(0.5)
