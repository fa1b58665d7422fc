"""Fitting batches of spectra with any emulator, by Levenberg's and Marquardt's method.

Labels do not depend on how spectra are batched beyond a hundredth of their errors: products are
taken in single precision, and their order depends on the size of a batch. Spectra of one lot always
share a batch, and their labels are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from starledger.compute.fitters.batches import batch_size, even_parts, part_size
from starledger.compute.fitters.descent import Box
from starledger.compute.fitters.free_width import FreeWidth
from starledger.compute.fitters.parallel import side_by_side
from starledger.compute.fitters.products import fast_products
from starledger.compute.fitters.search import Search
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.fitters.starting import StartingGrid, spread_labels
from starledger.compute.fitters.triage import triage
from starledger.compute.models.base import Convergence, Emulator, Fits, Spectra
from starledger.compute.models.tangents import Blocks

_EXAMPLES = 128
"""Stars whose derivatives tell in which combinations of factors others will lie."""


class Levenberg:
    """Fits spectra with an emulator; made once, it serves any number of batches.

    Parameters
    ----------
    emulator
        Gives the model.
    settings
        What may be chosen.
    starts
        Labels of stars to start from, see `StartingGrid.of`.
    batch
        Spectra that are fitted at once; without, so many as memory allows.
    """

    def __init__(
        self,
        emulator: Emulator,
        settings: FitSettings | None = None,
        *,
        starts: Tensor | None = None,
        batch: int | None = None,
    ) -> None:
        self.settings = settings or FitSettings()
        if self.settings.free_width:
            emulator = FreeWidth.of(emulator)
            starts = None if starts is None else torch.nn.functional.pad(starts, (0, 1))
        self.emulator = emulator
        self.grid = StartingGrid.of(emulator, self.settings, starts)
        self.batch = batch or batch_size(emulator)
        self.box = box_of(emulator, self.settings)
        self.blocks = blocks_of(emulator)

    def fit(self, spectra: Spectra, lots: Sequence[int] | None = None) -> Fits:
        """Return labels of spectra; none makes it fail, and each says how it ended.

        Parameters
        ----------
        spectra
            What is fitted.
        lots
            Numbers of spectra that follow each other and are fitted together. On one thread of a
            CPU the outcome does not depend then on which other lots there are, to the last bit.
        """
        device = self.box.low.device
        # On a GPU, small lots would leave most of it idle.
        if lots and device.type == "cpu":
            sizes = [size for length in lots for size in even_parts(length, self.batch)]
        else:
            size = part_size(len(spectra), self.batch, device)
            sizes = [size] * -(-max(len(spectra), 1) // size)
        ends = [*accumulate(sizes, initial=0)]
        parts = [_part(spectra, begin, end) for begin, end in pairwise(ends)]
        with fast_products(device):
            return joined(side_by_side(self._fit, parts, device))

    @property
    def n_quantities(self) -> int:
        """How many quantities are fitted: labels and, perhaps, a width and the radial velocity."""
        return len(self.box.low)

    @torch.inference_mode()
    def _fit(self, spectra: Spectra) -> Fits:
        clean, refused = triage(spectra, self.n_quantities)
        able = torch.tensor(
            [reason is None for reason in refused], dtype=torch.bool, device=clean.flux.device
        )
        search = Search(self.emulator, self.settings, self.box, clean, able, self.blocks)
        for start in self.grid.starts(clean, self.settings.n_starts):
            search.walk(start)
            if search.done:
                break
        fits = search.fits(refused)
        return _with_width_apart(fits, self.box) if self.settings.free_width else fits


def _part(spectra: Spectra, first: int, end: int) -> Spectra:
    return Spectra(spectra.flux[first:end], spectra.ivar[first:end])


def blocks_of(emulator: Emulator) -> Blocks | None:
    """Return the blocks of an emulator with factored derivatives, where they are worth it."""
    stars = spread_labels(emulator, _EXAMPLES).float()
    factors = emulator.tangents(stars).factors()
    if factors is None or 2 * len(factors.outer) > factors.outer.shape[1]:
        return None
    return Blocks.of(factors)


def box_of(emulator: Emulator, settings: FitSettings) -> Box:
    """Return between which values the labels and, perhaps, the radial velocity stay."""
    margin = settings.margin * (emulator.high - emulator.low)
    low, high = (emulator.low - margin).double(), (emulator.high + margin).double()
    if settings.rv_range is None:
        return Box(low, high)
    end = torch.tensor([settings.rv_range], dtype=torch.float64, device=low.device)
    return Box(torch.cat([low, -end]), torch.cat([high, end]))


def _with_width_apart(fits: Fits, box: Box) -> Fits:
    """Return fits whose last label, the width, stands by itself."""
    n = fits.labels.shape[1] - 1
    rest = [i for i in range(fits.covariance.shape[1]) if i != n]
    labels, variance = fits.labels[:, :n], fits.labels[:, n]
    inside = ((labels > box.low[:n]) & (labels < box.high[:n])).all(1)
    return replace(
        fits,
        labels=labels,
        covariance=fits.covariance[:, rest][:, :, rest],
        bounds=fits.bounds[:, :n],
        line_variance=variance,
        convergence=tuple(
            Convergence.WIDTH_AT_EDGE if end is Convergence.ON_BOUND and only else end
            for end, only in zip(fits.convergence, inside.tolist(), strict=True)
        ),
    )


def joined(parts: Sequence[Fits]) -> Fits:
    """Return the fits of several batches, one after the other, as those of one."""
    rv = [part.rv for part in parts if part.rv is not None]
    widths = [part.line_variance for part in parts if part.line_variance is not None]
    return Fits(
        labels=torch.cat([part.labels for part in parts]),
        covariance=torch.cat([part.covariance for part in parts]),
        rv=torch.cat(rv) if rv else None,
        chi2=torch.cat([part.chi2 for part in parts]),
        n_pixels=torch.cat([part.n_pixels for part in parts]),
        convergence=tuple(end for part in parts for end in part.convergence),
        steps=torch.cat([part.steps for part in parts]),
        bounds=torch.cat([part.bounds for part in parts]),
        line_variance=torch.cat(widths) if widths else None,
    )
