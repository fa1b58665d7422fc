"""Evidence of a zero point: stars whose label is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from starledger.catalog.calibrate.clusters import Clusters
from starledger.catalog.calibrate.combined import CombinationOf
from starledger.catalog.calibrate.evidence import Evidence, Integers
from starledger.catalog.calibrate.source import Reading
from starledger.catalog.combine.current import current_combinations

SOLAR_TWINS = {"teff": (5700.0, 5900.0), "logg": (4.0, 5.0), "fe_h": (-0.1, 0.1)}
"""Stars like the Sun, by raw labels: the choice of PhDLspec, its section 4.2.2."""


@dataclass(frozen=True)
class KnownValue:
    """Stars of which all have one known value of the label.

    Parameters
    ----------
    value
        The value, in the label's unit.
    members
        The cluster that has it; None for the solar twins.
    """

    value: float
    members: Clusters | None = None

    has_constant = True

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""
        members = "solar twins" if self.members is None else self.members.settings()
        return {"kind": "zero point", "value": self.value, "members": members}

    def collect(self, reading: Reading) -> Evidence:
        """Return for each star the known value less its own."""
        if self.members is None:
            found = _solar_twins(reading.connection, reading.run)
        else:
            found = self.members.star_ids(reading.connection, reading.run)[:, 0]
        stars = reading.stars(found)
        rows = stars.rows_of(found)
        kept = stars.taken(rows)
        rows, found = rows[kept], found[kept]
        return Evidence(
            star_id=found,
            at=stars.variables(rows),
            wanted=self.value - stars.label(rows),
            error=stars.error(rows),
        )


def _solar_twins(connection: Connection, run: CombinationOf) -> Integers:
    """Return the stars whose raw labels are nearly the Sun's."""
    within = " AND ".join(
        f"labels[{run.place(label)}] BETWEEN {low} AND {high}"
        for label, (low, high) in SOLAR_TWINS.items()
    )
    query = f"SELECT star_id FROM ({current_combinations(connection, run.run_id)}) c WHERE {within}"  # noqa: S608
    return np.array(connection.execute(text(query)).scalars().all(), np.int64)
