"""The names of stars for display, as LAMOST's DD-Payne catalog writes them."""

from __future__ import annotations

_SECONDS = 1e-7
"""Arcseconds added before truncation, lest 10.05 degrees be written as 10:02:59."""


def starid_sql(ra: str, dec: str) -> str:
    """Return the SQL that names a position: Sdddmmss±ddmmss, both in degrees, truncated.

    Parameters
    ----------
    ra, dec
        SQL that gives degrees. Right ascension is written in degrees, not in hours; so names are
        short of digits, and neighbours may share one.
    """
    alpha = f"least(floor({ra} * 3600 + {_SECONDS})::int, 1295999)"
    delta = f"least(floor(abs({dec}) * 3600 + {_SECONDS})::int, 324000)"
    sign = f"CASE WHEN {dec} < 0 THEN '-' ELSE '+' END"
    return f"'S' || {_sexagesimal(alpha, 3)} || {sign} || {_sexagesimal(delta, 2)}"


def _sexagesimal(seconds: str, digits: int) -> str:
    parts = (
        (f"{seconds} / 3600", digits),
        (f"mod({seconds} / 60, 60)", 2),
        (f"mod({seconds}, 60)", 2),
    )
    return " || ".join(f"lpad(({number})::text, {width}, '0')" for number, width in parts)
