"""Columns of a table as numbers to draw, with the words for their axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from starledger.compute.plots import NothingToDraw
from starledger.schema.labels import LABELS, CatalogColumn
from starledger.schema.prefixes import PREFIXES, prefixed
from starledger.schema.units import DIMENSIONLESS

if TYPE_CHECKING:
    from astropy.table import Table

FloatArray = NDArray[np.float64]


def numbers(table: Table, name: str) -> FloatArray:
    """Return a column as numbers, NaN where it is masked.

    Raises
    ------
    NothingToDraw
        The table has no such column, or it holds no numbers.

    Examples
    --------
    >>> from astropy.table import MaskedColumn, Table
    >>> numbers(Table([MaskedColumn([5000, 0], "teff", mask=[False, True])]), "teff").tolist()
    [5000.0, nan]
    """
    if name not in table.colnames:
        raise NothingToDraw(
            f"The table has no column {name}.",
            remedy=f"Its columns are {', '.join(table.colnames)}.",
        )
    column = np.ma.asarray(table[name])
    try:
        return np.asarray(np.ma.filled(column.astype(np.float64), np.nan))
    except (TypeError, ValueError):
        raise NothingToDraw(
            f"The column {name} holds no numbers.", remedy="Choose a column of numbers."
        ) from None


def rows_of_numbers(table: Table, names: Sequence[str]) -> FloatArray:
    """Return those rows of some columns in which all have a value: rows × columns.

    Raises
    ------
    NothingToDraw
        There are none.
    """
    rows = np.column_stack([numbers(table, name) for name in names])
    whole = rows[np.isfinite(rows).all(axis=1)]
    if not len(whole):
        raise NothingToDraw(
            f"No row has {' and '.join(dict.fromkeys(names))}.", remedy="Ask for other rows."
        )
    return np.asarray(whole)


def title_of(table: Table, name: str) -> str:
    r"""Return what an axis says of a column: the label's own sign, and the unit.

    Examples
    --------
    >>> from astropy.table import Table
    >>> table = Table({"mg_fe": [0.1], "err_teff": [50.0], "x": [1]}, units={"x": "km/s"})
    >>> print(*(title_of(table, name) for name in table.colnames), sep=", ")
    [Mg/Fe] (dex), $\sigma$($T_\mathrm{eff}$) (K), x (km s⁻¹)
    """
    known = _known(name)
    if known is not None:
        return worded(known.latex, known.unit)
    unit: Any = getattr(table[name], "unit", None)
    return worded(name, DIMENSIONLESS if unit is None else str(unit))


def worded(sign: str, unit: str) -> str:
    """Return a sign with its unit behind it, where it has one.

    Examples
    --------
    >>> worded("RV", "km/s"), worded("S/N", "dimensionless")
    ('RV (km s⁻¹)', 'S/N')
    """
    from astropy.units import Unit

    said = "" if unit == DIMENSIONLESS else Unit(unit).to_string("unicode")
    return f"{sign} ({said})" if said else sign


def _known(name: str) -> CatalogColumn | None:
    if name in LABELS:
        return LABELS[name]
    for prefix in sorted(PREFIXES.values(), key=lambda prefix: -len(prefix.text)):
        inner = name.removeprefix(prefix.text)
        if inner != name and inner in LABELS:
            return prefixed(prefix, LABELS[inner])
    return None
