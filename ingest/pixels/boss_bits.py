"""SDSS's bits of pixels (SPPIXMASK) and of redshifts (ZWARNING)."""

from __future__ import annotations

from starledger.schema.flags import Scope, mask

MASK_BITS = (
    (0, "NOPLUG"), (1, "BADTRACE"), (2, "BADFLAT"), (3, "BADARC"), (4, "MANYBADCOLUMNS"),
    (5, "MANYREJECTED"), (6, "LARGESHIFT"), (7, "BADSKYFIBER"), (8, "NEARWHOPPER"),
    (9, "WHOPPER"), (10, "SMEARIMAGE"), (11, "SMEARHIGHSN"), (12, "SMEARMEDSN"),
    (16, "NEARBADPIXEL"), (17, "LOWFLAT"), (18, "FULLREJECT"), (19, "PARTIALREJECT"),
    (20, "SCATTEREDLIGHT"), (21, "CROSSTALK"), (22, "NOSKY"), (23, "BRIGHTSKY"), (24, "NODATA"),
    (25, "COMBINEREJ"), (26, "BADFLUXFACTOR"), (27, "BADSKYCHI"), (28, "REDMONSTER"),
)  # fmt: skip
"""Names of SPPIXMASK's bits."""
_BAD_NAMES = {
    "NOPLUG", "BADTRACE", "BADFLAT", "BADARC", "NEARBADPIXEL", "LOWFLAT", "FULLREJECT",
    "PARTIALREJECT", "SCATTEREDLIGHT", "NOSKY", "NODATA", "COMBINEREJ", "BADFLUXFACTOR",
}  # fmt: skip
BAD_BITS = sum(1 << bit for bit, name in MASK_BITS if name in _BAD_NAMES)
"""Bits by which the survey marks a pixel bad; bright sky only makes it noisy."""

_UNPLUGGED = 1 << 7
_SURVEY_BAD = mask(Scope.SPECTRUM, "survey_bad")
_SURVEY_WARNING = mask(Scope.SPECTRUM, "survey_warning")


def flags(warning: int) -> int:
    """Return our flags that ZWARNING calls for.

    Examples
    --------
    >>> from starledger.schema.flags import names
    >>> names(Scope.SPECTRUM, flags(4))
    ['survey_warning']
    """
    if warning & _UNPLUGGED:
        return _SURVEY_BAD
    return _SURVEY_WARNING if warning else 0
