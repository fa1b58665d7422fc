"""What a quality run was about and what it found, as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from starledger.schema.errors import StarledgerError

_RUN = """
SELECT q.run_id AS run, m.name AS model, q.fit_config_id AS fit_config,
    q.as_of_run_id AS as_of_run, coalesce(c.outcome, 'open') AS outcome, q.definition_sha256,
    q.definition, coalesce(c.summary, '{}') AS summary
FROM ledger.quality_run q JOIN ledger.model m USING (model_id) LEFT JOIN ledger.closed_run c
USING (run_id) WHERE q.run_id = :run
"""


class NoSuchQualityRun(StarledgerError):
    """There is no quality run of that number."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A quality run.

    Parameters
    ----------
    run, model, fit_config, as_of_run, outcome, definition_sha256
        What it was about and how it ended.
    definition
        Thresholds, and what the sample gave.
    summary
        How often each flag was raised; empty unless it ended well.
    """

    run: int
    model: str
    fit_config: int
    as_of_run: int
    outcome: str
    definition_sha256: str
    definition: Mapping[str, Any]
    summary: Mapping[str, Any]


def shown(connection: Connection, run_id: int) -> Shown:
    """Return a quality run.

    Raises
    ------
    NoSuchQualityRun
        There is none of that number.
    """
    row = connection.execute(text(_RUN), {"run": run_id}).mappings().one_or_none()
    if row is None:
        raise NoSuchQualityRun(
            f"Run {run_id} is no quality run.", remedy="`starledger quality run MODEL` makes one."
        )
    summary = row["summary"] if row["outcome"] == "done" else {}
    return Shown(**{**row, "summary": summary})
