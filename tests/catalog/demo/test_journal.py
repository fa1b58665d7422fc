from __future__ import annotations

from pathlib import Path

import pytest

from starledger.catalog.demo.journal import Journal, OtherDemo

KIND = {"size": "small", "quality": "realistic"}


def test_what_was_kept_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    journal = Journal.opened(path, KIND)
    assert (journal.done, journal.facts) == ({}, {})
    journal.facts["visits"] = 7
    journal.keep("survey", "Seven visits.", 12.34)
    again = Journal.opened(path, KIND)
    assert again.done == {"survey": {"said": "Seven visits.", "seconds": 12.3}}
    assert again.facts == {"visits": 7}


def test_facts_of_a_stage_that_was_not_ended_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    journal = Journal.opened(path, KIND)
    journal.keep("survey", "Done.", 1.0)
    journal.facts["half"] = "a stage"
    assert Journal.opened(path, KIND).facts == {}


def test_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    Journal.opened(path, KIND).keep("survey", "Done.", 1.0)
    with pytest.raises(OtherDemo, match=r"--size small and --quality realistic.*--clean"):
        Journal.opened(path, KIND | {"size": "large"})


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(OtherDemo, match="no demonstration"):
        Journal.opened(tmp_path / "journal.json", KIND)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.tex"]


def test_whose_folder_it_is_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "journal.json"
    Journal.opened(path, KIND)
    assert Journal.opened(path, KIND).done == {}
