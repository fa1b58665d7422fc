from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, text

from starledger.catalog.quality.facts import Facts, facts_of
from starledger.compute.models.payne import Payne
from starledger.compute.models.registry import find_model
from starledger.compute.training.label_sampling import sparse_sampling
from tests.catalog.quality.clean_ledger import Clean
from tests.catalog.quality.made_sample import EXTRAS, HIGH, LOW, NAMES, STARS

pytestmark = pytest.mark.integration


def known(connection: Connection, clean: Clean, root: Path) -> Facts:
    model = find_model(connection, "small")
    as_of = connection.execute(text("SELECT max(run_id) FROM ledger.closed_run")).scalar_one()
    return facts_of(connection, model, clean.names()["config"], as_of, root)


def test_what_the_ledger_and_the_files_tell(clean: Clean) -> None:
    with clean.database.engine().connect() as connection:
        found = known(connection, clean, clean.made.model_root)
    assert found.labels == NAMES
    assert found.extras == EXTRAS
    assert (found.low.tolist(), found.high.tolist()) == (list(LOW), list(HIGH))
    assert found.instruments == ("lamost_lrs",)
    assert isinstance(found.emulator, Payne)
    assert found.references is not None
    assert found.references.names == NAMES
    assert found.members is not None
    assert found.members.shape == (STARS // 2, 3)
    truth, inferred = found.held_out["mg_fe"]
    assert len(truth) == STARS // 2
    assert np.std(truth - inferred) == pytest.approx(0.03, rel=0.2)
    assert found.missing_parameters is None


def test_ranges_that_the_training_trusts_count(clean: Clean) -> None:
    report = """UPDATE ledger.training_run SET report = '{"trusted_ranges": {"teff": [4000, 6000]}}'
        WHERE training_set_id = :many_set"""
    with clean.worsened(report) as connection:
        found = known(connection, clean, clean.made.model_root)
    assert found.trusted == {"teff": (4000.0, 6000.0)}


def test_stars_that_were_drawn_for_the_training_are_drawn_again(clean: Clean) -> None:
    drawn = """UPDATE ledger.training_run SET training_set_id = NULL, settings =
        '{"trained_on": "ab-initio spectra", "spectra": 100, "seed": 4}'
        WHERE training_set_id = :many_set"""
    with clean.worsened(drawn) as connection:
        found = known(connection, clean, clean.made.model_root)
    assert found.members is not None
    assert np.array_equal(found.members, sparse_sampling(NAMES).draw(100, 4)[:, :3])
    assert found.held_out == {}


def test_without_files_it_says_why(clean: Clean, tmp_path: Path) -> None:
    with clean.database.engine().connect() as connection:
        found = known(connection, clean, tmp_path)
    assert found.emulator == "the model's files are not here"
    assert found.references is None
    other = "UPDATE ledger.model SET system = 'boss_net' WHERE model_id = :model"
    with clean.worsened(other) as connection:
        found = known(connection, clean, tmp_path)
    assert found.emulator == "models of the system boss_net give no gradients"
