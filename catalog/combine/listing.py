"""What combination runs there are, and what one of them was about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from starledger.schema.errors import StarledgerError


class NoSuchCombination(StarledgerError):
    """There is no combination run of that number."""


_RUNS = """
SELECT r.run_id AS run, m.name AS model, r.fit_config_id AS config, r.spectrum_kind AS kind, r.arm,
    r.settings ->> 'estimator' AS estimator, r.star_run_id AS star_run, r.as_of_run_id AS as_of,
    r.quality_run_id AS quality_run, r.previous_run_id AS previous_run,
    coalesce(c.outcome, 'open') AS outcome, o.opened_at, c.closed_at, c.message
FROM ledger.combination_run r
JOIN ledger.model m USING (model_id)
JOIN ledger.run o USING (run_id)
LEFT JOIN ledger.closed_run c USING (run_id)
WHERE CAST(:run AS bigint) IS NULL OR r.run_id = :run
ORDER BY r.run_id
"""

_MORE = """
SELECT r.settings, r.settings_sha256, coalesce(c.summary, '{}') AS summary,
    ARRAY(SELECT i.fit_run_id FROM ledger.combination_input i
        WHERE i.combination_run_id = r.run_id ORDER BY 1) AS fit_runs
FROM ledger.combination_run r LEFT JOIN ledger.closed_run c USING (run_id) WHERE r.run_id = :run
"""


@dataclass(frozen=True, slots=True)
class CombinationStanding:
    """A combination run.

    Parameters
    ----------
    run, model, config, kind, arm
        Its number, and what fits it combined of which spectra.
    estimator
        How visits were weighted.
    star_run, as_of, quality_run
        As of which runs the ledger was looked at.
    previous_run
        The run whose rows it reuses.
    outcome
        done, failed or open.
    opened_at, closed_at
        When it began and ended.
    message
        What it did, or why it failed.
    """

    run: int
    model: str
    config: int
    kind: str
    arm: str
    estimator: str
    star_run: int
    as_of: int
    quality_run: int | None
    previous_run: int | None
    outcome: str
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    message: str | None


def combinations(connection: Connection, run: int | None = None) -> list[CombinationStanding]:
    """Return all combination runs in their order, or one of them."""
    rows = connection.execute(text(_RUNS), {"run": run}).mappings()
    return [CombinationStanding(**row) for row in rows]


def details(connection: Connection, run: int) -> dict[str, Any]:
    """Return the settings of a combination run, the fit runs that it used, and what it counted.

    Raises
    ------
    NoSuchCombination
        There is none of that number.
    """
    found = connection.execute(text(_MORE), {"run": run}).mappings().one_or_none()
    if found is None:
        raise NoSuchCombination(
            f"Run {run} is no combination run.", remedy="`starledger combination list` shows all."
        )
    return dict(found)
