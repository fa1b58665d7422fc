"""The past is answered as it was: versions, memberships and withdrawals as of each run."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select

from starledger.schema.asof import (
    all_withdrawn,
    best_fit_of_star,
    members,
    membership,
    valid,
    visits_of_star,
    withdrawn,
)
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import RunKind, Spectrum, StarMember, Withdrawal
from tests.schema.many_models import ManyModels

pytestmark = pytest.mark.integration


def names(many: ManyModels, star: str, run: str) -> list[str]:
    """Return the names of a star's visits as of a run, best first."""
    query = visits_of_star(many.ids[star], many.runs[run])
    rows = many.connection.scalars(query.with_only_columns(Spectrum.spectrum_id))
    by_id = {number: name for name, number in many.ids.items() if "visit" in name}
    return [by_id[number] for number in rows]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("boss_spectra", []),
        ("stars", ["boss_visit", "apogee_visit", "visit_2", "visit_1", "visit_3"]),
        ("withdraw_visit", ["boss_visit", "apogee_visit", "visit_1", "visit_3"]),
        ("re_reduced", ["boss_visit", "apogee_visit", "visit_3"]),
        ("merge", ["boss_visit", "apogee_visit", "visit_other", "visit_1_again", "visit_3"]),
    ],
)
def test_visits_of_the_star(run: str, expected: list[str], many: ManyModels) -> None:
    found = names(many, "star", run)
    assert sorted(found) == sorted(expected)
    assert [name for name in found if name.startswith("visit")] == [
        name for name in expected if name.startswith("visit")
    ]


def test_the_merged_star_keeps_its_past(many: ManyModels) -> None:
    assert names(many, "twin", "stars") == ["visit_other"]
    assert names(many, "twin", "merge") == []


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("stars", None),
        ("fit_payne_lamost", "visit_2"),
        ("withdraw_visit", "visit_1"),
        ("re_reduced", None),
        ("merge", "visit_other"),
    ],
)
def test_best_fit_of_the_star(run: str, expected: str | None, many: ManyModels) -> None:
    query = best_fit_of_star(many.ids["star"], many.ids["payne_lamost"], many.runs[run])
    found = many.connection.execute(query).mappings().one_or_none()
    assert (found and found["spectrum_id"]) == (expected and many.ids[expected])
    if found:
        assert len(found["labels"]) == 4


def test_fits_of_a_withdrawn_model_vanish_and_return(many: ManyModels) -> None:
    def labels(run: int) -> object:
        query = best_fit_of_star(many.ids["star"], many.ids["cannon_apogee"], run)
        return many.connection.execute(query).first()

    assert labels(many.runs["withdraw_visit"])
    assert not labels(many.runs["withdraw_model"])
    run = many.open("restore", RunKind.WITHDRAWAL)
    many.add(
        Withdrawal,
        run_id=run,
        model_id=many.ids["cannon_apogee"],
        action="restored",
        reason="it was right after all",
    )
    many.close("restore")
    assert labels(run)
    assert not labels(many.runs["withdraw_model"])


def test_withdrawing_a_data_release_takes_its_visits(many: ManyModels) -> None:
    run = many.open("w", RunKind.WITHDRAWAL)
    many.add(
        Withdrawal,
        run_id=run,
        data_release_id=many.ids["lamost_dr5"],
        action="withdrawn",
        reason="wavelengths were wrong",
    )
    assert sorted(names(many, "star", "w")) == ["apogee_visit", "boss_visit"]


def test_rows_of_an_open_star_run_do_not_count(many: ManyModels) -> None:
    many.open("half_done", RunKind.STAR, previous_run_id=many.runs["merge"], linking_radius=3.0)
    many.member("visit_3", "twin", many.runs["half_done"])
    assert names(many, "twin", "half_done") == []
    many.close("half_done")
    assert names(many, "twin", "half_done") == ["visit_3"]
    assert "visit_3" not in names(many, "star", "half_done")


def test_rows_of_a_failed_star_run_never_count(many: ManyModels) -> None:
    run = many.open("bad", RunKind.STAR, previous_run_id=many.runs["merge"], linking_radius=3.0)
    many.member("visit_3", "twin", run)
    close_run(many.connection, run, "failed", message="out of memory")
    assert names(many, "twin", "bad") == []


def test_one_version_of_a_spectrum_is_valid_at_any_time(
    connection: Connection, many: ManyModels
) -> None:
    for run in many.runs.values():
        versions = connection.scalars(
            select(Spectrum.version).where(Spectrum.external_id == "visit_1", valid(Spectrum, run))
        ).all()
        expected = (
            [] if run < many.runs["lamost_spectra"] else
            [1] if run < many.runs["re_reduced"] else [2]
        )  # fmt: skip
        assert versions == expected


def test_nothing_is_withdrawn_before_its_withdrawal(many: ManyModels) -> None:
    later = many.runs["withdraw_visit"]
    query = select(Spectrum.spectrum_id).where(
        withdrawn(Withdrawal.spectrum_id, Spectrum.spectrum_id, later - 1)
    )
    assert many.connection.scalars(query).all() == []


def test_all_that_is_withdrawn_is_each_that_is(many: ManyModels) -> None:
    again = many.open("again", RunKind.WITHDRAWAL)
    about = {"reason": "it was right", "spectrum_id": many.ids["visit_2"]}
    many.add(Withdrawal, run_id=again, action="restored", **about)
    many.close("again")
    for run in many.runs.values():
        one_by_one = select(Spectrum.spectrum_id).where(
            withdrawn(Withdrawal.spectrum_id, Spectrum.spectrum_id, run)
        )
        together = all_withdrawn(Withdrawal.spectrum_id, run)
        found = [set(many.connection.scalars(query)) for query in (one_by_one, together)]
        assert found[0] == found[1]
        expected = many.runs["withdraw_visit"] <= run < again
        assert found[1] == ({many.ids["visit_2"]} if expected else set())


def test_all_members_are_each_that_is(many: ManyModels) -> None:
    bad = many.open("bad", RunKind.STAR, previous_run_id=many.runs["merge"], linking_radius=3.0)
    many.member("visit_3", "twin", bad)
    close_run(many.connection, bad, "failed")
    columns = (StarMember.spectrum_id, StarMember.star_id)
    for run in many.runs.values():
        one_by_one = select(*columns).where(membership(run))
        expected = set(many.connection.execute(one_by_one).all())
        assert set(many.connection.execute(members(run)).all()) == expected


def test_runs_of_all_kinds_share_one_sequence(connection: Connection) -> None:
    first = open_run(connection, RunKind.WITHDRAWAL)
    second = open_run(connection, RunKind.RELEASE, schema_revision="0001")
    assert second == first + 1
