"""The file: whole, the same each time, and read by others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import Table

from starledger.catalog.export.errors import ExportError
from starledger.catalog.star_spectra.fits_file import write_spectra
from starledger.catalog.star_spectra.spectra import StarSpectra
from tests.catalog.star_spectra.conftest import VISITS, Survey, spectra
from tests.conftest import Command, address

pytestmark = pytest.mark.integration


@pytest.fixture
def found(survey: Survey) -> StarSpectra:
    return spectra(survey, "visit_0")


@pytest.fixture
def written(found: StarSpectra, tmp_path: Path) -> Path:
    path = tmp_path / "star.fits"
    write_spectra(path, found)
    return path


def test_specutils_reads_all_visits(written: Path, found: StarSpectra) -> None:
    specutils = pytest.importorskip("specutils")
    from starledger.catalog.star_spectra import specutils_loader  # noqa: F401

    spectra = specutils.SpectrumList.read(written)
    assert len(spectra) == VISITS
    first = found.visits[0]
    np.testing.assert_array_equal(spectra[0].flux.value, first.observed.flux)
    assert spectra[0].spectral_axis.unit == u.AA
    fitted = specutils.SpectrumList.read(written, hdu="FIT")
    model = fitted[0].meta["model"]
    kept = ~fitted[0].mask
    chi2 = np.sum((fitted[0].flux.value - model)[kept] ** 2 * fitted[0].uncertainty.array[kept])
    assert chi2 == pytest.approx(first.about["chi2"], rel=1e-5)
    assert fitted[0].meta["header"]["CHI2SAME"]
    one = specutils.Spectrum.read(written, hdu="FIT_2")
    np.testing.assert_array_equal(one.flux.value, found.visits[1].fitted.flux)


def test_headers_tell_the_width_where_it_was_free(written: Path, found: StarSpectra) -> None:
    free = found.visits[0].about["line_variance"]
    header = fits.getheader(written, "FIT_1")
    if free is None:
        assert "LINEVAR" not in header
    else:
        assert header["LINEVAR"] == pytest.approx(free)


def test_specutils_own_reader_of_tables_takes_it_too(written: Path, found: StarSpectra) -> None:
    specutils = pytest.importorskip("specutils")
    mapping = {
        "wavelength": ("spectral_axis", "Angstrom"),
        "flux": ("flux", u.dimensionless_unscaled),
        "uncertainty": ("uncertainty", u.dimensionless_unscaled),
    }
    one = specutils.Spectrum.read(written, format="tabular-fits", column_mapping=mapping)
    np.testing.assert_array_equal(one.flux.value, found.visits[0].observed.flux)


def test_astropy_reads_units_and_rows(written: Path, found: StarSpectra) -> None:
    fit = Table.read(written, hdu="FIT_1")
    assert fit["wavelength"].unit == u.AA
    # FITS has no word for dex, which is a unit all the same.
    star = Table.read(written, hdu="STAR", unit_parse_strict="silent")
    assert star["teff"].unit == u.K
    by_name = dict(zip((one.name for one in found.star.fields), found.star.values[0], strict=True))
    assert star["teff"][0] == np.float32(by_name["teff"])
    assert star["n_visits"][0] == by_name["n_visits"]
    fits_rows = Table.read(written, hdu="FITS", unit_parse_strict="silent")
    assert list(fits_rows["spectrum_id"]) == [one.about["spectrum_id"] for one in found.visits]


def test_every_column_says_what_it_is(written: Path) -> None:
    with fits.open(written) as file:
        assert file[0].header["RELTITLE"] == "The first ?"
        for hdu in file[1:]:
            for number in range(1, hdu.header["TFIELDS"] + 1):
                for keyword in ("TUNIT", "TUCD", "TCOMM"):
                    assert f"{keyword}{number}" in hdu.header, (hdu.name, number)


def test_the_same_star_gives_the_same_bytes(written: Path, survey: Survey, tmp_path: Path) -> None:
    again = tmp_path / "again.fits"
    write_spectra(again, spectra(survey, "visit_0"))
    assert again.read_bytes() == written.read_bytes()


def test_what_cannot_be_written_leaves_nothing(found: StarSpectra, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        write_spectra(tmp_path / "nowhere" / "star.fits", found)
    assert list(tmp_path.iterdir()) == []


def test_fitsverify_finds_nothing(written: Path, fitsverify: str) -> None:
    done = subprocess.run([fitsverify, str(written)], capture_output=True, text=True, check=False)
    assert "found 0 warning(s) and 0 error(s)" in done.stdout, done.stdout


def test_the_command_writes_the_file(survey: Survey, starledger: Command, tmp_path: Path) -> None:
    where = ("--database", address(survey.database), "--home", str(survey.settings.home))
    out = tmp_path / "one.fits"
    answer = starledger(*where, "spectrum", "visit_2", "--visit", "visit_2", "--out", out, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert (told["visits"], told["model"], told["file"]) == (1, "small", str(out))
    with fits.open(out) as file:
        assert [hdu.name for hdu in file] == ["PRIMARY", "SPECTRUM_1", "FIT_1", "FITS", "STAR"]
    assert starledger(*where, "spectrum", "nobody").code == 2
