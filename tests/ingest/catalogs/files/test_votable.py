from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest

from starledger.ingest.catalogs.files import votable
from starledger.ingest.catalogs.files.table import UnreadableTable
from tests.ingest.catalogs.files.small_tables import read, stars, write

FIELDS = """<FIELD name="id" datatype="long"><VALUES null="-1"/></FIELD>
<FIELD name="ra" datatype="double" unit="deg"/><FIELD name="name" datatype="char" arraysize="*"/>
<FIELD name="v" datatype="short" arraysize="2"/><FIELD name="ok" datatype="boolean"/>"""


def _write(tmp_path: Path, data: str, behind: str = "", *, fields: str = FIELDS) -> Path:
    path = tmp_path / "stars.xml"
    path.write_text(
        f"<?xml version='1.0'?>\n<!-- <TABLEDATA> --><VOTABLE><RESOURCE><INFO name='QUERY_STATUS'"
        f" value='OK'/><TABLE>{fields}<DATA>{data}</DATA></TABLE>{behind}</RESOURCE></VOTABLE>",
        "utf-8",
    )
    return path


def _rows(*rows: str) -> str:
    cells = ("".join(f"<TD>{cell}</TD>" for cell in row.split("|")) for row in rows)
    return f"<TABLEDATA>{''.join(f'<TR>{row}</TR>' for row in cells)}</TABLEDATA>"


def test_rows_as_text(tmp_path: Path) -> None:
    path = _write(tmp_path, _rows("9007199254740993|1e2|a &lt; b|1 2|T", "-1|NaN||3 -4|?"))
    found = read(path)
    assert found.rows[0] == (9007199254740993, 100.0, "a < b", [1, 2], True)
    assert found.rows[1][:1] + found.rows[1][2:] == (None, None, [3, -4], None)
    assert found.columns["ra"][1] != found.columns["ra"][1]
    assert found.about.units == {"ra": "deg"}


def test_cells_that_do_not_fit_refuse_their_row(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        _rows("1|1|a|1 2|T", "x|1|a|1 2|T", "2|1|a|1 2", "3|1_0|a|1 2|T", "4|1|a|1|T",
              "5|1|a|1 99999|T", "6|1|a|1 2|maybe", "0x7|+Inf|a|1 2|0"),
    )  # fmt: skip
    found = read(path)
    assert (found.numbers, found.columns["id"]) == ([1, 8], [1, 7])
    assert [(row.row_number, row.reason) for row in found.refused] == [
        (2, "has 'x' in column 'id', which is no long"),
        (3, "has 4 cells where the table has 5 columns"),
        (4, "has '1_0' in column 'ra', which is no double"),
        (5, "has '1' in column 'v', which is no short"),
        (6, "has '1 99999' in column 'v', which is no short"),
        (7, "has 'maybe' in column 'ok', which is no boolean"),
    ]


def _binary_row(number: int, name: bytes) -> bytes:
    return struct.pack(f">qdi{len(name)}shhc", number, 1.5, len(name), name, 1, 2, b"F")


@pytest.mark.parametrize("flags", [b"", b"\0"])
def test_rows_as_bytes(tmp_path: Path, flags: bytes) -> None:
    names = [b"", b"Barnard", "Ångström".encode(), b"x" * 5000]
    raw = b"".join(flags + _binary_row(n, name) for n, name in enumerate(names))
    if flags:
        raw += b"\x98" + _binary_row(9, b"y")
    kind = "BINARY2" if flags else "BINARY"
    text = base64.encodebytes(raw).decode()
    path = _write(tmp_path, f"<{kind}><STREAM encoding='base64'>\n{text}</STREAM></{kind}>")
    found = read(path)
    assert found.rows[:4] == [
        (n, 1.5, name.decode(), [1, 2], False) for n, name in enumerate(names)
    ]
    assert found.rows[4:] == ([(None, 1.5, "y", None, None)] if flags else [])


def test_rows_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = stars(50)
    for kind in ("tabledata", "binary", "binary2"):
        path = write(table, tmp_path / f"stars.{kind}.vot")
        whole = read(path)
        with monkeypatch.context() as patch:
            patch.setattr(votable, "CHUNK", 37)
            assert read(path) == whole


def test_namespaces_and_empty_tables(tmp_path: Path) -> None:
    path = tmp_path / "stars.vot"
    fields = "<v:FIELD name='id' datatype='int'/>"
    around = (
        "<v:VOTABLE xmlns:v='http://x'><v:RESOURCE><v:TABLE>{}</v:TABLE></v:RESOURCE></v:VOTABLE>"
    )
    for data, ids in [
        ("<v:DATA><v:TABLEDATA><v:TR><v:TD>5</v:TD></v:TR></v:TABLEDATA></v:DATA>", [5]),
        ("<v:DATA><v:TABLEDATA/></v:DATA>", []),
        ("<v:DATA><v:TABLEDATA>\n</v:TABLEDATA></v:DATA>", []),
        ("", []),
    ]:
        path.write_text(around.format(fields + data), "utf-8")
        assert read(path).columns == {"id": ids}


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        ("<INFO name='QUERY_STATUS' value='OVERFLOW'/>", "the service cut its answer"),
        ("<INFO name='QUERY_STATUS' value='ERROR'>out of disk</INFO>", "answered 'out of disk'"),
        ("<TABLE><DATA><TABLEDATA/></DATA></TABLE>", "holds several tables"),
        ("</TABLE>", "mismatched tag"),
        ("<!-- " + "x" * (votable.TOP + 1) + "-->", "goes on for more than"),
    ],
)
def test_what_comes_behind_the_rows_counts(tmp_path: Path, behind: str, said: str) -> None:
    with pytest.raises(UnreadableTable, match=said):
        read(_write(tmp_path, _rows("1|1|a|1 2|T"), behind))


@pytest.mark.parametrize(
    ("data", "fields", "said"),
    [
        ("<FITS/>", FIELDS, "as a FITS file"),
        ("<BINARY><STREAM href='http://x'/></BINARY>", FIELDS, "holds its rows elsewhere"),
        ("<BINARY><STREAM encoding='gzip'/></BINARY>", FIELDS, "in the encoding 'gzip'"),
        ("<BINARY><STREAM encoding='base64'>AAAA</STREAM></BINARY>", FIELDS, "is cut off: 3 bytes"),
        ("<BINARY><STREAM encoding='base64'>A*AA</STREAM></BINARY>", FIELDS, "not in base 64"),
        ("<TABLEDATA><TR><TD>1</TR></TABLEDATA>", FIELDS, "mismatched tag"),
        ("<TABLEDATA><TD>1</TD></TABLEDATA>", FIELDS, "other things than rows"),
        ("<TABLEDATA/>", "<FIELD name='a' datatype='word'/>", "of unknown type 'word'"),
        ("<TABLEDATA/>", "<FIELD name='a' datatype='int' arraysize='x'/>", "the unknown size 'x'"),
        ("<TABLEDATA/>", "<FIELD name='a' datatype='int'/>" * 2, "several columns of one name"),
        ("<TABLEDATA/>", "<FIELD name='a' datatype='int' arraysize='*'/>", "varying length"),
        ("<TABLEDATA/>", "<G>" * 200, "nested without end"),
    ],
)
def test_what_is_not_read_is_refused_by_name(
    tmp_path: Path, data: str, fields: str, said: str
) -> None:
    with pytest.raises(UnreadableTable, match=said):
        read(_write(tmp_path, data, fields=fields))


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "stars.xml"
    path.write_text("<?xml version='1.0'?><!DOCTYPE V [<!ENTITY a 'aaaa'>]><VOTABLE>&a;</VOTABLE>")
    with pytest.raises(UnreadableTable, match="declarations of entities"):
        read(path)
