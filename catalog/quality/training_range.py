"""Where a model was trained: near the edge of its grid, outside its range, far from its stars."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from starledger.catalog.quality.batches import PARAMETERS, Batch, Bools, Floats
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.reference_gradients import SCALES
from starledger.catalog.quality.rule import Case, Rule, Simple, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Scope, flag

NEAR_GRID_EDGE = flag(Scope.FIT, "near_grid_edge")
OUTSIDE_TRAINING_RANGE = flag(Scope.FIT, "outside_training_range")

DD_PAYNE = "dd_payne"
_HOTTEST = 7500.0
_COOLEST_DWARF = 4500.0
_DWARF_LOGG = 3.8


def outside_range(facts: Facts, parameters: Floats) -> Bools:
    """Return which rows of (Teff, log g, [Fe/H]) lie outside the range that a model was trained on.

    That of DD–Payne is its authors': up to 7500 K, and dwarfs (log g > 3.8) down to 4500 K. Of
    other models it is the box of the training; what is not known lies nowhere outside.
    """
    if facts.model.system == DD_PAYNE:
        teff, logg, _ = parameters.T
        return np.asarray((teff > _HOTTEST) | ((teff < _COOLEST_DWARF) & (logg > _DWARF_LOGG)))
    low, high = np.array([facts.range_of(name) for name in PARAMETERS]).T
    return np.asarray(((parameters < low) | (parameters > high)).any(1))


def _edge(facts: Facts, thresholds: Thresholds) -> Case:
    margin = np.array([thresholds.edge_teff, thresholds.edge_dex, thresholds.edge_dex])
    low, high = np.array([facts.range_of(name) for name in PARAMETERS]).T

    def judge(batch: Batch) -> Verdict:
        parameters = batch.parameters()
        near = (parameters < low + margin) | (parameters > high - margin)
        return Verdict({NEAR_GRID_EDGE: near.any(1)})

    return Simple(judge)


def _edge_needs(facts: Facts) -> str | None:
    ranges = [facts.range_of(name) for name in PARAMETERS]
    if np.isfinite(ranges).all(1).any():
        return None
    return "the ranges of the training are not known"


def _outside(facts: Facts, thresholds: Thresholds) -> Case:
    tree = None if facts.members is None else cKDTree(facts.members / SCALES)

    def judge(batch: Batch) -> Verdict:
        parameters = batch.parameters()
        outside = np.zeros(len(batch), np.bool_)
        if facts.model.system == DD_PAYNE:
            outside |= outside_range(facts, parameters)
        known = np.isfinite(parameters).all(1)
        if tree is not None and known.any():
            distance, _ = tree.query(parameters[known] / SCALES)
            outside[known] |= distance > thresholds.training_distance
        return Verdict({OUTSIDE_TRAINING_RANGE: outside})

    return Simple(judge)


def _outside_needs(facts: Facts) -> str | None:
    if facts.missing_parameters:
        return facts.missing_parameters
    if facts.members is None and facts.model.system != DD_PAYNE:
        return "the training stars of the model are not known"
    return None


EDGE = Rule("grid_edge", Subject.FIT, (NEAR_GRID_EDGE,), _edge_needs, _edge)
OUTSIDE = Rule("training_range", Subject.FIT, (OUTSIDE_TRAINING_RANGE,), _outside_needs, _outside)
