"""Drawing is deterministic and gives what was asked for."""

from __future__ import annotations

import time
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.compute.simulate.population.selection import Selection
from starledger.compute.simulate.population.stars import Stars
from starledger.compute.simulate.population.truth import Mixture, draw_stars


def content(stars: Stars) -> bytes:
    """All bytes of all columns."""
    table = stars.to_table()
    return b"".join(np.asarray(table[name]).tobytes() for name in table.colnames)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert content(draw_stars(500, seed=5)) == content(draw_stars(500, seed=5))


def test_another_seed_gives_others() -> None:
    assert not np.isin(draw_stars(500, 5).ra, draw_stars(500, 6).ra).any()


def test_kinds(stars: Stars) -> None:
    assert len(stars) == 20_000
    assert np.array_equal(stars.number, np.arange(20_000))
    assert (stars.cluster >= 0).mean() == pytest.approx(0.05, abs=0.002)
    field = stars.cluster < 0
    for name, share in (("thin", 0.70), ("thick", 0.22), ("halo", 0.08)):
        assert (stars.component[field] == name).mean() == pytest.approx(share, abs=0.02)


def test_brightness(stars: Stars) -> None:
    g = stars.magnitude("g")
    # Companions can lift a star over the bright limit, by 0.75 mag for twins.
    assert g.min() > 8.2
    # Members of clusters are chosen as if all were at the middle.
    assert g.max() < 17.85


def test_other_mixture() -> None:
    mixture = Mixture(clusters=0.0, wide=0.0, binaries=0.0, field={"halo": 1.0})
    drawn = draw_stars(300, 1, limits=Selection(faint=16.0), mixture=mixture)
    assert set(drawn.component.tolist()) == {"halo"}
    assert not drawn.companions.exists.any()
    assert drawn.wide_partner.max() == -1
    assert drawn.magnitude("g").max() < 16.0


@settings(max_examples=12)
@given(n=st.integers(1, 60), seed=st.integers(0, 2**63))
def test_any_number_and_seed(n: int, seed: int) -> None:
    drawn = draw_stars(n, seed)
    for one in fields(Stars):
        assert (
            len(
                getattr(drawn, one.name).exists
                if one.name == "companions"
                else getattr(drawn, one.name)
            )
            == n
        )


@pytest.mark.slow
def test_a_hundred_thousand_stars_take_seconds() -> None:
    draw_stars(100, seed=0)
    start = time.process_time()
    assert len(draw_stars(100_000, seed=0)) == 100_000
    assert time.process_time() - start < 20
