"""What a survey itself calls bad: the flags by which it would not use a row, or a label of it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, or_, true

from starledger.ingest.crossmatch.sides import Side

STAR_BAD = 1 << 23
"""Of APOGEE's ASPCAPFLAG, whose other bits warn or are of single labels."""
BAD_VISIT = (1 << 0) | (1 << 3)
"""Of APOGEE's STARFLAG: many bad pixels, and a very bright neighbour; the other bits warn."""
MANY_OUTLIERS = 1 << 4
"""Of SDSS's ZWARNING: set for what is bright, and no sign of a bad fit of a star."""
EVERY_BIT = (1 << 63) - 1

BAD_BITS: Mapping[tuple[str, str], int] = {
    ("apogee", "apogee_star"): STAR_BAD,
    ("apogee", "survey_visit"): BAD_VISIT,
    ("sdss", "survey_visit"): EVERY_BIT & ~MANY_OUTLIERS,
}
"""Bits of ``survey_flags`` that mean bad, by survey and table; in all others each one does."""

RELIABLE: Mapping[tuple[str, str], int] = {("value_added", "dd_payne"): 1}
"""The flag of a label that can be relied on, by survey and product, where it is not 0."""


def sound_row(side: Side) -> ColumnElement[bool]:
    """Return the condition that the survey itself would use a row of a catalog.

    Parameters
    ----------
    side
        The rows of a data release.
    """
    if not hasattr(side.table, "survey_flags"):
        return true()
    bad = BAD_BITS.get((side.release.survey, side.name), EVERY_BIT)
    condition: ColumnElement[bool] = side.table.survey_flags.op("&")(bad) == 0
    return condition


def sound_label(side: Side, place: int) -> ColumnElement[bool]:
    """Return the condition that the survey itself would use a label; without a flag it would.

    Parameters
    ----------
    side
        The rows of a data release, which has labels.
    place
        Of the label in their arrays, from 1.
    """
    flag = side.table.label_flags[place]
    good = RELIABLE.get((side.release.survey, side.release.product), 0)
    return or_(flag.is_(None), flag == good)
