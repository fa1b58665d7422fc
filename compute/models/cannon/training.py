"""Training a Cannon: coefficients in closed form, scatter by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.emulator import UNTRAINED, Cannon
from starledger.compute.models.cannon.least_squares import Design
from starledger.compute.models.cannon.scatter import Fitted, fit_scatter, with_scatter
from starledger.compute.models.cannon.terms import Terms
from starledger.schema.errors import StarledgerError

_ELEMENTS_AT_ONCE = 200_000  # a chunk of pixels should stay in the processor's cache

PixelFit = Callable[[Design, Tensor, Tensor, Tensor], Fitted]
"""Fits the pixels of the given numbers, from a design and their flux and ivar."""


class BadTrainingSet(StarledgerError):
    """The labels or spectra of a training set cannot be used."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Stars whose labels are known.

    Parameters
    ----------
    names
        Of the labels.
    labels
        Stars × labels, in label units.
    spectra
        Of the same stars, normalised and at rest.
    wavelength
        Of their pixels in vacuum in Å.

    Raises
    ------
    BadTrainingSet
        Their sizes do not agree, or values are not finite.
    """

    names: tuple[str, ...]
    labels: Tensor
    spectra: Spectra
    wavelength: Tensor

    def __post_init__(self) -> None:
        flux, ivar = self.spectra.flux, self.spectra.ivar
        expected = (len(self.labels), len(self.wavelength))
        if tuple(flux.shape) != expected or tuple(ivar.shape) != expected:
            raise BadTrainingSet(
                f"{expected[0]} stars' labels and {expected[1]} wavelengths come with flux of "
                f"shape {tuple(flux.shape)} and ivar of shape {tuple(ivar.shape)}.",
                remedy="Give each star its labels and its spectrum, stars × pixels.",
            )
        if self.labels.shape[1] != len(self.names):
            raise BadTrainingSet(
                f"{len(self.names)} labels are named but {self.labels.shape[1]} are given.",
                remedy="Name each label once.",
            )
        finite = self.labels.isfinite().all(1) & (flux.isfinite() & ivar.isfinite()).all(1)
        if not bool((finite & (ivar >= 0).all(1)).all()):
            row = int((finite & (ivar >= 0).all(1)).int().argmin())
            raise BadTrainingSet(
                f"Training star {row} has labels or pixels that are not finite or a negative ivar.",
                remedy="Leave the star out, or give its bad pixels flux 0 and ivar 0.",
            )

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, chosen: Tensor) -> TrainingSet:
        """Return some of the stars."""
        spectra = Spectra(self.spectra.flux[chosen], self.spectra.ivar[chosen])
        return TrainingSet(self.names, self.labels[chosen], spectra, self.wavelength)


@dataclass(frozen=True, slots=True)
class TermValues:
    """The terms of training stars.

    Parameters
    ----------
    terms
        Of the polynomials.
    pivots, scales
        What is taken from each label, and by what the rest is divided.
    values
        Stars × terms, in double precision.
    """

    terms: Terms
    pivots: Tensor
    scales: Tensor
    values: Tensor

    @classmethod
    def of(cls, labels: Tensor, terms: Terms | None) -> TermValues:
        """Return those of known labels; all up to the second order where not given."""
        terms = terms or Terms.up_to(2, labels.shape[1])
        labels = labels.double()
        pivots, scales = labels.mean(dim=0), labels.std(dim=0).clamp(min=1e-12)
        return cls(terms, pivots, scales, terms.values((labels - pivots) / scales))


def train(
    training_set: TrainingSet,
    terms: Terms | None = None,
    label_mask: Tensor | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Cannon:
    """Train a Cannon, scatter included.

    Parameters
    ----------
    training_set
        Stars with labels and spectra.
    terms
        Of the polynomials; all up to the second order where not given.
    label_mask
        Which labels each pixel may depend on: labels × pixels, true or false. All where not given.
    advance
        Called with how many more pixels are trained.

    Raises
    ------
    UndeterminedTerms
        The stars are too few or too alike.
    """
    made = TermValues.of(training_set.labels, terms)
    return _train(training_set, made, label_mask, _fitting, advance)


def train_on_terms(
    training_set: TrainingSet, made: TermValues, advance: Callable[[int], None] = lambda _: None
) -> Cannon:
    """Train a Cannon on terms that were made elsewhere; see `train`."""
    return _train(training_set, made, None, _fitting, advance)


def train_with_scatter(
    training_set: TrainingSet,
    scatter: Tensor,
    terms: Terms | None = None,
    label_mask: Tensor | None = None,
) -> Cannon:
    """Train a Cannon whose scatter is known at each pixel; see `train`."""
    variance = scatter.double() ** 2

    def fit(design: Design, flux: Tensor, ivar: Tensor, pixels: Tensor) -> Fitted:
        return with_scatter(design, flux, ivar, variance[pixels])

    return _train(training_set, TermValues.of(training_set.labels, terms), label_mask, fit)


def _fitting(design: Design, flux: Tensor, ivar: Tensor, pixels: Tensor) -> Fitted:  # noqa: ARG001
    return fit_scatter(design, flux, ivar)


def _train(
    training_set: TrainingSet,
    made: TermValues,
    label_mask: Tensor | None,
    fit: PixelFit,
    advance: Callable[[int], None] = lambda _: None,
) -> Cannon:
    labels, flux = training_set.labels.double(), training_set.spectra.flux
    terms, values = made.terms, made.values
    coefficients = torch.zeros(len(terms), flux.shape[1]).to(values)
    scatter = torch.full((flux.shape[1],), UNTRAINED).to(values)
    for chosen, pixels in _alike(terms, label_mask, flux.shape[1]):
        design = Design(values[:, chosen])
        for some in torch.split(pixels, max(1, _ELEMENTS_AT_ONCE // len(flux))):
            ivar = training_set.spectra.ivar[:, some].double()
            fitted = fit(design, flux[:, some].double(), ivar, some)
            coefficients[chosen[:, None], some] = design.of_terms(fitted.coefficients)
            scatter[some] = fitted.variance.sqrt().where(fitted.determined, UNTRAINED)
            advance(len(some))
    return Cannon(
        training_set.names,
        terms,
        training_set.wavelength.double(),
        labels.amin(dim=0),
        labels.amax(dim=0),
        made.pivots,
        made.scales,
        coefficients.to(flux.dtype),
        scatter.to(flux.dtype),
    )


def _alike(
    terms: Terms, label_mask: Tensor | None, n_pixels: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the terms that pixels have, and the numbers of the pixels that have just those."""
    if label_mask is None:
        yield torch.arange(len(terms)), torch.arange(n_pixels)
        return
    barred = (terms.uses()[:, :, None] & ~label_mask.bool()).any(dim=1)
    patterns, which = torch.unique(barred, dim=1, return_inverse=True)
    for i in range(patterns.shape[1]):
        yield (~patterns[:, i]).nonzero()[:, 0], (which == i).nonzero()[:, 0]
