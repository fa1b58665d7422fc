"""What all kinds of evidence share: the ledger that they read, and the stars that they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sqlalchemy import Connection

from starledger.catalog.calibrate.chain import SNR
from starledger.catalog.calibrate.combined import CombinationOf, Combined, read_stars
from starledger.catalog.calibrate.evidence import Evidence, Integers
from starledger.catalog.calibrate.forms import Calibration
from starledger.catalog.calibrate.formula import BoolArray, FloatArray
from starledger.catalog.calibrate.plan import Plan


class Source(Protocol):
    """Where the evidence for a correction comes from."""

    has_constant: bool
    """Whether it tells the constant of the correction."""

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""

    def collect(self, reading: Reading) -> Evidence:
        """Return the evidence, with rows that the plan does not take left out."""


@dataclass(frozen=True)
class Reading:
    """A plan with what it needs of the ledger.

    Parameters
    ----------
    connection
        Where to read.
    run
        The combination run.
    plan
        What is to be derived.
    earlier
        Calibrations that are applied to the sample first.
    """

    connection: Connection
    run: CombinationOf
    plan: Plan
    earlier: Sequence[Calibration] = ()

    def stars(self, stars: Integers) -> SampleStars:
        """Return some stars as the plan sees them."""
        plan = self.plan
        needed = {plan.label, "teff", "logg", *plan.variables}
        for one in self.earlier:
            needed |= {one.label, *one.variables}
        labels = [name for name in self.run.labels if name in needed]
        for name in sorted(needed - {SNR, "teff", "logg"}):
            self.run.place(name)  # refuses what the model does not give
        raw = read_stars(self.connection, self.run, labels, stars)
        return SampleStars(plan, raw, raw.after(self.earlier))


@dataclass(frozen=True)
class SampleStars:
    """Stars of a sample, raw and after the earlier calibrations."""

    plan: Plan
    raw: Combined
    after: Combined

    def rows_of(self, stars: Integers) -> Integers:
        """Return the row of each star, -1 for one without a combination."""
        return self.raw.rows_of(stars)

    def variables(self, rows: Integers) -> FloatArray:
        """Return the plan's variables, stars × variables."""
        chosen = self.raw if self.plan.inputs == "raw" else self.after
        if not self.plan.variables:
            return np.zeros((len(rows), 1))
        return np.stack([chosen.variable(name)[rows] for name in self.plan.variables], axis=1)

    def label(self, rows: Integers) -> FloatArray:
        """Return the label, after the earlier calibrations."""
        return self.after.labels[self.plan.label][rows]

    def error(self, rows: Integers) -> FloatArray:
        """Return the standard error of the label."""
        return self.after.errors[self.plan.label][rows]

    def taken(self, rows: Integers) -> BoolArray:
        """Return which rows are there and of the plan's population and signal."""
        plan, raw = self.plan, self.raw
        if not len(raw.star_id):
            return np.zeros(len(rows), bool)
        missing = np.full(len(raw.star_id), np.nan)
        teff, logg = (raw.labels.get(name, missing)[rows] for name in ("teff", "logg"))
        snr = np.nan_to_num(raw.snr[rows], nan=0.0)
        return np.asarray((rows >= 0) & plan.takes(teff, logg) & (snr >= plan.min_snr))
