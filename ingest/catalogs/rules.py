"""The rules of our columns, tried on whole columns before they reach the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import REAL

from starledger.schema.tables.base import (
    CORRELATION,
    COUNT,
    DECLINATION,
    JULIAN_YEAR,
    MJD,
    NON_NEGATIVE,
    ORDINAL,
    POSITIVE,
    RIGHT_ASCENSION,
    Rule,
)

Values = NDArray[np.float64]
Keeps = Callable[[Values], NDArray[np.bool_]]

_KEEPS: dict[Rule, tuple[Keeps, str]] = {
    NON_NEGATIVE: (lambda v: (v >= 0) & np.isfinite(v), "is negative"),
    POSITIVE: (lambda v: (v > 0) & np.isfinite(v), "is not positive"),
    COUNT: (lambda v: v >= 0, "is negative"),
    ORDINAL: (lambda v: v >= 1, "is not counted from 1"),
    RIGHT_ASCENSION: (lambda v: (v >= 0) & (v < 360), "is not within 0 to 360"),
    DECLINATION: (lambda v: (v >= -90) & (v <= 90), "is not within -90 to 90"),
    JULIAN_YEAR: (lambda v: (v >= 1800) & (v <= 2200), "is not within 1800 to 2200"),
    MJD: (lambda v: (v > 0) & (v < 200_000), "is not within 0 to 200000"),
    CORRELATION: (lambda v: (v >= -1) & (v <= 1), "is not within -1 to 1"),
}
_WHOLE_RANGES = {
    sa.SmallInteger: (-(2**15), 2**15 - 1),
    sa.Integer: (-(2**31), 2**31 - 1),
    sa.BigInteger: (-(2**63), 2**63 - 1),
}
_LARGEST_REAL = float(np.finfo(np.float32).max)


def broken(column: sa.Column[Any], values: Values) -> tuple[NDArray[np.bool_], str]:
    """Return which values a column refuses, and why as the end of a sentence.

    Parameters
    ----------
    column
        One of our tables' columns of numbers.
    values
        As double precision; those that are missing may be anything.

    Examples
    --------
    >>> from starledger.schema.tables import SurveyVisit
    >>> broken(SurveyVisit.__table__.c.dec, np.array([-91.0, 0.0]))
    (array([ True, False]), 'is not within -90 to 90')
    """
    for kind, (least, most) in _WHOLE_RANGES.items():
        if type(column.type) is kind and kind is not sa.BigInteger:
            outside = (values < least) | (values > most)
            if outside.any():
                return outside, "is too large"
    rule = column.info.get("rule")
    if rule in _KEEPS:
        keeps, why = _KEEPS[rule]
        return ~keeps(values), why
    if isinstance(column.type, REAL):
        return ~(np.abs(values) <= _LARGEST_REAL), "is not finite"
    if isinstance(column.type, sa.Double):
        return ~np.isfinite(values), "is not finite"
    return np.zeros(len(values), np.bool_), ""
