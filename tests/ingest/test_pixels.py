"""The real surveys' spectra: how many there are, and whether known lines lie where they should."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from starledger.compute.spectra.wavelengths import air_to_vacuum
from starledger.ingest.pixels.layouts import LAYOUTS, read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum
from starledger.schema.flags import Scope, mask
from tests.ingest.pixels.known_lines import Found, found_lines
from tests.ingest.pixels.real_files import FOLDERS, paths
from tests.real_data import real_path

pytestmark = pytest.mark.real_data

COUNTS = {
    "lamost/pilot": {("lamost_lrs_pilot", "visit"): 176},
    "lamost/dr7_plate": {("lamost_lrs_image", "visit"): 100},
    "lamost/formats": {
        ("lamost_lrs_image", "visit"): 4,
        ("lamost_mrs", "visit"): 4,
        ("lamost_mrs", "exposure"): 20,
    },
    "apogee/apstar": {("apogee_apstar", "coadd"): 8, ("apogee_apstar", "visit"): 20},
    "apogee/apvisit": {("apogee_apvisit", "visit"): 3},
    "boss": {
        ("sdss_spec", "visit"): 2,
        ("sdss_spec", "coadd"): 1,
        ("sdss_spec", "exposure"): 6,
        ("boss_spec", "visit"): 3,
        ("boss_spec", "exposure"): 34,
    },
}
LEAST_SIGNAL = 20.0


def spectra_of(folder: str) -> Iterator[tuple[str, str, ReadSpectrum]]:
    """Yield layout, file name and spectrum of all that a folder holds."""
    survey, _ = FOLDERS[folder]
    for path in paths(folder):
        layout, spectra = read_spectra(survey, path.name, path.read_bytes())
        for spectrum in spectra:
            yield layout.name, path.name, spectrum


@pytest.mark.parametrize("folder", COUNTS)
def test_every_file_is_read_with_all_its_spectra(folder: str) -> None:
    read = list(spectra_of(folder))
    assert Counter((layout, spectrum.kind) for layout, _, spectrum in read) == COUNTS[folder]
    ids = [spectrum.external_id for _, _, spectrum in read]
    assert len(set(ids)) == len(ids)


def test_layouts_are_checked_on_what_they_say() -> None:
    seen = {layout for folder in COUNTS for layout, _ in COUNTS[folder]}
    said = {layout.name for layout in LAYOUTS if layout.checked_on == "a real file"}
    assert seen == said


def test_what_is_no_star_is_flagged() -> None:
    not_a_star = mask(Scope.SPECTRUM, "not_a_star")
    classes: Counter[str | None] = Counter()
    for _, _, spectrum in spectra_of("lamost/dr7_plate"):
        classes[spectrum.class_name] += 1
        assert bool(spectrum.flags & not_a_star) == (spectrum.class_name != "STAR")
    assert classes == {"STAR": 87, "GALAXY": 9, "Unknown": 4}


def catalog_velocities() -> dict[str, float]:
    """Return the velocities in km/s that LAMOST's catalog has for spectra of the pilot survey."""
    with real_path("lamost", "pilot_lasp_labels.csv").open(newline="") as file:
        return {row["filename"]: float(row["rv"]) for row in csv.DictReader(file)}


def bright_stars(folder: str) -> list[ReadSpectrum]:
    """Return the spectra of all arms of stars with a velocity by the survey and S/N over 20."""
    velocities = catalog_velocities() if folder == "lamost/pilot" else None
    found = []
    for _, name, spectrum in spectra_of(folder):
        ratios = [spectrum.snr_g, spectrum.snr_r, spectrum.snr_i]
        if spectrum.arm != "full" or max(ratio or 0.0 for ratio in ratios) < LEAST_SIGNAL:
            continue
        if velocities is not None:
            if name in velocities:
                found.append(replace(spectrum, rv=velocities[name]))
        elif spectrum.rv is not None:
            found.append(spectrum)
    return found


def stellar(spectrum: ReadSpectrum, lines: list[Found]) -> list[float]:
    """Return the offsets of lines of the star: Na D of hot ones is the gas before them."""
    hot = (spectrum.subclass or "")[:1] in {"O", "B", "A", "F"}
    return [line.offset for line in lines if not (hot and line.name == "Na D")]


@pytest.mark.parametrize(
    ("folder", "stars"),
    [("lamost/pilot", 110), ("lamost/dr7_plate", 70), ("lamost/formats", 4), ("boss", 3)],
)
def test_known_lines_lie_where_they_should(folder: str, stars: int) -> None:
    by_star, if_in_air = [], []
    for spectrum in bright_stars(folder):
        offsets = stellar(spectrum, found_lines(spectrum))
        if offsets:
            by_star.append(np.median(offsets))
            # The same numbers, were they wavelengths in air.
            wrong = found_lines(spectrum, air_to_vacuum(spectrum.wavelength))
            if_in_air += [line.offset for line in wrong]
    assert len(by_star) >= stars
    assert abs(np.median(by_star)) < 0.2
    assert np.abs(by_star).max() < 1.0
    assert np.median(if_in_air) > 0.9
