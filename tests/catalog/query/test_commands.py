"""`starledger query`: on a terminal, piped, into files of every format, and with exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from sqlalchemy import text

from starledger.__main__ import INTERRUPTED
from starledger.schema.database import Database
from starledger.schema.roles import Role
from tests.conftest import Answer, Command, address

pytestmark = pytest.mark.integration

PROGRAM = [sys.executable, "-m", "starledger"]
ALL_COLUMNS = "SELECT table_name, column_name, position FROM column_info"
MINUTES = "SELECT COUNT(*) AS n FROM flag a, flag b, flag c, flag d, flag e, flag f"
LARGE = 2**53 + 1


@pytest.fixture
def ask(ledger_of_releases: Database, starledger: Command) -> Command:
    """Return the command `starledger query`."""

    def run(*arguments: str | Path) -> Answer:
        return starledger("--database", address(ledger_of_releases), "query", *arguments)

    return run


def rows_of(answer: Answer) -> list[list[str]]:
    """Return the lines of CSV that a command printed."""
    return list(csv.reader(io.StringIO(answer.out)))


def test_what_is_piped_is_csv_with_all_digits(ask: Command) -> None:
    answer = ask("SELECT star_id, ra, mg_fe, starid, pmra FROM star", "--release", "dr1")
    assert answer.code == 0
    assert answer.err.splitlines() == ["1 row."]
    names, row = rows_of(answer)
    assert names == ["star_id", "ra", "mg_fe", "starid", "pmra"]
    said = json.loads(
        ask("SELECT star_id, ra, mg_fe, starid, pmra FROM star", "--release", "dr1", "--json").out
    )
    (values,) = said["rows"]
    assert said["release"] == "dr1"
    assert [one["unit"] for one in said["columns"]][1:3] == ["deg", "dex"]
    assert (int(row[0]), float(row[1]), row[3]) == (values[0], values[1], values[3])
    assert np.float32(row[2]) == np.float32(values[2])
    assert row[4] == ("" if values[4] is None else str(values[4]))


def test_json_without_rows_is_json(ask: Command) -> None:
    answer = ask("SELECT star_id FROM star WHERE star_id < 0", "--json")
    assert json.loads(answer.out)["rows"] == []


def test_a_cut_answer_says_so_and_exits_with_1_unless_it_was_asked_for(
    ask: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(ALL_COLUMNS)
    cut = ask(ALL_COLUMNS, "--limit", "10")
    assert (cut.code, len(rows_of(cut))) == (0, 11)
    assert "cut at 10 rows" in cut.err
    assert len(rows_of(whole)) > 300
    monkeypatch.setattr("starledger.catalog.query.limits.Limits.rows", 10)
    unasked = ask(ALL_COLUMNS)
    assert (unasked.code, len(rows_of(unasked))) == (1, 11)


def test_the_query_may_be_in_a_file_or_come_from_stdin(
    ask: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "SELECT star_id\nFROM star\n"
    expected = ask(query).out
    path = tmp_path / "query.adql"
    path.write_text(query)
    assert ask("--file", path).out == expected
    monkeypatch.setattr("sys.stdin", io.StringIO(query))
    assert ask("-").out == expected
    assert ask().code == 2
    assert ask(query, "--file", path).code == 2
    missing = ask("--file", tmp_path / "nowhere.adql")
    assert (missing.code, "nowhere.adql" in missing.err) == (2, True)


def test_an_error_shows_the_line_with_a_mark_under_the_word(ask: Command) -> None:
    answer = ask("SELECT star_id, tef\nFROM star")
    assert (answer.code, answer.out) == (2, "")
    line, mark, error = answer.err.splitlines()[:3]
    assert line == "  SELECT star_id, tef"
    assert mark == "                  ^^^"
    assert "tef" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((MINUTES, "--time-limit", "0.2", "--cost-limit", "1e15"), "longer than the 0.2 s"),
        ((MINUTES, "--cost-limit", "10"), "--cost-limit"),
        (("SELECT 1 / (star_id - star_id) AS x FROM star",), "divides by zero"),
        (("SELECT * FROM star", "--release", "dr9"), "no release 'dr9'"),
        (("SELECT * FROM star", "--upload", "mine"), "NAME=FILE"),
        (("SELECT * FROM star", "--upload", "mine=nowhere.fits"), "nowhere.fits"),
        (("SELECT * FROM star", "-o", "stars.doc"), "stars.doc"),
        (("--columns", "nothing"), "There is no table 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_exit_code_2(
    ask: Command, arguments: tuple[str, ...], said: str
) -> None:
    answer = ask(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "ledger." not in answer.err


def test_uploads_go_along(ask: Command, tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_text(f"star_id,id,name\n1,{LARGE},α\n7,2,\n")
    query = "SELECT m.id, m.name, s.star_id FROM mine AS m JOIN star AS s ON s.star_id = m.star_id"
    answer = ask(query, "--upload", f"mine={path}")
    assert rows_of(answer) == [["id", "name", "star_id"], [str(LARGE), "α", "1"]]


def read(path: Path) -> Table:
    """Read an answer's file by astropy."""
    ending = path.suffix.removeprefix(".")
    kinds: dict[str, Any] = {"vot": "votable", "ecsv": "ascii.ecsv", "csv": "ascii.csv"}
    return Table.read(path, format=kinds.get(ending, ending))


@pytest.mark.parametrize("ending", ["fits", "vot", "ecsv", "csv"])
def test_answers_are_kept_in_every_format(ask: Command, tmp_path: Path, ending: str) -> None:
    source = tmp_path / "mine.csv"
    source.write_text(f"source_id,x,name,none\n{LARGE},0.1,α,\n-5,,b,1\n")
    path = tmp_path / f"out.{ending}"
    query = "SELECT m.source_id, m.x, m.name, m.none, s.teff FROM mine AS m, star AS s"
    answer = ask(query, "--upload", f"mine={source}", "-o", path)
    assert (answer.code, answer.out) == (0, "")
    assert "2 rows" in answer.err
    table = read(path)
    assert table["source_id"].tolist() == [LARGE, -5]
    assert [str(one) for one in table["name"]] == ["α", "b"]
    assert np.ma.getmaskarray(table["none"]).tolist() == [True, False]
    assert float(table["x"][0]) == 0.1
    if ending != "csv":
        assert str(table["teff"].unit) == "K"


def test_answers_are_kept_as_parquet(ask: Command, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert ask("SELECT star_id, teff, pmra FROM star", "-o", path).code == 0
    table = pq.read_table(path)
    assert table.column_names == ["star_id", "teff", "pmra"]
    assert table.num_rows == 1


def test_a_cut_file_says_so_in_its_head(ask: Command, tmp_path: Path) -> None:
    path = tmp_path / "out.ecsv"
    answer = ask(ALL_COLUMNS, "--limit", "10", "-o", path)
    assert answer.code == 0
    assert "cut at 10 rows" in answer.err
    assert len(read(path)) == 10
    assert "10 rows" in "".join(line for line in path.read_text().splitlines() if line[0] == "#")


def test_a_query_that_fails_leaves_the_old_file(ask: Command, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    assert ask("SELECT 1 / (star_id - star_id) AS x FROM star", "-o", path).code == 2
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["out.csv"]


def test_tables_and_columns_are_listed(ask: Command) -> None:
    tables = json.loads(ask("--tables", "--json").out)
    assert {one["table"].partition(".")[0] for one in tables} == {"dr1", "dr2"}
    assert all(one["description"] for one in tables)
    of_one = json.loads(ask("--tables", "--release", "dr1", "--json").out)
    assert {one["table"].partition(".")[0] for one in of_one} == {"dr1"}
    columns = {one["column"]: one for one in json.loads(ask("--columns", "star", "--json").out)}
    assert (columns["teff"]["unit"], columns["ra"]["ucd"]) == ("K", "pos.eq.ra;meta.main")
    assert "star_id" in ask("--columns", "dr1.star").out


def test_the_plan_is_shown_and_nothing_runs(ask: Command) -> None:
    answer = ask(MINUTES, "--explain")
    assert answer.code == 0
    assert "Nested Loop" in answer.out
    assert "plan" in json.loads(ask("SELECT star_id FROM star", "--explain", "--json").out)


def test_ctrl_c_ends_the_query_on_the_server_too(ledger_of_releases: Database) -> None:
    limits = ("--time-limit", "600", "--cost-limit", "1e15")
    command = [*PROGRAM, "--database", address(ledger_of_releases), "query", MINUTES, *limits]
    running = text(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'starledger reader'"
        " AND state = 'active' AND query LIKE 'COPY%'"
    )
    with ledger_of_releases.engine(Role.READER).connect() as connection:
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None and not connection.scalar(running):
                connection.rollback()
            process.send_signal(signal.SIGINT)
            said = process.communicate()[1]
        connection.rollback()
        assert (process.returncode, said.splitlines()[-1]) == (130, INTERRUPTED)
        assert connection.scalar(running) == 0


def test_on_a_terminal_it_is_a_table(ledger_of_releases: Database) -> None:
    query = "SELECT star_id, teff, err_teff, starid FROM star"
    command = [*PROGRAM, "--database", address(ledger_of_releases), "query", query]
    ours, theirs = pty.openpty()
    done = subprocess.run(
        command,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=os.environ | {"TERM": "dumb", "COLUMNS": "80"},
    )
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode().replace("\r", "")
    os.close(ours)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "1 row.")
    names, units, _, row = [line.split() for line in said.splitlines() if line.strip()]
    assert names == ["star_id", "teff", "err_teff", "starid"]
    assert units == ["K", "K"]
    assert row[:3] == ["1", "5800", "40"]
