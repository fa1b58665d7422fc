from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u

from starledger.compute.simulate.files.fits_bytes import gzipped, image_hdu
from starledger.ingest.pixels.layouts import LAYOUTS, read_spectra
from tests.ingest.pixels.made_files import (
    apogee_star,
    lamost_image,
    lamost_pilot,
    lamost_table,
    spec,
)
from tests.ingest.pixels.real_files import paths

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import specutils

    import starledger.ingest.pixels.specutils_loaders as loaders

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    ("survey", "contents", "unit"),
    [
        ("lamost", lamost_image(), ""),
        ("lamost", gzipped(lamost_table()), ""),
        ("lamost", lamost_pilot(), ""),
        ("apogee", apogee_star(1), "1e-17 erg / (Angstrom s cm2)"),
        ("apogee", apogee_star(3), "1e-17 erg / (Angstrom s cm2)"),
    ],
)
def test_specutils_reads_what_we_read(
    survey: str, contents: bytes, unit: str, tmp_path: Path
) -> None:
    path = tmp_path / "spectrum.fits"
    path.write_bytes(contents)
    read = specutils.Spectrum.read(path)
    expected = read_spectra(survey, "x", contents)[1][0]
    assert np.allclose(read.spectral_axis.to_value(u.AA), expected.wavelength)
    assert np.array_equal(read.flux.value, expected.pixels.flux)
    assert np.array_equal(read.uncertainty.array, expected.pixels.ivar)
    assert np.array_equal(read.mask, expected.pixels.ivar == 0)
    assert read.flux.unit == u.Unit(unit)
    assert read.meta["external_id"] == expected.external_id
    assert read.meta["wavelength_medium"] == "vacuum"


def test_an_open_file_is_read_and_left_where_it_was() -> None:
    layout = next(layout for layout in LAYOUTS if layout.name == "lamost_lrs_image")
    file = io.BytesIO(lamost_image())
    file.seek(100)
    assert loaders._identifier(layout)("read", None, file)
    assert file.tell() == 100
    assert not loaders._identifier(layout)("read", None, io.StringIO("text"))


def test_files_of_others_are_left_to_others(tmp_path: Path) -> None:
    path = tmp_path / "spec.fits"
    for contents in (spec(), image_hdu(np.zeros((5, 9), ">f4"), primary=True), b"text"):
        path.write_bytes(contents)
        for layout in LAYOUTS:
            if layout.survey != "sdss":
                assert not loaders._identifier(layout)("read", str(path), None)
    assert not loaders._identifier(LAYOUTS[0])("read", str(tmp_path / "none.fits"), None)


@pytest.mark.real_data
@pytest.mark.parametrize("folder", ["lamost/formats", "lamost/dr7_plate", "apogee/apstar"])
def test_specutils_reads_real_files(folder: str) -> None:
    for path in paths(folder)[:12]:
        if path.name.startswith("med"):
            continue
        read = specutils.Spectrum.read(path)
        survey = folder.split("/")[0]
        expected = read_spectra(survey, path.name, path.read_bytes())[1][0]
        assert np.array_equal(read.flux.value, expected.pixels.flux)
        assert read.spectral_axis.unit == u.AA
