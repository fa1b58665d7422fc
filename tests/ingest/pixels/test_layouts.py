"""Files are recognised by what is in them, and only damage that is named comes out of them."""

from __future__ import annotations

import os
import re
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from starledger.compute.simulate.files.fits_bytes import gzipped, image_hdu
from starledger.compute.simulate.files.lamost_files import Layout
from starledger.compute.simulate.observe.surveys import SURVEYS as OBSERVED
from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.pixels.layouts import LAYOUTS, read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from starledger.ingest.surveys import INSTRUMENTS, SURVEYS
from tests.compute.simulate.pretend_spectra import PretendSpectra
from tests.ingest.pixels.made_files import MADE, apogee_star, lamost_image

MUTATED = int(os.environ.get("STARLEDGER_MUTATED_FILES", "500"))
"""Number of damaged files that are tried; `STARLEDGER_MUTATED_FILES=10000` for a long run."""

FILES = {"lamost": ("spectra",), "boss": ("spectra",), "apogee": ("apvisit", "apstar")}

NASTY = (
    b"99999999999", b"-1", b"0", b"2147483647", b"1E400", b"NaN", b"'", b"'''", b"T", b"",
    b"9223372036854775808", b"3.5", b"-9999", b"1D308", b"1E100", b"1E-60",
)  # fmt: skip
STRUCTURE = (
    b"NAXIS", b"NAXIS1", b"NAXIS2", b"BITPIX", b"PCOUNT", b"GCOUNT", b"TFIELDS", b"TFORM1",
    b"TFORM3", b"TTYPE2", b"TDIM1", b"TZERO1", b"TSCAL1", b"BZERO", b"BSCALE", b"COEFF0",
    b"COEFF1", b"CRVAL1", b"CDELT1", b"NVISITS", b"DATE-OBS", b"RA", b"DEC", b"OBSID", b"MJD",
    b"LMJD", b"XTENSION", b"EXTNAME", b"Z", b"SNRG", b"VHELIO1", b"JD1", b"EXPTIME", b"TAI-BEG",
)  # fmt: skip


def names() -> list[str]:
    return [layout.name for layout in LAYOUTS]


@pytest.mark.parametrize(
    ("survey", "layout"), [("lamost", "old"), ("lamost", "new"), ("boss", "old"), ("apogee", "old")]
)
def test_a_simulated_survey_is_read_whole(survey: str, layout: Layout, tmp_path: Path) -> None:
    pretend = PretendSpectra(OBSERVED[survey].instrument.band)
    made = simulate_survey(survey, 12, 5, tmp_path, spectra=pretend, layout=layout)
    truth = {
        str(row["file"]).removesuffix(".fits"): row
        for row in fits.getdata(tmp_path / "truth" / "visits.fits", 1)
        if row["has_file"]
    }
    read: Counter[str] = Counter()
    for path in (tmp_path / "spectra").rglob("*.fits*"):
        whose = "sdss" if survey == "boss" else survey
        known, spectra = read_spectra(whose, path.name, path.read_bytes())
        read[known.name] += 1
        for spectrum in spectra:
            assert_sound(spectrum)
        if known.name == "apogee_apstar":
            continue
        (spectrum,) = spectra
        row = truth.pop(path.name.split(".fits")[0])
        assert (spectrum.ra, spectrum.dec) == pytest.approx((row["ra"], row["dec"]), abs=1e-6)
        assert spectrum.night == row["night"]
        if spectrum.mjd_mid is not None:
            assert spectrum.mjd_mid == pytest.approx(row["mjd"], abs=1e-5)
        if spectrum.rv is not None:
            error = max(spectrum.err_rv or 0.0, 1.0)
            assert abs(spectrum.rv - row["rv"]) < 6 * error + abs(row["zero_point"])
    assert not truth
    assert sum(read.values()) == sum(made.counts[n] for n in FILES[survey])


def test_every_layout_is_made_and_named_once() -> None:
    assert names() == list(dict.fromkeys(names()))
    assert set(MADE) == set(names())
    assert {layout.survey for layout in LAYOUTS} <= set(SURVEYS)
    assert {layout.checked_on for layout in LAYOUTS} == {"a real file", "a simulated file"}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_of_its_layout_and_of_no_other(name: str, packed: bool) -> None:
    survey, make = MADE[name]
    contents = gzipped(make()) if packed else make()
    layout, spectra = read_spectra(survey, "renamed.dat", contents)
    assert layout.name == name
    assert layout.survey == survey
    ids = [spectrum.external_id for spectrum in spectra]
    assert len(set(ids)) == len(ids)
    for spectrum in spectra:
        assert_sound(spectrum)
        assert set(spectrum.parents) <= set(ids)


def assert_sound(spectrum: ReadSpectrum) -> None:
    seen = spectrum.pixels
    assert np.isfinite(seen.flux).all()
    assert (seen.ivar >= 0).all()
    assert np.isfinite(seen.ivar).all()
    assert (np.diff(spectrum.wavelength) > 0).all()
    assert len(spectrum.wavelength) == len(seen.flux) == len(seen.ivar) == len(seen.mask) > 0
    assert seen.or_mask is None or len(seen.or_mask) == len(seen.flux)
    instrument = INSTRUMENTS[spectrum.instrument]
    assert spectrum.arm in instrument.arms
    assert spectrum.grid.medium == instrument.wavelength_medium
    assert (spectrum.frame == "shifted") == (spectrum.frame_shift is not None)
    assert spectrum.kind == "coadd" or spectrum.mjd_mid is not None
    assert (spectrum.mjd_mid is None) == (spectrum.time_scale is None)
    assert len(spectrum.sha256()) == 64


@pytest.mark.parametrize("name", MADE)
def test_a_file_of_another_survey_is_refused_by_name(name: str) -> None:
    survey, make = MADE[name]
    other = "lamost" if survey != "lamost" else "apogee"
    title = next(layout.title for layout in LAYOUTS if layout.name == name)
    with pytest.raises(UnreadableSpectrum, match="not of " + other) as caught:
        read_spectra(other, "x.fits", make())
    assert caught.value.what.startswith("x.fits is of the layout " + title)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "x is not a FITS file."),
        (b"\x89PNG\r\n" * 100, "x is not a FITS file."),
        (image_hdu(np.zeros((5, 9), ">f4"), [("TELESCOP", "MUSE")], primary=True), "no layout"),
        (image_hdu(None, primary=True), "no layout that we know (no telescope; 1 HDUs: unnamed)"),
        (gzipped(b"hello"), "x is not a FITS file."),
    ],
)
def test_foreign_files_are_refused(contents: bytes, said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=re.escape(said)) as caught:
        read_spectra("lamost", "x", contents)
    assert caught.value.remedy


@pytest.mark.parametrize("name", MADE)
def test_no_cut_goes_unseen(name: str) -> None:
    survey, make = MADE[name]
    contents = make()
    whole = [spectrum.sha256() for spectrum in read_spectra(survey, "x", contents)[1]]
    rng = np.random.default_rng(3)
    cuts = {0, 1, 79, 80, 2879, 2881, len(contents) - 1, *range(2880, len(contents), 2880)}
    for cut in cuts | set(rng.integers(0, len(contents), 60).tolist()):
        try:
            _, spectra = read_spectra(survey, "x", contents[:cut])
        except UnreadableSpectrum:
            continue
        # Cut exactly behind an HDU, a file may have lost what holds no spectra, and a spec file
        # all its exposures, as the lite files of the survey have.
        assert cut % 2880 == 0
        left = [spectrum.sha256() for spectrum in spectra]
        assert left == whole or (name.endswith("spec") and len(left) == 1)


@pytest.mark.parametrize("name", MADE)
def test_a_gzipped_file_cut_anywhere_is_refused(name: str) -> None:
    survey, make = MADE[name]
    packed = gzipped(make())
    for cut in {1, 2, 9, 10, len(packed) - 8, len(packed) - 1, *range(3, len(packed), 97)}:
        with pytest.raises(UnreadableSpectrum):
            read_spectra(survey, "x", packed[:cut])


def test_a_cut_file_says_how_much_is_missing() -> None:
    contents = lamost_image()
    with pytest.raises(UnreadableSpectrum, match="HDU 0 should have 2880 bytes, 100 are there"):
        read_spectra("lamost", "x", contents[: len(contents) - 2780])


def mutated(contents: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with some bytes, or a card of its headers, changed."""
    damaged = bytearray(contents)
    if rng.random() < 0.5:
        return _other_card(damaged, rng)
    for _ in range(int(rng.integers(1, 12))):
        where = int(rng.integers(0, len(damaged)))
        match rng.integers(0, 4):
            case 0:
                damaged[where] = int(rng.integers(0, 256))
            case 1:
                damaged[where] ^= 1 << int(rng.integers(0, 8))
            case 2:
                del damaged[where : where + int(rng.integers(1, 3000))]
                damaged = damaged or bytearray(b" ")
            case _:
                piece = damaged[where : where + 80]
                at = int(rng.integers(0, len(damaged)))
                damaged[at:at] = piece
    return bytes(damaged)


def _other_card(damaged: bytearray, rng: np.random.Generator) -> bytes:
    keyword = STRUCTURE[int(rng.integers(0, len(STRUCTURE)))].ljust(8) + b"= "
    places = [found.start() for found in re.finditer(re.escape(keyword), bytes(damaged))]
    if not places:
        return bytes(damaged)
    at = places[int(rng.integers(0, len(places)))]
    value = NASTY[int(rng.integers(0, len(NASTY)))]
    if keyword.startswith(b"TFORM"):
        codes = (b"'999999999E'", b"'1PE(9)'", b"'QE'", b"'0E'", b"'12Z'", b"'3A'", b"'X'", b"'L'")
        value = codes[int(rng.integers(0, len(codes)))]
    damaged[at + 10 : at + 80] = value.rjust(20).ljust(70)
    return bytes(damaged)


def test_damaged_files_are_read_or_refused_and_nothing_else_happens() -> None:
    rng = np.random.default_rng(20)
    seeds = [(survey, make()) for survey, make in MADE.values()]
    seeds += [("apogee", apogee_star(1)), ("lamost", lamost_image(kind=">f8"))]
    outcomes = {"read": 0, "refused": 0}
    tracemalloc.start()
    for n in range(MUTATED):
        survey, contents = seeds[n % len(seeds)]
        damaged = mutated(contents, rng)
        if rng.random() < 0.2:
            damaged = mutated(gzipped(contents), rng)
        try:
            _, spectra = read_spectra(survey, "x", damaged)
        except UnreadableSpectrum:
            outcomes["refused"] += 1
        else:
            for spectrum in spectra:
                assert_sound_after_damage(spectrum)
            outcomes["read"] += 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20
    assert min(outcomes.values()) > MUTATED // 10


def assert_sound_after_damage(spectrum: ReadSpectrum) -> None:
    """See that what damage does not reveal is still fit for the ledger."""
    assert np.isfinite(spectrum.pixels.flux).all()
    assert (spectrum.pixels.ivar >= 0).all()
    assert np.isfinite(spectrum.wavelength).all()
    assert 0 <= spectrum.ra <= 360
    for name in ("snr_g", "snr", "exposure_time", "rv", "err_rv", "mjd_mid", "frame_shift"):
        value = getattr(spectrum, name)
        if value is not None:
            assert np.isfinite(np.float32(value)), name
            assert (np.float32(value) == 0) == (value == 0), name
    for name in ("external_id", "class_name", "subclass"):
        value = getattr(spectrum, name)
        assert value is None or value.isprintable(), name
