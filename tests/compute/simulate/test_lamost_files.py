from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from starledger.compute.simulate.lamost_files import Layout
from starledger.compute.simulate.rest_spectra import OPTICAL
from starledger.compute.simulate.survey import simulate_survey
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from tests.compute.simulate.pretend_spectra import STRONG_LINES, PretendSpectra

LAYOUTS: tuple[Layout, ...] = ("old", "new")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made: dict[str, Path] = {}
    for layout in LAYOUTS:
        made[layout] = tmp_path_factory.mktemp(layout)
        simulate_survey(
            "lamost",
            15,
            2,
            made[layout],
            quality="clean",
            layout=layout,
            spectra=PretendSpectra(OPTICAL),
        )
    return made


def files(folder: Path) -> list[Path]:
    return sorted((folder / "spectra").rglob("*.fits.gz"))


def test_both_layouts_hold_the_same_spectra(folders: dict[str, Path]) -> None:
    old, new = (files(folders[layout]) for layout in LAYOUTS)
    assert [p.name for p in old] == [p.name for p in new]
    for one, other in zip(old, new, strict=True):
        image = fits.getdata(one)
        table = fits.getdata(other, "COADD")
        assert image.shape == (5, 3909)
        assert table.dtype.names == (
            "FLUX", "IVAR", "WAVELENGTH", "ANDMASK", "ORMASK", "NORMALIZATION",
        )  # fmt: skip
        assert len(table) == 1
        for row, name in zip(image, table.dtype.names, strict=False):
            np.testing.assert_array_equal(row, table[name][0])


def test_wavelengths_are_those_of_the_header(folders: dict[str, Path]) -> None:
    path = files(folders["old"])[0]
    header, image = fits.getheader(path), fits.getdata(path)
    grid = 10 ** (header["COEFF0"] + header["COEFF1"] * np.arange(header["NAXIS1"]))
    np.testing.assert_allclose(image[2], grid, rtol=1e-7)
    assert header["VACUUM"] is True


def centroid(wavelength: NDArray[np.floating], flux: NDArray[np.floating], line: float) -> float:
    near = np.abs(wavelength / line - 1) * LIGHT_SPEED_KMS < 450
    depth = np.median(flux[np.abs(wavelength / line - 1) < 0.004]) - flux[near]
    depth = np.clip(depth, 0, None)
    return float((depth * wavelength[near]).sum() / depth.sum())


def test_strong_lines_are_where_vacuum_and_velocity_put_them(folders: dict[str, Path]) -> None:
    truth = fits.getdata(folders["old"] / "truth" / "visits.fits", 1)
    offsets = []
    for path in files(folders["old"]):
        row = truth[truth["file"] == path.name.removesuffix(".gz")][0]
        if row["signal_to_noise"] < 40:
            continue
        image = fits.getdata(path).astype(np.float64)
        for line in ("H beta", "H alpha", "Ca II"):
            at = STRONG_LINES[line] * (1 + row["rv"] / LIGHT_SPEED_KMS)
            found = centroid(image[2], image[0], at)
            offsets.append((found / at - 1) * LIGHT_SPEED_KMS)
    assert len(offsets) > 9
    assert abs(np.median(offsets)) < 5.0
    assert np.abs(offsets).max() < 69.0


def test_headers_have_what_lamost_writes(folders: dict[str, Path]) -> None:
    for layout in LAYOUTS:
        header = fits.getheader(files(folders[layout])[0])
        for key in (
            "OBSID", "PLANID", "LMJD", "MJD", "SPID", "FIBERID", "RA", "DEC", "DESIG", "SNRG",
            "CLASS", "SUBCLASS", "Z", "Z_ERR", "COEFF0", "COEFF1", "HELIO", "VACUUM", "DATE-OBS",
        ):  # fmt: skip
            assert key in header
        assert header["FILENAME"] in files(folders[layout])[0].name
        assert header["MJD"] == header["LMJD"] - 1


def test_stated_signal_is_that_of_the_pixels(folders: dict[str, Path]) -> None:
    for path in files(folders["old"])[:5]:
        image, header = fits.getdata(path), fits.getheader(path)
        inside = (image[2] > 4000) & (image[2] < 5500)
        ratio = np.median(image[0][inside] * np.sqrt(image[1][inside]))
        assert abs(ratio / header["SNRG"] - 1) < 0.01
