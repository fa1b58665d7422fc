"""A spectrum as a row on its way into the ledger, with values that its columns can take."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from starledger.ingest.pixels.spectrum import ReadSpectrum

REALS = ("exposure_time", "snr_u", "snr_g", "snr_r", "snr_i", "snr_z", "snr", "rv", "err_rv")
DOUBLES = ("ra", "dec", "ref_epoch", "mjd_mid", "frame_shift")
INTEGERS = {
    "night": 31,
    "gaia_dr2_source_id": 63,
    "gaia_dr3_source_id": 63,
    "survey_flags": 63,
    "flags": 63,
}
"""Whole numbers and the bits that their columns have for them, without the sign."""
TEXTS = ("external_id", "kind", "arm", "time_scale", "frame", "class_name", "subclass")
COLUMNS = (*TEXTS, *DOUBLES, *REALS, *INTEGERS, "lsf_fwhm")
"""Columns of the table ``spectrum`` that a spectrum itself fills, by their names in both."""


class Unfit(ValueError):
    """A value cannot be kept in its column."""


@dataclass(slots=True)
class SpectrumRow:
    """A spectrum without its pixels, or why it is refused.

    Parameters
    ----------
    file_number
        Of the file among those to be read.
    row_number
        Of the spectrum in the file, from 1.
    external_id
        The survey's identifier.
    sha256
        Of all that the file says of the spectrum.
    values
        Of `COLUMNS`; none where it is refused.
    instrument
        Name of the instrument.
    parents
        External ids of the spectra that it is a sum of.
    refusal
        Why it cannot be kept, where it cannot.
    shard, shard_row
        Number of the shard among those of the chunk and row in it; none where the ledger already
        holds the same.
    """

    file_number: int
    row_number: int
    external_id: str
    sha256: str | None
    values: tuple[Any, ...] = (None,) * len(COLUMNS)
    instrument: str | None = None
    parents: tuple[str, ...] = ()
    refusal: str | None = None
    shard: int | None = None
    shard_row: int | None = None


def row_of(spectrum: ReadSpectrum, file_number: int, row_number: int) -> SpectrumRow:
    """Return the row of a spectrum, refused where some value cannot be kept."""
    try:
        values = tuple(convert(attribute(spectrum)) for attribute, convert in _CONVERSIONS)
        parents = tuple(_checked(parent) for parent in spectrum.parents)
    except Unfit as unfit:
        name = spectrum.external_id.replace("\0", "").encode("utf-8", "replace").decode()
        return SpectrumRow(file_number, row_number, name, None, refusal=str(unfit))
    return SpectrumRow(
        file_number,
        row_number,
        spectrum.external_id,
        spectrum.sha256(),
        values,
        spectrum.instrument,
        parents,
    )


def _real(value: float | None) -> float | None:
    """Round to single precision: PostgreSQL refuses what it would have to round to 0."""
    return None if value is None else ctypes.c_float(value).value


def _signal_to_noise(spectrum: ReadSpectrum) -> float | None:
    """Return the ratio over all wavelengths, measured where the survey tells none: LAMOST."""
    return spectrum.pixels.signal_to_noise() if spectrum.snr is None else spectrum.snr


def _same(value: Any) -> Any:
    return value


def _checked(value: str) -> str:
    if "\0" in value or not (value.isascii() or _is_unicode(value)):
        raise Unfit(f"the text {value!r} holds what no text may")
    return value


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: str | None) -> str | None:
    return None if value is None else _checked(value)


def _whole(name: str, bits: int) -> Callable[[int | None], int | None]:
    def checked(value: int | None) -> int | None:
        if value is not None and not -(1 << bits) <= value < 1 << bits:
            raise Unfit(f"{name} = {value} is too large")
        return value

    return checked


def _reals(values: tuple[float, ...] | None) -> list[float | None] | None:
    return None if values is None else [_real(value) for value in values]


_CONVERSIONS: tuple[tuple[Callable[[ReadSpectrum], Any], Callable[[Any], Any]], ...] = (
    *((attrgetter(name), _text) for name in TEXTS),
    *((attrgetter(name), _same) for name in DOUBLES),
    *((_signal_to_noise if name == "snr" else attrgetter(name), _real) for name in REALS),
    *((attrgetter(name), _whole(name, bits)) for name, bits in INTEGERS.items()),
    (attrgetter("lsf_fwhm"), _reals),
)
