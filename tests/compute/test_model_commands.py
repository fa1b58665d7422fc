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


def published() -> list[str | Path]:
    """Return the arguments that import a published network."""
    return [
        *("import", "payne_apogee_5n"),
        real_path("models", "payne_apogee_5n", "NN_normalized_spectra.npz"),
        *("--labels", ",".join(LABELS["5n"])),
        *("--wavelength", real_path("apogee", "masks", "apogee_wavelength.npz")),
        *("--mask", real_path("apogee", "masks", "apogee_mask.npz")),
        *("--normalisation", "pseudo-continuum of APOGEE's continuum pixels"),
        *("--instrument", "apogee", "--kind", "coadd"),
        *("--description", "dwarfs, logg 4 to 5", "--json"),
    ]


@pytest.mark.real_data
def test_a_published_network_is_imported(run: Run) -> None:
    done = run(*published())
    assert json.loads(done.stdout)["labels"] == list(LABELS["5n"])
    shown = json.loads(run("show", "payne_apogee_5n", "--json").stdout)
    assert shown["n_pixels"] == 7214
    assert shown["ranges"]["teff"] == pytest.approx([4200.5, 6995.7], abs=0.1)


def test_precision_is_tabulated_and_drawn(
    run: Run, small: list[str | Path], tmp_path: Path
) -> None:
    run(*small)
    # Six pixels do not tell three quantities once the ends are left out: null, and no error.
    rows = json.loads(run("precision", "small", "--snr", "50", "--json").stdout)
    assert len(rows) == 9
    assert rows[0]["err_teff"] is None
    with pytest.raises(StarledgerError, match="outside the range"):
        run("precision", "small", "--teff", "99999")
    with pytest.raises(StarledgerError, match="no list of numbers"):
        run("precision", "small", "--snr", "high")
    with pytest.raises(StarledgerError, match="positive"):
        run("precision", "small", "--snr", "0")


@pytest.mark.real_data
def test_precision_of_a_published_network(run: Run, tmp_path: Path) -> None:
    run(*published())
    chosen = ("--teff", "5000,6000", "--logg", "4.5", "--fe-h", "0", "--snr", "50,100", "--json")
    rows = json.loads(
        run("precision", "payne_apogee_5n", *chosen, "--plot", tmp_path / "p.png").stdout
    )
    assert [(row["teff"], row["snr"]) for row in rows] == [
        (5000.0, 50.0),
        (5000.0, 100.0),
        (6000.0, 50.0),
        (6000.0, 100.0),
    ]
    assert rows[0]["err_teff"] == pytest.approx(2 * rows[1]["err_teff"])
    assert rows[1]["err_teff"] < rows[3]["err_teff"] < 50.0
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_a_model_is_drawn(run: Run, small: list[str | Path], tmp_path: Path) -> None:
    run(*small)
    for name in ("picture.png", "picture.svg"):
        done = json.loads(run("plot", "small", "--out", tmp_path / name, "--json").stdout)
        assert Path(done["picture"]).stat().st_size > 5_000
    one = run("plot", "small", "--out", tmp_path / "one.svg", "--labels", "logg")
    assert one.exit_code == 0
    assert (tmp_path / "one.svg").stat().st_size < (tmp_path / "picture.svg").stat().st_size
    for options, message in (
        (("--between", "100,200"), "0 pixels"),
        (("--between", "200,100"), "no range"),
        (("--labels", "mg_fe"), "does not give mg_fe"),
        (("--out", tmp_path / "picture.xyz"), "cannot be written"),
    ):
        with pytest.raises(StarledgerError, match=message):
            run("plot", "small", "--out", tmp_path / "none.png", *options)
    assert not (tmp_path / "none.png").exists()
