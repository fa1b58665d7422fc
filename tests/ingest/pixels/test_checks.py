from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.spectrum import Grid, Pixels, ReadSpectrum, UnreadableSpectrum
from starledger.schema.flags import Scope, names

SIZE = 30
GRID = Grid("log10", "vacuum", 4000.0, 1e-4)


def spectrum(**changes: Any) -> ReadSpectrum:
    ones = np.ones(SIZE, np.float32)
    whole = ReadSpectrum(
        external_id="1", instrument="lamost_lrs", kind="visit", frame="barycentric", grid=GRID,
        pixels=Pixels(ones, ones, np.zeros(SIZE, np.int32)), ra=10.0, dec=-5.0, mjd_mid=57000.0,
        time_scale="utc", snr_g=50.0, rv=3.0, class_name="STAR",
    )  # fmt: skip
    return replace(whole, **changes)


def flagged(**changes: Any) -> list[str]:
    return names(Scope.SPECTRUM, checked(spectrum(**changes), bad_bits=5).flags)


def seen(flux: float = 1.0, ivar: float = 1.0, mask: int = 0, masked: int = SIZE) -> Pixels:
    bits = np.zeros(SIZE, np.int32)
    bits[:masked] = mask
    return Pixels(np.full(SIZE, flux, np.float32), np.full(SIZE, ivar, np.float32), bits)


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, []),
        ({"pixels": seen(ivar=0.0)}, ["missing_errors"]),
        ({"pixels": seen(flux=-1.0)}, ["negative_flux"]),
        ({"pixels": seen(flux=0.0)}, ["negative_flux"]),
        ({"pixels": seen(mask=4, masked=11)}, ["many_bad_pixels"]),
        ({"pixels": seen(mask=4, masked=10)}, []),
        ({"pixels": seen(mask=8)}, []),
        ({"snr_g": 19.9, "snr_z": 3.0}, ["low_snr"]),
        ({"snr_g": 19.9, "snr": 20.0}, []),
        ({"snr_g": None}, []),
        ({"rv": None}, ["no_survey_rv"]),
        ({"class_name": "GALAXY"}, ["not_a_star"]),
        ({"class_name": "Unknown"}, ["not_a_star"]),
        ({"class_name": None}, []),
        ({"flags": 1 << 10}, ["survey_warning"]),
    ],
)
def test_flags(changes: dict[str, Any], flags: list[str]) -> None:
    assert flagged(**changes) == flags


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"external_id": ""}, "which spectrum it is"),
        ({"ra": 360.1}, "not on the sky"),
        ({"dec": -90.1}, "not on the sky"),
        ({"ra": float("nan")}, "not on the sky"),
        ({"mjd_mid": None, "time_scale": None}, "when it was observed"),
        ({"mjd_mid": -5.0}, "which cannot be"),
        ({"night": 1 << 31}, "night 2147483648"),
        ({"survey_flags": 1 << 63}, "more than 63 bits"),
        ({"grid": Grid("log10", "vacuum", 4000.0, -1e-4)}, "do not increase"),
        ({"grid": Grid("log10", "vacuum", 4000.0, 0.0)}, "do not increase"),
        ({"grid": Grid("linear", "air", 100.0, 1.0)}, "from 100 to 129 Å"),
        ({"grid": Grid("log10", "vacuum", 4000.0, 9.0)}, "to inf Å"),
        ({"grid": Grid("explicit", "air", 1, None, np.full(SIZE, 4000.0))}, "do not increase"),
        ({"grid": Grid("explicit", "air", 1, None, np.arange(4000.0, 4003.0))}, "do not increase"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        checked(spectrum(**changes), bad_bits=0)


def test_a_coadd_needs_no_time() -> None:
    assert flagged(kind="coadd", mjd_mid=None, time_scale=None) == []


@given(
    arrays.arrays(np.float64, SIZE, elements=st.floats(width=64)),
    arrays.arrays(np.float32, SIZE, elements=st.floats(width=32)),
)
def test_all_pixels_come_out_finite(flux: Any, ivar: Any) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        kept, flags = pixels(flux, ivar, np.zeros(SIZE))
        whole = np.abs(flux) < np.finfo(np.float32).max
        bad = ~whole | ~(ivar >= 0) | ~np.isfinite(ivar)
    assert np.isfinite(kept.flux).all()
    assert (kept.ivar >= 0).all()
    assert np.isfinite(kept.ivar).all()
    assert not kept.flux[bad].any()
    assert not kept.ivar[bad].any()
    assert np.array_equal(kept.flux[~bad], flux[~bad].astype(np.float32))
    assert (flags != 0) == bad.any()


@pytest.mark.parametrize("bits", [[0.5, 0.0], [np.nan, 0.0], [1e30, 0.0]])
def test_a_mask_of_no_bits_is_refused(bits: list[float]) -> None:
    with np.errstate(all="ignore"), pytest.raises(UnreadableSpectrum, match="no bits"):
        pixels(np.ones(2), np.ones(2), np.array(bits))


def test_as_many_errors_as_pixels() -> None:
    with pytest.raises(UnreadableSpectrum, match="not as many"):
        pixels(np.ones(3), np.ones(2), np.zeros(3))
    with pytest.raises(UnreadableSpectrum, match="not as many"):
        pixels(np.ones(3), np.ones(3), np.zeros(3), np.zeros(2))
    with pytest.raises(UnreadableSpectrum, match="without pixels"):
        pixels(np.ones(0), np.ones(0), np.zeros(0))


def test_all_native_bits_are_kept() -> None:
    mask = np.array([0, 1 << 30, -(1 << 31)])
    kept, _ = pixels(np.ones(3), np.ones(3), mask, mask[::-1])
    assert kept.mask.tolist() == mask.tolist()
    assert kept.or_mask is not None
    assert kept.or_mask.tolist() == mask[::-1].tolist()
