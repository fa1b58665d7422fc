"""How models are applied: settings that the ledger keeps once each, named by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from starledger.compute.models.stored import canonical_json
from starledger.schema.tables import FitConfig


def ensure_fit_config(connection: Connection, settings: Mapping[str, Any]) -> int:
    """Return the number of a configuration, which is entered where it is new.

    Parameters
    ----------
    connection
        A connection of the owner, whose transaction the caller commits.
    settings
        Fitter, bounds, velocity range, seed, code version: what JSON can hold.
    """
    sha256 = hashlib.sha256(canonical_json(settings).encode()).hexdigest()
    connection.execute(
        insert(FitConfig).on_conflict_do_nothing(), {"sha256": sha256, "settings": dict(settings)}
    )
    found = select(FitConfig.fit_config_id).where(FitConfig.sha256 == sha256)
    return int(connection.execute(found).scalar_one())
