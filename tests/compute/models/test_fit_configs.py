from __future__ import annotations

import pytest
from sqlalchemy import select

from starledger.compute.models.fit_configs import ensure_fit_config
from starledger.schema.database import Database
from starledger.schema.tables import FitConfig

pytestmark = pytest.mark.integration


def test_a_configuration_is_kept_once(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        first = ensure_fit_config(connection, {"fitter": "levenberg", "rv_range": [-300, 300]})
        again = ensure_fit_config(connection, {"rv_range": [-300, 300], "fitter": "levenberg"})
        other = ensure_fit_config(connection, {"fitter": "levenberg", "rv_range": [-200, 200]})
        assert first == again != other
        kept = connection.scalar(select(FitConfig.settings).where(FitConfig.fit_config_id == other))
        assert kept == {"fitter": "levenberg", "rv_range": [-200, 200]}


def test_numbers_that_json_does_not_know_are_refused(ledger: Database) -> None:
    with ledger.engine().begin() as connection, pytest.raises(ValueError, match="JSON"):
        ensure_fit_config(connection, {"tolerance": float("nan")})
