from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from starledger.ingest.pixels.layouts import read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from starledger.schema.flags import Scope, names
from tests.ingest.pixels.made_files import spec
from tests.ingest.pixels.real_files import paths


def read(contents: bytes) -> list[ReadSpectrum]:
    return read_spectra("sdss", "x", contents)[1]


def test_all_that_a_file_says_is_read() -> None:
    whole, *exposures = read(spec())
    assert whole.external_id == "3586-55181-0220"
    assert (whole.instrument, whole.kind, whole.arm) == ("boss", "visit", "full")
    assert (whole.ra, whole.dec) == (8.2489145, -0.70683742)
    assert whole.mjd_mid == pytest.approx(55181 + 2450 / 86400)
    assert (whole.time_scale, whole.night) == ("tai", 55181)
    assert (whole.snr_u, whole.snr_g, whole.snr) == (23.0, 60.0, 61.0)
    assert whole.rv == pytest.approx(29.979, abs=1e-3)
    assert whole.err_rv == pytest.approx(2.998, abs=1e-3)
    assert (whole.class_name, whole.subclass) == ("STAR", "F9")
    assert whole.lsf_fwhm is not None
    assert whole.lsf_fwhm[0] == pytest.approx(2.3548 * 1.1 * 6000 * np.log(10) * 1e-4, rel=1e-3)
    assert [(e.kind, e.arm) for e in exposures] == [("exposure", "blue")] * 2 + [
        ("exposure", "red")
    ] * 2
    assert whole.parents == tuple(e.external_id for e in exposures)
    assert exposures[0].external_id == "3586-55181-0220-B1-00104927"
    assert exposures[2].pixels.flux.tolist() == list(range(48, 0, -1))
    assert exposures[0].mjd_mid == pytest.approx(55181 + 450 / 86400)


def test_the_first_pixel_is_the_tables() -> None:
    grid = read(spec())[0].grid
    assert (grid.kind, grid.step) == ("log10", 1e-4)
    assert np.log10(grid.start) == pytest.approx(3.5528, abs=1e-12)


@pytest.mark.parametrize(
    ("contents", "kind", "night"),
    [
        (spec(MJDLIST="55180 55181"), "coadd", None),
        (spec(0), "coadd", 55181),
        (spec(0, TAI=86400.0 * 55181.2), "visit", 55181),
        (spec(MJDLIST=None), "visit", 55181),
        (spec(0, MJDLIST=None), "coadd", 55181),
    ],
)
def test_a_sum_is_a_visit_where_it_is_of_one_night_whose_time_is_told(
    contents: bytes, kind: str, night: int | None
) -> None:
    whole = read(contents)[0]
    assert (whole.kind, whole.night) == (kind, night)
    assert (whole.mjd_mid is not None) == (kind == "visit")


def test_sdss_and_boss_are_told_apart_by_the_night() -> None:
    assert read(spec(night=52672))[0].instrument == "sdss"
    assert read_spectra("sdss", "x", spec(night=52672))[0].name == "sdss_spec"
    assert read_spectra("sdss", "x", spec())[0].name == "boss_spec"


@pytest.mark.parametrize(("vacuum", "medium"), [("T", "vacuum"), (False, "air"), ("F", "air")])
def test_the_medium_stands_as_logical_or_text(vacuum: Any, medium: str) -> None:
    assert read(spec(VACUUM=vacuum))[0].grid.medium == medium


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PLATEID": None}, "no PLATEID"),
        ({"PLUG_RA": None}, "no PLUG_RA"),
        ({"NEXP": 6}, "should have 6 exposures, 4 are there"),
    ],
)
def test_what_must_be_there_is_missed(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        read(spec(**changes))


@pytest.mark.real_data
def test_real_files_are_as_astropy_reads_them() -> None:
    kinds = {}
    for path in paths("boss"):
        spectra = read(path.read_bytes())
        whole = spectra[0]
        kinds[path.name[5:20]] = (whole.instrument, whole.kind, len(spectra))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path) as hdus:
                coadd, row = hdus["COADD"].data, hdus[2].data
                exposures = hdus[4:]
                assert whole.class_name == row["CLASS"][0]
                for spectrum, hdu in zip(spectra[1:], exposures, strict=True):
                    loglam = hdu.data["loglam"].astype(float)
                    order = np.argsort(loglam)
                    assert np.allclose(spectrum.wavelength, 10 ** loglam[order], rtol=1e-12)
                    assert np.array_equal(spectrum.pixels.flux, hdu.data["flux"][order])
                    assert np.array_equal(spectrum.pixels.mask, hdu.data["mask"][order])
        assert whole.grid.kind == "log10"
        assert np.abs(np.log10(whole.wavelength) - coadd["loglam"]).max() < 3e-7
        assert np.array_equal(whole.pixels.flux, coadd["flux"])
        assert np.array_equal(whole.pixels.mask, coadd["and_mask"])
        assert whole.pixels.or_mask is not None
        assert np.array_equal(whole.pixels.or_mask, coadd["or_mask"])
        flags = names(Scope.SPECTRUM, whole.flags)
        assert ("not_a_star" in flags) == (whole.class_name != "STAR")
    assert kinds == {
        "0266-51602-0031": ("sdss", "visit", 1), "1230-52672-0233": ("sdss", "visit", 7),
        "3128-54776-0008": ("sdss", "coadd", 1), "3586-55181-0220": ("boss", "visit", 15),
        "3586-55181-0500": ("boss", "visit", 15), "6064-56097-0980": ("boss", "visit", 7),
    }  # fmt: skip
