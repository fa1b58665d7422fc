"""Training a Cannon on labels that have errors: an EM algorithm over the true labels.

Taken at their word, labels with errors make a Cannon whose dependence on them is too weak, and
noisy where stars are few. Here the true labels of the training stars are unknown. What is known of
them comes from the population, freed of errors (`label_mixture`), from the catalog, and, round by
round, from their own spectra by the Cannon of the round before. How far spectra are to be trusted,
the catalog tells: seeing, flux calibration and what is no label (rotation, other elements) change
many pixels alike, and make fits several times worse than they say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.models.base import Convergence
from starledger.compute.models.cannon.emulator import UNTRAINED, Cannon
from starledger.compute.models.cannon.label_mixture import deconvolved
from starledger.compute.models.cannon.label_step import LabelStep
from starledger.compute.models.cannon.moments import MomentDesign, UncertainLabels
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import BadTrainingSet, TrainingSet

_COMPONENTS = 6
"""Gaussians of which the population is made: dwarfs, giants, those between; thin disc and thick."""
_MOST, _HALVINGS = 30.0, 20
"""The errors of fits are enlarged by up to this factor, found by so many halvings."""
_PROBABLE = 0.6745
"""Median of the absolute value of a Gaussian of width 1."""
_FIRST_SCATTER = 1e-2
_ELEMENTS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the true labels without the spectra, in widths of the sample."""

    pivots: Tensor
    scales: Tensor
    labels: UncertainLabels


def train_weighing_labels(
    training_set: TrainingSet,
    errors: Tensor,
    terms: Terms | None = None,
    rounds: int = 3,
    advance: Callable[[int], None] = lambda _pixels: None,
) -> Cannon:
    """Train a Cannon on labels with errors.

    Parameters
    ----------
    training_set
        Stars with labels and spectra.
    errors
        Standard errors of the labels: stars × labels, in label units.
    terms
        Of the polynomials; all up to the second order where not given.
    rounds
        How often labels are weighed against spectra. Without any, the population alone tells how
        far the labels of the catalog can be trusted.
    advance
        Told how many pixels more are done; each is done `rounds` + 2 times.

    Raises
    ------
    BadTrainingSet
        An error is missing or not positive.
    UndeterminedTerms
        The stars are too few or too alike.
    """
    labels = training_set.labels.double()
    terms = terms or Terms.up_to(2, labels.shape[1])
    errors = _checked(errors.to(labels), labels)
    known = _known(labels, errors)
    now = known.labels
    variance = torch.full_like(training_set.wavelength.double(), _FIRST_SCATTER**2)
    cannon = _learned(training_set, known, terms, now, variance, advance)
    # Again, now that the size of the scatter is known.
    cannon = _learned(training_set, known, terms, now, cannon.scatter.double() ** 2, advance)
    for _ in range(rounds):
        now = _weighed(cannon, training_set, errors, known)
        cannon = _learned(training_set, known, terms, now, cannon.scatter.double() ** 2, advance)
    return cannon


def _checked(errors: Tensor, labels: Tensor) -> Tensor:
    good = errors.isfinite() & (errors > 0)
    if errors.shape != labels.shape or not bool(good.all()):
        wrong = "not of the labels' shape"
        if errors.shape == labels.shape:
            row, column = (~good).nonzero()[0].tolist()
            wrong = f"{float(errors[row, column])} for label {column} of star {row}"
        raise BadTrainingSet(
            f"The errors of the training labels are {wrong}.",
            remedy="Give each label a positive error, or take labels at their word.",
        )
    return errors


def _known(labels: Tensor, errors: Tensor) -> _Known:
    device = labels.device
    mixture = deconvolved(labels.cpu(), errors.cpu(), _COMPONENTS)
    mean, covariance = (one.to(device) for one in mixture.given(labels.cpu(), errors.cpu()))
    pivots, scales = mean.mean(dim=0), mean.std(dim=0).clamp(min=1e-12)
    scaled = UncertainLabels((mean - pivots) / scales, covariance / scales[:, None] / scales)
    return _Known(pivots, scales, scaled)


def _learned(
    training_set: TrainingSet,
    known: _Known,
    terms: Terms,
    labels: UncertainLabels,
    variance: Tensor,
    advance: Callable[[int], None],
) -> Cannon:
    """Return the Cannon that the labels so far make."""
    flux, ivar = training_set.spectra.flux, training_set.spectra.ivar
    design = MomentDesign(terms, labels)
    coefficients = torch.zeros(len(terms), flux.shape[1]).to(labels.mean)
    scatter = torch.full((flux.shape[1],), UNTRAINED).to(coefficients)
    at_once = max(1, _ELEMENTS_AT_ONCE // len(flux))
    for some in torch.arange(flux.shape[1], device=flux.device).split(at_once):
        found, squared, determined = design.fit(
            flux[:, some].double(), ivar[:, some].double(), variance[some]
        )
        coefficients[:, some] = found
        scatter[some] = squared.sqrt().where(determined, UNTRAINED)
        advance(len(some))
    return Cannon(
        training_set.names,
        terms,
        training_set.wavelength.double(),
        training_set.labels.double().amin(dim=0),
        training_set.labels.double().amax(dim=0),
        known.pivots,
        known.scales,
        coefficients.to(flux.dtype),
        scatter.to(flux.dtype),
    )


def _weighed(
    cannon: Cannon, training_set: TrainingSet, errors: Tensor, known: _Known
) -> UncertainLabels:
    """Return what is known of the labels, with what the spectra tell by a Cannon."""
    fits = LabelStep(cannon)(training_set.spectra)
    arrived = [one is Convergence.CONVERGED for one in fits.convergence]
    good = torch.tensor(arrived, device=errors.device) & fits.covariance.isfinite().all(2).all(1)
    apart, theirs = fits.labels - training_set.labels.double(), fits.errors
    factors = [
        _factor(apart[good, i], errors[good, i], theirs[good, i]) for i in range(errors.shape[1])
    ]
    unit = torch.tensor(factors).to(errors) / known.scales
    told = UncertainLabels(
        (fits.labels[good] - known.pivots) / known.scales,
        fits.covariance[good] * unit[:, None] * unit,
    )
    mean, covariance = known.labels.mean.clone(), known.labels.covariance.clone()
    both = known.labels.part(good).and_also(told)
    mean[good], covariance[good] = both.mean, both.covariance
    return UncertainLabels(mean, covariance)


def _factor(apart: Tensor, of_catalog: Tensor, of_fits: Tensor) -> float:
    """Return by how much the errors of fits are too small, 1 or more.

    Differences from the catalog should be as wide as the errors of both; the median absolute one
    tells, without those that are far off.
    """
    size = (apart - apart.median()).abs()
    low, high = 1.0, _MOST
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        pull = size / torch.hypot(of_catalog, middle * of_fits)
        low, high = (middle, high) if float(pull.median()) > _PROBABLE else (low, middle)
    return low
