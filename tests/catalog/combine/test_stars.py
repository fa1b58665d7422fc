from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from starledger.catalog.combine.settings import CombineSettings, Estimator
from starledger.catalog.combine.stars import combined
from starledger.catalog.combine.visits import Visits
from starledger.schema.flags import Scope, mask, names
from tests.catalog.combine.made_up import covariances, drawn, visits_of

SCALE = np.array([50.0, 0.1])
TRUTH = np.array([5000.0, 3.0])
AT_BOUND = mask(Scope.LABEL, "at_bound")
UNCONSTRAINED = mask(Scope.LABEL, "unconstrained")


def some(star: list[int], **more: Any) -> Visits:
    rng = np.random.default_rng(11)
    covariance = covariances(rng, len(star), SCALE)
    return visits_of(np.array(star), drawn(rng, TRUTH, covariance), covariance, **more)


def test_a_single_visit_is_copied_to_the_last_bit() -> None:
    flags = np.array([[AT_BOUND, UNCONSTRAINED]])
    labels = np.array([[5000.0, np.nan]])
    covariance = np.array([[2500.0, np.nan, np.nan]])
    found = combined(
        visits_of(
            np.array([7]), labels, covariance,
            label_flags=flags, rv=np.array([12.5]), err_rv=np.array([np.nan]),
        ),
        CombineSettings(),
    )  # fmt: skip
    assert found.labels.values.tobytes() == labels.tobytes()
    assert found.labels.covariance.tobytes() == covariance.tobytes()
    assert found.label_flags.tolist() == flags.tolist()
    assert found.velocity.values.tolist() == [[12.5]]
    assert np.isnan(found.labels.repeats.scatter).all()
    assert (found.n_visits.item(), found.n_nights.item(), found.flags.item()) == (1, 1, 0)


def test_a_label_with_a_bad_flag_counts_only_where_there_is_no_other() -> None:
    flags = np.array(
        [[AT_BOUND, AT_BOUND], [0, AT_BOUND | UNCONSTRAINED], [UNCONSTRAINED, AT_BOUND]]
    )
    visits = some([1, 1, 1], label_flags=flags)
    found = combined(visits, CombineSettings(estimator=Estimator.DIAGONAL))
    assert found.label_flags.tolist() == [[UNCONSTRAINED, AT_BOUND | UNCONSTRAINED]]
    weights = visits.errors[1:, 0] ** -2.0
    assert found.labels.values[0, 0] == pytest.approx(
        np.average(visits.labels[1:, 0], weights=weights)
    )


def test_a_label_without_any_error_is_that_of_the_best_visit_that_has_it() -> None:
    labels = np.array([[5000.0, np.nan], [5010.0, 3.0], [5020.0, 4.0]])
    covariance = np.tile([2500.0, np.nan, np.nan], (3, 1))
    found = combined(visits_of(np.ones(3), labels, covariance), CombineSettings())
    assert found.labels.values[0].tolist() == pytest.approx([5010.0, 3.0])
    assert np.isnan(found.labels.errors[0]).tolist() == [False, True]
    assert np.isnan(found.labels.covariance[0]).tolist() == [False, True, True]


def test_labels_that_no_visit_has_stay_missing() -> None:
    labels = np.array([[5000.0, np.nan], [5010.0, np.nan]])
    covariance = np.tile([2500.0, np.nan, np.nan], (2, 1))
    found = combined(visits_of(np.ones(2), labels, covariance), CombineSettings())
    assert np.isnan(found.labels.values[0]).tolist() == [False, True]
    assert found.labels.errors[0, 0] == pytest.approx(50 / np.sqrt(2))


def test_without_any_covariance_the_combination_has_none() -> None:
    labels = np.array([[5000.0, 3.0], [5010.0, 3.1]])
    covariance = np.full((2, 3), np.nan)
    visits = visits_of(np.ones(2), labels, covariance, errors=np.tile(SCALE, (2, 1)))
    found = combined(visits, CombineSettings())
    assert found.labels.n_by_errors == 2
    assert np.isnan(found.labels.covariance).all()
    assert found.labels.errors[0].tolist() == pytest.approx((SCALE / np.sqrt(2)).tolist())


def test_outliers_are_left_out_and_named() -> None:
    visits = some([1, 1, 1, 1, 2])
    visits.labels[2, 0] += 5000.0
    found = combined(visits, CombineSettings())
    assert names(Scope.STAR, int(found.flags[0])) == ["outliers_rejected"]
    assert found.n_rejected.tolist() == [1, 0]
    assert found.rejected_ids.tolist() == [102]
    assert found.spectrum_ids.tolist() == [100, 101, 103, 104]
    kept = combined(visits, CombineSettings(outlier_sigmas=None))
    assert kept.n_rejected.tolist() == [0, 0]
    assert names(Scope.LABEL, int(kept.label_flags[0, 0])) == ["visits_disagree"]


def test_the_best_visit_is_the_first_one_left() -> None:
    visits = some([1, 1, 1, 1])
    visits.labels[0, 0] += 5000.0
    assert combined(visits, CombineSettings()).best_spectrum_id.tolist() == [101]


def test_velocities_are_weighted_by_their_errors_and_their_variation_is_told() -> None:
    visits = some(
        [1, 1, 2, 2], rv=np.array([10.0, 13.0, 10.0, 40.0]), err_rv=np.array([1.0, 2.0] * 2)
    )
    found = combined(visits, CombineSettings())
    assert found.velocity.values[:, 0].tolist() == pytest.approx([10.6, 16.0])
    assert found.velocity.errors[:, 0].tolist() == pytest.approx([np.sqrt(0.8)] * 2)
    assert found.velocity.repeats.scatter[0, 0] == pytest.approx(3 / np.sqrt(2))
    assert [names(Scope.STAR, one) for one in found.flags.tolist()] == [[], ["rv_variable"]]
    assert not combined(visits, CombineSettings(rv_floor=10.0)).flags.any()


def test_a_velocity_without_an_error_is_taken_where_there_is_no_other() -> None:
    visits = some([1, 1], rv=np.array([10.0, 13.0]), err_rv=np.array([np.nan, np.nan]))
    found = combined(visits, CombineSettings())
    assert found.velocity.values.tolist() == [[10.0]]
    assert np.isnan(found.velocity.errors).all()


def test_signals_add_up_and_nights_are_counted_once() -> None:
    visits = some(
        [1, 1, 1, 2, 3], snr=np.array([30.0, 40.0, np.nan, np.nan, 5.0]),
        night=np.array([4, 4, 5, -1, 4]),
    )  # fmt: skip
    found = combined(visits, CombineSettings())
    assert found.snr[[0, 2]].tolist() == [50.0, 5.0]
    assert np.isnan(found.snr[1])
    assert found.n_nights.tolist() == [2, 0, 1]


def test_flags_of_stars_follow_from_their_visits() -> None:
    visits = some([1, 2], clean=np.array([True, False]), double_lined=np.array([True, False]))
    found = combined(visits, CombineSettings())
    assert [names(Scope.STAR, one) for one in found.flags.tolist()] == [
        ["double_lined"],
        ["no_clean_visit"],
    ]


@pytest.mark.parametrize("how", list(Estimator))
def test_a_star_does_not_depend_on_those_beside_it(how: Estimator) -> None:
    visits = some([1, 1, 1, 2, 3, 3, 3, 3, 4, 4], night=np.array([1, 1, 2, 1, 1, 2, 3, 4, 7, 7]))
    settings = CombineSettings(estimator=how)
    together = combined(visits, settings)
    for place, star in enumerate(together.star_id):
        alone = combined(visits.rows(visits.star_id == star), settings)
        assert alone.labels.values[0].tobytes() == together.labels.values[place].tobytes()
        assert alone.labels.covariance[0].tobytes() == together.labels.covariance[place].tobytes()
