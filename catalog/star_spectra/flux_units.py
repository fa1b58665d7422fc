"""In which unit surveys publish the flux of their spectra."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from starledger.schema.units import DIMENSIONLESS

ABSOLUTE = "10**-17 erg s-1 cm-2 Angstrom-1"
"""As FITS spells it, which has no other numbers than powers of ten."""
_INVERSE_SQUARES = {ABSOLUTE: "10**34 erg-2 s2 cm4 Angstrom2", DIMENSIONLESS: DIMENSIONLESS}

_ABSOLUTE_FILES = {
    "apogee": re.compile(r"(ap|as)(Star|Visit)-"),
    "boss": re.compile(r"spec-"),
    "sdss": re.compile(r"spec-"),
}
"""By instrument: LAMOST's flux is relative, and that of APOGEE's aspcapStar files normalised."""


def flux_unit(instrument: str, file_name: str) -> str:
    """Return the unit of the flux in a survey's file.

    Examples
    --------
    >>> flux_unit("lamost_lrs", "spec-57287-KP193637N444141V03_sp10-161.fits.gz")
    'dimensionless'
    >>> flux_unit("apogee", "dr17/apStar-dr17-2M00000032+5737103.fits")
    '10**-17 erg s-1 cm-2 Angstrom-1'
    """
    named = _ABSOLUTE_FILES.get(instrument)
    absolute = named is not None and named.match(PurePosixPath(file_name).name)
    return ABSOLUTE if absolute else DIMENSIONLESS


def ivar_unit(flux: str) -> str:
    """Return the unit of the inverse variance of a flux with such a unit."""
    return _INVERSE_SQUARES[flux]
