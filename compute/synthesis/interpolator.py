"""A fast stand-in for the synthesis: spectra by the hundred thousand, from some thousand."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

_BATCH = 128
_RATE = 3e-3
_ARRAYS = ("low", "high", "mean", "components")


@dataclass(frozen=True, slots=True)
class Interpolator:
    """Maps labels to spectra: a network gives the coefficients of principal components.

    What it gives is smooth in the labels and exactly known, so a simulated survey can have it for
    its truth; how far it is from the synthesis is for its maker to measure (see `error`).

    Parameters
    ----------
    low, high
        Range of every label in the training set; labels that do not vary there are ignored.
    mean, components
        Mean spectrum, and components × pixels, scaled to the network's output.
    network
        From scaled labels to coefficients.
    """

    low: Tensor
    high: Tensor
    mean: Tensor
    components: Tensor
    network: nn.Sequential

    @classmethod
    def fit(
        cls,
        labels: Tensor,
        spectra: Tensor,
        *,
        components: int = 200,
        hidden: int = 384,
        epochs: int = 400,
        seed: int = 0,
    ) -> Interpolator:
        """Fit to spectra that were synthesised.

        Parameters
        ----------
        labels, spectra
            Stars × labels and stars × pixels; normalised fluxes, or anything of order one.
        components, hidden
            Number of principal components and of neurons in each of the two hidden layers.
        epochs
            Passes through the training set.
        seed
            The same seed and machine give the same network.

        Examples
        --------
        >>> x = torch.rand(200, 3, generator=torch.Generator().manual_seed(1))
        >>> y = 1 - x @ torch.tensor([[0.1, 0.2, 0.0], [0.0, 0.1, 0.3], [0.0, 0.0, 0.0]])
        >>> fitted = Interpolator.fit(x, y, components=2, hidden=16, epochs=100)
        >>> bool(fitted.error(x, y).max() < 0.02)
        True
        """
        torch.manual_seed(seed)
        low, high = labels.amin(0).float(), labels.amax(0).float()
        mean = spectra.mean(0)
        _, _, basis = torch.linalg.svd((spectra - mean).float(), full_matrices=False)
        basis = basis[:components].contiguous()
        scale = ((spectra - mean).float() @ basis.T).std(0).max()
        network = _network(int((high > low).sum()), hidden, len(basis))
        made = cls(low, high, mean.float(), basis * scale, network)
        made._train((spectra - mean).float() @ basis.T / scale, labels, epochs)
        return made

    def _train(self, targets: Tensor, labels: Tensor, epochs: int) -> None:
        inputs = self._scaled(labels)
        optimiser = torch.optim.Adam(self.network.parameters())
        steps = epochs * ceil(len(inputs) / _BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
        for _ in range(epochs):
            for batch in torch.split(torch.randperm(len(inputs)), _BATCH):
                optimiser.zero_grad()
                loss = (self.network(inputs[batch]) - targets[batch]).square().sum(1).mean()
                torch.autograd.backward(loss)
                optimiser.step()
                schedule.step()
        self.network.requires_grad_(requires_grad=False)

    def _scaled(self, labels: Tensor) -> Tensor:
        varies = self.high > self.low
        low, high = self.low[varies], self.high[varies]
        return (labels[:, varies].float() - low) / (high - low) * 2 - 1

    def __call__(self, labels: Tensor) -> Tensor:
        """Return spectra, stars × pixels, of stars × labels; differentiable."""
        coefficients: Tensor = self.network(self._scaled(labels))
        return torch.addmm(self.mean, coefficients, self.components)

    def error(self, labels: Tensor, spectra: Tensor) -> Tensor:
        """Return the mean absolute difference from spectra that were synthesised, per star."""
        return (self(labels) - spectra).abs().mean(1)

    def save(self, file: Path) -> None:
        """Write to a NumPy archive."""
        arrays = {name: getattr(self, name).numpy() for name in _ARRAYS}
        weights = {key: value.numpy() for key, value in self.network.state_dict().items()}
        with file.open("wb") as stream:
            np.savez_compressed(stream, **arrays, **weights)

    @classmethod
    def load(cls, file: Path) -> Interpolator:
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as archive:
            stored = {name: torch.from_numpy(archive[name]) for name in archive.files}
        weights = {name: value for name, value in stored.items() if name not in _ARRAYS}
        hidden, inputs = weights["0.weight"].shape
        network = _network(inputs, hidden, len(weights["4.bias"]))
        network.load_state_dict(weights)
        network.requires_grad_(requires_grad=False)
        low, high, mean, components = (stored[name] for name in _ARRAYS)
        return cls(low, high, mean, components, network)


def _network(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        nn.Linear(hidden, outputs),
    )
