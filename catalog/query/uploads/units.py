"""The unit of an uploaded column: spelled as everywhere here, or left away with a word about it."""

from __future__ import annotations

import warnings

from starledger.catalog.query.uploads.columns import RawColumn
from starledger.schema.units import DIMENSIONLESS, checked_unit

_SPELLINGS = ("vounit", "fits", "generic", "cds", "ogip")


def known_unit(origin: str, column: RawColumn) -> tuple[str, list[str]]:
    """Return a column's unit, and what to tell its user of it.

    Parameters
    ----------
    origin
        What the table is called in what is told.
    column
        The column.
    """
    said = (column.unit or "").strip()
    if said.lower() in ("", "-", "--", "none", DIMENSIONLESS):
        return DIMENSIONLESS, []
    found = spelled(said)
    if found is None:
        return DIMENSIONLESS, [
            f"{origin}: {said!r}, the unit of column {column.name!r}, is no unit that is known;"
            " its values are taken for plain numbers."
        ]
    return found, []


def spelled(unit: str) -> str | None:
    """Return a unit as it is spelled here, or None if nobody can read it.

    Examples
    --------
    >>> spelled("km s-1"), spelled("degrees"), spelled("stellar")
    ('km.s**-1', 'deg', None)
    """
    from astropy.units import Unit, UnitsWarning

    # astropy takes spaces in a VOUnit, whose standard does not.
    if " " not in unit:
        try:
            return checked_unit(unit)
        except ValueError:
            pass
    for spelling in (*_SPELLINGS, None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnitsWarning)
            try:
                return checked_unit(str(Unit(unit, format=spelling).to_string("vounit")))
            except (ValueError, TypeError):
                continue
    return _plural(unit)


def _plural(unit: str) -> str | None:
    """Return a unit that is spelled in the plural, as ``degrees``."""
    return spelled(unit[:-1]) if unit.endswith("s") and len(unit) > 3 else None
