from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import BigInteger, Double, Integer, Text
from sqlalchemy.dialects.postgresql import REAL

from starledger.ingest.pixels.spectrum_rows import (
    COLUMNS,
    DOUBLES,
    INTEGERS,
    REALS,
    TEXTS,
    row_of,
)
from starledger.schema.tables import Spectrum
from tests.ingest.pixels.made_up import made_up


def test_columns_are_those_of_the_table() -> None:
    table = Spectrum.__table__.columns
    for names, kind in ((REALS, REAL), (DOUBLES, Double), (TEXTS, Text)):
        for name in names:
            assert type(table[name].type) is kind, name
    for name, bits in INTEGERS.items():
        assert type(table[name].type) is {31: Integer, 63: BigInteger}[bits], name


def value(name: str, spectrum: Any) -> Any:
    return row_of(spectrum, 1, 1).values[COLUMNS.index(name)]


def test_single_precision_is_rounded_here() -> None:
    assert value("rv", made_up(rv=0.1)) == pytest.approx(0.1, rel=1e-7)
    assert value("rv", made_up(rv=0.1)) != 0.1
    assert value("rv", made_up(rv=1e300)) == math.inf
    assert value("rv", made_up(rv=1e-300)) == 0.0
    assert value("lsf_fwhm", made_up(lsf_fwhm=(1.0, 1e-60))) == [1.0, 0.0]
    assert value("ra", made_up(ra=0.1)) == 0.1


def test_the_signal_to_noise_ratio_is_measured_where_the_survey_tells_none() -> None:
    """As LAMOST, whose files have one for each band alone."""
    assert value("snr", made_up(snr=44.0)) == 44.0
    one = made_up(snr=None)
    flux, ivar = one.pixels.flux.copy(), one.pixels.ivar.copy()
    flux[:], ivar[:] = 5.0, 36.0
    flux[:3], ivar[3:5] = 1e6, 0.0
    bright = replace(one, pixels=replace(one.pixels, flux=flux, ivar=ivar))
    assert value("snr", bright) == 30.0
    nothing = replace(one, pixels=replace(one.pixels, flux=flux, ivar=0.0 * ivar))
    assert value("snr", nothing) is None
    below = replace(one, pixels=replace(one.pixels, flux=-flux, ivar=ivar))
    assert value("snr", below) == 0.0
    # What the file says did not change by it.
    assert row_of(one, 1, 1).sha256 == one.sha256()


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"subclass": "G\0"}, "holds what no text may"),
        ({"parents": ("a\0",)}, "holds what no text may"),
        ({"class_name": "\udc80"}, "holds what no text may"),
        ({"night": 2**31}, "night = 2147483648 is too large"),
        ({"survey_flags": 2**63}, "too large"),
    ],
)
def test_what_no_column_can_take_is_refused(about: dict[str, Any], reason: str) -> None:
    row = row_of(made_up("17", **about), 3, 4)
    assert (row.file_number, row.row_number, row.external_id) == (3, 4, "17")
    assert row.sha256 is None
    assert reason in str(row.refusal)


def test_an_identifier_that_is_no_text_is_named_as_far_as_it_goes() -> None:
    assert row_of(made_up("a\0\udc80"), 1, 1).external_id == "a?"
