"""Training a Cannon on labels that have errors.

Taken at their word, such labels make a Cannon whose spectra depend on them too weakly, the more so
where stars are alike, and labels inferred with it go too far from the middle. Here spectra are
fitted by what the terms of the *true* labels of each star are expected to be, given the measured
ones, their errors and the population (`label_mixture`). Statisticians call it regression
calibration; what is left of the errors does not go with what is expected, and pulls nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.label_mixture import deconvolved
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import (
    BadTrainingSet,
    TermValues,
    TrainingSet,
    train_on_terms,
)


def train_with_errors(
    training_set: TrainingSet,
    errors: Tensor,
    terms: Terms | None = None,
    components: int = 6,
    advance: Callable[[int], None] = lambda _: None,
) -> Cannon:
    """Train a Cannon on labels with errors.

    Parameters
    ----------
    training_set
        Stars with labels and spectra.
    errors
        Standard errors of the labels, independent of each other: stars × labels, in label units.
    terms
        Of the polynomials, up to the third order; all up to the second where not given.
    components
        Gaussians of which the density of true labels is made.
    advance
        Told how many pixels more are done.

    Raises
    ------
    BadTrainingSet
        An error is missing or not positive.
    UndeterminedTerms
        The stars are too few or too alike.
    """
    labels = training_set.labels.double()
    errors = errors.to(labels)
    _check(errors, labels)
    measured = TermValues.of(labels, terms)
    x = ((labels - measured.pivots) / measured.scales).cpu()
    of_x = (errors / measured.scales).cpu()
    known = deconvolved(x, of_x, components).given(x, of_x)
    expected = replace(measured, values=expected_terms(measured.terms, *known).to(labels))
    return train_on_terms(training_set, expected, advance)


def expected_terms(terms: Terms, mean: Tensor, covariance: Tensor) -> Tensor:
    """Return the means of terms of uncertain labels: stars × terms, exact to the third order.

    Parameters
    ----------
    terms
        Of the polynomial.
    mean, covariance
        Of the labels as the terms take them: stars × labels, stars × labels × labels.

    Examples
    --------
    >>> one, three = torch.tensor([[1.0]]), torch.tensor([[[3.0]]])
    >>> expected_terms(Terms.up_to(2, 1), one, three).round(decimals=4).tolist()
    [[1.0, 1.0, 4.0]]
    """
    size = mean.shape[1]
    sides = (torch.linalg.cholesky(covariance) * size**0.5).unbind(dim=2)
    made = [terms.values(mean + sign * side) for side in sides for sign in (1.0, -1.0)]
    return torch.stack(made).mean(dim=0)


def _check(errors: Tensor, labels: Tensor) -> None:
    good = errors.isfinite() & (errors > 0)
    if errors.shape == labels.shape and bool(good.all()):
        return
    wrong = "are not of the labels' shape"
    if errors.shape == labels.shape:
        row, column = (~good).nonzero()[0].tolist()
        wrong = f"hold {float(errors[row, column])} for label {column} of star {row}"
    raise BadTrainingSet(
        f"The errors of the training labels {wrong}.",
        remedy="Give each label a positive error, or take labels at their word.",
    )
