"""Units as the Standards for Astronomical Catalogues of the CDS spell them.

See https://cdsarc.cds.unistra.fr/doc/catstd.htx.
"""

from __future__ import annotations

import re

from starledger.schema.units import DEX, DIMENSIONLESS

NONE = "---"
"""What the CDS writes where there is no unit."""


def cds_unit(unit: str) -> str:
    """Return a unit of the registry in the CDS's spelling: logarithms in brackets, no asterisks.

    Examples
    --------
    >>> [cds_unit(one) for one in ("km/s", "dex(cm/s**2)", "dex", "dimensionless")]
    ['km/s', '[cm/s2]', '[-]', '---']
    """
    if unit == DIMENSIONLESS:
        return NONE
    if unit == DEX:
        return "[-]"
    if unit.startswith("dex("):
        return f"[{_powers(unit.removeprefix('dex(').removesuffix(')'))}]"
    return _powers(unit)


def _powers(unit: str) -> str:
    return re.sub(r"\*\*\(?([-+]?\d+)\)?", r"\1", unit).replace("*", ".").replace(" ", ".")
