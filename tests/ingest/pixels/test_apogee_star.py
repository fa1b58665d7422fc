from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from starledger.ingest.pixels.layouts import read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from starledger.schema.flags import Scope, names
from tests.ingest.pixels.made_files import apogee_star
from tests.ingest.pixels.real_files import paths
from tests.real_data import real_path

STAR = "apo25m.4476.2M00452143+1634446"


def read(contents: bytes) -> list[ReadSpectrum]:
    return read_spectra("apogee", "x", contents)[1]


def test_the_sum_comes_first_then_the_visits() -> None:
    whole, *visits = read(apogee_star(2))
    assert whole.external_id == STAR
    assert [visit.external_id for visit in visits] == [
        f"{STAR}.6561.56587.131", f"{STAR}.6561.56588.131",
    ]  # fmt: skip
    assert whole.parents == tuple(visit.external_id for visit in visits)
    assert (whole.kind, whole.mjd_mid, whole.night) == ("coadd", None, None)
    assert (whole.rv, whole.err_rv, whole.snr) == (6.73279, 0.0676797, 79.0154)
    assert (visits[1].kind, visits[1].night) == ("visit", 56588)
    assert visits[1].mjd_mid == pytest.approx(56589.23637)
    assert (visits[1].rv, visits[1].err_rv, visits[1].snr) == (7.16206, 0.1176, 39.9)
    assert names(Scope.SPECTRUM, visits[1].flags) == ["bright_neighbour", "survey_warning"]


def test_spectra_are_at_rest_and_say_by_how_much_they_were_shifted() -> None:
    whole, visit, _ = read(apogee_star(2))
    assert (whole.frame, whole.frame_shift) == ("shifted", 6.73279)
    assert (visit.frame, visit.frame_shift) == ("shifted", 7.16206)
    assert (whole.grid.kind, whole.grid.step, whole.grid.start) == ("log10", 6e-6, 10**4.179)


def test_rows_go_to_their_spectra_and_both_masks_are_kept() -> None:
    whole, first, second = read(apogee_star(2))
    assert [s.pixels.flux[0] for s in (whole, first, second)] == [100.0, 300.0, 400.0]
    assert [s.pixels.mask[0] for s in (whole, first, second)] == [2, 4, 8]
    assert whole.pixels.or_mask is not None
    assert whole.pixels.or_mask[0] == 1
    assert first.pixels.or_mask is None


def test_one_visit_stands_alone_and_is_a_sum_too() -> None:
    whole, visit = read(apogee_star(1))
    assert (whole.kind, visit.kind) == ("coadd", "visit")
    assert whole.parents == (visit.external_id,)
    assert np.array_equal(whole.pixels.flux, visit.pixels.flux)
    assert np.array_equal(whole.pixels.mask, visit.pixels.mask)


def test_velocities_and_places_under_the_names_of_later_releases() -> None:
    later = {"VHELIO": None, "VHBARY": 5.5, "VERR": 0.0, "LOCID": None, "FIELD": "120-45"}
    visits = {f"VHELIO{n}": None for n in (1, 2)} | {f"VHBARY{n}": 5.0 + n for n in (1, 2)}
    whole, first, _ = read(apogee_star(2, **later, **visits, VERR1="NaN"))
    assert (whole.rv, whole.err_rv, whole.frame_shift) == (5.5, None, 5.5)
    assert (first.rv, first.err_rv) == (6.0, None)
    assert whole.external_id == "apo25m.120-45.2M00452143+1634446"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"NVISITS": 3}, "has 4 spectra in HDU 1, where 3 visits make 5"),
        ({"NVISITS": 0}, "holds 0 visits"),
        ({"NVISITS": 10**9}, "holds 1000000000 visits"),
        ({"VHELIO": 999999.0}, "no VHELIO"),
        ({"VHELIO2": None}, "no VHELIO2"),
        ({"JD1": None}, "when it was observed"),
        ({"CRVAL1": None}, "no CRVAL1"),
        ({"RA": None}, "no RA or DEC"),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        read(apogee_star(2, **changes))


@pytest.mark.real_data
def test_real_files_are_as_astropy_reads_them() -> None:
    counts = {}
    for path in paths("apogee/apstar"):
        whole, *visits = read(path.read_bytes())
        counts[path.name[10:20]] = len(visits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path) as hdus:
                header = hdus[0].header
                flux, error, mask = (np.atleast_2d(hdus[n].data) for n in (1, 2, 3))
        assert len(visits) == header["NVISITS"]
        assert np.array_equal(whole.pixels.flux, flux[0])
        for visit, row in zip(visits, flux[-len(visits) :], strict=True):
            assert np.array_equal(visit.pixels.flux, row)
        seen = error[0] < 1e9
        assert np.array_equal(whole.pixels.ivar > 0, seen)
        assert np.allclose(whole.pixels.ivar[seen], error[0][seen].astype(float) ** -2)
        assert np.array_equal(whole.pixels.mask, mask[min(1, len(mask) - 1)])
        for n, visit in enumerate(visits, 1):
            assert visit.external_id.endswith(header[f"SFILE{n}"][12:-5].replace("-", "."))
            assert abs((visit.mjd_mid or 0.0) - (visit.night or 0)) < 1
    assert counts["2M03290406"] == 1
    assert sum(counts.values()) == 20


@pytest.mark.real_data
def test_the_grid_is_that_of_apogee() -> None:
    expected = np.load(real_path("apogee", "masks", "apogee_wavelength.npz"))["wavelength"]
    whole, *_ = read(paths("apogee/apstar")[0].read_bytes())
    place = np.searchsorted(whole.wavelength, expected - 0.05)
    assert len(expected) == 7214
    assert np.abs(whole.wavelength[place] - expected).max() < 1e-3
    assert len(np.unique(place)) == 7214
    assert (whole.pixels.ivar[place] > 0).mean() > 0.99
