"""Guessing the labels of spectra at rest, so that fits need fewer steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from starledger.compute.models.base import Emulator

_COMPONENTS, _SQUARED = 40, 12
"""Principal components that tell labels, and how many of them also in pairs."""
_SPECTRA_A_TERM = 4
"""So many spectra each term of the regression needs."""
_NOISE = 0.02
"""Of the fluxes that it learns from, as a part of them: it shall not trust faint lines."""
_RIDGE, _TINY = 1e-6, 1e-6
_OUTSIDE, _INSIDE = 0.1, 0.45
"""A guess so much of the range outside is none; others are brought so near its middle."""


@dataclass(frozen=True, slots=True)
class Guesser:
    """A regression of second degree of labels on principal components of spectra.

    Parameters
    ----------
    low, high
        The range of each label.
    mean
        The mean spectrum.
    components
        Pixels × components, each of one typical size among the spectra that it learned from.
    coefficients
        Terms × labels, these as parts of their range, with 0 in the middle.
    """

    low: Tensor
    high: Tensor
    mean: Tensor
    components: Tensor
    coefficients: Tensor

    @classmethod
    def of(cls, emulator: Emulator, labels: Tensor, flux: Tensor) -> Self | None:
        """Learn from an emulator's spectra of some labels; None where they are too few.

        Parameters
        ----------
        emulator
            Whose range of labels counts.
        labels
            Stars × labels.
        flux
            Of these stars: stars × pixels.
        """
        low, high = emulator.low.double(), emulator.high.double()
        mean = flux.mean(0)
        deviation = flux - mean
        sizes, left = (x.flip(-1) for x in torch.linalg.eigh((deviation @ deviation.T).double()))
        count = min(_COMPONENTS, int((sizes > _TINY * sizes[0]).sum()))
        typical = (sizes[:count] / len(flux)).sqrt()
        # The components of unit length are deviationᵀ · left / √sizes.
        components = deviation.T @ (left[:, :count] / sizes[:count].sqrt() / typical).to(flux)
        draw = torch.Generator().manual_seed(1)
        noise = torch.randn(len(flux), count, generator=draw).to(flux) * (
            _NOISE * flux.abs().mean() / typical.to(flux)
        )
        terms = _terms(deviation @ components + noise)
        if not count or len(flux) < _SPECTRA_A_TERM * terms.shape[1]:
            return None
        wanted = (labels.double() - low) / (high - low) - 0.5
        square = terms.T @ terms
        square.diagonal().add_(_RIDGE * len(terms))
        return cls(low, high, mean, components, torch.linalg.solve(square, terms.T @ wanted))

    def labels(self, rest: Tensor, otherwise: Tensor) -> Tensor:
        """Return guesses of labels in double precision, inside their range.

        Parameters
        ----------
        rest
            Spectra at rest, without holes: spectra × pixels.
        otherwise
            Labels of spectra that are unlike what it learned from.
        """
        parts = _terms((rest - self.mean) @ self.components) @ self.coefficients
        alike = (parts.abs() < 0.5 + _OUTSIDE).all(1)
        guess = self.low + (0.5 + parts.clamp(-_INSIDE, _INSIDE)) * (self.high - self.low)
        return torch.where(alike[:, None], guess, otherwise.double())


def _terms(components: Tensor) -> Tensor:
    """Return the terms of the regression in double precision: spectra × terms."""
    components = components.double()
    count = min(_SQUARED, components.shape[1])
    first, second = torch.triu_indices(count, count)
    one, other = components[:, first], components[:, second]
    return torch.cat([torch.ones_like(components[:, :1]), components, one * other], 1)
