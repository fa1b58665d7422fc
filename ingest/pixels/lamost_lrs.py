"""LAMOST's low-resolution spectra: the image of five rows, that of the pilot survey, the table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels import lamost_header as lamost
from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.fits_file import FitsFile
from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.spectrum import Grid, Pixels, ReadSpectrum, UnreadableSpectrum

COLUMNS = ("FLUX", "IVAR", "WAVELENGTH", "ANDMASK", "ORMASK")
_ROWS = 5
_LARGEST_ERROR = 0.01
"""Å by which stated wavelengths may differ from the grid: they are rounded to single precision."""


def is_image(file: FitsFile) -> bool:
    """Whether it is the image of DR1 to DR7, whose third row is the wavelength."""
    return _has_rows(file) and "subcontinuum" not in _contents(file)


def is_pilot(file: FitsFile) -> bool:
    """Whether it is the image of the pilot survey, whose third row is the flux less continuum."""
    return _has_rows(file) and "subcontinuum" in _contents(file)


def is_table(file: FitsFile) -> bool:
    """Whether it is the table COADD with arrays in one row, of DR8 and later."""
    coadd = file.named("COADD")
    if coadd is None or not coadd.is_table or not _is_lamost(file):
        return False
    table = coadd.table()
    return all(name in table for name in COLUMNS)


def _is_lamost(file: FitsFile) -> bool:
    return file.header.text("TELESCOP") == "LAMOST"


def _has_rows(file: FitsFile) -> bool:
    shape = file.hdus[0].shape
    return len(shape) == 2 and shape[0] == _ROWS and _is_lamost(file)


def _contents(file: FitsFile) -> str:
    return (file.header.text("EXTEN0") or "").lower()


def read_image(file: FitsFile) -> list[ReadSpectrum]:
    """Read an image of DR1 to DR7: flux, inverse variance, wavelength, and-mask, or-mask."""
    flux, ivar, wavelength, both, either = file.hdus[0].image()
    return [
        _spectrum(file.header, _grid(file.header, wavelength), *pixels(flux, ivar, both, either))
    ]


def read_pilot(file: FitsFile) -> list[ReadSpectrum]:
    """Read an image of the pilot survey, whose grid only the header tells."""
    flux, ivar, _, both, either = file.hdus[0].image()
    grid = _header_grid(file.header)
    if grid is None:
        raise UnreadableSpectrum("does not tell its wavelengths: no COEFF0 or COEFF1.")
    return [_spectrum(file.header, grid, *pixels(flux, ivar, both, either))]


def read_table(file: FitsFile) -> list[ReadSpectrum]:
    """Read the table of DR8 and later."""
    coadd = file.named("COADD")
    if coadd is None:
        raise UnreadableSpectrum("has no table COADD.")
    table = coadd.table()
    if table.rows != 1:
        raise UnreadableSpectrum(f"has {table.rows} rows in its table COADD instead of one.")
    flux, ivar, wavelength, both, either = (np.atleast_1d(table.column(n)[0]) for n in COLUMNS)
    grid = _grid(file.header, wavelength)
    return [_spectrum(file.header, grid, *pixels(flux, ivar, both, either))]


def _header_grid(header: Header) -> Grid | None:
    """Return the grid that COEFF0 and COEFF1 tell, or None where they do not."""
    first, step = header.number("COEFF0"), header.number("COEFF1")
    if first is None or step is None or not 2.0 < first < 6.0 or not step > 0.0:
        return None
    return Grid("log10", lamost.medium(header), 10.0**first, step)


def _grid(header: Header, stated: NDArray[Any]) -> Grid:
    """Return the header's grid if the stated wavelengths agree, else these, listed."""
    grid = _header_grid(header)
    if grid is not None and grid.step is not None:
        regular = _wavelengths(grid.start, grid.step, len(stated))
        if np.abs(stated - regular).max(initial=0.0) < _LARGEST_ERROR:
            return grid
    listed = stated.astype(np.float64)
    if not len(listed) or not np.isfinite(listed).all():
        raise UnreadableSpectrum("has wavelengths that are not finite.")
    return Grid("explicit", lamost.medium(header), float(listed[0]), None, listed)


@lru_cache(maxsize=16)
def _wavelengths(start: float, step: float, n_pixels: int) -> NDArray[np.float64]:
    return Grid("log10", "vacuum", start, step).wavelength(n_pixels)


def _spectrum(header: Header, grid: Grid, kept: Pixels, flags: int) -> ReadSpectrum:
    """Return the spectrum with what the header says of it."""
    class_name = header.text("CLASS")
    is_star = class_name is not None and class_name.upper() == "STAR"
    z, err_z = lamost.known(header.number("Z")), lamost.known(header.number("Z_ERR"))
    has_rv = is_star and z is not None
    ra, dec = lamost.position(header)
    survey_flags, warned = lamost.warnings(header)
    night = header.integer("LMJD")
    mid = lamost.modified_julian_date(header.text("DATE-OBS"))
    spectrum = ReadSpectrum(
        external_id=lamost.identity(header),
        instrument="lamost_lrs",
        kind="visit",
        frame=lamost.frame(header),
        grid=grid,
        pixels=kept,
        ra=ra,
        dec=dec,
        mjd_mid=mid,
        time_scale="utc" if mid is not None else None,
        night=night,
        exposure_time=lamost.positive(header.number("EXPTIME")),
        rv=z * lamost.LIGHT_SPEED if has_rv and z is not None else None,
        err_rv=lamost.positive(err_z * lamost.LIGHT_SPEED) if has_rv and err_z else None,
        class_name=class_name,
        subclass=header.text("SUBCLASS"),
        mask_bits=lamost.MASK_BITS,
        snr_u=lamost.signal(header, "SNRU", "SN_U"),
        snr_g=lamost.signal(header, "SNRG", "SN_G"),
        snr_r=lamost.signal(header, "SNRR", "SN_R"),
        snr_i=lamost.signal(header, "SNRI", "SN_I"),
        snr_z=lamost.signal(header, "SNRZ", "SN_Z"),
        survey_flags=survey_flags,
        flags=flags | warned,
    )
    return checked(spectrum, lamost.BAD_BITS)
