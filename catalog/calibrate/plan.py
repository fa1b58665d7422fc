"""What is to be derived: the choices that decide a calibration, its sample left aside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from starledger.catalog.calibrate.formula import BoolArray, FloatArray
from starledger.catalog.calibrate.populations import (
    BOUNDARIES,
    DEFAULT_BOUNDARY,
    DWARF,
    GIANT,
    is_giant,
)
from starledger.schema.errors import StarledgerError


class BadPlan(StarledgerError):
    """Choices with which nothing can be derived."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a calibration is derived, and how it will be applied.

    Parameters
    ----------
    name
        Of the calibration: lower case, digits and ``_``.
    label
        What it corrects.
    population, boundary
        The stars that it is for: all, dwarf or giant, as parted by a boundary of `populations`.
    variables
        What it depends on: labels, or ``visit_snr``.
    inputs
        Whether variables are taken ``raw`` or ``calibrated`` by the earlier calibrations.
    after
        Earlier calibrations, NAME or NAME:VERSION, applied to the sample first.
    order
        Place among the calibrations of the label; None for the next after `after`.
    form, degree, knots, pivot
        ``polynomial`` with its degree, ``spline`` with its number of knots, or ``constant``. Where
        the constant cannot be told, the correction is zero at the pivot, in the first variable's
        unit.
    low, high
        Range in the first variable, in its unit; None for what holds 98 % of the sample.
    outside
        Beyond the range: ``hold``, ``nothing`` or ``null``.
    min_snr
        Least signal-to-noise ratio of the sample's stars.
    held_out
        Share of the sample that is held out for validation.
    seed
        Of what is held out, and of Monte Carlo.
    monte_carlo
        Whether the posterior is sampled by emcee instead of computed.
    description
        One sentence for readers.
    """

    name: str
    label: str
    population: str = "all"
    boundary: str = DEFAULT_BOUNDARY
    variables: tuple[str, ...] = ("teff",)
    inputs: str = "raw"
    after: tuple[str, ...] = ()
    order: int | None = None
    form: str = "polynomial"
    degree: int = 3
    knots: int = 6
    pivot: float | None = None
    low: float | None = None
    high: float | None = None
    outside: str = "hold"
    min_snr: float = 0.0
    held_out: float = 0.2
    seed: int = 1
    monte_carlo: bool = False
    description: str | None = None

    def __post_init__(self) -> None:
        wrong = [
            (not 0 <= self.held_out < 1, "--held-out is a share from 0 to below 1"),
            (not 1 <= self.degree <= 4, "--degree is from 1 to 4"),
            (self.knots < 3, "--knots are three or more"),
            (
                self.low is not None and self.high is not None and self.low >= self.high,
                f"the range from {self.low} to {self.high} is empty",
            ),
            (self.form == "spline" and len(self.variables) != 1, "a spline has one variable"),
            (self.form == "constant" and bool(self.variables), "a constant has no variables"),
            (self.boundary not in BOUNDARIES, f"boundaries are {', '.join(BOUNDARIES)}"),
        ]
        for refused, why in wrong:
            if refused:
                raise BadPlan(f"{self.name} cannot be derived so: {why}.", remedy="Change that.")

    def settings(self) -> dict[str, Any]:
        """Return the choices, for the record."""
        return asdict(self)

    def takes(self, teff: FloatArray, logg: FloatArray) -> BoolArray:
        """Return which stars are of the population, by raw labels."""
        if self.population == "all":
            return np.ones(len(teff), bool)
        wanted = GIANT if self.population == "giant" else DWARF
        return np.equal(is_giant(self.boundary, teff, logg), wanted)


def solar(variable: str) -> float:
    """Return the Sun's value of a variable: where corrections are zero by default.

    Examples
    --------
    >>> solar("teff"), solar("mg_fe")
    (5772.0, 0.0)
    """
    return {"teff": 5772.0, "logg": 4.44, "visit_snr": 100.0, "vmic": 1.0}.get(variable, 0.0)


def scale(variable: str) -> float:
    """Return the unit in which a polynomial takes a variable: of a size that labels vary by."""
    return {"teff": 1000.0, "visit_snr": 100.0}.get(variable, 1.0)
