"""Shapes that cannot be are refused, with what is wrong in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.shapes import Shape, tables_of
from tests.catalog.adql.sky.asking import box, circle, point, polygon


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: point(10, 90.0001), "declination 90.0001 is beyond the poles"),
        (lambda: point(10, "-45 * 3"), "declination -135 is beyond the poles"),
        (lambda: point(1e300, 1), "is no angle"),
        (lambda: circle(1, 1, -0.5), "radius -0.5 of a circle is negative"),
        (lambda: circle(1, -91, 1), "beyond the poles"),
        (lambda: box(1, 1, 0, 1), "width 0 of a box is not between 0 and 180"),
        (lambda: box(1, 1, 1, 180), "height 180 of a box is not between 0 and 180"),
        (lambda: polygon([1, 2], [1, 2]), "A polygon has 2 vertices"),
        (lambda: polygon([1, 2, 2, 361], [1, 2, 2, 1]), "A polygon has 2 different vertices"),
        (lambda: polygon([0, 180, 90], [10, -10, 80]), "joins opposite points"),
        (lambda: polygon([0, 1, 1, 0], [0, 1, 0, 1]), "Sides 1 and 3 of a polygon cross"),
    ],
)
def test_refused(made: Callable[[], Shape], message: str) -> None:
    with pytest.raises(SkyError, match=message):
        made()


def test_right_ascensions_turn_round() -> None:
    assert point(-10, 0).constant == (350.0, 0.0)
    assert point("360 + 5", 0).constant == (5.0, 0.0)


def test_a_last_vertex_may_repeat_the_first() -> None:
    outline = polygon([0, 4, 2, 0], [0, 0, 3, 0]).constant
    assert outline is not None
    assert len(outline.corners) == 3


def test_tables_of_a_shape() -> None:
    assert tables_of(circle("a.ra", 1, "b.radius / 2")) == {"a", "b"}
