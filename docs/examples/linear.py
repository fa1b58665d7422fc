"""A model as short as one can be: a straight line in each label for each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from starledger.compute.models.stored import ModelRefused, StoredModel
from starledger.compute.models.tangents import Factored

SYSTEM = "linear"
_TENSORS = ("wavelength", "low", "high", "pivot", "middle", "slopes", "error")


@dataclass(frozen=True, slots=True)
class Linear:
    """A spectrum, and by how much each label changes it.

    Parameters
    ----------
    labels
        Names of the labels, as in the registry.
    normalisation
        How the spectra that it was trained on were normalised; a name of ours if it is one.
    wavelength
        Of its pixels in vacuum in Å.
    low, high
        Ranges of the training labels.
    pivot, middle
        Labels, and the spectrum of a star that has them.
    slopes
        Change of the spectrum with each label: labels × pixels.
    error
        Standard deviation of what is left of the training spectra.
    """

    labels: tuple[str, ...]
    normalisation: str
    wavelength: Tensor
    low: Tensor
    high: Tensor
    pivot: Tensor
    middle: Tensor
    slopes: Tensor
    error: Tensor

    @classmethod
    def trained(
        cls,
        names: Sequence[str],
        labels: Tensor,
        flux: Tensor,
        wavelength: Tensor,
        normalisation: str,
    ) -> Self:
        """Return the lines that come nearest to spectra with known labels."""
        labels, flux = labels.double(), flux.double()
        pivot = labels.mean(0)
        terms = torch.cat([torch.ones(len(labels), 1), labels - pivot], dim=1)
        found = torch.linalg.lstsq(terms, flux).solution
        error = (flux - terms @ found).std(0)
        ends = labels.amin(0), labels.amax(0)
        lines = (found[0].float(), found[1:].float(), error.float())
        return cls(tuple(names), normalisation, wavelength.double(), *ends, pivot, *lines)

    def flux(self, labels: Tensor) -> Tensor:
        """Return spectra: stars × pixels for stars × labels."""
        off = (labels.to(self.pivot) - self.pivot).to(self.slopes)
        return self.middle + off @ self.slopes

    def tangents(self, labels: Tensor) -> Factored:
        """Return spectra with their derivatives, which are the same for all stars."""
        same = torch.eye(len(self.labels)).to(self.slopes)
        return Factored(self.flux(labels), same.expand(len(labels), -1, -1), self.slopes)

    def flux_and_gradient(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return spectra, and their derivatives by the labels: stars × pixels × labels."""
        found = self.tangents(labels)
        return found.flux, (found.inner @ found.outer).mT

    def to(self, device: torch.device) -> Self:
        """Return the same model on a device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in _TENSORS})

    def stored(self) -> StoredModel:
        """Return it as files hold it."""
        configuration = {
            "system": SYSTEM,
            "labels": list(self.labels),
            "normalisation": self.normalisation,
        }
        return StoredModel(configuration, {name: getattr(self, name) for name in _TENSORS})

    @classmethod
    def of(cls, model: StoredModel) -> Self:
        """Return the model that files hold.

        Raises
        ------
        ModelRefused
            They hold none, or one whose parts do not fit each other.
        """
        said = model.configuration
        try:
            parts = {name: model.tensors[name] for name in _TENSORS}
            made = cls(tuple(said["labels"]), said["normalisation"], **parts)
        except (KeyError, TypeError):
            raise _refused() from None
        if made.slopes.shape != (len(made.labels), len(made.wavelength)):
            raise _refused()
        return made


def _refused() -> ModelRefused:
    return ModelRefused(
        "The files hold no lines whose parts fit each other.",
        remedy="Get the model's files again from who trained it.",
    )
