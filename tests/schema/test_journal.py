from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from starledger.schema.journal import begin_journal, bound

OURS = logging.getLogger("starledger.tests")
THEIRS = logging.getLogger("library.of.others")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("starledger").level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.getLogger("starledger").setLevel(before[2])


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_text_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    begin_journal("info")
    OURS.info("Read %d rows.", 3)
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert "info" in line
    assert "Read 3 rows." in line
    assert "starledger.tests" in line


def test_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    begin_journal("info", "json")
    OURS.info("Read %d rows.", 3)
    THEIRS.warning("Beware.\nOf lines.")
    said = capsys.readouterr()
    assert said.out == ""
    ours, theirs = objects(said.err)
    assert (ours["event"], ours["level"], ours["logger"]) == (
        "Read 3 rows.",
        "info",
        "starledger.tests",
    )
    assert ours["timestamp"].endswith("Z")
    assert theirs["event"] == "Beware.\nOf lines."


def test_an_exception_is_told_without_the_values_of_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for form in ("text", "json"):
        begin_journal("info", form)
        password = "hush" + "hush"
        try:
            raise ValueError("No such star.") if password else KeyError
        except ValueError:
            OURS.exception("It failed.")
        said = capsys.readouterr().err
        assert "ValueError: No such star." in said
        assert "hushhush" not in said


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_the_least_severe_message_shown(
    level: str, ours: list[str], theirs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    begin_journal(level, "json")
    for logger in (OURS, THEIRS):
        for severity in ("debug", "info", "warning", "error"):
            logger.log(logging.getLevelNamesMapping()[severity.upper()], "said")
    said = objects(capsys.readouterr().err)
    assert [one["level"] for one in said if one["logger"] == OURS.name] == ours
    assert [one["level"] for one in said if one["logger"] == THEIRS.name] == theirs


def test_what_is_bound_is_on_every_message_inside(capsys: pytest.CaptureFixture[str]) -> None:
    begin_journal("info", "json")
    with bound(run=7):
        OURS.info("inside")
        with bound(run=8, batch=1):
            THEIRS.warning("deeper")
        OURS.info("inside again")
    OURS.info("outside")
    said = objects(capsys.readouterr().err)
    assert [(one.get("run"), one.get("batch")) for one in said] == [
        (7, None),
        (8, 1),
        (7, None),
        (None, None),
    ]


def test_the_run_is_in_the_text_too(capsys: pytest.CaptureFixture[str]) -> None:
    begin_journal("info")
    with bound(run=7):
        OURS.info("inside")
    assert "run=7" in capsys.readouterr().err


def test_beginning_again_does_not_double(capsys: pytest.CaptureFixture[str]) -> None:
    begin_journal("info")
    begin_journal("info")
    OURS.info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_messages_follow_stderr_where_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_journal("info")
    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    OURS.info("above the bar")
    assert "above the bar" in elsewhere.getvalue()
