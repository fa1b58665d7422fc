"""The manifest of a release: what it is made of and what it adds up to, as one JSON document."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from sqlalchemy import Connection, text

from starledger import __version__
from starledger.catalog.releases.plan import Part, Plan
from starledger.catalog.releases.sources import Source
from starledger.catalog.releases.views import View
from starledger.schema.checksums import Sum

FORMAT = 1
"""Version of the manifest's own form."""

LIBRARIES = ("numpy", "psycopg", "sqlalchemy")

HOW = (
    "SHA-256 of rows:sum:sum, where the sums are of the first and the second eight bytes, as signed"
    " integers, of the SHA-256 of each row as record_send gives it; sql computes them"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view answered when it was published.

    Parameters
    ----------
    view
        The view.
    rows
        How many rows it has.
    sum
        What they add up to, or a sample of them.
    query
        The query that summed them up.
    materialised
        Whether there is a copy.
    """

    view: View
    rows: int
    sum: Sum
    query: str
    materialised: bool


def manifest(
    connection: Connection,
    plan: Plan,
    revision: str,
    answers: Sequence[Answer],
    found: Sequence[Source],
) -> dict[str, Any]:
    """Return the manifest of a release that is being published.

    Parameters
    ----------
    connection
        In whose transaction it is published.
    plan
        What it is made of.
    revision
        Revision of the schema.
    answers
        Its views.
    found
        The rows of the ledger that it reads.
    """
    draft = plan.draft
    return {
        "format": FORMAT,
        "name": draft.name,
        "title": draft.title,
        "description": draft.description,
        "licence": draft.licence,
        "citation": draft.citation,
        "doi": draft.doi,
        "software": _software(connection),
        "schema_revision": revision,
        "models": [_model(part) for part in plan.parts],
        "recommended": dict(plan.recommended),
        "calibrations": [asdict(one) for one in plan.calibrations],
        "pins": _pins(plan),
        "as_of_run": plan.as_of,
        "unfinished_runs": list(plan.unfinished),
        "checksum": HOW,
        "views": {one.view.name: _view(one) for one in answers},
        "tables": tables(found),
    }


def tables(found: Sequence[Source]) -> list[dict[str, Any]]:
    """Return what some tables add up to, as the manifest has it."""
    return [
        {
            "table": source.table,
            "sql": source.query,
            "sums": {
                key: {"rows": one.rows, "checksum": one.checksum}
                for key, one in source.sums.items()
            },
        }
        for source in found
    ]


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document in canonical form.

    Examples
    --------
    >>> digest({"b": 1, "a": 2.5}) == digest({"a": 2.5, "b": 1})
    True
    """
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def text_digest(text_: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text_.encode()).hexdigest()


def _view(answer: Answer) -> dict[str, Any]:
    return {
        "rows": answer.rows,
        "summed_rows": answer.sum.rows,
        "checksum": answer.sum.checksum,
        "definition_sha256": text_digest(answer.view.definition),
        "materialised": answer.materialised,
        "sql": answer.query,
    }


def _software(connection: Connection) -> dict[str, str]:
    server = connection.scalar(text("SHOW server_version"))
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    return {
        "starledger": __version__,
        "python": platform.python_version(),
        "postgresql": str(server),
        **libraries,
    }


def _model(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "model_id": part.model_id,
        "system": part.system,
        "sha256": part.sha256,
        "fit_config_id": part.fit_config_id,
        "combination_run": part.combination_run_id,
        "quality_run": part.quality_run_id,
        "labels": list(part.labels),
    }


def _pins(plan: Plan) -> dict[str, list[int]]:
    return {
        "fit": list(plan.fit_runs),
        "combination": list(plan.combination_runs),
        "quality": list(plan.quality_runs),
        "star": list(plan.star_runs),
        "crossmatch": [one.run_id for one in plan.crossmatches],
        "calibration": [one.calibration_id for one in plan.calibrations],
    }
