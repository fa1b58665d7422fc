"""Fits as The Payne's own code does them: one spectrum at a time, by `curve_fit`.

As published: within bounds (method trf), with finite differences, relative tolerances of 5e-4 and
the velocity in units of 100 km/s, from the middle of all labels and the velocity 0; all in NumPy's
einsum and double precision. Only the interpolation for the velocity is ours, so that both have the
same minimum. With help: the same, but from our starting points and with BLAS for shared layers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.shifts import kernel
from starledger.compute.models.base import Spectra
from starledger.compute.models.payne import Payne
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Floats = NDArray[np.float64]
TOLERANCE = 5e-4
VELOCITY_UNIT_KMS = 100.0


def flux_of(payne: Payne, helped: bool) -> Callable[[Floats], Floats]:
    """Return what makes one spectrum of scaled labels."""
    weights = [one.double().numpy() for one in payne.network.weights]
    biases = [one.double().numpy() for one in payne.network.biases]
    if isinstance(payne.network, SharedNetwork):
        product = np.matmul if helped else partial(np.einsum, "ij,j->i")

        def shared(x: Floats) -> Floats:
            for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
                x = product(weight, x) + bias
                x = np.maximum(0.0, x) + 0.01 * np.minimum(0.0, x)
            return product(weights[-1], x) + biases[-1]  # type: ignore[no-any-return]

        return shared
    first, last = weights[0].transpose(2, 1, 0).copy(), weights[1].T.copy()
    inner, outer = biases[0].T.copy(), biases[1]

    def per_pixel(x: Floats) -> Floats:
        values = 1.0 / (1.0 + np.exp(-(np.einsum("ijk,k->ij", first, x) + inner)))
        return np.einsum("ij,ij->i", last, values) + outer

    return per_pixel


def moved(flux: Floats, rv: float, pixel_kms: float) -> Floats:
    """Return a spectrum on an even grid as seen of a moving star."""
    offset = -np.log1p(rv / LIGHT_SPEED_KMS) / (pixel_kms / LIGHT_SPEED_KMS)
    whole = int(np.floor(offset))
    factors = [float(one) for one in kernel(torch.tensor(offset - whole, dtype=torch.float64))]
    around = np.arange(-2, len(flux) + 3) + whole
    aligned = flux[np.clip(around, 0, len(flux) - 1)]
    return sum(  # type: ignore[return-value]
        factor * aligned[k : k + len(flux)] for k, factor in enumerate(factors)
    )


class OneByOne:
    """Fits the spectra that a batched fitter has fitted.

    Parameters
    ----------
    fitter
        With its emulator.
    pixel_kms
        Of the grid.
    helped
        With our help, or as published.
    """

    def __init__(self, fitter: Levenberg, pixel_kms: float, helped: bool) -> None:
        assert isinstance(fitter.emulator, Payne)
        self.fitter, self.payne, self.pixel_kms = fitter, fitter.emulator, pixel_kms
        self.helped, self.rest = helped, flux_of(self.payne, helped)

    def model(self, x: Floats) -> Floats:
        """Return the spectrum of scaled labels and, last, the velocity in its unit."""
        return moved(self.rest(x[:-1]), float(x[-1]) * VELOCITY_UNIT_KMS, self.pixel_kms)

    def fit(self, spectra: Spectra, used: torch.Tensor) -> tuple[Floats, Floats, float]:
        """Return χ², labels with velocity, and seconds of one CPU a spectrum.

        Parameters
        ----------
        spectra
            A few.
        used
            Which pixels count: spectra × pixels.
        """
        starts = self._starts(spectra)
        n = len(spectra)
        found = np.empty_like(starts)
        started = time.process_time()
        for row in range(n):
            found[row] = self._fit_one(spectra, row, used[row].numpy(), starts[row])
        seconds = (time.process_time() - started) / n
        return self.chi2(spectra, used, found), found, seconds

    def chi2(self, spectra: Spectra, used: torch.Tensor, x: Floats) -> Floats:
        """Return χ² of labels and velocities, in double precision."""
        squares = [
            (spectra.flux[row].double().numpy() - self.model(one)) ** 2
            * spectra.ivar[row].double().numpy()
            for row, one in enumerate(x)
        ]
        return np.array([square[used[row].numpy()].sum() for row, square in enumerate(squares)])

    def scaled(self, labels: torch.Tensor, rv: torch.Tensor) -> Floats:
        """Return labels and velocities as this fits them."""
        low, high = self.payne.low, self.payne.high
        inner = (labels.double() - low) / (high - low) - 0.5
        return torch.cat([inner, rv[:, None].double() / VELOCITY_UNIT_KMS], 1).numpy()

    def _starts(self, spectra: Spectra) -> Floats:
        starts = next(self.fitter.grid.starts(spectra, 1))
        if not self.helped:
            return np.zeros(starts.shape)
        return self.scaled(starts[:, :-1], starts[:, -1])

    def _fit_one(
        self, spectra: Spectra, row: int, used: NDArray[np.bool_], start: Floats
    ) -> Floats:
        ends = np.append(np.full(len(start) - 1, 0.5), 3.0)
        best, _ = curve_fit(
            lambda _, *x: self.model(np.array(x))[used],
            None,
            spectra.flux[row].double().numpy()[used],
            start,
            spectra.ivar[row].double().numpy()[used] ** -0.5,
            absolute_sigma=True,
            bounds=(-ends, ends),
            ftol=TOLERANCE,
            xtol=TOLERANCE,
            method="trf",
        )
        return best
