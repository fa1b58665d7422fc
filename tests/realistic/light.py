"""Spectra of stars that are synthesized in the blue alone: all that the survey's fits look at."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from starledger.compute.simulate.observe.library import Library
from starledger.compute.simulate.observe.library_nodes import draw_nodes
from starledger.compute.simulate.observe.rest_spectra import OPTICAL, Band, DirectSpectra

NODES = 300
_FIRST, _LAST = np.searchsorted(OPTICAL.wavelength, [4030.0, 5750.0])
_BESIDE = 25.0
"""Ends of the pixels that are synthesized, and Å beyond them, which smoothing needs."""
BLUE = Band(
    "blue",
    float(OPTICAL.wavelength[_FIRST]) - _BESIDE,
    float(OPTICAL.wavelength[_LAST]) + _BESIDE,
    float(OPTICAL.wavelength[_FIRST]),
    int(_LAST - _FIRST),
    OPTICAL.step,
    OPTICAL.sigma,
)


class BlueLight:
    """Interpolates between synthesized spectra in the blue; flat beyond.

    Parameters
    ----------
    library
        Of the band `BLUE`.
    """

    band = OPTICAL

    def __init__(self, library: Library) -> None:
        self.library = library

    @classmethod
    def of(cls, nodes: int = NODES, processes: int = 2) -> BlueLight:
        """Synthesize the nodes and learn to interpolate between them."""
        return cls(Library.of(DirectSpectra(BLUE), draw_nodes(nodes, seed=1), processes))

    def flux(self, labels: Tensor) -> Tensor:
        """Return F_λ at the surface, stars × pixels of the optical band."""
        blue = self.library.flux(labels)
        before = blue[:, :1].expand(-1, int(_FIRST))
        after = blue[:, -1:].expand(-1, OPTICAL.pixels - int(_LAST))
        return torch.cat([before, blue, after], dim=1)
