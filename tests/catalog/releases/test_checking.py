"""What a draft may name, and what it may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from starledger.catalog.releases.checking import calibration_ids, check
from starledger.catalog.releases.errors import DraftRefused
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import CombinationInput, RunKind, Withdrawal
from tests.catalog.releases.growing import Growing
from tests.schema.small_survey import sha

pytestmark = pytest.mark.integration


def test_all_that_a_draft_stands_for_is_found(connection: Connection, growing: Growing) -> None:
    plan = check(connection, growing.draft_of_two())
    assert [part.name for part in plan.parts] == ["dd_payne_lamost", "payne_lamost"]
    primary, other = plan.parts
    assert primary.fit_runs == (growing.runs["fit_dd_payne_lamost"],)
    assert other.quality_run_id == growing.runs["quality"]
    assert [one.name for one in other.calibrations] == ["mg_fe_dwarfs"]
    assert plan.star_runs == (growing.runs["stars"],)
    assert [one.right_name for one in plan.crossmatches] == ["galah_dr2"]
    named = {"stars", "crossmatch", "quality", "combination", "combination_dd"}
    named |= {"fit_payne_lamost", "fit_dd_payne_lamost"}
    assert set(plan.runs) == {growing.runs[one] for one in named}
    assert plan.recommends(other) == ("logg", "fe_h", "mg_fe")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "DR1"}, "cannot be called"),
        ({"name": "ledger"}, "cannot be called"),
        ({"name": "pg_dr1"}, "cannot be called"),
        ({"name": "dr1_data"}, "cannot be called"),
        ({"name": "order"}, "a word of SQL"),
        ({"title": " "}, "no title"),
        ({"licence": ""}, "no licence"),
        ({"models": ("payne_lamost", "payne_lamost")}, "given twice"),
        ({"models": ("payne_lamost", "boss_net")}, "boss_net has no combination run"),
        ({"models": ()}, "is not named"),
        ({"combinations": (99999,)}, "Run 99999 is no combination run"),
        ({"quality": (99999,)}, "Run 99999 is no quality run"),
        ({"crossmatch": (99999,)}, "Run 99999 is no crossmatch run"),
        ({"calibrations": (99999,)}, "no calibration number 99999"),
        ({"recommended": {"teff": "boss_net"}}, "boss_net, which is not in the release"),
        ({"recommended": {"vmic": "payne_lamost"}}, "does not give vmic"),
    ],
)
def test_what_cannot_be_published_is_refused(
    changed: dict[str, Any], said: str, connection: Connection, growing: Growing
) -> None:
    with pytest.raises(StarledgerError, match=said):
        check(connection, growing.draft(**{"name": "dr9", **changed}))


def test_one_of_several_givers_must_be_recommended(
    connection: Connection, growing: Growing
) -> None:
    draft = growing.draft_of_two()
    with pytest.raises(DraftRefused, match="Several models give teff"):
        check(connection, replace(draft, recommended={}))


def test_a_quality_run_that_is_given_stands_before_the_one_combined_with(
    connection: Connection, growing: Growing
) -> None:
    """The other is pinned too: its flags kept fits out."""
    growing.connection = connection
    newer = growing.open(
        "quality_2",
        RunKind.QUALITY,
        model_id=growing.ids["payne_lamost"],
        fit_config_id=growing.ids["config"],
        as_of_run_id=growing.runs["fit_open"],
        definition_sha256=sha("quality"),
        definition={},
    )
    growing.close("quality_2")
    plan = check(connection, growing.draft(quality=(newer,)))
    assert plan.primary.quality_run_id == newer
    assert plan.quality_runs == (growing.runs["quality"], newer)


def test_two_versions_of_a_calibration_are_refused(
    connection: Connection, growing: Growing
) -> None:
    both = (growing.ids["calibration_1"], growing.ids["calibration_2"])
    with pytest.raises(DraftRefused, match="mg_fe_dwarfs is given twice"):
        check(connection, growing.draft(calibrations=both))


def test_a_calibration_of_another_model_is_refused(
    connection: Connection, growing: Growing
) -> None:
    draft = growing.draft(
        models=("dd_payne_lamost",), combinations=(growing.runs["combination_dd"],)
    )
    with pytest.raises(DraftRefused, match="of a model that is not in the release"):
        check(connection, draft)


def open_combination(growing: Growing, connection: Connection, **more: Any) -> int:
    """Open a combination run of the first model."""
    growing.connection = connection
    return growing.open(
        "more",
        RunKind.COMBINATION,
        **{
            "model_id": growing.ids["payne_lamost"],
            "fit_config_id": growing.ids["config"],
            "star_run_id": growing.runs["stars"],
            "as_of_run_id": growing.runs["fit_open"],
            "spectrum_kind": "visit",
            "arm": "full",
            "settings_sha256": sha("combination"),
            "settings": {},
            **more,
        },
    )


def test_an_open_run_is_refused(connection: Connection, growing: Growing) -> None:
    run = open_combination(growing, connection)
    with pytest.raises(DraftRefused, match=f"combination run {run} is still open"):
        check(connection, growing.draft(combinations=(run,)))


def test_a_combination_of_nothing_is_refused(connection: Connection, growing: Growing) -> None:
    run = open_combination(growing, connection)
    growing.close("more")
    with pytest.raises(DraftRefused, match="which fit runs"):
        check(connection, growing.draft(combinations=(run,)))


def test_combinations_over_different_stars_are_refused(
    connection: Connection, growing: Growing
) -> None:
    growing.connection = connection
    stars = growing.open(
        "stars_2", RunKind.STAR, previous_run_id=growing.runs["stars"], linking_radius=1.0
    )
    growing.close("stars_2")
    run = open_combination(growing, connection, star_run_id=stars)
    growing.close("more")
    draft = growing.draft_of_two()
    other = growing.runs["combination_dd"]
    with pytest.raises(DraftRefused, match="different star runs"):
        check(connection, replace(draft, combinations=(run, other)))


def test_a_withdrawn_model_is_refused(connection: Connection, growing: Growing) -> None:
    growing.connection = connection
    run = growing.open("gone", RunKind.WITHDRAWAL)
    model = growing.ids["payne_lamost"]
    growing.add(Withdrawal, run_id=run, action="withdrawn", reason="a test", model_id=model)
    with pytest.raises(DraftRefused, match="was withdrawn"):
        check(connection, growing.draft())


def test_runs_that_are_open_do_not_count(connection: Connection, growing: Growing) -> None:
    growing.connection = connection
    late = growing.open(
        "late", RunKind.INGEST, data_release_id=growing.ids["lamost_dr5"], content="spectra"
    )
    run = open_combination(growing, connection, as_of_run_id=late)
    fits = growing.runs["fit_payne_lamost"]
    growing.add(CombinationInput, combination_run_id=run, fit_run_id=fits)
    growing.close("more")
    plan = check(connection, growing.draft(combinations=(run,)))
    assert plan.unfinished == (late,)


def test_calibrations_are_named_with_or_without_version(
    connection: Connection, growing: Growing
) -> None:
    newest, first = calibration_ids(connection, ["mg_fe_dwarfs", "mg_fe_dwarfs:1"])
    assert (newest, first) == (growing.ids["calibration_2"], growing.ids["calibration_1"])
    with pytest.raises(DraftRefused, match="'mg_fe_dwarfs:7'"):
        calibration_ids(connection, ["mg_fe_dwarfs:7"])
