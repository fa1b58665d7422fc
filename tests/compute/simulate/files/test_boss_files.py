from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from starledger.compute.simulate.files.boss_files import boss_velocity, spall_rows, spec_file
from starledger.compute.simulate.observe.observing import Observer, Quality
from starledger.compute.simulate.observe.rest_spectra import OPTICAL
from starledger.compute.simulate.observe.surveys import SURVEYS
from starledger.compute.simulate.population.truth import draw_stars
from tests.compute.simulate.pretend_spectra import PretendSpectra


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    observer = Observer(
        SURVEYS["boss"], draw_stars(3, 1), PretendSpectra(OPTICAL), Quality.REALISTIC, 1
    )
    batch = observer.observe(0, 0, 3).batch
    velocity = boss_velocity(batch)
    rows = spall_rows(batch, velocity)
    out = tmp_path_factory.mktemp("boss")
    for name, full in (("lite", False), ("full", True)):
        (out / f"{name}.fits").write_bytes(spec_file(batch, velocity, rows, 0, full=full))
    return {name: out / f"{name}.fits" for name in ("lite", "full")}


def test_tables_and_columns_are_those_of_sdss(written: dict[str, Path]) -> None:
    with fits.open(written["lite"]) as hdus:
        assert [hdu.name for hdu in hdus[1:]] == ["COADD", "SPALL", "SPZLINE"]
        assert hdus["COADD"].columns.names == [
            "flux", "loglam", "ivar", "and_mask", "or_mask", "wdisp", "sky", "model",
        ]  # fmt: skip
        assert [str(f) for f in hdus["COADD"].columns.formats] == list("EEEJJEEE")
        header = hdus[0].header
        grid = header["COEFF0"] + header["COEFF1"] * np.arange(len(hdus["COADD"].data))
        np.testing.assert_allclose(hdus["COADD"].data["loglam"], grid, atol=1e-6)


def test_single_exposures_average_to_the_coadd(written: dict[str, Path]) -> None:
    with fits.open(written["full"]) as hdus:
        assert [hdu.name[:2] for hdu in hdus[4:]] == ["B1", "B1", "R1", "R1"]
        coadd, one, two = hdus["COADD"].data, hdus[4].data, hdus[5].data
        here = np.searchsorted(coadd["loglam"], one["loglam"])
        mean = 0.5 * (one["flux"] + two["flux"])
        np.testing.assert_allclose(mean, coadd["flux"][here], rtol=1e-4, atol=1e-3)
        assert hdus[0].header["NEXP"] == 4
