"""The page on a model of one's own: its model, its code as it stands there, and fits with it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy import text

from starledger.compute.models import systems
from starledger.compute.models.fit_configs import ensure_fit_config
from starledger.compute.models.stored import ModelRefused, StoredModel
from starledger.compute.work.planning import Selection, plan
from starledger.compute.work.recipe import Recipe, continuum_of
from starledger.compute.work.station import Station
from starledger.schema.database import Database
from starledger.schema.settings import load_settings
from tests.compute.work.made_up import Truth, enter_visits, small_payne
from tests.conftest import Command, address
from tests.followed_pages import HOW_TO, followed

PAGE = (HOW_TO / "your-own-model.md").read_text("utf-8")
STARS, VISITS = 300, 40


@pytest.fixture
def linear(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the page's model, put where the page tells to put it."""
    (line,) = re.findall(r'^"(\w+)": "([\w.]+):(\w+)",$', PAGE, re.MULTILINE)
    system, module, name = line
    spec = importlib.util.spec_from_file_location(module, HOW_TO.parent / "examples" / "linear.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, module, made)
    spec.loader.exec_module(made)
    monkeypatch.setattr(systems, "SYSTEMS", {**systems.SYSTEMS, system: f"{module}:{name}"})
    return made


@pytest.fixture
def training(linear: Any) -> dict[str, Any]:
    """Return spectra of stars whose labels differ little, as the page's reader has them."""
    payne = small_payne()
    generator = torch.Generator().manual_seed(11)
    part = torch.rand(STARS, 3, generator=generator, dtype=torch.float64)
    labels = payne.low + (0.45 + 0.1 * part) * (payne.high - payne.low)
    flux = payne.flux(labels.float())
    return {"labels": labels, "flux": flux, "wavelength": payne.wavelength}


@pytest.fixture
def open_ledger(ledger: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Return the ledger that the settings name."""
    monkeypatch.setenv("STARLEDGER_DATABASE_URL", address(ledger))
    return ledger


@pytest.mark.integration
def test_the_page_can_be_followed(
    open_ledger: Database, training: dict[str, Any], home: Path, starledger: Command
) -> None:
    known = followed("your-own-model.md", training)
    model, fits = known["model"], known["fits"]
    off = (fits.labels - training["labels"]) / (model.high - model.low)
    assert off.abs().median() < 0.02
    assert known["registered"].labels == ("teff", "logg", "fe_h")
    assert starledger("model", "show", "linear_lamost", "--json").code == 0

    truth = enter_made_up(open_ledger, home, model)
    labels = fitted(open_ledger, known["registered"].model_id, model)
    assert len(labels) == VISITS
    pulls = (labels[:, :3] - truth.labels) / labels[:, 3:]
    assert 0.6 < np.std(pulls) < 1.4


def enter_made_up(ledger: Database, home: Path, model: Any) -> Truth:
    """Enter visits of the model's own making."""
    with ledger.engine().begin() as connection:
        return enter_visits(connection, home / "shards", model, VISITS)


def fitted(ledger: Database, model_id: int, model: Any) -> np.ndarray:
    """Fit all visits as workers do, and return labels and errors in the order of the visits."""
    settings = load_settings().settings
    recipe = Recipe(continuum=continuum_of("linear", model.normalisation, None), rv_range=100.0)
    with ledger.engine().begin() as connection:
        config = ensure_fit_config(connection, recipe.settings())
        run = plan(connection, model_id, config, Selection()).fit_run_id
    assert run is not None
    station = Station(ledger, settings, run, "ann", torch.device("cpu"))
    station.turn(60.0)
    station.close()
    query = """
        SELECT labels || errors FROM ledger.fit JOIN ledger.spectrum USING (spectrum_id)
        WHERE fit_run_id = :run ORDER BY shard_row
    """
    with ledger.engine().connect() as connection:
        return np.array(connection.scalars(text(query), {"run": run}).all())


def test_files_give_the_same_model_again(linear: Any, training: dict[str, Any]) -> None:
    model = linear.Linear.trained(("teff", "logg", "fe_h"), *training.values(), "none")
    again = systems.emulator_of(model.stored())
    assert again.stored().identity == model.stored().identity
    assert torch.equal(again.flux(training["labels"]), model.flux(training["labels"]))
    rows = {**model.stored().tensors, "slopes": torch.zeros(2, 2)}
    for tensors in (rows, {}):
        with pytest.raises(ModelRefused, match="no lines"):
            systems.emulator_of(StoredModel(model.stored().configuration, tensors))
