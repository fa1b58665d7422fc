from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.catalogs.files import text_lines
from starledger.ingest.catalogs.files.source import Source
from starledger.ingest.catalogs.files.text import TextTable
from tests.ingest.catalogs.files.small_tables import Read, gather

HEAD = "obsid,class,teff\n"


def _read(tmp_path: Path, contents: str | bytes) -> Read:
    path = tmp_path / "stars.csv"
    path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return gather(TextTable(Source(path)))


def _refused(found: Read) -> list[tuple[int, str, str | None]]:
    return [(row.row_number, row.reason, row.content) for row in found.refused]


@pytest.mark.parametrize("delimiter", ["|", ",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    lines = ["obsid,class,teff", "1,STAR,5772", "2,GALAXY,", ""]
    found = _read(tmp_path, end.join(lines).replace(",", delimiter))
    assert found.rows == [("1", "STAR", "5772"), ("2", "GALAXY", "")]
    assert found.refused == []


def test_quotes_hold_delimiters_and_quotes(tmp_path: Path) -> None:
    found = _read(tmp_path, HEAD + '1,"A, ""B""",5772\n"2","",""\n')
    assert found.rows == [("1", 'A, "B"', "5772"), ("2", "", "")]


def test_broken_lines_are_refused_with_their_numbers(tmp_path: Path) -> None:
    lines = [
        b"1,STAR,5772", b'2,"STAR,5000', b"", b"3,STAR", b"  ", b"4,STAR,1,2", b"5,ST\xffAR,1",
        b"6,ST\0AR,1", b"7,ST\rAR,1", b'8,S"T"AR,1', b'9,"STAR"x,1', b"10,STAR,4000",
    ]  # fmt: skip
    found = _read(tmp_path, HEAD.encode() + b"\n".join(lines) + b"\n")
    assert found.numbers == [1, 10]
    assert found.columns["teff"] == ["5772", "4000"]
    assert _refused(found) == [
        (2, "a quote is not closed", '2,"STAR,5000'),
        (3, "has 2 fields where the header has 3", "3,STAR"),
        (4, "has 4 fields where the header has 3", "4,STAR,1,2"),
        (5, "is not UTF-8 text", "5,ST\ufffdAR,1"),
        (6, "holds a NUL byte", "6,ST\0AR,1"),
        (7, "holds a carriage return", "7,ST\rAR,1"),
        (8, "a quote stands inside a field", '8,S"T"AR,1'),
        (9, "a quote stands inside a field", '9,"STAR"x,1'),
    ]


def test_a_last_line_that_is_short_may_be_cut_off(tmp_path: Path) -> None:
    found = _read(tmp_path, HEAD + "1,STAR,5772\n2,ST")
    assert found.numbers == [1]
    (reason,) = [row.reason for row in found.refused]
    assert reason == "has 2 fields where the header has 3; the file may be cut off"


def test_a_last_line_without_line_end_is_a_row(tmp_path: Path) -> None:
    assert _read(tmp_path, HEAD + "1,STAR,5772\n2,STAR,5000").numbers == [1, 2]


def test_a_line_without_end_is_not_gathered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_lines, "LONGEST", 1 << 10)
    monkeypatch.setattr(text_lines, "BLOCK", 1 << 12)
    long = "2,STAR," + "9" * 20_000
    found = _read(tmp_path, f"{HEAD}1,STAR,5772\n{long}\n3,STAR,{'8' * 2000}\n4,STAR,5000\n")
    assert found.numbers == [1, 4]
    assert [row.row_number for row in found.refused] == [2, 3]
    assert found.refused[0].content == long[:1000]


def test_short_lines_come_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "MOST_LINES", 7)
    found = _read(tmp_path, "a,b\n" + "".join(f"{n},x\n\n" for n in range(100)) + "1\n")
    assert found.columns["a"] == [str(n) for n in range(100)]
    assert found.numbers == list(range(1, 101))
    assert [row.row_number for row in found.refused] == [101]


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)
WHOLE = st.lists(FIELD, min_size=3, max_size=3)
ANY = st.text(st.sampled_from('ab1",;| \té\r\0'), max_size=12).map(str.encode)
TORN = st.builds(lambda a, b: a + b"\xff" + b, ANY, ANY)


def _quoted(fields: list[str], delimiter: str) -> bytes:
    quoted = [
        '"' + field.replace('"', '""') + '"'
        if set(field) & {'"', delimiter} or field.strip() != field
        else field
        for field in fields
    ]
    return delimiter.join(quoted).encode()


@given(
    delimiter=st.sampled_from("|,\t;"),
    lines=st.lists(st.one_of(WHOLE, ANY, TORN), max_size=12),
    ends=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=12, max_size=12),
    block=st.integers(1, 60),
)
def test_every_line_ends_as_a_row_or_a_refusal(
    delimiter: str, lines: list[list[str] | bytes], ends: list[bytes], block: int
) -> None:
    names = delimiter.join(["one", "two", "three"]).encode()
    raw = [line if isinstance(line, bytes) else _quoted(line, delimiter) for line in lines]
    ended = [line + end for line, end in zip(raw, ends, strict=False)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_lines, "BLOCK", block)
        found = _read(Path(folder), b"\n".join([names, b"".join(ended)]))
    # A carriage return before the newline belongs to the line's end, whoever meant it.
    bare = [line.removesuffix(b"\n").removesuffix(b"\r") for line in ended]
    filled = [(line, kept) for line, kept in zip(lines, bare, strict=True) if kept.strip(b" ")]
    refused = {row.row_number for row in found.refused}
    assert sorted([*found.numbers, *refused]) == list(range(1, len(filled) + 1))
    rows = dict(zip(found.numbers, found.rows, strict=True))
    for number, (line, kept) in enumerate(filled, 1):
        if isinstance(line, list):
            assert rows[number] == tuple(line)
        elif number in rows:
            (values,) = csv.reader([kept.decode()], delimiter=delimiter)
            assert rows[number] == tuple(values)
        else:
            broken = any(byte in kept for byte in b'"\r\0\xff')
            assert broken or kept.count(delimiter.encode()) != 2
