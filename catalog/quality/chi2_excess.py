"""The excess of χ² over that of spectra alike: of the whole spectrum, at sodium, and in windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from starledger.catalog.quality.batches import Batch, Bools, Floats, giants
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.polynomials import Typical
from starledger.catalog.quality.reservoir import Reservoir
from starledger.catalog.quality.rule import Case, Output, Rule, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Scope, flag
from starledger.schema.prefixes import CHI2

CHI2_EXCESS = flag(Scope.FIT, "chi2_excess")
CHI2_EXCESS_NA = flag(Scope.FIT, "chi2_excess_na")
WINDOW_CHI2 = flag(Scope.LABEL, "window_chi2")

SODIUM = "chi2_na"
"""The extra that holds χ² from 5880 to 5910 Å."""
STARS = 20_000
"""So many of each population tell the polynomials."""
LEAST_STARS = 100
"""Of a population with fewer nothing is said."""
_DWARFS_TEFF = (4500.0, 7500.0)
"""Dwarfs outside (K) are not what the models were trained for, and tell nothing."""
_STEPS_OF_SNR = (200.0, 300.0, 400.0, 500.0)
_POPULATIONS = ("dwarf", "giant")

Quantity = Callable[[Batch], Floats]


class Excess:
    """By how many standard deviations a χ² exceeds the median of fits alike.

    Median and deviation are polynomials of third order in S/N, Teff and [Fe/H], of dwarfs and of
    giants.

    Parameters
    ----------
    quantity
        Which χ².
    thresholds
        What a giant is.
    """

    def __init__(self, quantity: Quantity, thresholds: Thresholds) -> None:
        self._quantity, self._thresholds = quantity, thresholds
        self._seen = Reservoir(STARS)
        self._typical: dict[int, Typical] = {}

    def see(self, batch: Batch) -> None:
        """Keep some fits of each population."""
        variables, giant, teff = self._variables(batch)
        values = self._quantity(batch)
        good = np.isfinite(variables).all(1) & np.isfinite(values)
        good &= giant | ((teff > _DWARFS_TEFF[0]) & (teff < _DWARFS_TEFF[1]))
        rows = np.column_stack([variables, values])[good]
        self._seen.add(giant[good].astype(np.int64), rows)

    def settle(self) -> dict[str, Any]:
        """Fit the polynomials."""
        populations, rows = self._seen.rows()
        for number in range(len(_POPULATIONS)):
            some = rows[populations == number]
            if len(some) >= LEAST_STARS:
                self._typical[number] = Typical.of(some[:, :3], some[:, 3])
        return {
            population: self._typical[number].as_json() if number in self._typical else None
            for number, population in enumerate(_POPULATIONS)
        }

    def ratio(self, batch: Batch) -> Floats:
        """Return the excess of each fit; NaN where the population or the fit tells nothing."""
        variables, giant, _ = self._variables(batch)
        values = self._quantity(batch)
        found = np.full(len(batch), np.nan)
        for number, typical in self._typical.items():
            rows = giant == bool(number)
            found[rows] = typical.ratio(variables[rows], values[rows])
        return found

    def too_high(self, batch: Batch, ratio: Floats) -> Bools:
        """Return where the excess is more than a good fit of that S/N has."""
        said = self._thresholds
        limits = np.array(
            [
                said.chi2ratio_200,
                said.chi2ratio_300,
                said.chi2ratio_400,
                said.chi2ratio_500,
                said.chi2ratio_more,
            ]
        )
        step = np.searchsorted(_STEPS_OF_SNR, batch.column("snr"), side="right")
        return np.asarray(ratio > limits[step])

    def _variables(self, batch: Batch) -> tuple[Floats, Bools, Floats]:
        parameters = batch.parameters()
        giant = giants(parameters, self._thresholds.giant_teff, self._thresholds.giant_logg)
        teff, fe_h = parameters[:, 0], parameters[:, 2]
        return np.stack([batch.column("snr"), teff, fe_h], 1), giant, teff


class Chi2Case(Case):
    """Judges fits by one χ²."""

    learns: ClassVar[bool] = True

    def __init__(self, excess: Excess, judged: Callable[[Bools], Verdict], output: Output) -> None:
        self._excess, self._judged, self.outputs = excess, judged, (output,)

    def see(self, batch: Batch) -> None:
        """Take in a batch of the sample."""
        self._excess.see(batch)

    def settle(self) -> Mapping[str, Any]:
        """Return the polynomials."""
        return self._excess.settle()

    def judge(self, batch: Batch) -> Verdict:
        """Flag what exceeds the limits."""
        ratio = self._excess.ratio(batch)
        verdict = self._judged(self._excess.too_high(batch, ratio))
        return Verdict(verdict.flags, {self.outputs[0].name: ratio})


class WindowCase(Case):
    """Judges labels by χ² in the windows of their lines."""

    learns: ClassVar[bool] = True

    def __init__(self, facts: Facts, thresholds: Thresholds) -> None:
        self._names = facts.labels
        self._windows = {
            name: Excess(_column(CHI2.text + name), thresholds) for name in windowed(facts)
        }

    def see(self, batch: Batch) -> None:
        """Take in a batch of the sample."""
        for excess in self._windows.values():
            excess.see(batch)

    def settle(self) -> Mapping[str, Any]:
        """Return the polynomials by label."""
        return {name: excess.settle() for name, excess in self._windows.items()}

    def judge(self, batch: Batch) -> Verdict:
        """Flag labels whose lines fit badly."""
        high = np.zeros(batch.labels.shape, np.bool_)
        for name, excess in self._windows.items():
            high[:, self._names.index(name)] = excess.too_high(batch, excess.ratio(batch))
        return Verdict({WINDOW_CHI2: high})


def windowed(facts: Facts) -> list[str]:
    """Return the labels for which the model gives χ² in windows: extras ``chi2_mg_fe``."""
    return [name for name in facts.labels if CHI2.text + name in facts.extras]


def _column(name: str) -> Quantity:
    return lambda batch: batch.column(name)


def reduced(batch: Batch) -> Floats:
    """Return χ² of each fit over its degrees of freedom: masks of all sizes compare."""
    free = batch.column("n_pixels") - len(batch.names)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(free > 0, batch.column("chi2") / free, np.nan))


def _whole(_facts: Facts, thresholds: Thresholds) -> Case:
    output = Output(
        "chi2ratio",
        "dimensionless",
        "stat.fit.chi2;arith.ratio",
        "Excess of reduced χ² over the median of fits with like S/N, Teff and [Fe/H], in standard"
        " deviations.",
    )
    excess = Excess(reduced, thresholds)
    return Chi2Case(excess, lambda high: Verdict({CHI2_EXCESS: high}), output)


def _sodium(_facts: Facts, thresholds: Thresholds) -> Case:
    output = Output(
        "chi2ratio_na",
        "dimensionless",
        "stat.fit.chi2;arith.ratio",
        "Excess of χ² at 5880–5910 Å over the median of fits with like S/N, Teff and [Fe/H], in"
        " standard deviations.",
    )
    excess = Excess(_column(SODIUM), thresholds)
    return Chi2Case(excess, lambda high: Verdict({CHI2_EXCESS_NA: high}), output)


def _parameters(facts: Facts) -> str | None:
    return facts.missing_parameters


def _sodium_needs(facts: Facts) -> str | None:
    if SODIUM not in facts.extras:
        return f"the model gives no {SODIUM}"
    return facts.missing_parameters


def _window_needs(facts: Facts) -> str | None:
    if not windowed(facts):
        return "the model gives no χ² in windows, such as chi2_mg_fe"
    return facts.missing_parameters


WHOLE = Rule("chi2ratio", Subject.FIT, (CHI2_EXCESS,), _parameters, _whole)
AT_SODIUM = Rule("chi2ratio_na", Subject.FIT, (CHI2_EXCESS_NA,), _sodium_needs, _sodium)
IN_WINDOWS = Rule("window_chi2", Subject.FIT, (WINDOW_CHI2,), _window_needs, WindowCase)
