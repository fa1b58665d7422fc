"""Import of a trained Cannon from text files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from starledger.compute.models.cannon.text_files import UnreadableCannon, read_text_cannon
from tests.real_data import real_path

WAVELENGTH = torch.tensor([15200.0, 15201.0, 15202.0], dtype=torch.float64)


def write(folder: Path) -> tuple[Path, Path]:
    table = np.array(
        [[1.0, 1.0, 1.0], [1e-4, 0, 0], [0, 0.1, 0], [1e-8, 0, 0], [0, 0, 1e-5], [0] * 3]
    )
    np.savetxt(folder / "trained.txt", table)
    np.savetxt(folder / "trained_scatter.txt", [0.01, 0.02, 0.03])
    np.savetxt(folder / "trained_baseline_labels.txt", [4500.0, 2.0])
    (folder / "training.txt").write_text("a 4000 1.0\nb 5000 3.0\nc 4700 2.5\n")
    return folder / "trained.txt", folder / "training.txt"


def test_small_files(tmp_path: Path) -> None:
    cannon = read_text_cannon(*write(tmp_path), ("teff", "logg"), WAVELENGTH)
    flux = cannon.flux(torch.tensor([[4600.0, 2.5]], dtype=torch.float64))
    expected = [[1.0 + 1e-2 + 1e-4, 1.05, 1.0 + 1e-5 * 100 * 0.5]]
    torch.testing.assert_close(flux, torch.tensor(expected, dtype=torch.float64))
    assert cannon.low.tolist() == [4000.0, 1.0]
    assert cannon.high.tolist() == [5000.0, 3.0]
    assert cannon.error.tolist() == [0.01, 0.02, 0.03]


def test_files_that_do_not_fit_together(tmp_path: Path) -> None:
    coefficients, training = write(tmp_path)
    with pytest.raises(UnreadableCannon, match=r"holds \(6, 3\) terms × pixels, not \(6, 2\)"):
        read_text_cannon(coefficients, training, ("teff", "logg"), WAVELENGTH[:2])
    (tmp_path / "trained_scatter.txt").write_text("nan\n1\n1\n")
    with pytest.raises(UnreadableCannon, match="not finite"):
        read_text_cannon(coefficients, training, ("teff", "logg"), WAVELENGTH)
    (tmp_path / "trained_scatter.txt").unlink()
    with pytest.raises(UnreadableCannon, match=r"trained_scatter\.txt"):
        read_text_cannon(coefficients, training, ("teff", "logg"), WAVELENGTH)


@pytest.mark.real_data
def test_the_published_apogee_cannon_predicts() -> None:
    folder = real_path("models", "cannon_apogee")
    wavelength = np.load(real_path("apogee", "masks", "apogee_wavelength.npz"))
    name = "apokasc_gc_ind_feh_fix.txt"
    cannon = read_text_cannon(
        folder / f"trained_{name}",
        folder / f"training_{name}",
        ("teff", "logg", "fe_h", "alpha_fe"),
        torch.from_numpy(wavelength[wavelength.files[0]]).double(),
    )
    table = np.loadtxt(folder / f"trained_{name}")
    pivots = np.loadtxt(folder / f"trained_{name.replace('.txt', '_baseline_labels.txt')}")
    stars = np.loadtxt(folder / f"training_{name}", usecols=range(1, 5))
    x = stars - pivots
    products = [x[:, i] * x[:, j] for i in range(4) for j in range(i, 4)]
    expected = np.column_stack([np.ones(len(x)), x, *products]) @ table
    flux = cannon.flux(torch.from_numpy(stars)).numpy()
    np.testing.assert_allclose(flux, expected, atol=1e-11)
    assert abs(np.median(flux) - 1.0) < 0.05
