from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sqlalchemy import select, text

from starledger.compute.models.registry import (
    BadModelName,
    ModelExists,
    NoSuchModel,
    Registration,
    UnknownInstrument,
    find_model,
    list_models,
    load_model,
    register,
)
from starledger.compute.models.stored import TENSORS, ModelRefused
from starledger.schema.database import Database
from starledger.schema.tables import (
    ClosedRun,
    Instrument,
    Model,
    ModelInstrument,
    ModelOutput,
    TrainingRun,
)
from tests.compute.models.test_payne import random_payne, some_labels

pytestmark = pytest.mark.integration

ABOUT = Registration(
    name="toy",
    description="good for tests, and nothing else",
    citation="Nobody et al.",
    instruments=("apogee", "lamost_mrs:red"),
    settings={"seed": 1},
    report={"median_error": 1e-3},
)


def test_a_model_and_all_about_it_is_in_the_ledger(ledger: Database, tmp_path: Path) -> None:
    payne = random_payne()
    done = register(ledger.engine(), tmp_path, payne, ABOUT)
    assert (done.system, done.sha256) == ("payne", payne.stored().identity)
    with ledger.engine().connect() as connection:
        assert list_models(connection) == [done]
        row = connection.execute(select(Model.n_labels, Model.n_extras, Model.citation)).one()
        assert tuple(row) == (3, 0, "Nobody et al.")
        outputs = connection.execute(
            select(
                ModelOutput.position,
                ModelOutput.name,
                ModelOutput.unit,
                ModelOutput.low,
                ModelOutput.high,
            ).order_by(ModelOutput.position)
        ).all()
        assert [tuple(one) for one in outputs] == [
            (1, "teff", "K", 4000.0, 7000.0),
            (2, "logg", "dex(cm/s**2)", 0.5, 5.0),
            (3, "fe_h", "dex", -2.0, 0.5),
        ]
        arms = connection.execute(
            select(Instrument.name, ModelInstrument.arm, ModelInstrument.spectrum_kind)
            .join(Instrument, Instrument.instrument_id == ModelInstrument.instrument_id)
            .order_by(Instrument.name)
        ).all()
        assert [tuple(one) for one in arms] == [
            ("apogee", "full", "visit"),
            ("lamost_mrs", "red", "visit"),
        ]
        run = connection.execute(select(TrainingRun.settings, TrainingRun.report)).one()
        assert tuple(run) == ({"seed": 1}, {"median_error": 1e-3})
        assert connection.scalar(select(ClosedRun.outcome)) == "done"


def test_it_comes_back_as_it_was(ledger: Database, tmp_path: Path) -> None:
    payne = random_payne()
    done = register(ledger.engine(), tmp_path, payne, ABOUT)
    with ledger.engine().connect() as connection:
        for named in ("toy", done.sha256[:10]):
            back = load_model(connection, tmp_path, named)
            labels = some_labels(payne)
            assert torch.equal(back.flux(labels), payne.flux(labels))


def test_its_fits_have_a_place(ledger: Database, tmp_path: Path) -> None:
    done = register(ledger.engine(), tmp_path, random_payne(), ABOUT)
    with ledger.engine().connect() as connection:
        place = text(f"SELECT to_regclass('ledger.fit_of_{done.model_id}') IS NOT NULL")
        assert connection.scalar(place)


def test_the_same_again_changes_nothing(ledger: Database, tmp_path: Path) -> None:
    first = register(ledger.engine(), tmp_path, random_payne(), ABOUT)
    (tmp_path / first.path / TENSORS).unlink()
    (tmp_path / first.path / "model.json").unlink()
    (tmp_path / first.path).rmdir()
    assert register(ledger.engine(), tmp_path, random_payne(), ABOUT) == first
    with ledger.engine().connect() as connection:
        assert len(connection.execute(select(TrainingRun.run_id)).all()) == 1
        load_model(connection, tmp_path, "toy")


def test_names_and_models_are_registered_once(ledger: Database, tmp_path: Path) -> None:
    register(ledger.engine(), tmp_path, random_payne(), ABOUT)
    with pytest.raises(ModelExists, match="registered as toy"):
        register(ledger.engine(), tmp_path, random_payne(), replace(ABOUT, name="other"))
    other = replace(random_payne(), normalisation="other")
    with pytest.raises(ModelExists, match="Another model"):
        register(ledger.engine(), tmp_path, other, ABOUT)
    assert len(list((tmp_path / "payne").iterdir())) == 1


@pytest.mark.parametrize("instrument", ["hubble", "apogee:red", "lamost_mrs"])
def test_unknown_instruments_are_refused(instrument: str, ledger: Database, tmp_path: Path) -> None:
    about = replace(ABOUT, instruments=(instrument,))
    with pytest.raises(UnknownInstrument):
        register(ledger.engine(), tmp_path, random_payne(), about)
    assert list(tmp_path.glob("payne/*")) == []


@pytest.mark.parametrize("name", ["", "Toy", "5n", "toy; drop table model", "toy\n"])
def test_names_that_sql_cannot_use_are_refused(name: str, ledger: Database, tmp_path: Path) -> None:
    with pytest.raises(BadModelName):
        register(ledger.engine(), tmp_path, random_payne(), replace(ABOUT, name=name))


def test_models_that_are_not_there_are_refused(ledger: Database, tmp_path: Path) -> None:
    done = register(ledger.engine(), tmp_path, random_payne(), ABOUT)
    with ledger.engine().connect() as connection:
        for named in ("none", done.sha256[:7], "0" * 64):
            with pytest.raises(NoSuchModel):
                find_model(connection, named)


def test_files_of_another_model_are_refused(ledger: Database, tmp_path: Path) -> None:
    done = register(ledger.engine(), tmp_path, random_payne(), ABOUT)
    other = replace(random_payne(), normalisation="other")
    second = register(ledger.engine(), tmp_path, other, replace(ABOUT, name="second"))
    for name in (TENSORS, "model.json"):
        (tmp_path / second.path / name).replace(tmp_path / done.path / name)
    with (
        ledger.engine().connect() as connection,
        pytest.raises(ModelRefused, match="another model than toy"),
    ):
        load_model(connection, tmp_path, "toy")
