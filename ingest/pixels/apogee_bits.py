"""APOGEE's bits of pixels and of spectra, its errors, and its signs of what it does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.schema.flags import Scope, mask

MASK_BITS = (
    (0, "BADPIX"), (1, "CRPIX"), (2, "SATPIX"), (3, "UNFIXABLE"), (4, "BADDARK"), (5, "BADFLAT"),
    (6, "BADERR"), (7, "NOSKY"), (8, "LITTROW_GHOST"), (9, "PERSIST_HIGH"), (10, "PERSIST_MED"),
    (11, "PERSIST_LOW"), (12, "SIG_SKYLINE"), (13, "SIG_TELLURIC"), (14, "NOT_ENOUGH_PSF"),
)  # fmt: skip
"""Names of APOGEE_PIXMASK's bits."""
BAD_BITS = 0
"""None counts against a spectrum: the gaps between the detectors have bits in every one."""

_BAD_PIXELS, _BRIGHT_NEIGHBOUR, _VERY_BRIGHT_NEIGHBOUR = 1 << 0, 1 << 2, 1 << 3
_LEAST_BAD_ERROR = 1e9
"""APOGEE gives pixels without data an error of 1e10."""
_LARGEST_VELOCITY = 9000.0
"""km/s; APOGEE writes -9999 or 999999 for what it does not know."""
_FLAG = {
    name: mask(Scope.SPECTRUM, name)
    for name in ("bright_neighbour", "many_bad_pixels", "survey_bad", "survey_warning")
}


def weights(error: NDArray[Any]) -> NDArray[np.float64]:
    """Return inverse variances of errors: 0 for APOGEE's sign of no data, NaN for impossible ones.

    Examples
    --------
    >>> weights(np.array([0.5, 1e10, -1.0])).tolist()
    [4.0, 0.0, nan]
    """
    sigma = error.astype(np.float64)
    with np.errstate(all="ignore"):
        ivar = np.where(sigma > 0, sigma**-2.0, np.nan)
    return np.where(sigma >= _LEAST_BAD_ERROR, 0.0, ivar)


def velocity(value: float | None) -> float | None:
    """Return a velocity in km/s, or None where APOGEE has none."""
    return value if value is not None and abs(value) < _LARGEST_VELOCITY else None


def flags(star_flag: int) -> int:
    """Return our flags that STARFLAG's bits call for.

    Examples
    --------
    >>> from starledger.schema.flags import names
    >>> names(Scope.SPECTRUM, flags(8))
    ['bright_neighbour', 'survey_bad']
    """
    bad = _BAD_PIXELS | _VERY_BRIGHT_NEIGHBOUR
    ours = _FLAG["survey_bad"] if star_flag & bad else 0
    if star_flag & ~bad:
        ours |= _FLAG["survey_warning"]
    if star_flag & (_BRIGHT_NEIGHBOUR | _VERY_BRIGHT_NEIGHBOUR):
        ours |= _FLAG["bright_neighbour"]
    if star_flag & _BAD_PIXELS:
        ours |= _FLAG["many_bad_pixels"]
    return ours
