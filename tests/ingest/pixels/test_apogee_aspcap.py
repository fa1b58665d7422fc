from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from starledger.ingest.pixels.layouts import read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from tests.ingest.pixels.made_files import apogee_aspcap


def read(contents: bytes) -> ReadSpectrum:
    _, (spectrum,) = read_spectra("apogee", "x", contents)
    return spectrum


def test_all_that_a_file_says_is_read() -> None:
    spectrum = read(apogee_aspcap(STARFLAG=512))
    assert spectrum.external_id == "apo25m.4476.2M00452143+1634446.aspcap"
    assert (spectrum.kind, spectrum.frame, spectrum.mjd_mid) == ("coadd", "shifted", None)
    assert spectrum.rv == spectrum.frame_shift == pytest.approx(6.73)
    assert spectrum.gaia_dr2_source_id == 2781296410713456896
    assert spectrum.gaia_dr3_source_id is None
    assert spectrum.survey_flags == 512
    assert (spectrum.grid.start, spectrum.grid.step) == (10**4.179, 6e-6)
    assert np.allclose(spectrum.pixels.ivar, 1e4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"RA": np.nan}, "no RA"),
        ({"VHELIO_AVG": -9999.0}, "VHELIO_AVG"),
        ({"APOGEE_ID": b""}, "no APOGEE_ID"),
    ],
)
def test_what_must_be_there_is_missed(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        read(apogee_aspcap(**changes))


def test_no_gaia_source_is_none() -> None:
    assert read(apogee_aspcap(GAIA_SOURCE_ID=-9999)).gaia_dr2_source_id is None
