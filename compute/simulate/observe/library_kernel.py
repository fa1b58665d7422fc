"""How alike the spectra of two stars are: the kernel with which a library interpolates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.synthesis.labels import ABUNDANCE_LABELS, label_index

_MAIN = ("teff", "logg", "fe_h", "vmic")
_FIRST_ABUNDANCE = label_index(ABUNDANCE_LABELS[0])
_START = (0.9, 4.0, 3.0, 20.0)
_ROUNDS = 50
_RATE = 0.12
_SMALLEST = 1e-5
"""Errors in ln(flux) below this are not worth learning for."""
_CONSTANT = 10.0


@dataclass(frozen=True, slots=True)
class Kernel:
    """A rational quadratic in the main labels times a quadratic in the abundances.

    So ln(flux) is smooth in teff, log g, [Fe/H] and microturbulence, and a quadratic in the
    abundances whose coefficients are smooth in those.

    Parameters
    ----------
    scales
        Logarithms of the length scales of the main labels.
    relevance
        Logarithms of how much each abundance matters.
    curvature, noise
        Logarithms of the weight of the quadratic term and of the nugget.
    """

    scales: Tensor
    relevance: Tensor
    curvature: Tensor
    noise: Tensor

    @classmethod
    def start(cls) -> Kernel:
        """Return the kernel from which learning starts."""
        return cls(
            torch.tensor(_START, dtype=torch.float64).log(),
            torch.full((len(ABUNDANCE_LABELS),), -2.5, dtype=torch.float64),
            torch.tensor(-1.0, dtype=torch.float64),
            torch.tensor(-11.0, dtype=torch.float64),
        )

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """Return the likeness of each of some stars with each of others, given by `scaled`."""
        main = len(_MAIN)
        a, b = one[:, :main] / self.scales.exp(), other[:, :main] / self.scales.exp()
        square = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
        smooth = (1 + square.clamp(min=0.0) / 4) ** -2
        weight = self.relevance.exp()
        linear = (one[:, main:] * weight) @ (other[:, main:] * weight).T
        return smooth * (1 + linear + self.curvature.exp() * linear**2) + _CONSTANT

    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return what there is to learn."""
        return self.scales, self.relevance, self.curvature, self.noise

    def nugget(self, nodes: int) -> Tensor:
        """Return what is added to the diagonal."""
        return self.noise.exp() * torch.eye(nodes, dtype=torch.float64)


def scaled(labels: Tensor) -> Tensor:
    """Return labels in units in which they matter alike; main labels first.

    Examples
    --------
    >>> from starledger.compute.synthesis.labels import label_tensor
    >>> scaled(label_tensor({"teff": 5040.0, "logg": 3.5, "vmic": 1.2}))[0, :4].tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    columns = {name: labels[:, label_index(name)] for name in _MAIN}
    main = [
        (5040.0 / columns["teff"] - 1.0) / 0.15,
        columns["logg"] - 3.5,
        columns["fe_h"] / 0.5,
        (columns["vmic"] - 1.2) / 0.4,
    ]
    return torch.cat([torch.stack(main, dim=1), labels[:, _FIRST_ABUNDANCE:] / 0.2], dim=1)


def learn_kernel(places: Tensor, targets: Tensor) -> Kernel:
    """Return the kernel that predicts each node best from all others.

    Parameters
    ----------
    places
        Nodes as `scaled` gives them.
    targets
        What is to be predicted, nodes × quantities, all in one unit.
    """
    parts = [part.clone().requires_grad_() for part in Kernel.start().parts()]
    optimizer = torch.optim.Adam(parts, lr=_RATE)
    for _ in range(_ROUNDS):
        optimizer.zero_grad()
        kernel = Kernel(*parts)
        inverse = torch.linalg.inv(kernel(places, places) + kernel.nugget(len(places)))
        # What leaving a node out would have given, without leaving any out.
        error = (inverse @ targets) / torch.diagonal(inverse)[:, None]
        loss = torch.log((error**2).mean(dim=1).sqrt() + _SMALLEST).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Kernel(*(part.detach() for part in parts))
