"""Units of a file's columns: what a value is multiplied with to be in ours."""

from __future__ import annotations

import warnings
from typing import Any

from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.schema.units import DIMENSIONLESS


def factor(column: str, stated: str | None, declared: str | None, ours: str) -> float:
    """Return what values of a column are multiplied with to be in our unit.

    Parameters
    ----------
    column
        Its name in the file.
    stated
        The unit that the file states, if any. One that nobody can read is left aside.
    declared
        The unit that the layout declares for files that state none; None for ours.
    ours
        The unit of our column.

    Raises
    ------
    UnreadableTable
        The unit is of another kind of quantity than ours.

    Examples
    --------
    >>> factor("RArad", "rad", None, "deg")
    57.29577951308232
    """
    if ours == DIMENSIONLESS or ours.startswith("dex"):
        # Logarithms and pure numbers are spelled in too many ways to check.
        return 1.0
    given = stated if stated and _parsed(stated) is not None else declared or ours
    scale = _scale(given, ours)
    if scale is None:
        raise UnreadableTable(
            f"The column {column} is stated in {given}, which is not a unit of what we keep in "
            f"{ours}.",
            remedy="Mend the unit in the file, or name a layout that declares the right one.",
        )
    return scale


def _parsed(unit: str) -> Any:
    from astropy.units import Unit, UnitsWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        try:
            return Unit(unit)
        except (ValueError, TypeError):
            return None


def _scale(given: str, ours: str) -> float | None:
    from astropy.units import Unit, UnitConversionError

    if given == ours:
        return 1.0
    try:
        return float(Unit(given).to(Unit(ours)))
    except (ValueError, UnitConversionError):
        return None
