"""The Payne's emulator: a network from labels to normalised flux."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Self

import torch
from torch import Tensor

from starledger.compute.models.activations import ACTIVATIONS
from starledger.compute.models.network import Network
from starledger.compute.models.per_pixel import PerPixelNetwork
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.models.stored import ModelRefused, StoredModel
from starledger.compute.models.tangents import Tangents
from starledger.schema.labels import label_order

SYSTEM = "payne"

NETWORKS: Mapping[str, type[Network]] = MappingProxyType(
    {network.shape: network for network in (PerPixelNetwork, SharedNetwork)}
)
"""The shapes of networks by name."""


@dataclass(frozen=True, slots=True)
class Payne:
    """A network behind the interface of emulators.

    Labels are scaled so that the range of the training, ``low`` to ``high``, is [-0.5, 0.5].

    Parameters
    ----------
    network
        From scaled labels to flux.
    labels
        Their names, as in the registry.
    wavelength
        Wavelengths of the pixels in vacuum in Å, increasing: float64.
    low, high
        Range of each label in the training, in label units: float64.
    normalisation
        How the spectra that it was trained on were normalised, in words.
    error
        Standard deviation of the emulator's own error at each pixel, where it is known.
    mask
        True at pixels that no fit should use, where such are known.
    """

    network: Network
    labels: tuple[str, ...]
    wavelength: Tensor
    low: Tensor
    high: Tensor
    normalisation: str
    error: Tensor | None = None
    mask: Tensor | None = None

    def __post_init__(self) -> None:
        label_order(self.labels)
        _check(self)

    def flux(self, labels: Tensor) -> Tensor:
        """Return spectra: stars × pixels for stars × labels."""
        return self.network.flux(self._scaled(labels))

    def flux_and_gradient(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return spectra, and their derivatives by the labels: stars × pixels × labels."""
        flux, gradient = self.network.flux_and_gradient(*self._scaled_and_rate(labels))
        return flux, gradient.mT

    def tangents(self, labels: Tensor) -> Tangents:
        """Return spectra with their derivatives, in the form that suits the network."""
        return self.network.tangents(*self._scaled_and_rate(labels))

    def _scaled_and_rate(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        scaled = self._scaled(labels)
        return scaled, (1.0 / (self.high - self.low)).to(scaled.dtype)

    def _scaled(self, labels: Tensor) -> Tensor:
        # In double precision: 1 in 10⁷ of Teff is a millikelvin, but of its range it is more.
        scaled = (labels.double() - self.low) / (self.high - self.low) - 0.5
        return scaled.to(self.network.biases[-1].dtype)

    def to(self, device: torch.device) -> Self:
        """Return the same emulator on a device."""
        network = self.network
        moved = network.of(
            [one.to(device) for one in network.weights],
            [one.to(device) for one in network.biases],
            network.activation,
        )
        return replace(
            self,
            network=moved,
            wavelength=self.wavelength.to(device),
            low=self.low.to(device),
            high=self.high.to(device),
            error=None if self.error is None else self.error.to(device),
            mask=None if self.mask is None else self.mask.to(device),
        )

    def stored(self) -> StoredModel:
        """Return it as files hold it."""
        tensors = {"wavelength": self.wavelength, "low": self.low, "high": self.high}
        if self.error is not None:
            tensors["error"] = self.error
        if self.mask is not None:
            tensors["mask"] = self.mask
        tensors |= {f"weight_{i}": one for i, one in enumerate(self.network.weights)}
        tensors |= {f"bias_{i}": one for i, one in enumerate(self.network.biases)}
        configuration = {
            "system": SYSTEM,
            "network": self.network.shape,
            "activation": self.network.activation.name,
            "labels": list(self.labels),
            "normalisation": self.normalisation,
        }
        return StoredModel(configuration, tensors)

    @classmethod
    def of(cls, model: StoredModel) -> Self:
        """Return the emulator that files hold.

        Raises
        ------
        ModelRefused
            They hold none, or one whose parts do not fit each other.
        """
        settings, tensors = model.configuration, model.tensors
        n_layers = sum(name.startswith("weight_") for name in tensors)
        try:
            network = NETWORKS[settings["network"]].of(
                [tensors[f"weight_{i}"] for i in range(n_layers)],
                [tensors[f"bias_{i}"] for i in range(n_layers)],
                ACTIVATIONS[settings["activation"]],
            )
            return cls(
                network=network,
                labels=tuple(settings["labels"]),
                normalisation=settings["normalisation"],
                error=tensors.get("error"),
                mask=tensors.get("mask"),
                **{name: tensors[name] for name in ("wavelength", "low", "high")},
            )
        except KeyError as missing:
            raise _unfit(f"{missing} is not in it, or not known") from None
        except (ValueError, IndexError) as error:
            raise _unfit(str(error)) from None


def _check(payne: Payne) -> None:
    """Refuse parts that do not fit each other."""
    network, pixels, n = payne.network, payne.wavelength, len(payne.labels)
    if network.n_labels != n or payne.low.shape != (n,) or payne.high.shape != (n,):
        raise _unfit(f"it has {n} labels, but its network takes {network.n_labels}")
    optional = (one for one in (payne.error, payne.mask) if one is not None)
    if any(one.shape != (network.n_pixels,) for one in (pixels, *optional)):
        raise _unfit(f"its grid has not the {network.n_pixels} pixels of its network")
    numbers = (*network.weights, *network.biases, pixels, payne.low, payne.high)
    if not all(bool(one.isfinite().all()) for one in numbers):
        raise _unfit("some of its numbers are not finite")
    if bool((pixels.diff() <= 0).any()):
        raise _unfit("its wavelengths do not increase")
    if bool((payne.high <= payne.low).any()):
        raise _unfit("the range of a label is empty")


def _unfit(why: str) -> ModelRefused:
    return ModelRefused(
        f"This is no usable network of The Payne: {why}.",
        remedy="Look at what wrote it; the pixels and labels must be those of its training.",
    )
