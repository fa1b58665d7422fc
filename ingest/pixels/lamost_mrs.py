"""LAMOST's medium-resolution spectra: sums and single exposures, each arm in a table of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels import lamost_header as lamost
from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.fits_file import FitsFile, Hdu
from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.fits_table import Table
from starledger.ingest.pixels.spectrum import Grid, ReadSpectrum, UnreadableSpectrum

ARMS = {"B": "blue", "R": "red"}
_NAME = re.compile(r"COADD_(?P<coadd>[BR])|(?P<arm>[BR])-(?P<minute>\d{8})")
_STEP = 1e-5
_ROUNDING = 2.5e-7
"""Of a logarithm near 3.8 in single precision."""
_BEIJING_MINUTES = 8 * 60
_DAY_MINUTES = 24 * 60
_DAY_SECONDS = 86_400


def is_mrs(file: FitsFile) -> bool:
    """Whether it is of the layout with LOGLAM columns, of DR6 and DR7."""
    if file.header.text("TELESCOP") != "LAMOST":
        return False
    found = [hdu for hdu in file.hdus if _NAME.fullmatch(hdu.name or "")]
    return bool(found) and all(hdu.is_table and "LOGLAM" in hdu.table() for hdu in found)


def read_mrs(file: FitsFile) -> list[ReadSpectrum]:
    """Read the sum (a visit) and the single exposures of each arm.

    The time of a sum is the mean of its exposures': LAMOST's own is that of the first exposure.
    """
    stated = file.header.integer("N_EXTEN") or 0
    if stated > len(file.hdus):
        raise UnreadableSpectrum(
            f"is cut off: it should have {stated} HDUs, {len(file.hdus)} are there."
        )
    identity = lamost.identity(file.header)
    tables = [hdu for hdu in file.hdus if _NAME.fullmatch(hdu.name or "")]
    sums = [hdu for hdu in tables if _is_sum(hdu)]
    exposures = {
        hdu.name or "": replace(
            _spectrum(file.header, identity, hdu), mjd_mid=_mid(hdu), time_scale="utc"
        )
        for hdu in tables
        if not _is_sum(hdu)
    }
    summed = [_summed(hdu, _spectrum(file.header, identity, hdu), exposures) for hdu in sums]
    return [checked(spectrum, lamost.BAD_BITS) for spectrum in (*summed, *exposures.values())]


def _is_sum(hdu: Hdu) -> bool:
    return (hdu.name or "").startswith("COADD")


def _summed(
    hdu: Hdu, spectrum: ReadSpectrum, exposures: Mapping[str, ReadSpectrum]
) -> ReadSpectrum:
    """Return the sum of an arm with what its exposures in the file tell of time."""
    listed = _minutes(hdu.header)
    own = [
        exposure
        for name, exposure in exposures.items()
        if exposure.arm == spectrum.arm and (not listed or name[2:] in listed)
    ]
    if not own:
        return spectrum
    mids = [exposure.mjd_mid for exposure in own if exposure.mjd_mid is not None]
    return replace(
        spectrum,
        mjd_mid=sum(mids) / len(mids),
        time_scale="utc",
        exposure_time=sum(exposure.exposure_time or 0.0 for exposure in own),
        parents=tuple(exposure.external_id for exposure in own),
    )


def _minutes(header: Header) -> set[str]:
    """Return the minutes in which the exposures of a sum began, listed in one card or several."""
    cards = [header.text(f"LMJMLIS{end}") or "" for end in ("T", *range(10))]
    return {minute for card in cards for minute in card.split("-") if minute}


def _mid(hdu: Hdu) -> float:
    """Return the MJD (UTC) of the middle of an exposure, known to a minute."""
    found = _NAME.fullmatch(hdu.name or "")
    exposure = hdu.header.number("EXPTIME")
    if found is None or exposure is None or not 0 < exposure < _DAY_SECONDS:
        raise UnreadableSpectrum(f"does not say how long exposure {hdu.name} was.")
    start = (int(found["minute"]) - _BEIJING_MINUTES) / _DAY_MINUTES
    return start + exposure / _DAY_SECONDS / 2


def _spectrum(header: Header, identity: str, hdu: Hdu) -> ReadSpectrum:
    """Return the spectrum of a table, which decreases in wavelength for exposures in the red."""
    table, name = hdu.table(), hdu.name or ""
    is_sum = name.startswith("COADD")
    flux, ivar, loglam = (_vector(table, column) for column in ("FLUX", "IVAR", "LOGLAM"))
    masks = [
        _vector(table, column) for column in (("ANDMASK", "ORMASK") if is_sum else ("PIXMASK",))
    ]
    order = slice(None, None, -1) if loglam[0] > loglam[-1] else slice(None)
    kept, flags = pixels(flux[order], ivar[order], *(mask[order] for mask in masks))
    ra, dec = lamost.position(header)
    survey_flags, warned = lamost.warnings(header)
    mid = lamost.modified_julian_date(header.text("DATE-OBS"))
    return ReadSpectrum(
        external_id=f"{identity}-{name}",
        instrument="lamost_mrs",
        kind="visit" if is_sum else "exposure",
        arm=ARMS[name[-1] if is_sum else name[0]],
        frame=lamost.frame(header),
        grid=_grid(header, loglam[order].astype(np.float64)),
        pixels=kept,
        ra=ra,
        dec=dec,
        mjd_mid=mid,
        time_scale=None if mid is None else "utc",
        night=header.integer("LMJD"),
        exposure_time=lamost.positive(hdu.header.number("EXPTIME")),
        snr=lamost.signal(hdu.header, "SNR"),
        mask_bits=lamost.MASK_BITS,
        survey_flags=survey_flags,
        flags=flags | warned,
    )


def _vector(table: Table, name: str) -> NDArray[Any]:
    values = table.column(name)
    if values.ndim != 1:
        raise UnreadableSpectrum(f"has arrays in column {name} of HDU {table.hdu}.")
    return values


def _grid(header: Header, loglam: NDArray[np.float64]) -> Grid:
    """Return the grid of a table; sums have steps of 1e-5 from their first, stated value."""
    medium = lamost.medium(header)
    if not np.isfinite(loglam).all() or not (np.abs(loglam) < 10).all():
        raise UnreadableSpectrum("has wavelengths that are not finite.")
    start = float(loglam[0])
    steps = start + _STEP * np.arange(len(loglam))
    if np.abs(loglam - steps).max() < _ROUNDING:
        return Grid("log10", medium, 10.0**start, _STEP)
    listed = 10.0**loglam
    return Grid("explicit", medium, float(listed[0]), None, listed)
