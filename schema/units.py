"""The spelling of units and UCDs, checked against their standards.

Units are spelled as astropy reads them: a VOUnit (`IVOA VOUnits 1.1
<https://www.ivoa.net/documents/VOUnits/>`_) such as ``km/s`` wherever that standard can say it, and
``dex`` or ``dex(cm/s**2)`` for decimal logarithms, for which it has no plain word. Checking needs
astropy, which is slow to import: hence only on call.
"""

from __future__ import annotations

import warnings

DIMENSIONLESS = "dimensionless"
"""The unit of a quantity that has none: said, not left out."""

DEX = "dex"
"""The unit of the decimal logarithm of a ratio, such as an abundance."""


def checked_unit(unit: str) -> str:
    """Return a unit as it is, if it is one.

    Parameters
    ----------
    unit
        A VOUnit, ``dex``, ``dex(<VOUnit>)`` or ``DIMENSIONLESS``. A unit that VOUnits only
        advises against, as ``Angstrom``, is taken.

    Raises
    ------
    ValueError
        The text is none of these.

    Examples
    --------
    >>> checked_unit("km/s"), checked_unit("dex(cm/s**2)"), checked_unit(DIMENSIONLESS)
    ('km/s', 'dex(cm/s**2)', 'dimensionless')
    >>> checked_unit("kms")
    Traceback (most recent call last):
    ValueError: 'kms' is not a unit ...
    """
    if unit in (DIMENSIONLESS, DEX):
        return unit
    inner = unit.removeprefix("dex(").removesuffix(")") if unit.startswith("dex(") else unit
    if inner != unit and not unit.endswith(")"):
        raise _not_a_unit(unit, "its bracket does not close")
    if not inner.strip() or inner != inner.strip():
        raise _not_a_unit(unit, "it is empty or has spaces around it")
    if "'" in inner or '"' in inner:
        # VOUnits lets any word pass for a unit when it is quoted.
        raise _not_a_unit(unit, "it is quoted")
    _check_vounit(unit, inner)
    return unit


def _check_vounit(unit: str, inner: str) -> None:
    from astropy.units import Unit, UnitsWarning, dimensionless_unscaled

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnitsWarning)
            parsed = Unit(inner, format="vounit")
    except ValueError as error:
        raise _not_a_unit(unit, str(error).split(". ")[0]) from None
    if parsed == dimensionless_unscaled:
        raise _not_a_unit(unit, "nothing is left of it")


def _not_a_unit(unit: str, why: str) -> ValueError:
    return ValueError(
        f"{unit!r} is not a unit ({why}). Write a VOUnit such as km/s, dex, dex(cm/s**2) "
        f"or, where there is none, {DIMENSIONLESS!r}."
    )


def checked_ucd(ucd: str) -> str:
    """Return a UCD as it is, if its words are in the UCD1+ list and stand in a place allowed there.

    Parameters
    ----------
    ucd
        Words of `UCD1+ <https://www.ivoa.net/documents/UCD1+/>`_ joined by semicolons.

    Raises
    ------
    ValueError
        A word is not in the list, or may not stand where it does.

    Examples
    --------
    >>> checked_ucd("stat.error;phys.gravity")
    'stat.error;phys.gravity'
    >>> checked_ucd("phys.gravity;stat.error")
    Traceback (most recent call last):
    ValueError: 'phys.gravity;stat.error' is not a UCD1+ ...
    """
    from astropy.io.votable.ucd import parse_ucd

    try:
        parse_ucd(ucd, check_controlled_vocabulary=True)
    except ValueError as error:
        raise ValueError(f"{ucd!r} is not a UCD1+ ({str(error).rstrip('.')}).") from None
    return ucd
