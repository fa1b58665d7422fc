"""What the headers of LAMOST's spectra say, in all data releases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.spectrum import Frame, Medium, UnreadableSpectrum
from starledger.schema.flags import Scope, mask

LIGHT_SPEED = 299_792.458
"""km/s."""
MASK_BITS = (
    (0, "BADCCD"), (1, "BADPROFILE"), (2, "NOSKY"), (3, "BRIGHTSKY"), (4, "BADCENTER"),
    (5, "NODATA"),
)  # fmt: skip
"""Names of LAMOST's mask bits as far as it documents them (it sets bit 6 as well)."""
BAD_BITS = sum(1 << bit for bit, name in MASK_BITS if name != "BRIGHTSKY")
_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)
_DAY = timedelta(days=1)
_MISSING = -1000.0
"""LAMOST writes -9999 for what it does not know, rarely -999 or less."""
_SURVEY_WARNING = mask(Scope.SPECTRUM, "survey_warning")


def known(value: float | None) -> float | None:
    """Return a number, or None where it is LAMOST's sign of what it does not know."""
    return None if value is None or value <= _MISSING else value


def positive(value: float | None) -> float | None:
    """Return a number above zero, or None."""
    return value if value is not None and value > 0 else None


def signal(header: Header, *keywords: str) -> float | None:
    """Return the signal-to-noise ratio under the first keyword that there is."""
    for keyword in keywords:
        value = header.number(keyword)
        if value is not None:
            return value if value >= 0 else None
    return None


def modified_julian_date(stated: str | None) -> float | None:
    """Return the MJD of a time as FITS writes it, or None where there is none.

    Raises
    ------
    UnreadableSpectrum
        It is no time.

    Examples
    --------
    >>> modified_julian_date("2011-10-27T12:00:00.0")
    55861.5
    """
    if stated is None:
        return None
    try:
        time = datetime.fromisoformat(stated).replace(tzinfo=UTC)
    except ValueError:
        raise UnreadableSpectrum(f"was observed at {stated!r}, which is no time.") from None
    return (time - _MJD_ZERO) / _DAY


def medium(header: Header) -> Medium:
    """Return what VACUUM says; all of LAMOST's own spectra are in vacuum."""
    return "air" if header.truth("VACUUM") is False else "vacuum"


def frame(header: Header) -> Frame:
    """Return what HELIO says; all of LAMOST's own spectra are corrected to the barycentre."""
    return "topocentric" if header.truth("HELIO") is False else "barycentric"


def identity(header: Header) -> str:
    """Return OBSID, or plan, spectrograph, fibre and night where there is none.

    Raises
    ------
    UnreadableSpectrum
        The header has neither.
    """
    obsid = header.integer("OBSID")
    if obsid is not None and obsid > 0:
        return str(obsid)
    plan, night = header.text("PLANID"), header.integer("LMJD")
    spectrograph, fibre = header.integer("SPID"), header.integer("FIBERID")
    if plan is None or night is None or spectrograph is None or fibre is None:
        raise UnreadableSpectrum("does not say which spectrum it is: neither OBSID nor PLANID.")
    return f"{plan}-sp{spectrograph:02d}-{fibre:03d}-{night}"


def position(header: Header) -> tuple[float, float]:
    """Return right ascension and declination in degrees.

    Raises
    ------
    UnreadableSpectrum
        One of them is missing.
    """
    ra, dec = header.number("RA"), header.number("DEC")
    if ra is None or dec is None:
        raise UnreadableSpectrum("does not say where on the sky it is: no RA or DEC.")
    return ra, dec


def warnings(header: Header) -> tuple[int, int]:
    """Return LAMOST's own warnings of the fibre, and our flag of them."""
    fibre = header.integer("FIBERMAS") or 0
    return fibre, _SURVEY_WARNING if fibre else 0
