from __future__ import annotations

import warnings

import numpy as np
import pytest
from astropy.io import fits

from starledger.ingest.pixels.layouts import read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from tests.ingest.pixels.made_files import PIXELS, lamost_mrs
from tests.ingest.pixels.real_files import paths


def read(contents: bytes) -> dict[str, ReadSpectrum]:
    _, spectra = read_spectra("lamost", "x", contents)
    return {spectrum.external_id.split("-", 1)[1]: spectrum for spectrum in spectra}


def test_sums_are_visits_and_the_rest_exposures() -> None:
    spectra = read(lamost_mrs())
    kinds = {name: (spectrum.kind, spectrum.arm) for name, spectrum in spectra.items()}
    assert kinds == {
        "COADD_B": ("visit", "blue"), "COADD_R": ("visit", "red"),
        "B-84420148": ("exposure", "blue"), "B-84420171": ("exposure", "blue"),
        "R-84420148": ("exposure", "red"), "R-84420171": ("exposure", "red"),
    }  # fmt: skip
    assert spectra["COADD_R"].parents == ("359910161-R-84420148", "359910161-R-84420171")
    assert spectra["COADD_R"].snr == 44.0
    assert spectra["B-84420148"].exposure_time == 1200
    assert spectra["B-84420148"].parents == ()
    assert {spectrum.frame for spectrum in spectra.values()} == {"barycentric"}


def test_times_are_those_of_the_exposures() -> None:
    spectra = read(lamost_mrs())
    # 84420148 minutes are MJD 58625, 02:28 in Beijing; ten minutes later it is 18:38 UTC.
    assert spectra["B-84420148"].mjd_mid == pytest.approx(58624 + (18 + 38 / 60) / 24)
    mids = [spectra[f"B-{n}"].mjd_mid or 0.0 for n in (84420148, 84420171)]
    assert spectra["COADD_B"].mjd_mid == pytest.approx(sum(mids) / 2)
    assert spectra["COADD_B"].night == 57287
    assert spectra["COADD_B"].exposure_time == 2400


def test_a_sum_may_leave_exposures_out() -> None:
    left_out = read(lamost_mrs(listed="84420171"))["COADD_B"]
    assert left_out.parents == ("359910161-B-84420171",)
    assert left_out.exposure_time == 1200


def test_red_exposures_are_turned_round() -> None:
    red = read(lamost_mrs())["R-84420148"]
    assert red.pixels.flux.tolist() == list(range(PIXELS, 0, -1))
    assert red.grid.kind == "explicit"
    assert (np.diff(red.wavelength) > 0).all()


def test_sums_have_a_regular_grid() -> None:
    grid = read(lamost_mrs())["COADD_B"].grid
    assert (grid.kind, grid.step) == ("log10", 1e-5)
    assert np.log10(grid.start) == pytest.approx(np.float32(3.69), abs=1e-12)


def test_a_file_with_fewer_hdus_than_it_says_is_refused() -> None:
    with pytest.raises(UnreadableSpectrum, match="should have 9 HDUs, 7 are there"):
        read(lamost_mrs(N_EXTEN=9))


@pytest.mark.real_data
def test_real_files_are_as_astropy_reads_them() -> None:
    counts = []
    for path in paths("lamost/formats"):
        if not path.name.startswith("med"):
            continue
        spectra = read(path.read_bytes())
        counts.append(len(spectra))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path) as hdus:
                for hdu in hdus[1:]:
                    spectrum, loglam = spectra[hdu.name], hdu.data["LOGLAM"].astype(float)
                    order = slice(None, None, -1 if loglam[0] > loglam[-1] else 1)
                    assert np.array_equal(spectrum.pixels.flux, hdu.data["FLUX"][order])
                    assert np.array_equal(spectrum.pixels.ivar, hdu.data["IVAR"][order])
                    assert np.abs(np.log10(spectrum.wavelength) - loglam[order]).max() < 2.5e-7
                    assert spectrum.grid.kind == ("log10" if "COADD" in hdu.name else "explicit")
    assert sorted(counts) == [8, 16]
