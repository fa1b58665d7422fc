"""Evidence from repeats: fits of one star on different nights should agree within their errors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import text

from starledger.catalog.calibrate.chain import SNR
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.source import Reading
from starledger.catalog.combine.current import current_combinations
from starledger.schema.flags import Scope, bad_mask

_REPEATS = """
WITH visit AS (
    SELECT c.star_id, f.labels[{i}]::float8 AS label, f.errors[{i}]::float8 AS error,
        s.snr::float8 AS snr, s.night, s.spectrum_id,
        row_number() OVER (PARTITION BY c.star_id, s.night
            ORDER BY s.snr DESC, s.spectrum_id) AS of_night
    FROM ({current}) c CROSS JOIN LATERAL unnest(c.spectrum_ids) AS u (spectrum_id)
    JOIN ledger.spectrum s USING (spectrum_id)
    JOIN ledger.fit f ON f.spectrum_id = s.spectrum_id AND f.model_id = :model
        AND f.fit_config_id = :config
    WHERE c.n_visits > 1 AND s.night IS NOT NULL AND s.snr > 0 AND f.outcome <> 'failed'
        AND coalesce(f.label_flags[{i}], 0) & {bad} = 0 AND f.flags & {bad_fit} = 0
        AND f.labels[{i}] IS NOT NULL AND f.errors[{i}] > 0
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY star_id ORDER BY snr DESC, spectrum_id) AS best
    FROM visit WHERE of_night = 1
)
SELECT star_id, {two}
FROM ranked WHERE best <= 2 GROUP BY star_id
HAVING max(snr) FILTER (WHERE best = 1) <= :ratio * max(snr) FILTER (WHERE best = 2)
ORDER BY star_id
"""

_TWO = ", ".join(
    f"max({column}) FILTER (WHERE best = {best})"
    for best in (1, 2)
    for column in ("label", "error", "snr")
)


@dataclass(frozen=True)
class Repeats:
    """The two best visits of each star on different nights.

    Parameters
    ----------
    ratio
        Their signal-to-noise ratios differ by no more than this factor, so that one factor of the
        errors is for both.
    """

    ratio: float = 1.3

    has_constant = True

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""
        return {"kind": "repeats", **asdict(self)}

    def collect(self, reading: Reading) -> Evidence:
        """Return for each star the difference of the two in units of their errors."""
        run, plan = reading.run, reading.plan
        query = _REPEATS.format(
            i=run.place(plan.label),
            two=_TWO,
            current=current_combinations(reading.connection, run.run_id),
            bad=bad_mask(Scope.LABEL),
            bad_fit=bad_mask(Scope.FIT),
        )
        about = {"model": run.model_id, "config": run.fit_config_id, "ratio": self.ratio}
        rows = reading.connection.execute(text(query), about).all()
        found = np.array([row[0] for row in rows], np.int64)
        numbers = np.array([tuple(row)[1:] for row in rows], float).reshape(-1, 6)
        stars = reading.stars(found)
        at = stars.rows_of(found)
        snr = np.sqrt(numbers[:, 2] * numbers[:, 5])
        kept = stars.taken(at) & (snr >= plan.min_snr)
        variables = stars.variables(at[kept])
        if SNR in plan.variables:
            # That of the two visits, rather than of all.
            variables[:, plan.variables.index(SNR)] = snr[kept]
        numbers = numbers[kept]
        error = np.hypot(numbers[:, 1], numbers[:, 4])
        return Evidence(
            star_id=found[kept],
            at=variables,
            wanted=(numbers[:, 0] - numbers[:, 3]) / error,
            error=np.ones(len(error)),
        )
