"""Networks of The Payne as their authors published them: NumPy archives of their layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.models.activations import LEAKY_RELU, SIGMOID
from starledger.compute.models.archives import NotAnArchive, read_archive
from starledger.compute.models.network import Network
from starledger.compute.models.payne import Payne
from starledger.compute.models.per_pixel import PerPixelNetwork
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.models.stored import ModelRefused

KILOKELVIN_BELOW = 100.0
"""A range of Teff that ends below it is in 1000 K: no star is as cold as 100 K."""

Arrays = Mapping[str, NDArray[Any]]


def import_payne(
    network: Path, wavelength: Path, labels: Sequence[str], normalisation: str, mask: Path | None
) -> Payne:
    """Return the emulator that a published archive holds.

    Per-pixel networks (of binspec) have sigmoids, shared ones (of The Payne's own repository)
    leaky ReLUs.

    Parameters
    ----------
    network
        Archive with ``w_array_0``, ``b_array_0``, …, ``x_min`` and ``x_max``.
    wavelength
        Archive with the wavelengths of the pixels in vacuum in Å.
    labels
        Names of the labels in the archive's order, as in the registry.
    normalisation
        How spectra must be normalised for it, in words.
    mask
        Archive with one array, True at the pixels that no fit should use; None for no mask.

    Raises
    ------
    ModelRefused
        A file is no such archive, or the parts do not fit each other.
    UnknownLabel, RepeatedLabel
        The labels are not all in the registry, or not all different.
    """
    arrays = _archive(network)
    if not {"w_array_0", "b_array_0", "x_min", "x_max"} <= arrays.keys():
        raise _refused(network, "holds no network: w_array_0, b_array_0, x_min or x_max is missing")
    low, high = (_in_label_units(arrays, key, labels, network) for key in ("x_min", "x_max"))
    try:
        return Payne(
            network=_network(arrays),
            labels=tuple(labels),
            wavelength=torch.from_numpy(_only_array(wavelength).astype(np.float64)),
            low=low,
            high=high,
            normalisation=normalisation,
            mask=None if mask is None else torch.from_numpy(_only_array(mask).astype(np.bool_)),
        )
    except (ValueError, KeyError, IndexError) as error:
        raise _refused(network, f"holds a network that cannot be used: {error}") from None


def _network(arrays: Arrays) -> Network:
    n_layers = sum(name.startswith("w_array_") for name in arrays)
    weights = [_real(arrays[f"w_array_{i}"]) for i in range(n_layers)]
    biases = [_real(arrays[f"b_array_{i}"]) for i in range(n_layers)]
    if weights[0].ndim == 2:
        return SharedNetwork.of(weights, biases, LEAKY_RELU)
    # Published: pixels × outputs × inputs.
    return PerPixelNetwork.of(
        [_reversed(one) for one in weights], [_reversed(one) for one in biases], SIGMOID
    )


def _real(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


def _reversed(tensor: Tensor) -> Tensor:
    return tensor.permute(*reversed(range(tensor.ndim))).contiguous()


def _in_label_units(arrays: Arrays, key: str, labels: Sequence[str], path: Path) -> Tensor:
    given = np.array(arrays[key], np.float64)
    if given.shape != (len(labels),):
        raise ModelRefused(
            f"{path} has {given.size} labels, but {len(labels)} were named: {', '.join(labels)}.",
            remedy="Name the labels in the order of its x_min.",
        )
    if "teff" in labels and arrays["x_max"][labels.index("teff")] < KILOKELVIN_BELOW:
        given[labels.index("teff")] *= 1000.0
    return torch.from_numpy(given)


def _only_array(path: Path) -> NDArray[Any]:
    arrays = _archive(path)
    if len(arrays) != 1:
        raise _refused(path, f"holds {len(arrays)} arrays, where one was expected")
    return next(iter(arrays.values()))


def _archive(path: Path) -> Arrays:
    try:
        return read_archive(path)
    except NotAnArchive as error:
        raise _refused(path, error.why) from None


def _refused(path: Path, why: str) -> ModelRefused:
    return ModelRefused(f"{path} {why}.", remedy="Fetch the published file again.")
