from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

from starledger.compute.simulate.files.lamost_files import Layout
from starledger.compute.simulate.observe.surveys import SURVEYS
from starledger.compute.simulate.survey import simulate_survey
from tests.compute.simulate.pretend_spectra import PretendSpectra

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import specutils

    import starledger.ingest.pixels.specutils_loaders  # noqa: F401 - it registers our loaders

ABSOLUTE = u.Unit("1e-17 erg / (Angstrom s cm2)")


def stored_flux(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return the flux of a file's first spectrum as astropy reads it."""
    with fits.open(path) as hdus:
        if "COADD" in hdus:
            flux = hdus["COADD"].data["flux"]
        else:
            flux = hdus[0].data if hdus[0].data is not None else hdus[1].data
    if path.name.startswith("apVisit"):
        return np.asarray(flux)
    return np.asarray(np.atleast_2d(flux)[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("survey", "layout", "pattern"),
    [
        ("boss", "old", "spec-*.fits"),
        ("apogee", "old", "apStar-*.fits"),
        ("apogee", "old", "apVisit-*.fits"),
        ("lamost", "old", "spec-*.fits.gz"),
        ("lamost", "new", "spec-*.fits.gz"),
    ],
)
def test_specutils_recognises_and_reads(
    survey: str, layout: Layout, pattern: str, tmp_path: Path
) -> None:
    spectra = PretendSpectra(SURVEYS[survey].instrument.band)
    simulate_survey(survey, 4, 1, tmp_path, spectra=spectra, layout=layout)
    files = list((tmp_path / "spectra").rglob(pattern))
    assert files
    for path in files:
        spectrum = specutils.Spectrum.read(path)
        wavelength = spectrum.spectral_axis.to_value(u.AA)
        assert wavelength.min() > 3500
        assert spectrum.flux.shape == wavelength.shape
        assert spectrum.flux.unit == (u.Unit("") if survey == "lamost" else ABSOLUTE)
        assert spectrum.flux.value.max() == stored_flux(path).max()
    if pattern.startswith("apStar"):
        assert {fits.getval(path, "NVISITS") for path in files} > {1}
