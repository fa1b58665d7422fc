"""The layouts of spectrum files that we know, recognised by what is in a file, not by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from starledger.ingest.pixels import (
    apogee_aspcap,
    apogee_star,
    apogee_visit,
    boss,
    lamost_lrs,
    lamost_mrs,
)
from starledger.ingest.pixels.fits_file import FitsFile, open_fits
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum

CheckedOn = Literal["a real file", "a simulated file"]


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout of files.

    Parameters
    ----------
    name
        Its name in the ledger.
    survey
        Whose it is (`starledger.ingest.surveys.SURVEYS`).
    title
        What it is called in print.
    checked_on
        What kind of file the tests read.
    recognises
        Whether a file is of this layout.
    read
        The spectra of a file of this layout.
    """

    name: str
    survey: str
    title: str
    checked_on: CheckedOn
    recognises: Callable[[FitsFile], bool]
    read: Callable[[FitsFile], list[ReadSpectrum]]


LAYOUTS = (
    Layout(
        "lamost_lrs_image", "lamost", "LAMOST LRS image of five rows (DR1 to DR7)",
        "a real file", lamost_lrs.is_image, lamost_lrs.read_image,
    ),
    Layout(
        "lamost_lrs_pilot", "lamost", "LAMOST LRS image of the pilot survey",
        "a real file", lamost_lrs.is_pilot, lamost_lrs.read_pilot,
    ),
    Layout(
        "lamost_lrs_table", "lamost", "LAMOST LRS table COADD (DR8 and later)",
        "a simulated file", lamost_lrs.is_table, lamost_lrs.read_table,
    ),
    Layout(
        "lamost_mrs", "lamost", "LAMOST MRS tables (DR6 and DR7)",
        "a real file", lamost_mrs.is_mrs, lamost_mrs.read_mrs,
    ),
    Layout(
        "apogee_apvisit", "apogee", "APOGEE apVisit",
        "a real file", apogee_visit.is_visit, apogee_visit.read_visit,
    ),
    Layout(
        "apogee_apstar", "apogee", "APOGEE apStar",
        "a real file", apogee_star.is_star, apogee_star.read_star,
    ),
    Layout(
        "apogee_aspcapstar", "apogee", "APOGEE aspcapStar",
        "a simulated file", apogee_aspcap.is_aspcap, apogee_aspcap.read_aspcap,
    ),
    Layout(
        "sdss_spec", "sdss", "SDSS spec (2000 to 2009)",
        "a real file", boss.is_sdss, boss.read_spec,
    ),
    Layout(
        "boss_spec", "sdss", "BOSS spec, lite and full",
        "a real file", boss.is_boss, boss.read_spec,
    ),
)  # fmt: skip
"""All layouts; a file is of the first that recognises it."""


def read_spectra(survey: str, file_name: str, contents: bytes) -> tuple[Layout, list[ReadSpectrum]]:
    """Read the spectra of a file.

    Parameters
    ----------
    survey
        The survey that it should be of.
    file_name
        Its name, for messages.
    contents
        Its bytes, gzipped or not.

    Raises
    ------
    UnreadableSpectrum
        It is of another survey or of no known layout, is damaged, or holds what cannot be.
    """
    try:
        # Numbers that overflow are found afterwards, as values that are not finite.
        with np.errstate(all="ignore"):
            file = open_fits(contents)
            layout = _layout_of(survey, file)
            return layout, layout.read(file)
    except UnreadableSpectrum as error:
        raise UnreadableSpectrum(f"{file_name} {error.what}", remedy=error.remedy) from None


def _layout_of(survey: str, file: FitsFile) -> Layout:
    layout = next((layout for layout in LAYOUTS if layout.recognises(file)), None)
    if layout is None:
        raise UnreadableSpectrum(
            f"is a FITS file of no layout that we know ({_looks_like(file)}).",
            remedy="`starledger ingest formats` lists the known ones.",
        )
    if layout.survey != survey:
        raise UnreadableSpectrum(
            f"is of the layout {layout.title}, of {layout.survey}, not of {survey}.",
            remedy=f"Ingest it as {layout.survey}.",
        )
    return layout


def _looks_like(file: FitsFile) -> str:
    telescope = file.header.text("TELESCOP")
    names = ", ".join(hdu.name or "unnamed" for hdu in file.hdus[:5])
    whose = f"telescope {telescope}" if telescope else "no telescope"
    return f"{whose}; {len(file.hdus)} HDUs: {names}"
