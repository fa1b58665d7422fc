from __future__ import annotations

import json

import pytest

from starledger.schema.flags import FLAGS
from tests.catalog.quality.clean_ledger import Clean
from tests.catalog.quality.clean_ledger import clean as clean
from tests.conftest import Command, address

pytestmark = pytest.mark.integration


def test_all_flags_are_listed_with_their_producers(starledger: Command) -> None:
    answer = starledger("quality", "flags", "--json")
    listed = json.loads(answer.out)
    assert [(one["scope"], one["bit"]) for one in listed] == [
        (one.scope.value, one.bit) for one in FLAGS
    ]
    assert set(listed[0]) == {"scope", "bit", "name", "severity", "producer", "meaning"}
    assert "none yet" in starledger("quality", "flags").out


def test_a_model_says_what_it_lacks(starledger: Command, clean: Clean) -> None:
    answer = starledger(
        "--database", address(clean.database), "quality", "flags", "small", "--json"
    )
    producers = {one["name"]: one["producer"] for one in json.loads(answer.out)}
    assert producers["gradient_unreliable"] == "no data: the model's files are not here"
    assert producers["chi2_excess_na"] == "quality: chi2ratio_na"


def test_a_run_is_made_once_and_shown(
    starledger: Command, clean: Clean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARLEDGER_MODEL_ROOT", str(clean.made.model_root))
    with clean.copy() as database:
        begin = ("--database", address(database), "quality")
        tried = json.loads(starledger(*begin, "run", "small", "--dry-run", "--json").out)
        first = starledger(*begin, "run", "small", "--json")
        made = json.loads(first.out)
        again = starledger(*begin, "run", "small")
        other = starledger(*begin, "run", "small", "--threshold", "ruwe=1.5", "--json")
        shown = starledger(*begin, "show", str(made["run_id"]), "--json")
        for_people = starledger(*begin, "show", str(made["run_id"]))
        wrong = starledger(*begin, "show", "1")
    assert tried["run_id"] is None
    assert (first.code, made["new"], made["fits"]) == (0, True, 600)
    assert tried["tally"] == made["tally"]
    assert again.code == 0
    assert f"Nothing is new since run {made['run_id']}" in again.err
    assert json.loads(other.out)["new"]
    told = json.loads(shown.out)
    assert told["model"] == "small"
    assert told["outcome"] == "done"
    assert told["summary"]["raised"] == made["tally"]["raised"]
    assert told["definition"]["rules"]["binary_parallax"]["dwarf"]["number"] > 100
    assert "binary_parallax" in for_people.out
    assert (wrong.code, "is no quality run" in wrong.err) == (2, True)


def test_a_threshold_that_there_is_none_of_is_refused(starledger: Command) -> None:
    answer = starledger("quality", "run", "small", "--threshold", "rewe=1")
    assert (answer.code, answer.out) == (2, "")
    assert "Did you mean ruwe?" in answer.err


def test_references_are_made_for_models_that_are_simulated(
    starledger: Command, clean: Clean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARLEDGER_MODEL_ROOT", str(clean.made.model_root))
    answer = starledger("--database", address(clean.database), "quality", "references", "small")
    assert answer.code == 0
    assert "They are there already for small." in answer.err
