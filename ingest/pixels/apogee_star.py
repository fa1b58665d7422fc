"""APOGEE's apStar files: the visits of a star at rest, and their sum."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels import apogee_bits as bits
from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.fits_file import FitsFile
from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.lamost_header import positive
from starledger.ingest.pixels.spectrum import Grid, ReadSpectrum, UnreadableSpectrum

_JD_ZERO = 2_400_000.5
_VISIT_FILE = re.compile(r"(?:apVisit|asVisit)-[^-]+-(?P<place>.+?)(?:\.fits)?")
_VISITS = 1000
_HDUS = 9
_COMBINED_ROWS = 2
"""Sums with weights by pixel, and with one weight a visit, stand before the visits."""


def is_star(file: FitsFile) -> bool:
    """Whether it is an apStar file."""
    return (
        len(file.hdus) >= _HDUS
        and file.header.integer("NVISITS") is not None
        and _grid_header(file).number("CDELT1") is not None
        and file.header.text("OBJID") is not None
        and not any(hdu.is_table for hdu in file.hdus[1:4])
    )


@dataclass(frozen=True, slots=True)
class _Images:
    """Flux, error and mask bits, one row a spectrum; a single row where there is one visit."""

    flux: NDArray[Any]
    error: NDArray[Any]
    mask: NDArray[Any]


def read_star(file: FitsFile) -> list[ReadSpectrum]:
    """Read the sum and then the visits.

    A star of one visit gives both as well, with the same pixels, so that each star has a sum and
    each visit a spectrum of its own.
    """
    header = file.header
    visits = header.integer("NVISITS") or 0
    if not 1 <= visits <= _VISITS:
        raise UnreadableSpectrum(f"says that it holds {visits} visits.")
    images = _images(file, visits)
    names = _visit_names(header, visits)
    first = 0 if visits == 1 else _COMBINED_ROWS
    common = _common(file)
    read = [_visit(header, common, images, names[n], n, first + n) for n in range(visits)]
    parents = tuple(visit.external_id for visit in read)
    return [_sum(header, common, images, parents), *read]


def _images(file: FitsFile, visits: int) -> _Images:
    rows = 1 if visits == 1 else visits + _COMBINED_ROWS
    images = _Images(*(np.atleast_2d(file.hdu(number).image()) for number in (1, 2, 3)))
    for number, image in enumerate((images.flux, images.error, images.mask), 1):
        if image.ndim != 2 or image.shape[0] != rows:
            raise UnreadableSpectrum(
                f"has {image.shape[0]} spectra in HDU {number}, where {visits} visits make {rows}."
            )
    return images


def _grid_header(file: FitsFile) -> Header:
    """Return the header that tells the wavelengths: the images' own, or the primary one."""
    own = file.hdu(1).header
    return own if "CDELT1" in own else file.header


def _grid(header: Header) -> Grid:
    start, step = header.number("CRVAL1"), header.number("CDELT1")
    if start is None or step is None or not 2 < start < 6 or header.integer("CRPIX1") != 1:
        raise UnreadableSpectrum("does not tell its wavelengths: no CRVAL1 or CDELT1.")
    return Grid("log10", "vacuum", 10.0**start, step)


def star_identity(header: Header) -> str:
    """Return telescope, location and star, which together name an apStar file.

    Raises
    ------
    UnreadableSpectrum
        The header does not name the star.
    """
    star = header.text("OBJID")
    if star is None:
        raise UnreadableSpectrum("does not say which star it is of: no OBJID.")
    place = header.integer("LOCID") or header.text("FIELD") or 0
    return f"{header.text('TELESCOP') or 'apo25m'}.{place}.{star}"


def _visit_names(header: Header, visits: int) -> list[str]:
    """Return plate, night and fibre of each visit, as its own file has them in its name."""
    names = []
    for number in range(1, visits + 1):
        stated = header.text(f"SFILE{number}") or ""
        found = _VISIT_FILE.fullmatch(stated)
        names.append(found["place"].replace("-", ".") if found else f"visit{number}")
    return names


def _common(file: FitsFile) -> dict[str, Any]:
    """Return what the sum and the visits share."""
    header = file.header
    ra, dec = header.number("RA"), header.number("DEC")
    if ra is None or dec is None:
        raise UnreadableSpectrum("does not say where on the sky it is: no RA or DEC.")
    return {
        "instrument": "apogee",
        "frame": "shifted",
        "grid": _grid(_grid_header(file)),
        "ra": ra,
        "dec": dec,
        "mask_bits": bits.MASK_BITS,
    }


def _shift(header: Header, number: int | str = "") -> float:
    """Return the barycentric velocity that was taken out, in km/s; DR17 calls it VHBARY."""
    for keyword in (f"VHELIO{number}", f"VHBARY{number}"):
        value = bits.velocity(header.number(keyword))
        if value is not None:
            return value
    raise UnreadableSpectrum(f"does not say by how much it was shifted: no VHELIO{number}.")


def _sum(
    header: Header, common: dict[str, Any], images: _Images, parents: tuple[str, ...]
) -> ReadSpectrum:
    """Return the sum; its mask holds the bits that all visits have, the other those of any."""
    either, both = images.mask[0], images.mask[min(1, len(images.mask) - 1)]
    kept, found = pixels(images.flux[0], bits.weights(images.error[0]), both, either)
    velocity, star_flag = _shift(header), header.integer("STARFLAG") or 0
    spectrum = ReadSpectrum(
        external_id=star_identity(header),
        kind="coadd",
        pixels=kept,
        snr=positive(header.number("SNR")),
        rv=velocity,
        err_rv=positive(bits.velocity(header.number("VERR"))),
        frame_shift=velocity,
        survey_flags=star_flag,
        flags=found | bits.flags(star_flag),
        parents=parents,
        **common,
    )
    return checked(spectrum, bits.BAD_BITS)


def _visit(
    header: Header, common: dict[str, Any], images: _Images, name: str, n: int, row: int
) -> ReadSpectrum:
    """Return the visit of a row; visits count from 1 in the header."""
    number = n + 1
    kept, found = pixels(images.flux[row], bits.weights(images.error[row]), images.mask[row])
    velocity, star_flag = _shift(header, number), header.integer(f"FLAG{number}") or 0
    julian = header.number(f"JD{number}")
    spectrum = ReadSpectrum(
        external_id=f"{star_identity(header)}.{name}",
        kind="visit",
        pixels=kept,
        mjd_mid=None if julian is None else julian - _JD_ZERO,
        time_scale=None if julian is None else "utc",
        night=_night(name),
        snr=positive(header.number(f"SNRVIS{number}")),
        rv=velocity,
        err_rv=positive(bits.velocity(header.number(f"VERR{number}"))),
        frame_shift=velocity,
        survey_flags=star_flag,
        flags=found | bits.flags(star_flag),
        **common,
    )
    return checked(spectrum, bits.BAD_BITS)


def _night(name: str) -> int | None:
    """Return the night of a visit's name, which is plate, night and fibre."""
    parts = name.split(".")
    return int(parts[1]) if len(parts) > 2 and parts[1].isdigit() else None
