"""Running one query of a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starledger.catalog.query.answer import Answer
from starledger.catalog.query.asking import Asker
from starledger.catalog.query.limits import Limits
from starledger.schema.database import Database


def run(
    database: Database,
    text: str,
    *,
    release: str | None = None,
    uploads: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Return the answer to one query; who has several keeps an `Asker`.

    Parameters
    ----------
    database
        The ledger.
    text, release, uploads, limits
        The query: see `Asker.question`.

    Raises
    ------
    StarledgerError
        It is no ADQL, cannot be computed, or would take more than its limits allow.
    """
    with Asker(database) as asker:
        question = asker.question(text, release=release, uploads=uploads, limits=limits)
        return asker.answer(question)
