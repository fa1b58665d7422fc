"""Fitting spectra as the light of two stars, and telling which of them are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from starledger.compute.fitters.levenberg import Levenberg, box_of, joined
from starledger.compute.fitters.parallel import side_by_side
from starledger.compute.fitters.products import fast_products
from starledger.compute.fitters.search import Search
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.fitters.triage import triage
from starledger.compute.models.base import Fits, Spectra
from starledger.compute.models.two_stars import TwoStars

_RATIOS = (0.1, 0.3, 0.8)
"""Light ratios of the starting points."""
_STEP_KMS = 15.0
"""Between their relative velocities."""
_COOLER = 0.15
"""Part of the range of Teff by which the second star is cooler than the first, at the start."""
_INWARDS = 0.01
"""Part of each range that starting points stay away from its ends, where a label could stick."""
DOUBLE_GAIN = 50.0
"""Fall of χ², in units of the pair's reduced χ², above which a spectrum is called double-lined. Six
more quantities bring 6 by chance, and the search for the best velocity a little more."""


@dataclass(frozen=True, slots=True)
class PairFits:
    """What came of fitting spectra as single stars and as pairs, on the same pixels.

    Parameters
    ----------
    single
        As one star.
    pair
        As two; labels in the order of `TwoStars.labels`, and the velocity of the first star.
    gain
        By how much χ² is smaller, in units of the pair's reduced χ²; NaN where a fit failed.
    double
        Whether that is more than chance gives: the flag ``double_lined``.
    """

    single: Fits
    pair: Fits
    gain: Tensor
    double: Tensor


class PairFitter:
    """Fits spectra as single stars and as pairs; made once, it serves any number of batches.

    Parameters
    ----------
    pair
        Two stars of one emulator.
    settings
        Of both fits; a range of velocities is needed.
    starts
        Labels of single stars to start from, see `StartingGrid.of`.
    n_starts
        From so many relative velocities and light ratios each pair is fitted.
    batch
        Spectra at once.
    """

    def __init__(
        self,
        pair: TwoStars,
        settings: FitSettings | None = None,
        *,
        starts: Tensor | None = None,
        n_starts: int = 3,
        batch: int = 64,
    ) -> None:
        self.settings = settings or FitSettings()
        if self.settings.rv_range is None:
            raise ValueError("Two stars move: the settings need a range of velocities.")
        if self.settings.free_width:
            raise ValueError("Two stars look like one with wide lines: leave the width alone.")
        self.pair, self.n_starts, self.batch = pair, n_starts, batch
        self.single = Levenberg(pair.star, self.settings, starts=starts, batch=batch)
        self.box = box_of(pair, self.settings)

    def fit(self, spectra: Spectra) -> PairFits:
        """Return what both fits found.

        Pixels that the second star cannot be read at at its largest velocity, near gaps and ends
        of the grid, count in neither.
        """
        starts = range(0, max(len(spectra), 1), self.batch)
        batches = [
            Spectra(spectra.flux[i : i + self.batch], spectra.ivar[i : i + self.batch])
            for i in starts
        ]
        device = self.box.low.device
        with fast_products(device):
            parts = side_by_side(self._fit, batches, device)
        return PairFits(
            single=joined([part.single for part in parts]),
            pair=joined([part.pair for part in parts]),
            gain=torch.cat([part.gain for part in parts]),
            double=torch.cat([part.double for part in parts]),
        )

    @torch.inference_mode()
    def _fit(self, spectra: Spectra) -> PairFits:
        spectra = self._readable(spectra)
        single = self.single.fit(spectra)
        pair = self._fit_pairs(spectra, single)
        freedom = (pair.n_pixels - len(self.box.low)).clamp(min=1)
        reduced = (pair.chi2 / freedom).clamp(min=1.0)
        # The fits may choose other pixels at the edges, by where each one starts.
        fewer = single.chi2 * (pair.n_pixels / single.n_pixels).clamp(max=1.0)
        gain = (fewer - pair.chi2) / reduced
        return PairFits(single, pair, gain, gain > DOUBLE_GAIN)

    def _readable(self, spectra: Spectra) -> Spectra:
        rv = self.single.fit(spectra).rv
        assert rv is not None  # noqa: S101
        readable = self.pair.doppler.readable(rv.nan_to_num(), self.pair.largest_rv)
        known = readable | rv.isnan()[:, None]
        return Spectra(spectra.flux, torch.where(known, spectra.ivar, 0.0))

    def _fit_pairs(self, spectra: Spectra, single: Fits) -> Fits:
        clean, refused = triage(spectra, len(self.box.low))
        able = torch.tensor(
            [reason is None for reason in refused], dtype=torch.bool, device=spectra.flux.device
        )
        search = Search(self.pair, self.settings, self.box, clean, able)
        for start in self._starts(clean, single):
            search.walk(start, anew=True)
        return search.fits(refused)

    def _starts(self, spectra: Spectra, single: Fits) -> Tensor:
        """Return the most promising of a grid of starts: starts × spectra × quantities."""
        labels, rv = self._known(single)
        first = self.pair.star.flux(labels.float())
        second_labels = self._cooler(labels)
        second = self.pair.star.flux(second_labels.float())
        end = self.pair.largest_rv - _STEP_KMS
        velocities = torch.arange(-end, end + 1.0, _STEP_KMS, dtype=torch.float64)
        shift, costs, starts = self.pair.doppler.shift, [], []
        for apart, ratio in product(velocities.tolist(), _RATIOS):
            # What was seen as one star stands where the light is.
            first_rv = rv - apart * ratio / (1.0 + ratio)
            model = shift(first_rv).apply(first)
            model = model.add_(shift(first_rv + apart).apply(second), alpha=ratio)
            misfit = (spectra.flux - model / (1.0 + ratio)).square_().mul_(spectra.ivar)
            costs.append(misfit.sum(1, dtype=torch.float64))
            both = labels.new_tensor([ratio, apart]).expand(len(labels), 2)
            own = second_labels[:, list(self.pair.own)]
            starts.append(torch.cat([labels, own, both, first_rv[:, None]], 1))
        best = torch.stack(costs).topk(min(self.n_starts, len(costs)), dim=0, largest=False).indices
        chosen = torch.stack([torch.stack(starts)[rows, torch.arange(len(rv))] for rows in best])
        room = _INWARDS * (self.box.high - self.box.low)
        return torch.minimum(torch.maximum(chosen, self.box.low + room), self.box.high - room)

    def _known(self, single: Fits) -> tuple[Tensor, Tensor]:
        """Return labels and velocities of single fits, something harmless where they failed."""
        star = self.pair.star
        middle = (star.low + star.high) / 2.0
        assert single.rv is not None  # noqa: S101
        return single.labels.where(~single.labels.isnan(), middle), single.rv.nan_to_num()

    def _cooler(self, labels: Tensor) -> Tensor:
        """Return the labels of the second star, at the start: the first's, but cooler."""
        star, second = self.pair.star, labels.clone()
        if "teff" in star.labels:
            i = star.labels.index("teff")
            second[:, i] -= _COOLER * (star.high[i] - star.low[i])
            second[:, i].clamp_(min=float(star.low[i]))
        return second
