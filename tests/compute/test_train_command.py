from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.torch import save_file
from sqlalchemy import select

from starledger.compute.model_commands import model
from starledger.compute.models.archives import NotAnArchive
from starledger.compute.models.registry import (
    BadModelName,
    ModelExists,
    UnknownInstrument,
    load_model,
)
from starledger.compute.spectra.grid import UnusableGrid
from starledger.compute.training.label_sampling import UnsampledLabel
from starledger.compute.training.networks import NotTrainable
from starledger.compute.training.training_files import TrainingFileRefused
from starledger.compute.training.windows import BadWindow
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.labels import UnknownLabel
from starledger.schema.settings import load_settings
from starledger.schema.tables import TrainingRun
from tests.compute.training.test_networks import toy_spectra
from tests.conftest import address

pytestmark = pytest.mark.integration

SMALL = (
    *("train", "small", "--instrument", "lamost_lrs", "--description", "good for tests"),
    *("--labels", "teff,logg,fe_h,mg_fe", "--window", "5160,5200", "--spectra", "24"),
    *("--hidden", "3,3", "--max-epochs", "10", "--device", "cpu", "--json"),
)


class Desk:
    """Runs `starledger model` on a ledger of its own."""

    def __init__(self, ledger: Database, home: Path) -> None:
        self.ledger, self.models = ledger, home / "models"
        self.loaded = load_settings({"database_url": address(ledger), "home": home})

    def __call__(self, *arguments: str | Path) -> Result:
        given = [str(argument) for argument in arguments]
        return CliRunner().invoke(model, given, obj=self.loaded, catch_exceptions=False)


@pytest.fixture
def desk(ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    # Processes of its own would take longer to start than the work does.
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    return Desk(ledger, tmp_path / "home")


@pytest.fixture
def own(tmp_path: Path) -> tuple[str | Path, ...]:
    """Return the arguments that train on a file of one's own."""
    toy = toy_spectra(60)
    arrays = {"labels": toy.labels, "flux": toy.flux, "wavelength": toy.wavelength}
    numbers = {name: one.numpy() for name, one in arrays.items()}
    np.savez(tmp_path / "own.npz", allow_pickle=False, **numbers)
    save_file(arrays, tmp_path / "own.safetensors")
    return (
        *("train", "own", "--instrument", "apogee", "--description", "my grid"),
        *("--labels", "teff,logg,fe_h", "--normalisation", "none", "--max-epochs", "5"),
        *("--network", "shared", "--hidden", "8", "--json", "--from"),
    )


def test_a_model_is_trained_on_synthesized_spectra(desk: Desk) -> None:
    ran = desk(*SMALL)
    done = json.loads(ran.stdout)
    assert (done["name"], done["n_training"], done["n_validation"]) == ("small", 19, 5)
    assert done["labels"] == ["teff", "logg", "fe_h", "mg_fe"]
    assert "spectra: 24 of 24" in ran.stderr
    assert "epochs: 10 of 10" in ran.stderr
    with desk.ledger.engine().connect() as connection:
        payne = load_model(connection, desk.models, "small")
        settings, found = connection.execute(select(TrainingRun.settings, TrainingRun.report)).one()
    assert 5160.0 < float(payne.wavelength[0]) < float(payne.wavelength[-1]) < 5200.0
    assert payne.stored().configuration["normalisation"] == "gaussian_50_even"
    assert settings["seed"] == 1
    assert (settings["trained_on"], settings["spectra"]) == ("ab-initio spectra", 24)
    assert found["median_error"] == done["median_error"]


def test_a_taken_name_is_refused_before_the_training(desk: Desk) -> None:
    first = json.loads(desk(*SMALL).stdout)
    with pytest.raises(ModelExists):
        desk(*SMALL, "--spectra", "1000000000")
    again = json.loads(desk("train", "other", *SMALL[2:], "--seed", "2").stdout)
    assert again["sha256"] != first["sha256"]


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_a_model_is_trained_on_a_file(
    desk: Desk, own: tuple[str, ...], tmp_path: Path, suffix: str
) -> None:
    done = json.loads(desk(*own, tmp_path / f"own.{suffix}").stdout)
    assert done["n_training"] == 48
    shown = json.loads(desk("show", "own", "--json").stdout)
    assert (shown["network"], shown["n_pixels"]) == ("shared", 60)


@pytest.mark.parametrize(
    ("changed", "error", "why"),
    [
        (("--hidden", "ten"), StarledgerError, "no list of widths"),
        (("--hidden", "10,0"), StarledgerError, "no list of widths"),
        (("--device", "abacus"), StarledgerError, "'abacus' cannot be used"),
        (("--window", "5000"), StarledgerError, "no pair"),
        (("--window", "5000,nan"), BadWindow, "have 0 pixels"),
        (("--window", "15000,16000"), BadWindow, "have 0 pixels"),
        (("--labels", "teff,logg"), UnsampledLabel, "fe_h is not among"),
        (("--labels", "teff,logg,fe_h,xx_fe"), StarledgerError, "xx_fe"),
        (("--spectra", "3"), StarledgerError, "too few"),
        (("--instrument", "hubble"), UnknownInstrument, "hubble"),
        (("--instrument", "lamost_mrs:red"), BadWindow, "no ab-initio spectra"),
        (("--normalisation", "mine"), StarledgerError, "by ourselves"),
    ],
)
def test_bad_input_is_named(
    desk: Desk, changed: tuple[str, str], error: type[StarledgerError], why: str
) -> None:
    with pytest.raises(error, match=why):
        desk(*SMALL, *changed)


def test_a_bad_name_is_refused(desk: Desk) -> None:
    with pytest.raises(BadModelName):
        desk("train", "Not A Name", *SMALL[2:])


def test_files_that_cannot_teach_are_refused(
    desk: Desk, own: tuple[str, ...], tmp_path: Path
) -> None:
    path, toy = tmp_path / "bad.npz", toy_spectra(60)
    good = {
        "labels": toy.labels.numpy(),
        "flux": toy.flux.numpy(),
        "wavelength": toy.wavelength.numpy(),
    }
    for changed, error, why in (
        ({"flux": good["flux"][0]}, TrainingFileRefused, "of the shape"),
        ({"flux": good["flux"][:, 1:]}, NotTrainable, "do not fit"),
        ({"flux": good["flux"] * np.nan}, NotTrainable, "not all finite"),
        ({"labels": good["labels"][:, 1:]}, TrainingFileRefused, "has 2 labels"),
        ({"labels": np.array(["teff"])}, TrainingFileRefused, "no numbers 'labels'"),
        ({"wavelength": good["wavelength"][::-1]}, UnusableGrid, "increase"),
        ({"wavelength": np.array([{}])}, NotAnArchive, "no NumPy archive"),
    ):
        np.savez(path, allow_pickle=True, **{**good, **changed})
        with pytest.raises(error, match=why):
            desk(*own, path)
    path.write_bytes(b"nothing")
    with pytest.raises(NotAnArchive):
        desk(*own, path)
    wrong = tmp_path / "own.txt"
    wrong.write_bytes(b"nothing")
    with pytest.raises(TrainingFileRefused, match="neither"):
        desk(*own, wrong)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing")
    with pytest.raises(TrainingFileRefused, match="cannot be read"):
        desk(*own, broken)


def test_a_file_needs_its_labels_named(desk: Desk, own: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    with pytest.raises(StarledgerError, match="Give --labels and --normalisation"):
        desk(*own[:6], "--from", path)
    with pytest.raises(StarledgerError, match="synthesized spectra only"):
        desk(*own, path, "--window", "5000,5010")
    with pytest.raises(UnknownLabel):
        desk(*own, path, "--labels", "teff,logg,height")
    assert json.loads(desk(*own, path).stdout)["median_error"] > 0
