"""SDSS's and BOSS's spec files: the sum of a plate's exposures, and the single exposures."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels import boss_bits as bits
from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.fits_file import FitsFile, Hdu
from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.fits_table import Table
from starledger.ingest.pixels.lamost_header import LIGHT_SPEED, positive
from starledger.ingest.pixels.spectrum import Grid, Medium, ReadSpectrum, UnreadableSpectrum

ARMS = {"B": "blue", "R": "red"}
_EXPOSURE = re.compile(r"(?P<arm>[BR])\d-(?P<number>\d{8})(-\d{8})*")
_DAY = 86_400.0
_FIRST_BOSS_NIGHT = 55_100
"""SDSS's spectrographs saw their last light in July 2009, BOSS's their first in December."""
_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
_LSF_DEGREE = 3
_STEP_ROUNDING = 1e-6
"""Of a logarithm in single precision, with room for the table's own rounding."""
_DIGITS = 9
_BANDS = ("snr_u", "snr_g", "snr_r", "snr_i", "snr_z")


def is_sdss(file: FitsFile) -> bool:
    """Whether it is a spec file of SDSS's own spectrographs, of 2000 to 2009."""
    return _is_spec(file) and _night(file.header) < _FIRST_BOSS_NIGHT


def is_boss(file: FitsFile) -> bool:
    """Whether it is a spec file of BOSS's spectrographs."""
    return _is_spec(file) and _night(file.header) >= _FIRST_BOSS_NIGHT


def _is_spec(file: FitsFile) -> bool:
    if not (file.header.text("TELESCOP") or "").startswith("SDSS"):
        return False
    coadd = file.named("COADD")
    return coadd is not None and coadd.is_table and "loglam" in coadd.table()


def _night(header: Header) -> int:
    return header.integer("MJD") or 0


@dataclass(frozen=True, slots=True)
class _Source:
    """What a file says of its source, in the primary header and in the table of measurements."""

    identity: str
    ra: float
    dec: float
    rv: float | None
    err_rv: float | None
    class_name: str | None
    subclass: str | None
    warning: int

    def common(self, header: Header) -> dict[str, Any]:
        """Return what the sum and all exposures share."""
        is_boss = _night(header) >= _FIRST_BOSS_NIGHT
        return {
            "instrument": "boss" if is_boss else "sdss",
            "frame": "barycentric",
            "ra": self.ra,
            "dec": self.dec,
            "rv": self.rv,
            "err_rv": self.err_rv,
            "class_name": self.class_name,
            "subclass": self.subclass,
            "survey_flags": self.warning,
            "mask_bits": bits.MASK_BITS,
        }


def read_spec(file: FitsFile) -> list[ReadSpectrum]:
    """Read the sum, and the single exposures where the file has them.

    The sum is a visit where all its light is of one night whose time the file tells, else a
    coadd: SDSS summed the nights of a plate, and files without exposures may tell no time.
    """
    source = _source(file)
    exposures = [
        _exposure(file.header, source, hdu)
        for hdu in file.hdus
        if _EXPOSURE.fullmatch(hdu.name or "")
    ]
    stated = file.header.integer("NEXP") or 0
    if 0 < len(exposures) < stated:
        raise UnreadableSpectrum(
            f"is cut off: it should have {stated} exposures, {len(exposures)} are there."
        )
    return [_sum(file, source, exposures), *exposures]


def _source(file: FitsFile) -> _Source:
    header = file.header
    plate, fibre = header.integer("PLATEID"), header.integer("FIBERID")
    row = _measurements(file)
    ra, dec = header.number("PLUG_RA"), header.number("PLUG_DEC")
    if plate is None or fibre is None or not _night(header):
        raise UnreadableSpectrum("does not say which spectrum it is: no PLATEID, MJD or FIBERID.")
    if ra is None or dec is None:
        raise UnreadableSpectrum("does not say where on the sky it is: no PLUG_RA or PLUG_DEC.")
    class_name, z, err_z = row.text("CLASS"), row.number("Z"), row.number("Z_ERR")
    is_star = class_name == "STAR"
    return _Source(
        identity=f"{plate:04d}-{_night(header)}-{fibre:04d}",
        ra=ra,
        dec=dec,
        rv=z * LIGHT_SPEED if is_star and z is not None else None,
        err_rv=positive(err_z * LIGHT_SPEED) if is_star and err_z is not None else None,
        class_name=class_name,
        subclass=row.text("SUBCLASS"),
        warning=row.integer("ZWARNING") or 0,
    )


def _measurements(file: FitsFile) -> Table:
    """Return the table of the source's one row: SPECOBJ of SDSS, SPALL of BOSS."""
    hdu = file.named("SPECOBJ") or file.named("SPALL")
    if hdu is None:
        raise UnreadableSpectrum("has no table SPECOBJ or SPALL: it is cut off, or no spec file.")
    return hdu.table()


def _sum(file: FitsFile, source: _Source, exposures: list[ReadSpectrum]) -> ReadSpectrum:
    coadd = file.named("COADD")
    if coadd is None:
        raise UnreadableSpectrum("has no table COADD.")
    table, header = coadd.table(), file.header
    kept, found = pixels(*(_vector(table, n) for n in ("flux", "ivar", "and_mask", "or_mask")))
    grid = _sum_grid(header, _loglam(table))
    kind, mid = _kind(header, exposures)
    spectrum = ReadSpectrum(
        external_id=source.identity,
        kind=kind,
        grid=grid,
        pixels=kept,
        mjd_mid=mid,
        time_scale=None if mid is None else "tai",
        night=_night(header) if len(_nights(header, exposures)) == 1 else None,
        exposure_time=positive(header.number("EXPTIME")),
        lsf_fwhm=_lsf(table, grid.wavelength(len(kept.flux))),
        flags=found | bits.flags(source.warning),
        parents=tuple(exposure.external_id for exposure in exposures),
        **_signal(_measurements(file)),
        **source.common(header),
    )
    return checked(spectrum, bits.BAD_BITS)


def _kind(
    header: Header, exposures: list[ReadSpectrum]
) -> tuple[Literal["visit", "coadd"], float | None]:
    """Return whether the sum is of one night, and its MJD (TAI) if so."""
    if len(_nights(header, exposures)) != 1:
        return "coadd", None
    mids = [exposure.mjd_mid for exposure in exposures if exposure.mjd_mid is not None]
    if mids:
        return "visit", sum(mids) / len(mids)
    stated = header.number("TAI")
    return ("coadd", None) if stated is None else ("visit", stated / _DAY)


def _nights(header: Header, exposures: list[ReadSpectrum]) -> set[str]:
    """Return the nights of the exposures, as the header lists them or as the exposures say."""
    listed = (header.text("MJDLIST") or "").split()
    return set(listed) or {str(exposure.night) for exposure in exposures} or {str(_night(header))}


def _exposure(header: Header, source: _Source, hdu: Hdu) -> ReadSpectrum:
    """Return a single exposure of one arm; the blue ones of SDSS decrease in wavelength."""
    table, name = hdu.table(), hdu.name or ""
    loglam = _loglam(table)
    order = slice(None, None, -1) if loglam[0] > loglam[-1] else slice(None)
    kept, found = pixels(*(_vector(table, n)[order] for n in ("flux", "ivar", "mask")))
    listed = 10.0 ** loglam[order]
    begin, end = hdu.header.number("TAI-BEG"), hdu.header.number("TAI-END")
    mid = None if begin is None or end is None else (begin + end) / 2 / _DAY
    camera, number = name.split("-")[:2]
    spectrum = ReadSpectrum(
        external_id=f"{source.identity}-{camera}-{number}",
        kind="exposure",
        arm=ARMS[name[0]],
        grid=Grid("explicit", _medium(header), float(listed[0]), None, listed),
        pixels=kept,
        mjd_mid=mid,
        time_scale=None if mid is None else "tai",
        night=hdu.header.integer("MJD"),
        exposure_time=positive(hdu.header.number("EXPTIME")),
        lsf_fwhm=_lsf(table, listed, order),
        flags=found | bits.flags(source.warning),
        **source.common(header),
    )
    return checked(spectrum, bits.BAD_BITS)


def _vector(table: Table, name: str) -> NDArray[Any]:
    values = table.column(name)
    if values.ndim != 1:
        raise UnreadableSpectrum(f"has arrays in column {name} of HDU {table.hdu}.")
    return values


def _loglam(table: Table) -> NDArray[np.float64]:
    loglam = _vector(table, "loglam").astype(np.float64)
    if not np.isfinite(loglam).all() or not (np.abs(loglam) < 10).all():
        raise UnreadableSpectrum("has wavelengths that are not finite.")
    return loglam


def _sum_grid(header: Header, loglam: NDArray[np.float64]) -> Grid:
    """Return the sum's grid: the header's steps, from the table's own first pixel.

    SDSS cuts pixels without data off a spectrum, so that COEFF0, which is the plate's, may lie
    dozens of pixels before its first.
    """
    first, step = header.number("COEFF0"), header.number("COEFF1")
    if first is not None and step is not None and step > 0:
        # Rounded so that the same grid is the same number, whatever the plate's first pixel was.
        start = round(first + round((float(loglam[0]) - first) / step) * step, _DIGITS)
        regular = start + step * np.arange(len(loglam))
        if np.abs(loglam - regular).max() < _STEP_ROUNDING:
            return Grid("log10", _medium(header), 10.0**start, step)
    listed = 10.0**loglam
    return Grid("explicit", _medium(header), float(listed[0]), None, listed)


def _medium(header: Header) -> Medium:
    """Return what VACUUM says, a logical or a text; SDSS's spectra are all in vacuum."""
    return "air" if header.get("VACUUM") in (False, "F") else "vacuum"


def _lsf(
    table: Table, wavelength: NDArray[np.float64], order: slice = slice(None)
) -> tuple[float, ...] | None:
    """Return the width of the line-spread function in Å, from its sigma in steps of 1e-4."""
    if "wdisp" not in table:
        return None
    sigma = _vector(table, "wdisp").astype(np.float64)[order]
    good = np.isfinite(sigma) & (sigma > 0) & (sigma < 100)
    if np.count_nonzero(good) <= _LSF_DEGREE:
        return None
    width = _FWHM * sigma[good] * wavelength[good] * math.log(10.0) * 1e-4
    fit = np.polynomial.polynomial.polyfit((wavelength[good] - 6000.0) / 1000.0, width, _LSF_DEGREE)
    return tuple(float(coefficient) for coefficient in fit)


def _signal(row: Table) -> dict[str, Any]:
    """Return the signal-to-noise ratios of the measurements' row, by band and over all."""
    if "SN_MEDIAN" not in row or not row.rows:
        return {}
    bands = np.atleast_1d(row.column("SN_MEDIAN")[0]).tolist()
    all_bands = row.number("SN_MEDIAN_ALL")
    given = dict(zip(_BANDS, bands, strict=False)) | {"snr": all_bands}
    return {
        name: value if value is not None and math.isfinite(value) and value >= 0 else None
        for name, value in given.items()
    }
