"""Clusters are of one stuff, at one place and move together."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.clusters import CLUSTERS, Cluster
from starledger.compute.simulate.population.isochrones import Phase
from starledger.compute.simulate.population.stars import Stars
from starledger.compute.synthesis.labels import ABUNDANCE_LABELS

MIXED = {"li_fe", "c_fe", "n_fe", "na_fe"}


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda cluster: cluster.name)
def test_members_are_alike(stars: Stars, cluster: Cluster) -> None:
    rows = stars.component == cluster.name
    assert rows.sum() > 50
    assert set(stars.age[rows]) == {cluster.age}
    for name in {"fe_h", *ABUNDANCE_LABELS} - MIXED:
        assert np.ptp(stars.label(name)[rows]) < 1e-12
    for found, mean in ((stars.pmra, cluster.pmra), (stars.pmdec, cluster.pmdec)):
        assert np.median(found[rows]) == pytest.approx(mean, abs=0.2)
    assert np.median(stars.rv[rows]) == pytest.approx(cluster.rv, abs=0.3)
    assert np.median(stars.parallax[rows]) == pytest.approx(cluster.parallax, rel=0.01)
    apart = np.hypot(
        (stars.ra[rows] - cluster.ra) * np.cos(np.radians(cluster.dec)),
        stars.dec[rows] - cluster.dec,
    )
    assert np.median(apart) == pytest.approx(cluster.radius, rel=0.25)


def test_dwarfs_and_giants_of_m67(stars: Stars) -> None:
    rows = stars.component == "M67"
    phases = np.bincount(stars.phase[rows], minlength=4)
    assert np.all(phases[:4] > 5)
    clump = rows & (stars.phase == Phase.RED_CLUMP)
    # M67's clump lies at G = 10.2 or so, its turn-off at 13.2.
    single = clump & ~stars.companions.exists
    assert np.median(stars.magnitude("g")[single]) == pytest.approx(10.2, abs=0.3)


def test_ages_range_from_young_to_old() -> None:
    assert min(cluster.age for cluster in CLUSTERS) < 0.2
    assert max(cluster.age for cluster in CLUSTERS) > 8
    assert min(cluster.fe_h for cluster in CLUSTERS) <= -0.3
