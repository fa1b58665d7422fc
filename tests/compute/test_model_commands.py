from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from starledger.compute.model_commands import model
from starledger.compute.models.registry import NoSuchModel
from starledger.compute.models.stored import ABOUT, TENSORS, ModelRefused, read_model
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.settings import load_settings
from tests.compute.models.published import LABELS
from tests.compute.models.test_payne_import import small_archive
from tests.conftest import address
from tests.real_data import real_path

pytestmark = pytest.mark.integration

Run = Callable[..., Result]


@pytest.fixture
def run(ledger: Database, tmp_path: Path) -> Run:
    loaded = load_settings({"database_url": address(ledger), "home": tmp_path / "home"})

    def command(*arguments: str | Path) -> Result:
        given = [str(argument) for argument in arguments]
        return CliRunner().invoke(model, given, obj=loaded, catch_exceptions=False)

    return command


@pytest.fixture
def small(tmp_path: Path) -> list[str | Path]:
    """Return the arguments that import a small network as ``small``."""
    np.savez(tmp_path / "network.npz", allow_pickle=False, **small_archive())
    np.savez(tmp_path / "grid.npz", wavelength=np.linspace(15000.0, 15001.0, 6))
    about = ["--description", "good for tests", "--instrument", "apogee"]
    of_archive = ["--labels", "teff,logg", "--normalisation", "none"]
    grid: list[str | Path] = ["--wavelength", tmp_path / "grid.npz"]
    return ["import", "small", tmp_path / "network.npz", *about, *of_archive, *grid]


def test_a_model_goes_in_and_out_and_in(run: Run, small: list[str | Path], tmp_path: Path) -> None:
    done = json.loads(run(*small, "--json").stdout)
    assert (done["name"], done["labels"]) == ("small", ["teff", "logg"])
    out = tmp_path / "exported"
    assert json.loads(run("export", "small", out, "--json").stdout)["sha256"] == done["sha256"]
    assert sorted(path.name for path in out.iterdir()) == [ABOUT, TENSORS]
    assert read_model(out).identity == done["sha256"]
    about = ["--description", "good for tests", "--instrument", "apogee", "--json"]
    again = json.loads(run("import", "small", out, *about).stdout)
    assert again["model_id"] == done["model_id"]


def test_list_and_show_say_what_it_is(run: Run, small: list[str | Path]) -> None:
    assert json.loads(run("list", "--json").stdout) == []
    run(*small)
    (listed,) = json.loads(run("list", "--json").stdout)
    assert (listed["name"], listed["labels"]) == ("small", "teff logg")
    shown = json.loads(run("show", listed["sha256"], "--json").stdout)
    assert shown["ranges"] == {"teff": [4000.0, 7000.0], "logg": [1.0, 5.0]}
    assert (shown["n_pixels"], shown["wavelength"]) == (6, [15000.0, 15001.0])
    assert shown["activation"] == "sigmoid"
    text = run("show", "small").stdout
    assert "dex(cm/s**2)" in text
    assert "good for tests" in text


def test_show_and_export_notice_damaged_files(
    run: Run, small: list[str | Path], tmp_path: Path
) -> None:
    path = json.loads(run(*small, "--json").stdout)["path"]
    tensors = tmp_path / "home" / "models" / path / TENSORS
    content = bytearray(tensors.read_bytes())
    content[-1] ^= 1
    tensors.write_bytes(content)
    with pytest.raises(ModelRefused, match="is damaged"):
        run("show", "small")
    with pytest.raises(ModelRefused, match="is damaged"):
        run("export", "small", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_named(run: Run, small: list[str | Path], tmp_path: Path) -> None:
    with pytest.raises(StarledgerError, match="--wavelength"):
        run(*small[:-2])
    with pytest.raises(NoSuchModel, match="model list"):
        run("show", "small")
    run(*small)
    run("export", "small", tmp_path / "out")
    with pytest.raises(StarledgerError, match="Leave out --labels"):
        run("import", "again", tmp_path / "out", *small[3:])
    with pytest.raises(StarledgerError, match="something at"):
        run("export", "small", tmp_path / "out")


@pytest.mark.real_data
def test_a_published_network_is_imported(run: Run) -> None:
    done = run(
        *("import", "payne_apogee_5n"),
        real_path("models", "payne_apogee_5n", "NN_normalized_spectra.npz"),
        *("--labels", ",".join(LABELS["5n"])),
        *("--wavelength", real_path("apogee", "masks", "apogee_wavelength.npz")),
        *("--mask", real_path("apogee", "masks", "apogee_mask.npz")),
        *("--normalisation", "pseudo-continuum of APOGEE's continuum pixels"),
        *("--instrument", "apogee", "--kind", "coadd"),
        *("--description", "dwarfs, logg 4 to 5", "--json"),
    )
    assert json.loads(done.stdout)["labels"] == list(LABELS["5n"])
    shown = json.loads(run("show", "payne_apogee_5n", "--json").stdout)
    assert shown["n_pixels"] == 7214
    assert shown["ranges"]["teff"] == pytest.approx([4200.5, 6995.7], abs=0.1)
