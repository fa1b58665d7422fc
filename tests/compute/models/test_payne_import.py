from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from starledger.compute.models.payne import Payne
from starledger.compute.models.payne_import import import_payne
from starledger.compute.models.stored import ModelRefused
from starledger.schema.labels import UnknownLabel
from tests.compute.models.published import (
    LABELS,
    Archive,
    published_network,
    published_payne,
    reference_flux,
)

SMALL = ("teff", "logg")


def small_archive(n_pixels: int = 6, hidden: int = 3) -> Archive:
    rng = np.random.default_rng(5)
    return {
        "w_array_0": rng.normal(size=(n_pixels, hidden, 2)),
        "b_array_0": rng.normal(size=(n_pixels, hidden)),
        "w_array_1": rng.normal(size=(n_pixels, hidden)),
        "b_array_1": rng.normal(size=n_pixels),
        "x_min": np.array([4000.0, 1.0]),
        "x_max": np.array([7000.0, 5.0]),
    }


def imported(folder: Path, archive: Archive, labels: tuple[str, ...] = SMALL) -> Payne:
    np.savez(folder / "network.npz", allow_pickle=False, **archive)
    np.savez(folder / "wavelength.npz", wavelength=np.linspace(15000.0, 15001.0, 6))
    return import_payne(folder / "network.npz", folder / "wavelength.npz", labels, "none", None)


@pytest.mark.real_data
@pytest.mark.parametrize("size", ["5n", "10n"])
def test_published_networks_give_the_published_formula(size: str) -> None:
    payne, archive = published_payne(size), published_network(size)
    rng = np.random.default_rng(1)
    labels = rng.uniform(archive["x_min"], archive["x_max"], size=(40, 5))
    expected = np.stack([reference_flux(archive, one) for one in labels])
    flux, _ = payne.flux_and_gradient(torch.from_numpy(labels))
    assert np.abs(payne.flux(torch.from_numpy(labels)).numpy() - expected).max() < 1e-5
    assert np.abs(flux.numpy() - expected).max() < 1e-5


@pytest.mark.real_data
@pytest.mark.parametrize("size", ["5n", "10n"])
def test_published_gradients_are_those_of_the_formula(size: str) -> None:
    payne, archive = published_payne(size), published_network(size)
    center = 0.5 * (archive["x_min"] + archive["x_max"])
    _, gradient = payne.flux_and_gradient(torch.from_numpy(center[None, :]))
    for i, step in enumerate(1e-4 * (archive["x_max"] - archive["x_min"])):
        shift = step * np.eye(5)[i]
        up, down = (reference_flux(archive, center + sign * shift) for sign in (1.0, -1.0))
        expected = (up - down) / (2.0 * step)
        found = gradient[0, :, i].numpy()
        assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.real_data
def test_published_networks_have_grid_mask_and_ranges_in_label_units() -> None:
    payne = published_payne("5n")
    assert payne.labels == LABELS["5n"]
    assert payne.wavelength[0].item() == pytest.approx(15168.128527, abs=1e-6)
    assert (payne.low[0].item(), payne.high[0].item()) == pytest.approx((4200.5, 6995.7), abs=0.1)
    assert payne.mask is not None
    assert int(payne.mask.sum()) == 875


def test_kilokelvin_become_kelvin(tmp_path: Path) -> None:
    archive = small_archive()
    whole = imported(tmp_path, archive)
    for key in ("x_min", "x_max"):
        archive[key] = archive[key] * [1e-3, 1.0]
    assert imported(tmp_path, archive).high.tolist() == whole.high.tolist() == [7000.0, 5.0]


def test_shared_networks_import_as_well(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    layers = [(8, 2), (8, 8), (6, 8)]
    archive = {f"w_array_{i}": rng.normal(size=size) for i, size in enumerate(layers)}
    archive |= {f"b_array_{i}": rng.normal(size=size[0]) for i, size in enumerate(layers)}
    archive |= {"x_min": np.array([4000.0, 1.0]), "x_max": np.array([7000.0, 5.0])}
    values = np.array([0.2, -0.1])
    for i in range(3):
        values = archive[f"w_array_{i}"] @ values + archive[f"b_array_{i}"]
        if i < 2:
            values = np.where(values > 0.0, values, 0.01 * values)
    labels = torch.tensor([[6100.0, 2.6]], dtype=torch.float64)
    found = imported(tmp_path, archive).flux(labels)[0].numpy()
    np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("key", ["w_array_0", "b_array_1", "x_min"])
def test_archives_without_a_part_are_refused(key: str, tmp_path: Path) -> None:
    archive = small_archive()
    del archive[key]
    with pytest.raises(ModelRefused, match=r"network\.npz"):
        imported(tmp_path, archive)


def test_archives_with_objects_are_refused(tmp_path: Path) -> None:
    archive = small_archive()
    archive["x_min"] = np.array([4000.0, None], dtype=object)
    np.savez(tmp_path / "network.npz", **archive)  # type: ignore[arg-type]
    with pytest.raises(ModelRefused, match="archive"):
        import_payne(tmp_path / "network.npz", tmp_path / "network.npz", SMALL, "none", None)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x80\x04K\x01."])
def test_files_that_are_no_archives_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.npz"
    path.write_bytes(content)
    with pytest.raises(ModelRefused, match="archive"):
        import_payne(path, path, SMALL, "none", None)


def test_labels_must_be_known_and_as_many(tmp_path: Path) -> None:
    with pytest.raises(UnknownLabel):
        imported(tmp_path, small_archive(), ("teff", "gravity"))
    with pytest.raises(ModelRefused, match="2 labels, but 3"):
        imported(tmp_path, small_archive(), ("teff", "logg", "fe_h"))


def test_wavelengths_must_be_those_of_the_network(tmp_path: Path) -> None:
    archive = small_archive(n_pixels=7)
    with pytest.raises(ModelRefused, match="7 pixels"):
        imported(tmp_path, archive)
