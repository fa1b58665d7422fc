from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

from starledger.compute.simulate.observe.surveys import SURVEYS
from starledger.compute.simulate.survey import simulate_survey
from tests.compute.simulate.pretend_spectra import PretendSpectra

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    specutils = pytest.importorskip("specutils")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("survey", "pattern"),
    [("boss", "spec-*.fits"), ("apogee", "apStar-*.fits"), ("apogee", "apVisit-*.fits")],
)
def test_specutils_recognises_and_reads(survey: str, pattern: str, tmp_path: Path) -> None:
    spectra = PretendSpectra(SURVEYS[survey].instrument.band)
    simulate_survey(survey, 4, 1, tmp_path, spectra=spectra)
    for path in (tmp_path / "spectra").rglob(pattern):
        if pattern.startswith("apStar") and fits.getval(path, "NVISITS") == 1:
            # specutils takes row 0 of what has no rows here, in APOGEE's own files too.
            continue
        spectrum = specutils.Spectrum.read(path)
        wavelength = spectrum.spectral_axis.to_value(u.AA)
        assert wavelength.min() > 3500
        assert spectrum.flux.shape == wavelength.shape
        assert spectrum.flux.unit == u.Unit("1e-17 erg / (Angstrom s cm2)")
        with fits.open(path) as hdus:
            stored = hdus["COADD"].data["flux"] if survey == "boss" else hdus[1].data
        first = stored if pattern.startswith("apVisit") else np.atleast_2d(stored)[0]
        assert spectrum.flux.value.max() == first.max()
