from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.pixels.content import content, shard_files
from tests.ingest.pixels.desk import Desk, counts

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"ra": 400.0}, "ra = 400 breaks the rule ra_range"),
        ({"dec": float("nan")}, "dec = NaN breaks the rule dec_range"),
        ({"snr": -1.0}, "snr = -1 breaks the rule snr_non_negative"),
        ({"rv": 1e300}, "rv = Infinity breaks the rule rv_finite"),
        ({"err_rv": 1e-300}, "err_rv = 0 breaks the rule err_rv_positive"),
        ({"mjd_mid": None, "time_scale": None}, "time_unless_coadd"),
        ({"time_scale": None}, "time_with_scale"),
        ({"frame": "shifted"}, "shift_where_shifted"),
        ({"lsf_fwhm": [1.0, float("inf")]}, "lsf_fwhm_finite"),
        ({"night": 2**40}, "night = 1099511627776 is too large"),
        ({"kind": "stack"}, "kind = stack breaks the rule kind_known"),
        ({"ra": None}, "there is no ra"),
        ({"external_id": ""}, "external_id_not_empty"),
    ],
)
def test_what_the_table_would_refuse_is_rejected(
    about: dict[str, Any], reason: str, desk: Desk
) -> None:
    desk.write("a", {"external_id": "1"}, {"external_id": "2", **about}, {"external_id": "3"})
    done = desk.ingest()
    assert counts(done) == (2, 0, 0, 1, 0)
    ((path, row, said),) = desk.refusals(done.run_id)
    assert (path, row) == ("a", 2)
    assert reason in said


def test_an_identifier_twice_in_one_file(desk: Desk) -> None:
    one, other = {"external_id": "1"}, {"external_id": "1", "seed": 5}
    desk.write("a", one, one, other)
    done = desk.ingest()
    assert counts(done) == (1, 0, 1, 1, 0)
    assert desk.refusals(done.run_id) == [
        ("a", 3, "the identifier 1 has other content in row 1 of this file")
    ]


@pytest.mark.parametrize("size", [4, 1])
def test_an_identifier_in_two_files(size: int, desk: Desk) -> None:
    one, other = {"external_id": "1"}, {"external_id": "1", "seed": 5}
    desk.write("a", one)
    desk.write("b", one)
    desk.write("c", other)
    done = desk.ingest(size=lambda _: size)
    assert counts(done) == (1, 0, 1, 1, 0)
    assert desk.refusals(done.run_id) == [("c", 1, "the identifier 1 has other content in a")]
    assert desk.current() == {"1": (1, "a")}
    again = desk.ingest(size=lambda _: size)
    assert counts(again) == (0, 0, 0, 1, 0)
    assert again.n_files_skipped == 2


def test_a_renamed_file_changes_nothing(ten: Desk) -> None:
    ten.ingest()
    files = shard_files(ten.root)
    (ten.files / "03.json").rename(ten.files / "moved.json")
    assert counts(ten.ingest()) == (0, 0, 1, 0, 0)
    assert ten.current()["3"] == (1, "03.json")
    assert shard_files(ten.root) == files


def test_a_renamed_file_that_changed_is_a_new_version(ten: Desk) -> None:
    ten.ingest()
    (ten.files / "03.json").unlink()
    ten.write("moved.json", {"external_id": "3", "seed": 33})
    assert counts(ten.ingest()) == (0, 1, 0, 0, 0)
    assert ten.current()["3"] == (2, "moved.json")


@pytest.mark.parametrize("size", [4, 1])
def test_a_spectrum_that_moves_to_a_later_file(size: int, desk: Desk) -> None:
    desk.write("a", {"external_id": "1"}, {"external_id": "2"})
    desk.write("b", {"external_id": "3"})
    desk.ingest()
    desk.write("a", {"external_id": "2"})
    desk.write("b", {"external_id": "1"}, {"external_id": "3"})
    assert counts(desk.ingest(size=lambda _: size))[:4] == (0, 1, 2, 0)
    assert desk.current()["1"] == (2, "b")


@pytest.mark.parametrize("size", [4, 1])
def test_a_spectrum_that_moves_to_an_earlier_file_is_not_lost(size: int, desk: Desk) -> None:
    desk.write("a", {"external_id": "3"})
    desk.write("b", {"external_id": "1"}, {"external_id": "2"})
    desk.ingest()
    desk.write("a", {"external_id": "1"}, {"external_id": "3"})
    desk.write("b", {"external_id": "2"})
    desk.ingest(size=lambda _: size)
    desk.ingest(size=lambda _: size)
    assert desk.current()["1"] == (2, "a")


def test_parents_are_linked(desk: Desk) -> None:
    desk.write(
        "a",
        {"external_id": "sum", "parents": ["e1", "e2", "unknown"], "kind": "visit"},
        {"external_id": "e1", "kind": "exposure"},
        {"external_id": "e2", "kind": "exposure"},
    )
    desk.ingest()
    assert content(desk.ledger)["parent"] == [("sum", 1, "e1", 1), ("sum", 1, "e2", 1)]
