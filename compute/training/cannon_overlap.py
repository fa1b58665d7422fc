"""A Cannon learns from spectra of one survey with labels of another, or of one's own table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.label_errors import train_with_errors
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import BadTrainingSet, TrainingSet, train
from starledger.compute.models.registry import Registered, Registration, register, require_free
from starledger.compute.training.held_out import drawn, stars_of
from starledger.compute.training.matches import last_match
from starledger.compute.training.overlap import Cuts, Overlap, overlap
from starledger.compute.training.recovery import Recovery, recovery
from starledger.compute.training.rest_spectra import at_rest
from starledger.compute.training.survey_grids import survey_grid
from starledger.compute.training.training_sets import enter
from starledger.compute.training.windows import within
from starledger.schema.labels import label_order
from starledger.schema.settings import Settings

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Given what is done and how many there are, opens what takes how many more are done."""
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a Cannon is to learn, and from which spectra.

    Parameters
    ----------
    spectra, catalog
        Data releases of the spectra and of the catalog that gives their labels, such as
        ``lamost/dr5:spectra`` and ``galah/dr2``.
    labels
        What it is to give.
    crossmatch
        The crossmatch run of the two; the last one where it is None.
    cuts
        Which spectra and labels are good enough.
    order
        Of the polynomials.
    window
        First and last wavelength in Å, vacuum; all that the instrument sees where it is None.
    normalisation
        By which continuum spectra are divided, see `starledger.compute.spectra.normalisation`.
    held_out
        Share of the stars that test and do not teach.
    seed
        Of the draw of these stars.
    deconvolve
        Gaussians of which the density of true labels is made, by their errors, see `label_errors`;
        0 takes labels at their word.
    """

    spectra: str
    catalog: str
    labels: tuple[str, ...]
    crossmatch: int | None = None
    cuts: Cuts = field(default_factory=Cuts)
    order: int = 2
    window: tuple[float, float] | None = None
    normalisation: str = "gaussian_50"
    held_out: float = 0.2
    seed: int = 1
    deconvolve: int = 0


@dataclass(frozen=True, slots=True)
class Taught:
    """What came of a lesson.

    Parameters
    ----------
    model
        As registered.
    instrument
        Whose spectra taught it.
    crossmatch, training_set
        Numbers of the run and of the training set.
    n_pixels, n_training
        Pixels of the model, and spectra that taught it.
    held_out
        What the others tell of it.
    left_out
        How many of the matched spectra were not good enough, for each reason.
    """

    model: Registered
    instrument: str
    crossmatch: int
    training_set: int
    n_pixels: int
    n_training: int
    held_out: Recovery
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Class:
    """Whom a lesson is for: the overlap, its spectra, and which of them are held out."""

    found: Overlap
    stars: TrainingSet
    test: Bools


def _untold(_doing: str, _total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _more: None)


def teach(
    engine: Engine,
    settings: Settings,
    lesson: Lesson,
    about: Registration,
    device: torch.device = CPU,
    progress: Progress = _untold,
) -> Taught:
    """Train a Cannon on the overlap of spectra with a catalog of labels, and register it.

    Parameters
    ----------
    engine
        Of the ledger's owner.
    settings
        Where shards and models are.
    lesson
        What it is to learn.
    about
        What is told of the model. Its instrument, settings, report and training set are filled in
        here; the training set is called as the model with ``_stars`` behind.
    device
        What computes.
    progress
        Told how far it is.

    Raises
    ------
    BadTrainingSet, UndeterminedTerms
        Nothing matched, or too little is good enough.
    ModelExists, BadModelName, UnknownInstrument
        The model could not be registered; told before the training.
    UnknownLabel, UnknownContinuum, BadWindow, UnknownDataRelease
        The lesson names what there is not.
    """
    label_order(lesson.labels)
    with engine.connect() as connection:
        require_free(connection, about)
        chosen = _gathered(connection, settings, lesson, about.spectrum_kind, progress)
    stars, test = chosen.stars, chosen.test
    cannon = _learned(lesson, _part(stars, ~test, device), chosen.found.errors[~test], progress)
    tested = recovery(cannon, _part(stars, test, device))
    cannon = replace(cannon.to(CPU), normalisation=lesson.normalisation)
    with engine.begin() as connection:
        number = enter(connection, f"{about.name}_stars", chosen.found, test)
    about = replace(
        about,
        instruments=(chosen.found.instrument,),
        training_set_id=number,
        settings={**asdict(lesson), "device": device.type},
        report={"held_out": asdict(tested), "left_out": dict(chosen.found.left_out)},
    )
    return Taught(
        register(engine, settings.model_root, cannon, about),
        chosen.found.instrument,
        chosen.found.recipe["crossmatch_run_id"],
        number,
        len(stars.wavelength),
        int((~test).sum()),
        tested,
        chosen.found.left_out,
    )


def _learned(lesson: Lesson, stars: TrainingSet, errors: Floats, progress: Progress) -> Cannon:
    terms = Terms.up_to(lesson.order, len(lesson.labels))
    with progress("pixels", len(stars.wavelength)) as advance:
        if not lesson.deconvolve:
            return train(stars, terms, advance=advance)
        told = torch.from_numpy(errors)
        return train_with_errors(stars, told, terms, lesson.deconvolve, advance)


def _gathered(
    connection: Connection, settings: Settings, lesson: Lesson, kind: str, progress: Progress
) -> _Class:
    """Find the spectra of a lesson, choose those that are held out, and read all."""
    match = last_match(connection, lesson.spectra, lesson.catalog, lesson.crossmatch)
    found = overlap(connection, match, lesson.labels, replace(lesson.cuts, kind=kind))
    test = _held_out(connection, found, lesson)
    whose = f"Spectra of {found.instrument}"
    wavelength = within(survey_grid(connection, found), lesson.window, whose)
    root, normalisation = settings.shard_root, lesson.normalisation
    with progress("spectra", len(found)) as advance:
        stars = at_rest(connection, root, found, wavelength, normalisation, advance)
    return _Class(found, stars, test)


def _held_out(connection: Connection, found: Overlap, lesson: Lesson) -> Bools:
    if not 0 <= lesson.held_out < 1:
        raise BadTrainingSet(
            f"{lesson.held_out:g} is no share of the stars that could be held out.",
            remedy="Give one from 0 to below 1.",
        )
    if lesson.held_out == 0:
        return np.zeros(len(found), bool)
    return drawn(stars_of(connection, found.spectrum_ids), lesson.held_out, lesson.seed)


def _part(stars: TrainingSet, chosen: Bools, device: torch.device) -> TrainingSet:
    """Return some of the stars on a device."""
    some = stars.part(torch.from_numpy(chosen))
    spectra = Spectra(some.spectra.flux.to(device), some.spectra.ivar.to(device))
    return TrainingSet(some.names, some.labels.to(device), spectra, some.wavelength.to(device))
