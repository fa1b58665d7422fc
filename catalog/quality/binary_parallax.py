"""Binaries by their parallax: brighter than spectrum and distance allow for one star."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from starledger.catalog.quality.batches import Batch, Bools, Floats, giants
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.polynomials import Polynomial
from starledger.catalog.quality.reservoir import Reservoir
from starledger.catalog.quality.rule import Case, Output, Rule, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Scope, flag

BINARY_PARALLAX = flag(Scope.STAR, "binary_parallax")

COLOUR_FACTOR = 1.9
"""Of BP − RP in the magnitude W = G − 1.9 (BP − RP), which dust does not change (Ripepi et al.
2019)."""
STARS = 20_000
LEAST_STARS = 100
_NORMAL = 1.4826
_CLIPPED = 3.0
"""Stars that many deviations too bright or too faint teach nothing about single stars."""
_ROUNDS = 5
_LEAST_SPREAD = 0.05
"""In mag: what labels cannot tell of a magnitude."""
_TOO_BRIGHT_GIANT = (5500.0, 3.6)
_TOO_HOT = 7000.0
_POPULATIONS = ("dwarf", "giant")

OUTPUTS = (
    Output(
        "spec_parallax",
        "mas",
        "pos.parallax.spect",
        "Spectroscopic parallax: that of a single star with such labels and magnitudes.",
    ),
    Output(
        "err_spec_parallax",
        "mas",
        "stat.error;pos.parallax.spect",
        "Error (one standard deviation) of the spectroscopic parallax.",
    ),
    Output(
        "parallax_excess",
        "dimensionless",
        "pos.parallax;arith.diff",
        "Spectroscopic parallax less that of Gaia, in standard deviations of the difference.",
    ),
)


class _Magnitudes:
    """The absolute magnitude of single stars as a polynomial in Teff, log g and [Fe/H]."""

    def __init__(self, parameters: Floats, magnitude: Floats) -> None:
        kept = np.ones(len(magnitude), np.bool_)
        for _ in range(_ROUNDS):
            self.polynomial = Polynomial.median(parameters[kept], magnitude[kept])
            away = np.abs(magnitude - self.polynomial(parameters))
            self.spread = max(_NORMAL * float(np.median(away[kept])), _LEAST_SPREAD)
            before, kept = kept, away < _CLIPPED * self.spread
            if (kept == before).all():
                break
        self.number = int(kept.sum())

    def as_json(self) -> dict[str, Any]:
        return {
            "magnitude": self.polynomial.as_json(),
            "spread": self.spread,
            "number": self.number,
        }


class BinaryCase(Case):
    """Judges stars by their magnitude, with absolute magnitudes learnt from the sample itself."""

    outputs = OUTPUTS
    learns: ClassVar[bool] = True

    def __init__(self, _facts: Facts, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._seen = Reservoir(STARS)
        self._magnitudes: dict[int, _Magnitudes] = {}

    def see(self, batch: Batch) -> None:
        """Keep some stars with good parallaxes of each population."""
        parameters, magnitude = batch.parameters(), dust_free(batch)
        parallax, error = batch.column("parallax"), batch.column("err_parallax")
        good = np.isfinite(parameters).all(1) & np.isfinite(magnitude)
        good &= self._may_be_judged(parameters)
        good &= parallax > self._thresholds.parallax_precision * error
        absolute = magnitude[good] + 5.0 * np.log10(parallax[good]) - 10.0
        rows = np.column_stack([parameters[good], absolute])
        self._seen.add(self._giant(parameters)[good].astype(np.int64), rows)

    def settle(self) -> Mapping[str, Any]:
        """Fit the magnitudes."""
        populations, rows = self._seen.rows()
        for number in range(len(_POPULATIONS)):
            some = rows[populations == number]
            if len(some) >= LEAST_STARS:
                self._magnitudes[number] = _Magnitudes(some[:, :3], some[:, 3])
        return {
            population: self._magnitudes[number].as_json() if number in self._magnitudes else None
            for number, population in enumerate(_POPULATIONS)
        }

    def judge(self, batch: Batch) -> Verdict:
        """Flag stars whose spectroscopic parallax is too large."""
        parameters, magnitude = batch.parameters(), dust_free(batch)
        giant = self._giant(parameters)
        spectroscopic, error = np.full((2, len(batch)), np.nan)
        for number, known in self._magnitudes.items():
            rows = (giant == bool(number)) & self._may_be_judged(parameters)
            absolute = known.polynomial(parameters[rows])
            spectroscopic[rows] = 10.0 ** (0.2 * (absolute - magnitude[rows] + 10.0))
            error[rows] = 0.2 * np.log(10.0) * known.spread * spectroscopic[rows]
        together = np.hypot(error, batch.column("err_parallax"))
        excess = (spectroscopic - batch.column("parallax")) / together
        return Verdict(
            {BINARY_PARALLAX: excess > self._thresholds.binary_parallax},
            dict(zip((one.name for one in OUTPUTS), (spectroscopic, error, excess), strict=True)),
        )

    def _giant(self, parameters: Floats) -> Bools:
        return giants(parameters, self._thresholds.giant_teff, self._thresholds.giant_logg)

    @staticmethod
    def _may_be_judged(parameters: Floats) -> Bools:
        """Return which stars' magnitudes labels tell: no bright giants, no hot stars."""
        teff, logg, _ = parameters.T
        bright = (teff < _TOO_BRIGHT_GIANT[0]) & (logg < _TOO_BRIGHT_GIANT[1])
        return np.asarray(~bright & (teff <= _TOO_HOT))


def dust_free(batch: Batch) -> Floats:
    """Return the magnitude W = G − 1.9 (BP − RP), which dust does not change."""
    colour = batch.column("bp") - batch.column("rp")
    return np.asarray(batch.column("g") - COLOUR_FACTOR * colour)


def _needs(facts: Facts) -> str | None:
    if facts.sky is not None and not facts.sky.parallaxes:
        return "no star of the sample has a parallax and magnitudes of Gaia"
    return facts.missing_parameters


RULE = Rule("binary_parallax", Subject.STAR, (BINARY_PARALLAX,), _needs, BinaryCase)
