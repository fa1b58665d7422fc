from __future__ import annotations

import datetime as dt
import json
import sys

import pytest

from starledger.schema.console import Exit, progress, report, report_rows, say, waiting

DAY = dt.datetime(2026, 1, 2, 4, 4, 5, 678, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def test_progress_is_plain_lines_where_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("Reading", total=100) as advance:
        for _ in range(100):
            advance(1)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [f"Reading: {done} of 100" for done in range(10, 101, 10)]


def test_progress_in_large_steps_says_each_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Reading", total=10) as advance:
        for more in (1, 4, 0, 5):
            advance(more)
    assert capsys.readouterr().err.splitlines() == [
        "Reading: 1 of 10",
        "Reading: 5 of 10",
        "Reading: 10 of 10",
    ]


def test_progress_to_an_unknown_end_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Reading") as advance:
        advance(5)
    assert capsys.readouterr().err == ""


def test_waiting_says_nothing_where_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with waiting("Thinking"):
        say("answer")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("answer\n", "")


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make rich believe that it writes to a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


def test_on_a_terminal_the_answer_still_goes_to_stdout(
    on_a_terminal: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress("Reading", total=2) as advance:
        advance(1)
        sys.stdout.write("first\n")
        advance(1)
    with waiting("Thinking"):
        sys.stdout.write("second\n")
    said = capsys.readouterr()
    assert said.out == "first\nsecond\n"
    assert "Reading" in said.err
    assert "2/2" in said.err
    assert "Thinking" in said.err


def test_a_report_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    report({"rows_read": 3, "file": None, "ok": True, "at": DAY}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "rows read  3",
        "file       –",
        "ok         yes",
        "at         2026-01-02 03:04:05 UTC",
    ]


def test_a_report_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    report({"rows_read": 3, "file": None, "ok": True, "at": DAY}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "rows_read": 3,
        "file": None,
        "ok": True,
        "at": "2026-01-02 04:04:05.000678+01:00",
    }


def test_rows_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    report_rows(["name", "n"], [["a", 1], ["b", None]], as_json=False, title="Things")
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == ["Things"]
    assert lines[1] == ["name", "n"]
    assert lines[3:] == [["a", "1"], ["b", "–"]]


def test_values_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    # Brackets are rich's markup, colons its emoji.
    value = "speed [km/s; [bold]spect[/bold]] :star: [/]"
    report_rows(["value"], [[value]], as_json=False)
    assert value in capsys.readouterr().out


def test_rows_are_whole_lines_where_stdout_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report_rows(["value"], [["word " * 100 + "end"]], as_json=False)
    assert "word " * 100 + "end" in capsys.readouterr().out


def test_rows_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    report_rows(["name", "n"], [["a", 1], ["b", None]], as_json=True, title="Things")
    assert json.loads(capsys.readouterr().out) == [{"name": "a", "n": 1}, {"name": "b", "n": None}]


def test_no_rows_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    report_rows(["name"], [], as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_rows_must_fit_their_columns() -> None:
    with pytest.raises(ValueError, match="shorter"):
        report_rows(["name", "n"], [["a"]], as_json=True)


def test_exit_codes() -> None:
    assert {code.name: code.value for code in Exit} == {
        "DONE": 0,
        "NOT_ALL": 1,
        "BAD_INPUT": 2,
        "OUR_MISTAKE": 3,
        "INTERRUPTED": 130,
    }
