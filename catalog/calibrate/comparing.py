"""Two calibrations side by side: what differs, and by how much their corrections do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from starledger.catalog.calibrate.curve import corrections_at, ends_of, errors_at, middle_of
from starledger.catalog.calibrate.kept import as_calibration, content_of
from starledger.schema.errors import StarledgerError

_POINTS = 200


class NotComparable(StarledgerError):
    """Two calibrations that correct different things."""


@dataclass(frozen=True)
class Difference:
    """How two calibrations differ.

    Parameters
    ----------
    columns
        What differs, with both values.
    largest
        The largest difference of their corrections over the range that both have, in the label's
        unit, of factors as such.
    at
        Where in the first variable that is.
    sigmas
        That difference in units of the standard errors of both together; None where unknown.
    """

    columns: dict[str, tuple[Any, Any]]
    largest: float
    at: float
    sigmas: float | None


def compare(one: Row[Any], other: Row[Any]) -> Difference:
    """Return how two calibrations differ: in their columns, and in their corrections.

    Raises
    ------
    NotComparable
        They correct different things, or depend on different variables.
    """
    first, second = content_of(one), content_of(other)
    for what in ("label", "corrects"):
        if first[what] != second[what]:
            raise NotComparable(
                f"{one.name} is of {what} {first[what]} and {other.name} of {second[what]}.",
                remedy="Compare calibrations of one label.",
            )
    if first["variables"] and second["variables"] and first["variables"] != second["variables"]:
        raise NotComparable(
            f"{one.name} depends on {', '.join(first['variables'])} and {other.name} on"
            f" {', '.join(second['variables'])}.",
            remedy="Compare calibrations of the same variables.",
        )
    columns = {name: (first[name], second[name]) for name in first if first[name] != second[name]}
    return Difference(columns, *_largest(one, other))


def _largest(one: Row[Any], other: Row[Any]) -> tuple[float, float, float | None]:
    pair = [as_calibration(row.name, content_of(row)) for row in (one, other)]
    known = [calibration for calibration in pair if calibration.variables] or pair
    ends = [ends_of(calibration) for calibration in known]
    low, high = max(low for low, _ in ends), min(high for _, high in ends)
    if low >= high:
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
    at = np.tile(middle_of(known[0]), (_POINTS, 1))
    at[:, 0] = np.linspace(low, high, _POINTS)
    first, second = (corrections_at(calibration, at) for calibration in pair)
    far = int(np.argmax(np.abs(first - second)))
    largest = float(first[far] - second[far])
    sigmas = None
    if one.coefficient_covariance is not None and other.coefficient_covariance is not None:
        errors = [
            errors_at(calibration, np.array(row.coefficient_covariance), at[far : far + 1])[0]
            for calibration, row in zip(pair, (one, other), strict=True)
        ]
        error = float(np.hypot(*errors))
        sigmas = abs(largest) / error if error else None
    return largest, float(at[far, 0]), sigmas
