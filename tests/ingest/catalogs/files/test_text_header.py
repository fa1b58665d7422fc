from __future__ import annotations

from pathlib import Path

import pytest

from starledger.ingest.catalogs.files import text_header as module
from starledger.ingest.catalogs.files.source import Source
from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.ingest.catalogs.files.text_header import TextHeader, text_header
from tests.ingest.catalogs.files.small_tables import read


def _header(tmp_path: Path, contents: str | bytes) -> TextHeader:
    path = tmp_path / "stars.csv"
    path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return text_header(Source(path))


@pytest.mark.parametrize(
    ("contents", "names", "delimiter"),
    [
        ("obsid|teff\n1|5772\n", ["obsid", "teff"], "|"),
        (",obsid,teff\n0,1,5772\n", ["", "obsid", "teff"], ","),
        ("#id,teff\nspec.fits,5772\n", ["id", "teff"], ","),
        ("# from the survey\n# of 2019, v2\nid,teff\n1,5772\n", ["id", "teff"], ","),
        ("# id teff\n", [], ""),
        ("\ufeffid;teff\n1;5772\n", ["id", "teff"], ";"),
        ("\n\nid\tteff\r\n1\t2\r\n", ["id", "teff"], "\t"),
        ("KIC ID,{Teff, [K]},x\n", ["KIC ID", "{Teff", "[K]}", "x"], ","),
        ('id,"log g, cgs"\n1,4\n', ["id", "log g, cgs"], ","),
        ("id|label [a,b,c,d]\n1|2\n", ["id", "label [a,b,c,d]"], "|"),
        ("id,teff", ["id", "teff"], ","),
    ],
)
def test_names_and_delimiters(
    tmp_path: Path, contents: str, names: list[str], delimiter: str
) -> None:
    if not names:
        with pytest.raises(UnreadableTable, match="is no table"):
            _header(tmp_path, contents)
        return
    header = _header(tmp_path, contents)
    assert (list(header.about.names), header.delimiter) == (names, delimiter)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ("ra,dec,ra\n", "several columns of one name: 'ra'"),
        ("ra,dec, ra \n", "several columns of one name: 'ra'"),
        ('ra,"dec\n', "quotes in its line of names"),
        ("ra,dec\r1,2\r", "carriage returns alone"),
        (b"ra,d\xffc\n", "something else than UTF-8"),
        ("# %ECSV 1.0\n# ---\n# [\nra dec\n", "is not that of ECSV"),
        ("# %ECSV 1.0\n# ---\n# datatype: [{name: ra}]\n", "no line of names"),
    ],
)
def test_what_has_no_good_names_is_refused(
    tmp_path: Path, contents: str | bytes, said: str
) -> None:
    with pytest.raises(UnreadableTable, match=said):
        _header(tmp_path, contents)


def test_names_must_come_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOP", 100)
    with pytest.raises(UnreadableTable, match="does not name its columns"):
        _header(tmp_path, "# comment\n" * 20 + "a,b\n")
    assert list(_header(tmp_path, "a,b\n" + "1" * 200 + ",2\n").about.names) == ["a", "b"]


def test_ecsv_says_units_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "stars.ecsv"
    path.write_text(
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: deg, datatype: float64}\n"
        "# - {name: name, datatype: string}\n# meta: !!omap\n# - {from: gaia}\n"
        '# - {at: !astropy.time {jd: 1}}\nra name\n1.5 "a b"\n2.5 ""\n',
        "utf-8",
    )
    found = read(path)
    assert (found.about.units, found.about.meta) == ({"ra": "deg"}, {"from": "gaia"})
    assert found.rows == [("1.5", "a b"), ("2.5", None)]
