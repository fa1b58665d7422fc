"""Ranges of cells that cover polygons are few, in order and hardly larger than they must be."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from starledger.catalog.adql.sky.cover import circle_ranges, outline_ranges
from tests.catalog.adql.sky.asking import polygon
from tests.catalog.adql.sky.test_containing import Star, stars

WHOLE = 12 * 4**29


@given(star=stars())
@settings(max_examples=100)
def test_ranges_are_few_in_order_and_apart(star: Star) -> None:
    outline = polygon(*star.corners).constant
    assert outline is not None
    ranges = np.array(outline_ranges(outline))
    assert (ranges[:, 0] <= ranges[:, 1]).all()
    assert (ranges[1:, 0] > ranges[:-1, 1] + 1).all()
    assert ranges[0, 0] >= 0
    assert ranges[-1, 1] < WHOLE
    assert len(ranges) <= 100


def test_thin_polygons_are_covered_closely() -> None:
    outline = polygon([10, 12, 12, 10], [0, 0, 1e-4, 1e-4]).constant
    assert outline is not None
    ranges = np.array(outline_ranges(outline))
    covered = np.sum(ranges[:, 1] - ranges[:, 0] + 1.0) / WHOLE * 41253
    assert covered < 0.3  # the square degrees around a line 2 degrees long


def test_the_whole_sky_is_one_range() -> None:
    assert circle_ranges(12.0, 34.0, 180.0) == [(0, WHOLE - 1)]
