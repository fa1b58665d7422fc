from __future__ import annotations

import contextlib
import io
import warnings

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.simulate.files.fits_bytes import card_bytes, header_bytes
from starledger.ingest.pixels.fits_header import Header, find_header
from starledger.ingest.pixels.spectrum import UnreadableSpectrum
from tests.ingest.pixels.real_files import real_files

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=50)


def card(text: str) -> Header:
    return Header(text.ljust(80).encode("latin-1"))


@given(st.one_of(st.booleans(), st.integers(-(10**18), 10**18), PRINTABLE))
def test_what_is_written_is_read(value: bool | int | str) -> None:
    read = Header(card_bytes("KEY", value)).get("KEY")
    assert read == (value.rstrip() if isinstance(value, str) else value)
    assert type(read) is type(value)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_floats_are_read(value: float) -> None:
    assert Header(card_bytes("KEY", value)).get("KEY") == value


@given(st.binary(min_size=72, max_size=72))
def test_any_card_is_read_or_refused(body: bytes) -> None:
    header = Header(b"KEY     " + body)
    for ask in (header.get, header.text, header.number, header.integer, header.truth):
        with contextlib.suppress(UnreadableSpectrum):
            ask("KEY")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("KEY     = 'it''s'   / a comment / with slashes", "it's"),
        ("KEY     = ''", ""),
        ("KEY     =                  1.5D3", 1500.0),
        ("KEY     =                  .5 / half", 0.5),
        ("KEY     =                    / nothing", None),
        ("KEY     'no equals sign'", None),
        ("COMMENT = not a value", None),
    ],
)
def test_spellings(text: str, value: object) -> None:
    assert card(text).get("KEY") == value


@pytest.mark.parametrize("text", ["1_000", "0x10", "NAN", "1 2", "'open", "(1,2)", "'caf\xe9'"])
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSpectrum, match="header card KEY"):
        card(f"KEY     = {text}").get("KEY")


def test_long_texts_continue() -> None:
    header = Header(
        b"LONG    = 'one &'".ljust(80)
        + b"CONTINUE  'two&'".ljust(80)
        + b"CONTINUE  ' end'".ljust(80)
    )
    assert header.get("LONG") == "one two end"


def test_of_two_cards_the_first_counts() -> None:
    assert Header(card_bytes("Z", 1) + card_bytes("Z", 2)).get("Z") == 1


def test_numbers_in_quotes_count() -> None:
    header = card("FIBERID = '126     '           / Fiber ID of Object")
    assert header.integer("FIBERID") == 126
    assert header.number("FIBERID") == 126.0
    assert header.text("FIBERID") == "126"


@pytest.mark.parametrize("value", ["1E400", "T", "'many'", "9" * 30 + "E300"])
def test_numbers_without_end_are_none(value: str) -> None:
    assert card(f"KEY     = {value}").number("KEY") is None


@pytest.mark.parametrize("value", ["1.5", "9223372036854775808", "1E30"])
def test_whole_numbers_have_63_bits(value: str) -> None:
    with pytest.raises(UnreadableSpectrum, match="no whole number"):
        card(f"KEY     = {value}").integer("KEY")


def test_an_end_that_is_no_card_does_not_end() -> None:
    tricky = card_bytes("A", 1) + b"COMMENT  " + b"END".ljust(80)[:71] + b" " * 9
    contents = header_bytes([("A", 1)])
    assert find_header(contents, 0, 0)[1] == 2880
    with pytest.raises(UnreadableSpectrum, match="header of HDU 3 does not end"):
        find_header(tricky[:160], 0, 3)


def test_a_header_longer_than_any_is_refused() -> None:
    contents = b" " * 80 * 20_000 + b"END".ljust(80)
    with pytest.raises(UnreadableSpectrum, match="header of 1600000 bytes in HDU 2"):
        find_header(contents, 0, 2)


@pytest.mark.real_data
def test_real_headers_say_to_astropy_what_they_say_to_us() -> None:
    compared = 0
    for _, contents in real_files(every=6):
        header, _ = find_header(contents, 0, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (first, *_) = fits.open(io.BytesIO(contents))
            for keyword in first.header:
                if keyword in {"", "COMMENT", "HISTORY"}:
                    continue
                expected = first.header[keyword]
                if isinstance(expected, str):
                    expected = expected.rstrip()
                if not isinstance(expected, fits.card.Undefined):
                    assert header.get(keyword) == expected, keyword
                    compared += 1
    assert compared > 1000
