"""Which layout a file is of: told by its columns, within the survey that the user names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starledger.ingest.catalogs.files.table import About
from starledger.ingest.catalogs.layout import CatalogLayout
from starledger.ingest.catalogs.resolving import matches, missing
from starledger.schema.errors import StarledgerError

NAMED_AT_MOST = 8
_UCD = re.compile(r"(meta|pos|phot|stat|phys|spect|time|src|instr|obs)\.[a-z]\w+([.;,].*)?")


class NoSuchLayout(StarledgerError):
    """A file is of no layout of the survey, or the layout that is named does not exist."""


def choose(
    layouts: Sequence[CatalogLayout], survey: str, release: str, path: str, about: About
) -> CatalogLayout:
    """Return the layout of a file: the first of its survey whose columns are all there.

    Parameters
    ----------
    layouts
        All that are known, the more particular ones first.
    survey, release
        Whose file it is said to be, and of which data release.
    path, about
        Its name, for errors, and what it says about itself.
    """
    of_survey = [
        one
        for one in layouts
        if one.survey == survey and (not one.releases or release in one.releases)
    ]
    for layout in of_survey:
        if matches(layout, about):
            return layout
    elsewhere = [one for one in layouts if one.survey != survey and matches(one, about)]
    if elsewhere:
        raise NoSuchLayout(
            f"{path} is {elsewhere[0].title} ({elsewhere[0].name}), not a table of {survey}.",
            remedy=f"Ingest it as one of {elsewhere[0].survey}, or name its --layout.",
        )
    raise _unknown(of_survey, survey, path, about)


def named(layouts: Sequence[CatalogLayout], name: str, path: str, about: About) -> CatalogLayout:
    """Return the layout of a name, if the file has its columns."""
    for layout in layouts:
        if layout.name == name:
            if lacking := missing(layout, about):
                raise NoSuchLayout(
                    f"{path} lacks {_listed(lacking)} of the layout {name}.",
                    remedy="Name another layout; `starledger ingest formats` lists them.",
                )
            return layout
    raise NoSuchLayout(
        f"There is no layout {name}.", remedy="`starledger ingest formats` lists them."
    )


def _unknown(
    of_survey: Sequence[CatalogLayout], survey: str, path: str, about: About
) -> NoSuchLayout:
    remedy = "`starledger ingest formats` lists what is read; --mapping describes any other table."
    if any(_UCD.fullmatch(name) for name in about.names):
        return NoSuchLayout(
            f"{path} describes the columns of a table, and is no table of stars.",
            remedy="Ingest the table that it describes.",
        )
    if not of_survey:
        return NoSuchLayout(f"No catalog of {survey} is known.", remedy=remedy)
    # One that has all its columns and one too many says nothing of what is missing.
    incomplete = [one for one in of_survey if missing(one, about)]
    if not incomplete:
        return NoSuchLayout(f"{path} is of no layout of {survey}.", remedy=remedy)
    nearest = min(incomplete, key=lambda one: (len(missing(one, about)), one.name))
    lacking = missing(nearest, about)
    return NoSuchLayout(
        f"{path} is of no layout of {survey}; of the nearest, {nearest.name}, it lacks"
        f" {_listed(lacking)}.",
        remedy=remedy,
    )


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:NAMED_AT_MOST])
    more = len(columns) - NAMED_AT_MOST
    return f"the columns {shown}" + (f" and {more} more" if more > 0 else "")
