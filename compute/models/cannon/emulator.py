"""The trained Cannon: spectra and their derivatives from labels."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.stored import ModelRefused, StoredModel
from starledger.compute.models.tangents import Factored

SYSTEM = "cannon"

UNTRAINED = 1e4
"""Scatter of a pixel that was not trained: so large that the pixel never counts."""


@dataclass(frozen=True, slots=True)
class Cannon:
    """A polynomial in the labels for each pixel, and the scatter about it.

    Parameters
    ----------
    labels
        Names of the labels.
    terms
        Of the polynomials, in (label − pivot) / scale.
    wavelength
        Of the pixels in vacuum in Å.
    low, high
        Ranges of the training labels.
    pivots, scales
        What is taken from each label, and by what the rest is divided.
    coefficients
        Terms × pixels; single or double precision, and so are the spectra that come out.
    scatter
        Intrinsic scatter of each pixel; `UNTRAINED` where nothing was learnt.
    normalisation
        How its training spectra were normalised; None where that is not known.
    """

    labels: tuple[str, ...]
    terms: Terms
    wavelength: Tensor
    low: Tensor
    high: Tensor
    pivots: Tensor
    scales: Tensor
    coefficients: Tensor
    scatter: Tensor
    normalisation: str | None = None

    @property
    def error(self) -> Tensor:
        """Standard deviation of its own error at each pixel: the scatter."""
        return self.scatter

    def scaled(self, labels: Tensor) -> Tensor:
        """Return the labels as the terms take them, in double precision."""
        return (labels.to(self.pivots) - self.pivots) / self.scales

    def flux(self, labels: Tensor) -> Tensor:
        """Return spectra: stars × pixels for stars × labels."""
        return self.terms.values(self.scaled(labels)).to(self.coefficients) @ self.coefficients

    def flux_and_gradient(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return spectra, and their derivatives by the labels: stars × pixels × labels."""
        found = self.tangents(labels)
        return found.flux, (found.inner @ found.outer).mT

    def tangents(self, labels: Tensor) -> Factored:
        """Return spectra with their derivatives, through the terms."""
        derivatives = self.terms.derivatives(self.scaled(labels)) / self.scales
        by_label = derivatives.mT.to(self.coefficients)
        return Factored(self.flux(labels), by_label, self.coefficients)

    def to(self, device: torch.device) -> Self:
        """Return the same emulator on a device."""
        moved: dict[str, Any] = {name: one.to(device) for name, one in self._tensors().items()}
        return replace(self, **moved)

    def stored(self) -> StoredModel:
        """Return it as files hold it."""
        configuration: dict[str, Any] = {
            "system": SYSTEM,
            "labels": list(self.labels),
            "exponents": [list(one) for one in self.terms.exponents],
        }
        if self.normalisation is not None:
            configuration["normalisation"] = self.normalisation
        return StoredModel(configuration, self._tensors())

    @classmethod
    def of(cls, model: StoredModel) -> Self:
        """Return the emulator that files hold.

        Raises
        ------
        ModelRefused
            They hold none, or one whose parts do not fit each other.
        """
        settings, tensors = model.configuration, dict(model.tensors)
        try:
            labels = tuple(settings["labels"])
            terms = Terms(tuple(tuple(one) for one in settings["exponents"]))
            said = settings.get("normalisation")
            made = cls(labels, terms, **tensors, normalisation=None if said is None else str(said))
            fits = made.coefficients.shape == (len(terms), len(made.wavelength))
            fits &= all(len(one) == len(labels) for one in (*terms.exponents, made.pivots))
        except (KeyError, TypeError, ValueError, AttributeError):
            fits = False
        if not fits:
            raise ModelRefused(
                "The files hold no Cannon whose parts fit each other.",
                remedy="Get the model's files again from who trained it.",
            )
        return made

    def _tensors(self) -> dict[str, Tensor]:
        of_each = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in of_each if isinstance(value, Tensor)}
