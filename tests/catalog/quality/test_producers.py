"""Each flag of the registry is produced or listed, and what raises it is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from starledger.catalog.quality.producers import (
    CALIBRATION,
    COMBINATION,
    ELSEWHERE,
    FIT,
    INGEST,
    MISSING,
    NONE_YET,
    producer_of,
    producers,
)
from starledger.catalog.quality.rules import RULES
from starledger.schema.flags import FLAGS, Flag, Scope, flag
from tests.catalog.quality.flags_elsewhere import DEFECTS, NO_DEFECT

TESTS_OF_CATALOG = Path(__file__).parents[1]
ROOMS = {COMBINATION: ("combine",), CALIBRATION: ("calibrate", "releases", "views")}
"""Where the tests of other producers are, below the tests of the catalog."""
COLUMNS = {"calibration_held": '"held_'}
"""Columns that tell what a flag says, where the flag itself is made of them later."""

RAISED = {(one.scope, one.name) for rule in RULES for one in rule.flags}


def test_each_flag_is_produced_or_listed_once() -> None:
    named = {(one.scope, one.name) for one in FLAGS}
    groups = (RAISED, set(ELSEWHERE), set(MISSING))
    assert set().union(*groups) == named
    assert sum(len(group) for group in groups) == len(named)


def test_no_two_rules_raise_the_same_flag() -> None:
    assert sum(len(rule.flags) for rule in RULES) == len(RAISED)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_new_flag_would_be_listed_as_nobodys() -> None:
    new = Flag(Scope.STAR, 62, flag(Scope.STAR, "blended").severity, "made_up", "For a test.")
    assert producer_of(new) == NONE_YET


def test_the_list_says_of_each_flag_who_raises_it() -> None:
    found = {(one.scope, one.name): one.producer for one in producers()}
    assert len(found) == len(FLAGS)
    assert found["fit", "chi2_excess"] == "quality: chi2ratio"
    assert found["label", "scan_at_bound"] == "none yet: no fitter scans χ²"
    assert found["star", "rv_variable"] == "combination"
    assert NONE_YET not in found.values()


@pytest.mark.parametrize("named", DEFECTS, ids=lambda named: f"{named[0]}-{named[1]}")
def test_a_defect_raises_its_flag_where_it_is_seen(named: tuple[Scope, str]) -> None:
    assert named in DEFECTS[named]()


@pytest.mark.parametrize("whole", NO_DEFECT)
def test_nothing_is_said_of_what_has_no_defect(whole: object) -> None:
    assert callable(whole)
    assert whole() == set()


def test_ingest_and_fits_have_a_defect_for_each_flag() -> None:
    assert set(DEFECTS) == {one for one, who in ELSEWHERE.items() if who in (INGEST, FIT)}


@pytest.mark.parametrize(("scope", "name"), [one for one, who in ELSEWHERE.items() if who in ROOMS])
def test_what_the_catalog_raises_elsewhere_is_tested_there(scope: Scope, name: str) -> None:
    rooms = ROOMS[ELSEWHERE[scope, name]]
    paths = [
        path for room in rooms for path in TESTS_OF_CATALOG.glob(f"**/*{room}*/**/test_*.py")
    ] + [path for room in rooms for path in TESTS_OF_CATALOG.glob(f"**/test_*{room}*.py")]
    assert paths
    spelled = (name, COLUMNS.get(name, name))
    texts = [path.read_text("utf-8") for path in paths]
    assert any(word in text for text in texts for word in spelled)
