"""Dwarfs and giants: the boundaries between them, by name, in raw Teff and log g."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starledger.catalog.calibrate.formula import (
    Case,
    Column,
    Columns,
    Comparison,
    Condition,
    FloatArray,
    Formula,
    Null,
    Number,
    at_least,
    below,
    both,
    either,
    plus,
    times,
)
from starledger.schema.errors import StarledgerError

_TEFF: Formula = Column("raw_teff", widened=True)
_LOGG: Formula = Column("raw_logg", widened=True)
_SLOPED = plus(times(Number(-6e-4), _TEFF), Number(7.3))


class UnknownBoundary(StarledgerError):
    """There is no boundary between dwarfs and giants of that name."""


def _corner(teff: float, logg: float) -> tuple[Condition, Condition]:
    """Return the conditions of giants, both cooler and of lower log g, and of dwarfs."""
    giant = both(below(_TEFF, teff), below(_LOGG, logg))
    return giant, either(at_least(_TEFF, Number(teff)), at_least(_LOGG, Number(logg)))


def _wheeler() -> tuple[Condition, Condition]:
    cool, warm = below(_TEFF, 5200.0), at_least(_TEFF, Number(5200.0))
    giant = either(
        both(cool, below(_LOGG, 4.18)),
        both(warm, Comparison(_LOGG, "<", _SLOPED)),
    )
    dwarf = either(
        both(cool, at_least(_LOGG, Number(4.18))),
        both(warm, at_least(_LOGG, _SLOPED)),
    )
    return giant, dwarf


DEFAULT_BOUNDARY = "phdlspec"

_BOUNDARIES: Mapping[str, tuple[Condition, Condition]] = MappingProxyType(
    {
        # PhDLspec, its section 4.1.
        "phdlspec": _corner(5400.0, 4.0),
        # Wheeler et al. 2020, equation 1.
        "wheeler": _wheeler(),
        # Xiang et al. 2019, at its figure 9.
        "xiang": _corner(5500.0, 4.1),
    }
)

BOUNDARIES: tuple[str, ...] = tuple(_BOUNDARIES)
"""The names of the boundaries."""

GIANT, DWARF = 1.0, 0.0
"""What stands for the populations in the column of a boundary."""


def column_of(boundary: str) -> str:
    """Return the column that holds which population a star belongs to.

    Examples
    --------
    >>> column_of("wheeler")
    'giant_by_wheeler'
    """
    if boundary not in _BOUNDARIES:
        raise UnknownBoundary(
            f"There is no boundary {boundary!r} between dwarfs and giants.",
            remedy=f"There are {', '.join(BOUNDARIES)}.",
        )
    return f"giant_by_{boundary}"


def formula_of(boundary: str) -> Case:
    """Return the formula of that column: 1 for giants, 0 for dwarfs, null where not known."""
    giant, dwarf = _BOUNDARIES[boundary]
    return Case(((giant, Number(GIANT)), (dwarf, Number(DWARF))), Null())


def is_giant(boundary: str, teff: FloatArray, logg: FloatArray) -> FloatArray:
    """Return 1 for giants, 0 for dwarfs, NaN where teff or logg leave it open.

    Parameters
    ----------
    boundary
        Its name.
    teff
        Raw effective temperatures in K.
    logg
        Raw surface gravities in dex(cm/s**2).

    Examples
    --------
    >>> import numpy as np
    >>> is_giant("phdlspec", np.array([4800.0, 5777.0]), np.array([2.5, 4.4]))
    array([1., 0.])
    """
    column_of(boundary)
    columns: Columns = {"raw_teff": teff, "raw_logg": logg}
    return formula_of(boundary).over(columns)
