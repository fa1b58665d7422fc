"""`starledger model cannon`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from starledger.compute.model_commands import model
from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.compute.models.registry import ModelExists
from starledger.schema.errors import StarledgerError
from starledger.schema.settings import load_settings
from tests.compute.training.two_surveys import CATALOG, SPECTRA, Matched
from tests.conftest import address

pytestmark = pytest.mark.integration

OPTIONS = (
    *(SPECTRA, CATALOG, "--labels", "teff,mg_fe", "--description", "one line"),
    *("--window", "5100,5300", "--order", "1", "--device", "cpu", "--min-snr", "20"),
    *("--range", "teff", "4500", "6500", "--range", "mg_fe", "-0.3", "0.5"),
)


def run(matched: Matched, *arguments: str) -> Result:
    settings = {
        "database_url": address(matched.database),
        "shard_root": matched.shard_root,
        "model_root": matched.shard_root / "models",
    }
    return CliRunner().invoke(
        model, [*arguments], obj=load_settings(settings), catch_exceptions=False
    )


def test_a_cannon_is_taught_and_shown(matched: Matched) -> None:
    ran = run(matched, "cannon", "by_command", *OPTIONS, "--citation", "me (2026)", "--json")
    assert ran.exit_code == 0
    done = json.loads(ran.stdout)
    assert (done["name"], done["system"], done["labels"]) == (
        "by_command", "cannon", ["teff", "mg_fe"],
    )  # fmt: skip
    assert done["citation"] == "me (2026)"
    assert done["held_out"]["spectra"] > 5
    assert done["held_out"]["labels"]["teff"]["unit"] == "K"
    assert done["left_out"]["outside the range of teff"] > 0
    n_spectra = done["n_training"] + done["held_out"]["spectra"]
    assert f"spectra: {n_spectra} of {n_spectra}" in ran.stderr
    assert f"pixels: {done['n_pixels']} of {done['n_pixels']}" in ran.stderr
    shown = json.loads(run(matched, "show", "by_command", "--json").stdout)
    assert (shown["n_pixels"], shown["normalisation"]) == (done["n_pixels"], "gaussian_50")
    training = shown["training"]
    assert training["training_set"] == "by_command_stars"
    assert (training["n_members"], training["n_held_out"]) == (
        n_spectra, done["held_out"]["spectra"],
    )  # fmt: skip
    assert training["report"]["held_out"] == done["held_out"]
    assert training["settings"]["order"] == 1
    assert "n held out" in run(matched, "show", "by_command").stdout
    assert 4500 <= shown["ranges"]["teff"][0] < shown["ranges"]["teff"][1] <= 6500


def test_people_are_told_in_words(matched: Matched) -> None:
    ran = run(matched, "cannon", "in_words", *OPTIONS, "--seed", "7")
    assert "Held-out stars" in ran.stdout
    assert "matched spectra did not count: outside the range of teff." in ran.stderr
    with matched.database.engine().connect() as connection:
        query = text("SELECT settings FROM ledger.training_run ORDER BY run_id DESC LIMIT 1")
        assert connection.execute(query).scalar_one()["seed"] == 7
    nobody = run(matched, "cannon", "nobody_out", *OPTIONS, "--held-out", "0", "--deconvolve", "2")
    assert "Held-out stars" not in nobody.stdout
    with matched.database.engine().connect() as connection:
        assert connection.execute(query).scalar_one()["deconvolve"] == 2


def test_a_crossmatch_can_be_named(matched: Matched) -> None:
    run_id = str(matched.run)
    ran = run(
        matched, "cannon", "named_run", *OPTIONS, "--crossmatch", run_id, "--seed", "9", "--json"
    )
    assert json.loads(ran.stdout)["crossmatch"] == matched.run
    with pytest.raises(ModelExists):
        run(matched, "cannon", "named_run", *OPTIONS)


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        (("--device", "abacus"), StarledgerError, "'abacus' cannot be used"),
        (("--window", "5100"), StarledgerError, "no pair of wavelengths"),
        (("--crossmatch", "1"), BadTrainingSet, "Run 1 is no crossmatch"),
        (("--kind", "coadd"), BadTrainingSet, "are of another kind"),
        (("--instrument", "apogee"), BadTrainingSet, "are of another instrument"),
        (("--min-catalog-snr", "1e6"), BadTrainingSet, "of lower S/N in the catalog"),
    ],
)
def test_bad_input_is_named(
    matched: Matched, changed: tuple[str, ...], error: type[StarledgerError], said: str
) -> None:
    with pytest.raises(error, match=said):
        run(matched, "cannon", "never_made", *OPTIONS, *changed)


@pytest.mark.parametrize("changed", [("--held-out", "1"), ("--order", "0"), ("--range", "teff")])
def test_what_no_option_takes_is_exit_code_2(matched: Matched, changed: tuple[str, ...]) -> None:
    assert run(matched, "cannon", "never_made", *OPTIONS, *changed).exit_code == 2
