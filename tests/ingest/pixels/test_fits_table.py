from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from starledger.compute.simulate.files.fits_bytes import header_bytes, image_hdu
from starledger.ingest.pixels.fits_file import open_fits
from starledger.ingest.pixels.fits_table import Table
from starledger.ingest.pixels.spectrum import UnreadableSpectrum


def table_of(*columns: fits.Column) -> tuple[Table, Any]:
    hdu = fits.BinTableHDU.from_columns(columns)
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(written)
    return open_fits(written.getvalue()).hdus[1].table(), hdu.data


def test_all_types_are_as_astropy_writes_them() -> None:
    numbers = np.arange(6).reshape(2, 3)
    table, data = table_of(
        fits.Column("byte", "B", array=np.array([1, 255])),
        fits.Column("short", "I", array=np.array([-5, 7])),
        fits.Column("unsigned", "I", bzero=32768, array=np.array([0, 65535], "u2")),
        fits.Column("whole", "3J", array=numbers),
        fits.Column("long", "K", array=np.array([1 << 62, -1])),
        fits.Column("single", "3E", array=numbers / 2),
        fits.Column("double", "6D", dim="(3,2)", array=np.arange(12.0).reshape(2, 2, 3)),
        fits.Column("truth", "L", array=np.array([True, False])),
        fits.Column("text", "8A", array=np.array(["ab", "cdefgh"])),
    )
    for name in data.names:
        if name != "text":
            assert np.array_equal(table.column(name), np.asarray(data[name])), name
    assert table.column("text").tolist() == [b"ab", b"cdefgh"]
    assert table.column("WHOLE").shape == (2, 3)
    assert table.column("double").shape == (2, 2, 3)


def test_single_values_are_those_of_the_first_row() -> None:
    table, _ = table_of(
        fits.Column("n", "J", array=np.array([7, 8])),
        fits.Column("x", "E", array=np.array([np.nan, 1])),
        fits.Column("v", "2E", array=np.ones((2, 2))),
        fits.Column("t", "5A", array=np.array(["STAR", ""])),
    )
    assert (table.integer("n"), table.number("n"), table.text("t")) == (7, 7.0, "STAR")
    assert table.number("x") is None
    assert table.number("v") is None
    assert table.text("n") is None
    assert table.integer("x") is None
    assert table.integer("absent") is None
    assert "N" in table
    assert "absent" not in table


def test_what_no_spectrum_needs_is_refused_when_it_is_asked_for() -> None:
    array = np.array([[1.0], [2.0, 3.0]], dtype=object)
    table, _ = table_of(
        fits.Column("many", "PE()", array=array),
        fits.Column("bits", "11X", array=np.zeros((2, 11), bool)),
        fits.Column("c", "C", array=np.ones(2, "c8")),
        fits.Column("x", "E", array=np.ones(2)),
    )
    assert table.column("x").tolist() == [1.0, 1.0]
    for name, code in (("many", "P"), ("bits", "X"), ("c", "C")):
        with pytest.raises(UnreadableSpectrum, match=f"{name} of type {code}"):
            table.column(name)
    with pytest.raises(UnreadableSpectrum, match="no column absent in HDU 1"):
        table.column("absent")


def test_numbers_are_scaled() -> None:
    table = made(TFORM1="2I", TSCAL1=0.5, TZERO1=3.0)
    assert table.column("X").tolist() == [[3.0, 3.0]]


def made(rows: int = 1, **cards: Any) -> Table:
    given: dict[str, Any] = {
        "XTENSION": "BINTABLE", "BITPIX": 8, "NAXIS": 2, "NAXIS1": 4, "NAXIS2": rows,
        "PCOUNT": 0, "GCOUNT": 1, "TFIELDS": 1, "TTYPE1": "X", "TFORM1": "E",
    } | cards  # fmt: skip
    contents = image_hdu(None, primary=True) + header_bytes(list(given.items())) + bytes(2880)
    return open_fits(contents).hdus[1].table()


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"TFORM1": "D"}, "columns of HDU 1 have 8 bytes, its rows 4"),
        ({"TFORM1": "999999999E"}, "contradicts itself"),
        ({"TFORM1": "4Z"}, "unknown type '4Z'"),
        ({"TFORM1": ""}, "unknown type ''"),
        ({"TFIELDS": 2}, "unknown type"),
        ({"TFIELDS": -1}, "how many columns"),
        ({"TFIELDS": 100_000}, "how many columns"),
    ],
)
def test_headers_that_contradict_themselves_are_refused(cards: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        made(**cards)


def test_tables_and_columns_with_nothing_in_them() -> None:
    with pytest.raises(UnreadableSpectrum, match="nothing in column X"):
        made(rows=0).column("X")
    assert made(rows=0).number("X") is None
    with pytest.raises(UnreadableSpectrum, match="nothing in column X"):
        made(TFORM1="0E", TFIELDS=2, TTYPE2="Y", TFORM2="E").column("X")


def test_a_tdim_that_does_not_fit_is_passed_over() -> None:
    assert made(NAXIS1=24, TFORM1="6E", TDIM1="(2,3)").column("X").shape == (1, 3, 2)
    assert made(NAXIS1=24, TFORM1="6E", TDIM1="(2,4)").column("X").shape == (1, 6)
    assert made(NAXIS1=24, TFORM1="6E", TDIM1="(0,99999999999)").column("X").shape == (1, 6)


def test_a_text_that_is_no_ascii_is_refused() -> None:
    contents = np.array([b"caf\xe9"], dtype="S4").view("V4")
    table, _ = table_of(fits.Column("t", "4A", array=np.array(["cafe"])))
    damaged = Table(1, table.columns, 1, 4, memoryview(contents.tobytes()))
    with pytest.raises(UnreadableSpectrum, match="text in column t"):
        damaged.text("t")
