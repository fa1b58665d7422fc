"""The layouts of files that are read, and on what each was tried."""

from __future__ import annotations

from dataclasses import dataclass

from starledger.ingest.catalogs.layouts import LAYOUTS as CATALOGS
from starledger.ingest.pixels.layouts import LAYOUTS as SPECTRA


@dataclass(frozen=True)
class Format:
    """A layout of files.

    Parameters
    ----------
    content
        ``catalog`` or ``spectra``.
    survey, layout, title
        Whose, its name, and what it is in words.
    checked_on
        ``a real file``, ``a simulated file`` or ``its published description``.
    """

    content: str
    survey: str
    layout: str
    title: str
    checked_on: str


def formats() -> list[Format]:
    """Return every layout; anything else is refused by name."""
    return [
        *(Format("spectra", one.survey, one.name, one.title, one.checked_on) for one in SPECTRA),
        *(Format("catalog", one.survey, one.name, one.title, one.checked_on) for one in CATALOGS),
    ]
