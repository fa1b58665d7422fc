"""Training spectra in files of the user: labels, flux and wavelength, as .npz or .safetensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from starledger.compute.models.archives import read_archive
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.training.networks import TrainingSpectra
from starledger.schema.errors import StarledgerError
from starledger.schema.labels import label_order

ARRAYS = {"labels": 2, "flux": 2, "wavelength": 1}
"""What a file must hold, and the dimensions of each."""


class TrainingFileRefused(StarledgerError):
    """A file of training spectra that cannot be used."""


def read_training_file(path: Path, names: Sequence[str], normalisation: str) -> TrainingSpectra:
    """Read training spectra.

    Parameters
    ----------
    path
        A file (.npz or .safetensors) with ``labels`` (spectra × labels), ``flux`` (normalised,
        spectra × pixels) and ``wavelength`` (vacuum, Å).
    names
        Of the labels, in the order of the file's columns.
    normalisation
        How the flux was normalised, in words.

    Raises
    ------
    TrainingFileRefused, NotAnArchive
        It is no such file.
    UnknownLabel, RepeatedLabel
        The labels are not all in the registry, or not all different.
    UnusableGrid, NotTrainable
        Its wavelengths do not increase, or its spectra cannot teach.
    """
    label_order(names)
    arrays = _checked(path, _arrays(path))
    labels, flux, wavelength = (arrays[name] for name in ARRAYS)
    if labels.shape[1] != len(names):
        raise TrainingFileRefused(
            f"{path} has {labels.shape[1]} labels, but {len(names)} were named.",
            remedy="Name the labels in the order of its columns.",
        )
    PixelGrid.explicit(wavelength.numpy())
    return TrainingSpectra(
        tuple(names), labels.double(), wavelength.double(), flux.float(), normalisation
    )


def _arrays(path: Path) -> Mapping[str, Tensor]:
    if path.suffix == ".npz":
        arrays = read_archive(path)
        numbers = {name: array for name, array in arrays.items() if array.dtype.kind in "fiu"}
        return {name: torch.from_numpy(array.astype("f8")) for name, array in numbers.items()}
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise TrainingFileRefused(
                f"{path} cannot be read: {error}.", remedy="Write it with safetensors."
            ) from None
    raise TrainingFileRefused(
        f"{path} is neither .npz nor .safetensors.", remedy="Write it with numpy.savez."
    )


def _checked(path: Path, arrays: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    for name, dimensions in ARRAYS.items():
        if name not in arrays:
            what = f"holds no numbers {name!r}"
        elif arrays[name].ndim != dimensions:
            what = f"holds {name!r} of the shape {tuple(arrays[name].shape)}"
        else:
            continue
        raise TrainingFileRefused(
            f"{path} {what}.",
            remedy="It must hold labels and flux, a row per spectrum, and wavelength.",
        )
    return arrays
