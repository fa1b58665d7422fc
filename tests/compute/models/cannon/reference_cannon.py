"""A Cannon trained elsewhere on 671 stars: what it was given, and what it found."""

from __future__ import annotations

import ast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import TrainingSet

NAMES = ("TEFF", "LOGG", "PARAM_M_H")


class Reference:
    """What the other program was given, and what it found."""

    def __init__(self, content: dict[str, NDArray[np.generic]]) -> None:
        found = [dict(ast.literal_eval(str(term))) for term in content["terms"]]
        powers = [tuple(int(term.get(name, 0)) for name in NAMES) for term in found]
        self.terms = Terms(((0, 0, 0), *powers))
        flux, sigma, labels, theta, scatter, pivots = (
            torch.from_numpy(content[name].astype(np.float64))
            for name in ("flux", "sigma", "labels", "theta", "scatter", "pivots")
        )
        wavelength = torch.arange(flux.shape[1], dtype=torch.float64)
        spectra = Spectra(flux, sigma**-2)
        self.stars = TrainingSet(("teff", "logg", "m_h"), labels.T, spectra, wavelength)
        self.theta, self.scatter, self.pivots = theta, scatter, pivots

    def flux(self) -> Tensor:
        return self.terms.values(self.stars.labels - self.pivots) @ self.theta.T
