from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from starledger.compute.simulate.population.isochrones import isochrone
from starledger.compute.training.label_sampling import (
    GIANTS_BELOW,
    HULL_LABELS,
    LabelSampling,
    UnsampledLabel,
    isochrone_points,
    sparse_sampling,
)

LABELS = ("mg_fe", "teff", "vmic", "logg", "fe_h", "vmac", "c_fe")


@pytest.fixture(scope="module")
def sampling() -> LabelSampling:
    return sparse_sampling(LABELS)


@pytest.fixture(scope="module")
def drawn(sampling: LabelSampling) -> NDArray[np.float64]:
    return sampling.draw(2000, seed=4)


def of(drawn: NDArray[np.float64], *names: str) -> NDArray[np.float64]:
    return drawn[:, [LABELS.index(name) for name in names]]


def test_all_stars_lie_in_the_hulls_half_of_them_giants(
    sampling: LabelSampling, drawn: NDArray[np.float64]
) -> None:
    places = of(drawn, *HULL_LABELS)
    giants = places[:, 1] < GIANTS_BELOW
    assert abs(giants.mean() - 0.5) < 0.01
    assert sampling.hulls[0].contains(places[giants]).all()
    assert sampling.hulls[1].contains(places[~giants]).all()


def test_the_other_labels_fill_their_ranges_evenly(drawn: NDArray[np.float64]) -> None:
    for name, low, high in [
        ("vmic", 0.1, 3.0),
        ("vmac", 0.0, 30.0),
        ("mg_fe", -0.5, 0.5),
        ("c_fe", -0.5, 0.5),
    ]:
        counts, _ = np.histogram(of(drawn, name), bins=10, range=(low, high))
        assert counts.sum() == 2000
        # Random draws would scatter by 14.
        assert abs(counts - 200).max() < 10
    free = np.corrcoef(of(drawn, "vmic", "vmac", "mg_fe", "c_fe", "fe_h").T)
    assert abs(free - np.eye(5)).max() < 0.06


def test_the_seed_decides(sampling: LabelSampling, drawn: NDArray[np.float64]) -> None:
    assert np.array_equal(sampling.draw(2000, seed=4), drawn)
    assert not np.isclose(sampling.draw(2000, seed=5), drawn).any()
    assert sampling.draw(1, seed=4).shape == (1, len(LABELS))


def test_abundances_follow_their_bins(sampling: LabelSampling) -> None:
    bins = sampling.abundances
    narrow = replace(bins, low=bins.low.copy())
    narrow.low[0, 0] = 0.4
    drawn = replace(sampling, abundances=narrow).draw(500, seed=1)
    poor = of(drawn, "fe_h")[:, 0] < bins.edges[1]
    assert 0 < poor.sum() < 500
    assert of(drawn, "mg_fe")[poor].min() >= 0.4
    assert of(drawn, "mg_fe")[~poor].min() < 0.0


def test_any_points_will_do() -> None:
    corner = np.array([[4000.0, 1.0, -1.0], [5000.0, 3.0, -1.0], [4500.0, 3.0, 0.0]])
    giants = np.concatenate([corner, corner + np.array([200.0, 0.5, 0.3])])
    dwarfs = giants + np.array([500.0, 4.0, 0.0])
    made = sparse_sampling(HULL_LABELS, np.concatenate([giants, dwarfs]), margin=0.1)
    drawn = made.draw(300, seed=1)
    assert drawn.min(0)[0] > 3900.0
    assert made.names == HULL_LABELS


def test_isochrones_hold_the_sun_and_the_clump() -> None:
    points = isochrone_points()
    sun = isochrone(np.array([4.6]), np.array([0.0]), np.array([1.0]))
    hulls = sparse_sampling(HULL_LABELS, points).hulls
    assert hulls[1].contains([[sun.teff[0], sun.logg[0], 0.0]]).all()
    assert hulls[0].contains([[4700.0, 2.4, 0.0]]).all()
    assert not hulls[0].contains([[6500.0, 1.0, 0.0]]).any()
    assert points[:, 0].min() >= 3500.0


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (["teff", "logg", "mg_fe"], "fe_h is not among"),
        (["teff", "logg", "fe_h", "age"], "age cannot be drawn"),
        (["teff", "logg", "fe_h", "mg_fe", "mg_fe"], "named twice"),
    ],
)
def test_labels_that_cannot_be_drawn_are_refused(labels: list[str], why: str) -> None:
    with pytest.raises(UnsampledLabel, match=why):
        sparse_sampling(labels)
