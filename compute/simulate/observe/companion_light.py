"""Unresolved companions as the synthesis sees them: dwarfs of the primary's stuff."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.simulate.population.stars import Stars
from starledger.compute.synthesis.labels import label_index

COOLEST = 3500.0
"""Lowest teff in K that is synthesized; cooler companions get this spectrum, made fainter."""
FAINTEST = 1e-3
"""Companions below this share of the light in G are not seen."""
_VMAC = 2.0
_FADING = 8
"""Power of teff with which light falls below `COOLEST`, in the optical."""


def seen_companions(stars: Stars) -> NDArray[np.bool_]:
    """Return which stars have a companion that adds light."""
    return np.asarray(stars.companions.exists & (stars.companions.flux_ratio > FAINTEST))


def companion_labels(stars: Stars) -> Tensor:
    """Return labels of the companions of stars, stars × `SYNTHESIS_LABELS`.

    Examples
    --------
    >>> from starledger.compute.simulate.population.truth import draw_stars
    >>> stars = draw_stars(100, seed=1)
    >>> double = stars.take(np.flatnonzero(seen_companions(stars)))
    >>> labels = companion_labels(double)
    >>> bool((labels[:, label_index("teff")] >= COOLEST).all())
    True
    """
    labels = torch.from_numpy(np.array(stars.labels, dtype=np.float64))
    teff = np.clip(stars.companions.teff, COOLEST, None)
    logg = np.clip(stars.companions.logg, 0.0, 5.0)
    # The mean microturbulence of stars of such teff and log g.
    vmic = 1.0 + 4e-4 * np.clip(teff - 5772.0, -1000.0, 2000.0)
    vmic += 0.3 * np.clip(4.44 - logg, -0.5, 4.0)
    for name, values in (("teff", teff), ("logg", logg), ("vmic", vmic)):
        labels[:, label_index(name)] = torch.from_numpy(values)
    labels[:, label_index("vmac")] = labels[:, label_index("vsini")] = _VMAC
    return labels


def companion_weight(stars: Stars) -> Tensor:
    """Return by what the companions' surface flux counts relative to the primaries'."""
    cool = np.minimum(stars.companions.teff / COOLEST, 1.0)
    return torch.from_numpy(stars.companions.radius_ratio**2 * cool**_FADING)
