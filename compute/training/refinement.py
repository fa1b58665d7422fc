"""The Payne's refinement round: its abundances are drawn again where a survey's stars have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Fits, Spectra
from starledger.compute.models.payne import Payne
from starledger.compute.models.payne_quality import MAX_REDUCED_CHI2, reduced_chi2
from starledger.compute.training.abundance_bins import MIN_STARS
from starledger.compute.training.label_sampling import LabelSampling
from starledger.compute.training.networks import (
    TrainingReport,
    TrainingSettings,
    TrainingSpectra,
    train_payne,
)
from starledger.schema.errors import StarledgerError

Floats = NDArray[np.float64]
Synthesiser = Callable[[Floats], TrainingSpectra]
"""Gives normalised spectra of stars with labels in the sampling's order, such as `AbInitio`'s."""


class NothingToRefine(StarledgerError):
    """Hardly any fit of the survey is good, so that nothing is known of its abundances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinementSettings:
    """How a network is trained, applied and trained again.

    Parameters
    ----------
    n_spectra
        So many are synthesized each time.
    training
        How networks learn; its seed is that of the draws too.
    fitting
        How the survey is fitted.
    max_reduced_chi2
        Stars that fit worse are left aside.
    """

    n_spectra: int = 2000
    training: TrainingSettings = field(default_factory=TrainingSettings)
    fitting: FitSettings = field(default_factory=FitSettings)
    max_reduced_chi2: float = MAX_REDUCED_CHI2


@dataclass(frozen=True, slots=True)
class Round:
    """A network, and the stars that it learned from.

    Parameters
    ----------
    payne, report
        The network and what validation found.
    sampling
        Where its stars were drawn from.
    """

    payne: Payne
    report: TrainingReport
    sampling: LabelSampling


@dataclass(frozen=True, slots=True)
class Refined:
    """What came of a refinement.

    Parameters
    ----------
    first
        The round whose abundances were drawn before anything was known of them.
    last
        The round whose abundances are the survey's.
    fits
        Of the survey by the first network.
    n_good
        How many of them told abundances.
    """

    first: Round
    last: Round
    fits: Fits
    n_good: int


def refine(
    survey: Spectra,
    sampling: LabelSampling,
    synthesise: Synthesiser,
    settings: RefinementSettings,
    device: torch.device,
) -> Refined:
    """Train a network, fit a survey with it, and train it again on stars like the survey's.

    Temperatures, gravities, [Fe/H] and motions are drawn as before, lest rare stars be forgotten;
    only abundances follow the survey, in bins of [Fe/H] (Ting et al. 2019).

    Parameters
    ----------
    survey
        Spectra on the pixels of the synthesis, normalised likewise.
    sampling
        Of the first round.
    synthesise
        Makes spectra.
    settings
        See there.
    device
        Where networks learn and fit.

    Raises
    ------
    NothingToRefine
        Too few fits are good.
    """
    first = train_round(sampling, synthesise, settings, device)
    spectra = Spectra(survey.flux.to(device), survey.ivar.to(device))
    fits = Levenberg(first.payne.to(device), settings.fitting).fit(spectra)
    refined, n_good = refined_sampling(sampling, fits, settings.max_reduced_chi2)
    return Refined(first, train_round(refined, synthesise, settings, device), fits, n_good)


def train_round(
    sampling: LabelSampling,
    synthesise: Synthesiser,
    settings: RefinementSettings,
    device: torch.device,
) -> Round:
    """Draw stars, synthesize them and train a network on them."""
    spectra = synthesise(sampling.draw(settings.n_spectra, settings.training.seed))
    payne, report = train_payne(spectra, settings.training, device)
    return Round(payne, report, sampling)


def refined_sampling(
    sampling: LabelSampling, fits: Fits, max_reduced_chi2: float = MAX_REDUCED_CHI2
) -> tuple[LabelSampling, int]:
    """Return a sampling whose abundances are those of good fits, and how many these are.

    Fits with a label at the end of its range count: where an element has no lines in a star, that
    is where its abundance ends up, and the ranges are robust against it.

    Parameters
    ----------
    sampling
        Whose labels were fitted, in its order.
    fits
        Of a survey.
    max_reduced_chi2
        Fits above it are not good.

    Raises
    ------
    NothingToRefine
        They are fewer than a bin needs.
    """
    good = (reduced_chi2(fits) <= max_reduced_chi2).cpu().numpy()
    if good.sum() < MIN_STARS:
        raise NothingToRefine(
            f"Only {good.sum()} of {len(good)} fits are good enough to learn abundances from.",
            remedy="Give spectra that are normalised as the synthesis is, with honest errors.",
        )
    labels = fits.labels.cpu().numpy()[good]
    bins = sampling.abundances
    columns = [sampling.names.index(name) for name in bins.names]
    fe_h = labels[:, sampling.names.index("fe_h")]
    return replace(sampling, abundances=bins.refined(fe_h, labels[:, columns])), int(good.sum())
