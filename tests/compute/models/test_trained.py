"""How models were trained is kept with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from starledger.compute.models.cannon.training import train
from starledger.compute.models.registry import Registration, register
from starledger.compute.models.trained import Trained, training_of
from starledger.schema.database import Database
from tests.compute.models.cannon.made_up_stars import made_up_stars

pytestmark = pytest.mark.integration


def test_a_model_without_training_set_has_its_settings(ledger: Database, tmp_path: Path) -> None:
    about = Registration(
        name="alone", description="x", settings={"seed": 3}, report={"median_error": 0.1}
    )
    model = register(ledger.engine(), tmp_path, train(made_up_stars()), about)
    with ledger.engine().connect() as connection:
        found = training_of(connection, model)
    assert found == Trained(found.run, {"seed": 3}, {"median_error": 0.1}, None, 0, 0)
    assert found.run > 0
