"""Gradient correlations of DD–Payne: whether a model responds to a label as physics does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from starledger.catalog.quality.batches import Batch, Bools, Floats, Ids, giants
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.reference_gradients import ReferenceGradients
from starledger.catalog.quality.reservoir import Reservoir
from starledger.catalog.quality.rule import Case, Output, Rule, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.catalog.quality.training_range import outside_range
from starledger.compute.models.base import Emulator
from starledger.schema.flags import Scope, flag
from starledger.schema.labels import label
from starledger.schema.prefixes import GRADIENT_CORRELATION, prefixed

GRADIENT_UNRELIABLE = flag(Scope.LABEL, "gradient_unreliable")

STARS_A_BIN = 200
"""A median of so many is exact enough, and keeps the first pass over the sample short."""
_AT_ONCE = 64
"""Spectra whose gradients are held at once."""
_BIN_LIMITS = ((2000.0, 12_000.0), (-5.0, 1.5))
"""Stars beyond (K, dex) fall into the outermost bins."""


class Correlations:
    """Correlates an emulator's gradients with those of the nearest reference star.

    Parameters
    ----------
    emulator
        The model.
    references
        Of the reference stars, on the emulator's pixels.
    """

    def __init__(self, emulator: Emulator, references: ReferenceGradients) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._emulator, self._references = emulator.to(self._device), references
        names = references.names
        self._places = [names.index(name) if name in names else -1 for name in emulator.labels]
        self._pixels = _counted(emulator)
        self._standard = _standardised(references.gradients[:, :, self._pixels]).to(self._device)

    def __call__(self, labels: Floats, parameters: Floats) -> Floats:
        """Return rows × labels: correlations over the pixels that count.

        NaN where there is no reference gradient, or a row has an unknown label.

        Parameters
        ----------
        labels
            Rows × labels of the emulator.
        parameters
            Rows × (Teff in K, log g, [Fe/H]).
        """
        found = np.full(labels.shape, np.nan)
        known = np.flatnonzero(np.isfinite(labels).all(1) & np.isfinite(parameters).all(1))
        for rows in np.split(known, range(_AT_ONCE, len(known), _AT_ONCE)):
            if len(rows):
                found[rows] = self._some(labels[rows], parameters[rows])
        return found

    @torch.inference_mode()
    def _some(self, labels: Floats, parameters: Floats) -> Floats:
        nearest = self._references.nearest(parameters)
        _, gradient = self._emulator.flux_and_gradient(torch.from_numpy(labels).to(self._device))
        own = _standardised(gradient.mT[:, :, self._pixels].float())
        found = np.full(labels.shape, np.nan)
        for place, theirs in enumerate(self._places):
            if theirs >= 0:
                both = own[:, place] * self._standard[nearest, theirs]
                found[:, place] = both.sum(1).double().cpu().numpy()
        return found


def _counted(emulator: Emulator) -> Tensor:
    mask = getattr(emulator, "mask", None)
    if mask is None:
        return torch.arange(len(emulator.wavelength))
    counted: Tensor = (~mask).nonzero()[:, 0]
    return counted


def _standardised(gradient: Tensor) -> Tensor:
    """Return gradients less their mean over the pixels, of length 1; 0 where they are constant."""
    away = gradient - gradient.mean(-1, keepdim=True)
    length: Tensor = away.norm(dim=-1, keepdim=True).clamp_min(1e-30)
    return away / length


class GradientCase(Case):
    """Judges labels by the median correlation among stars alike."""

    learns: ClassVar[bool] = True

    def __init__(self, facts: Facts, thresholds: Thresholds) -> None:
        assert not isinstance(facts.emulator, str)  # noqa: S101 - the rule's needs say so
        assert facts.references is not None  # noqa: S101
        self._facts, self._thresholds = facts, thresholds
        self._correlations = Correlations(facts.emulator, facts.references)
        self._bright = Reservoir(STARS_A_BIN)
        self._medians: dict[int, Floats] = {}
        self.outputs = tuple(_output(name) for name in facts.labels)

    def see(self, batch: Batch) -> None:
        """Keep some bright stars of each bin."""
        parameters = batch.parameters()
        good = np.isfinite(batch.labels).all(1) & np.isfinite(parameters).all(1)
        good &= batch.column("snr") > self._thresholds.gradcorr_snr
        self._bright.add(self._bins(parameters[good]), batch.labels[good])

    def settle(self) -> Mapping[str, Any]:
        """Take the median correlation of each label in each bin."""
        cells, labels = self._bright.rows()
        if len(cells):
            some = Batch(cells, self._facts.labels, labels, labels)
            found = self._correlations(labels, some.parameters())
            for cell in np.unique(cells):
                inside = found[cells == cell]
                if len(inside) >= self._thresholds.gradcorr_stars:
                    self._medians[int(cell)] = np.median(inside, axis=0)
        return {
            "references": self._facts.references.stored().identity,  # type: ignore[union-attr]
            "bins": [self._told(cell, median) for cell, median in sorted(self._medians.items())],
        }

    def judge(self, batch: Batch) -> Verdict:
        """Flag labels whose bin has too low a median, and all outside the range of training."""
        parameters = batch.parameters()
        own = self._correlations(batch.labels, parameters)
        # Where stars alike are too few, each can only speak for itself.
        typical = own.copy()
        bins = self._bins(parameters)
        for cell, median in self._medians.items():
            typical[bins == cell] = median
        unreliable = typical <= self._thresholds.gradcorr
        unreliable |= outside_range(self._facts, parameters)[:, None] & np.isfinite(typical)
        outputs = {one.name: own[:, place] for place, one in enumerate(self.outputs)}
        return Verdict({GRADIENT_UNRELIABLE: unreliable}, outputs)

    def _bins(self, parameters: Floats) -> Ids:
        """Return the number of each star's bin; -1 where a parameter is not known."""
        said = self._thresholds
        known: Bools = np.asarray(np.isfinite(parameters).all(1))
        teff, _, fe_h = np.where(known[:, None], parameters, 0.0).T
        hot = np.floor(np.clip(teff, *_BIN_LIMITS[0]) / said.gradcorr_teff)
        rich = np.floor(np.clip(fe_h, *_BIN_LIMITS[1]) / said.gradcorr_fe_h) + _RICHEST
        giant = giants(parameters, said.giant_teff, said.giant_logg)
        cell = (hot * 2 * _RICHEST + rich) * 2 + giant
        return np.where(known, cell, -1).astype(np.int64)

    def _told(self, cell: int, median: Floats) -> dict[str, Any]:
        said = self._thresholds
        place, giant = divmod(cell, 2)
        hot, rich = divmod(place, 2 * _RICHEST)
        names = self._facts.labels
        return {
            "population": "giant" if giant else "dwarf",
            "teff": hot * said.gradcorr_teff,
            "fe_h": (rich - _RICHEST) * said.gradcorr_fe_h,
            "medians": {
                name: round(float(value), 6)
                for name, value in zip(names, median, strict=True)
                if np.isfinite(value)
            },
        }


_RICHEST = 4096
"""More bins of [Fe/H] than this to either side of 0 there are none."""


def _output(name: str) -> Output:
    column = prefixed(GRADIENT_CORRELATION, label(name))
    return Output(column.name, column.unit, column.ucd, column.description)


def _needs(facts: Facts) -> str | None:
    if isinstance(facts.emulator, str):
        return facts.emulator
    if facts.references is None:
        return (
            f"no reference gradients were made (`starledger quality references {facts.model.name}`)"
        )
    if not torch.equal(facts.references.wavelength, facts.emulator.wavelength.double()):
        return "the reference gradients are on other pixels than the model"
    return facts.missing_parameters


RULE = Rule("gradcorr", Subject.FIT, (GRADIENT_UNRELIABLE,), _needs, GradientCase)
