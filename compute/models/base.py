"""The small interface behind which every model stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self

import torch
from torch import Tensor

from starledger.compute.models.tangents import Tangents


class Emulator(Protocol):
    """Gives the spectrum of a star with certain labels, for a batch of stars at once.

    Its answers are those of a star at rest, normalised as the spectra that it was trained on.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels in the order of all its tensors, as in the registry."""

    @property
    def wavelength(self) -> Tensor:
        """Wavelengths of its pixels in vacuum in Å, increasing: float64, pixels."""

    @property
    def low(self) -> Tensor:
        """Smallest labels that it was trained for, in label units."""

    @property
    def high(self) -> Tensor:
        """Largest labels that it was trained for, in label units."""

    @property
    def error(self) -> Tensor | None:
        """Standard deviation of its own error at each pixel, where it is known."""

    def flux(self, labels: Tensor) -> Tensor:
        """Return spectra: stars × pixels for stars × labels."""

    def flux_and_gradient(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return spectra, and their derivatives by the labels: stars × pixels × labels."""

    def tangents(self, labels: Tensor) -> Tangents:
        """Return spectra with their derivatives, in whatever form serves fits best."""

    def to(self, device: torch.device) -> Self:
        """Return the same emulator on a device."""


@dataclass(frozen=True, slots=True)
class Spectra:
    """A batch of spectra on the pixels of an emulator.

    Parameters
    ----------
    flux
        Normalised as the emulator's: spectra × pixels.
    ivar
        Inverse variance of the flux; 0 where a pixel does not count.
    """

    flux: Tensor
    ivar: Tensor

    def __len__(self) -> int:
        return len(self.flux)


class Convergence(Enum):
    """How a fit ended, in a sentence."""

    CONVERGED = "The labels no longer change."
    ON_BOUND = "A label stands at the end of the range that the model was trained for."
    WIDTH_AT_EDGE = "The width of the lines stands at the end of its range."
    RV_AT_EDGE = "The radial velocity stands at the end of its range."
    TOO_MANY_STEPS = "The labels still changed when the steps were used up."
    TOO_FEW_PIXELS = "Fewer pixels count than there are quantities to fit."
    SINGULAR = "The pixels do not determine all the quantities."
    NOT_FINITE = "The spectrum holds values that are not finite."
    NEGATIVE_IVAR = "The spectrum holds negative inverse variances."
    NO_FLUX = "The flux is 0 everywhere."

    @property
    def failed(self) -> bool:
        """Whether no labels come of it."""
        return self in {
            Convergence.TOO_FEW_PIXELS,
            Convergence.NOT_FINITE,
            Convergence.NEGATIVE_IVAR,
            Convergence.NO_FLUX,
        }


@dataclass(frozen=True, slots=True)
class Fits:
    """What came of the fits of a batch; a spectrum that failed has NaN everywhere.

    Parameters
    ----------
    labels
        In label units: spectra × labels.
    covariance
        Of labels and, last, the radial velocity where it was fitted, in their units.
    rv
        Radial velocity in km/s; None where it was not fitted.
    chi2
        Sum over the pixels of ((flux − model) / error)².
    n_pixels
        Pixels that count.
    convergence
        How each fit ended.
    steps
        Steps that each took.
    bounds
        The Cramér–Rao bound of each label, from the photons alone: spectra × labels.
    line_variance
        By how much the variance of lines exceeds the emulator's, in (km/s)²; None where it was not
        fitted.
    """

    labels: Tensor
    covariance: Tensor
    rv: Tensor | None
    chi2: Tensor
    n_pixels: Tensor
    convergence: tuple[Convergence, ...]
    steps: Tensor
    bounds: Tensor
    line_variance: Tensor | None = None

    @property
    def errors(self) -> Tensor:
        """Standard errors of the labels: spectra × labels."""
        n = self.labels.shape[1]
        return self.covariance.diagonal(dim1=1, dim2=2)[:, :n].sqrt()
