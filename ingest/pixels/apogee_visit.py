"""APOGEE's apVisit files: one visit on the pixels of three detectors, as observed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels import apogee_bits as bits
from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.fits_file import FitsFile
from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.lamost_header import modified_julian_date, positive
from starledger.ingest.pixels.spectrum import Grid, ReadSpectrum, UnreadableSpectrum

_CHIPS = 3
_JD_ZERO = 2_400_000.5
_NOT_STARS = {"SKY", "GALAXY", "QSO"}


def is_visit(file: FitsFile) -> bool:
    """Whether it is an apVisit file: four images of three detectors."""
    shapes = {hdu.shape for hdu in file.hdus[1:5] if not hdu.is_table}
    return (
        len(file.hdus) > 4
        and len(shapes) == 1
        and next(iter(shapes))[:1] == (_CHIPS,)
        and file.header.text("OBJID") is not None
        and file.header.integer("MJD5") is not None
    )


def read_visit(file: FitsFile) -> list[ReadSpectrum]:
    """Read a visit, its pixels in the order of wavelength."""
    header = file.header
    flux, error, mask, wavelength = (_in_order(file, number) for number in (1, 2, 3, 4))
    kept, found = pixels(flux, bits.weights(error), mask)
    listed = wavelength.astype(np.float64)
    if not np.isfinite(listed).all():
        raise UnreadableSpectrum("has wavelengths that are not finite.")
    ra, dec = header.number("RA"), header.number("DEC")
    if ra is None or dec is None:
        raise UnreadableSpectrum("does not say where on the sky it is: no RA or DEC.")
    star_flag, mid = header.integer("STARFLAG") or 0, _mid(header)
    spectrum = ReadSpectrum(
        external_id=visit_identity(header),
        instrument="apogee",
        kind="visit",
        frame="topocentric",
        grid=Grid("explicit", "vacuum", float(listed[0]), None, listed),
        pixels=kept,
        ra=ra,
        dec=dec,
        mjd_mid=mid,
        time_scale=None if mid is None else "utc",
        night=header.integer("MJD5"),
        exposure_time=positive(header.number("EXPTIME")),
        snr=positive(header.number("SNR")),
        rv=bits.velocity(header.number("VHELIO")),
        err_rv=positive(bits.velocity(header.number("VRADERR"))),
        class_name=_class(header),
        survey_flags=star_flag,
        flags=found | bits.flags(star_flag),
        mask_bits=bits.MASK_BITS,
    )
    return [checked(spectrum, bits.BAD_BITS)]


def visit_identity(header: Header) -> str:
    """Return telescope, plate, night and fibre.

    Raises
    ------
    UnreadableSpectrum
        One of them is missing.
    """
    plate, night = header.text("PLATE"), header.integer("MJD5")
    fibre = header.integer("FIBERID")
    if plate is None or night is None or fibre is None:
        raise UnreadableSpectrum("does not say which visit it is: no PLATE, MJD5 or FIBERID.")
    return f"{header.text('TELESCOP') or 'apo25m'}.{plate}.{night}.{fibre:03d}"


def _in_order(file: FitsFile, number: int) -> NDArray[Any]:
    """Return the pixels of an image by wavelength: red comes first in the file, and in a row."""
    image = file.hdu(number).image()
    if image.ndim != 2 or image.shape[0] != _CHIPS:
        raise UnreadableSpectrum(f"has no three detectors in HDU {number}.")
    return image.reshape(-1)[::-1]


def _class(header: Header) -> str | None:
    """Return STAR for all kinds of stars; OBJTYPE also names standards (HOT_STD) and SKY."""
    stated = header.text("OBJTYPE")
    return stated if stated is None or stated.upper() in _NOT_STARS else "STAR"


def _mid(header: Header) -> float | None:
    """Return the MJD of the middle; DATE-OBS and JD tell the beginning."""
    stated = modified_julian_date(header.text("UT-MID"))
    julian = header.number("JD-MID")
    if stated is None and julian is not None:
        return julian - _JD_ZERO
    return stated
