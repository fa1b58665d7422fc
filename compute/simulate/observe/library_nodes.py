"""Which stars a library of spectra is made of: spread evenly over those of the population."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.simulate.observe.companion_light import companion_labels, seen_companions
from starledger.compute.simulate.population.truth import draw_stars
from starledger.compute.synthesis.labels import ABUNDANCE_LABELS, label_index

Floats = NDArray[np.float64]

_CANDIDATES = 24
"""Stars that are drawn for each node."""
_SCATTER = 0.04
"""Added to every abundance in dex, lest elements that always go together be told apart badly."""
_SPACING = {
    "logg": 0.6,
    "fe_h": 0.35,
    "vmic": 0.6,
    "c_fe": 0.3,
    "n_fe": 0.4,
    "o_fe": 0.3,
    "ba_fe": 0.4,
    "eu_fe": 0.5,
}
_SPACING_INVERSE = 0.06
"""Differences that count alike, in dex and km/s, and in 5040 K / teff."""


def _places(labels: Floats) -> Floats:
    columns = [5040.0 / labels[:, label_index("teff")] / _SPACING_INVERSE]
    columns += [labels[:, label_index(name)] / unit for name, unit in _SPACING.items()]
    return np.stack(columns, axis=1)


def _spread(places: Floats, count: int) -> NDArray[np.int64]:
    """Choose points one by one, always the one that is farthest from those chosen before."""
    chosen = [0]
    nearest = np.full(len(places), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, ((places - places[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(nearest.argmax()))
    return np.array(chosen)


def draw_nodes(count: int, seed: int) -> Tensor:
    """Return labels of `count` nodes, nodes × `SYNTHESIS_LABELS`.

    They are drawn from the population, unresolved companions among them, and spread over it, the
    first ones the farthest apart, with neither macroturbulence nor rotation.

    Examples
    --------
    >>> nodes = draw_nodes(16, seed=1)
    >>> nodes.shape, bool((nodes == draw_nodes(16, seed=1)).all())
    (torch.Size([16, 39]), True)
    """
    rng = np.random.default_rng([seed, 11])
    stars = draw_stars(_CANDIDATES * count, seed)
    double = stars.take(np.flatnonzero(seen_companions(stars)))
    pool = np.concatenate([stars.labels, companion_labels(double).numpy()])
    labels = pool[_spread(_places(pool), count)]
    first = label_index(ABUNDANCE_LABELS[0])
    labels[:, first:] += _SCATTER * rng.standard_normal((count, len(ABUNDANCE_LABELS)))
    labels[:, [label_index("vmac"), label_index("vsini")]] = 0.0
    return torch.from_numpy(labels)


def spacing(labels: Tensor, nodes: Tensor) -> Tensor:
    """Return how far each star is from the nearest node, in units of the spread of nodes.

    Examples
    --------
    >>> nodes = draw_nodes(16, seed=1)
    >>> float(spacing(nodes, nodes).max())
    0.0
    """
    places = torch.from_numpy(_places(labels.numpy()))
    return torch.cdist(places, torch.from_numpy(_places(nodes.numpy()))).min(dim=1).values
