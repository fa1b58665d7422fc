"""Visits as a fit saw them, and the model at the labels and velocities that it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import Row

from starledger.catalog.star_spectra.finding import PinnedModel
from starledger.catalog.star_spectra.observed import files_of
from starledger.catalog.star_spectra.used_pixels import Kept, used_pixels
from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.free_width import FreeWidth
from starledger.compute.fitters.triage import cleaned
from starledger.compute.models.base import Spectra
from starledger.compute.models.registry import Registered, read_registered
from starledger.compute.models.systems import StorableEmulator, emulator_of
from starledger.compute.spectra.normalisation import continuum
from starledger.compute.work.leases import Lease
from starledger.compute.work.pixels import PixelReader
from starledger.compute.work.recipe import Recipe
from starledger.schema.errors import StarledgerError

CPU = torch.device("cpu")


class PixelsNotPrepared(StarledgerError):
    """The pixels of a visit cannot be brought onto the model's grid."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A visit as its fit saw it; arrays are on the model's pixels.

    Parameters
    ----------
    flux
        Divided by the continuum as the fit did it.
    ivar
        Inverse variance of that flux; 0 where masks drop the pixel.
    used
        Which pixels counted in χ².
    model
        The spectrum of the model at the visit's labels and velocity; None where the fit failed.
    why_none
        Why there is no model spectrum.
    chi2
        Sum of ((flux − model) / error)² over the pixels that counted.
    exact
        Whether these pixels are as many as the ledger says, with its χ².
    """

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    used: NDArray[np.bool_]
    model: NDArray[np.float32] | None
    why_none: str | None
    chi2: float | None
    exact: bool

    @property
    def residual(self) -> NDArray[np.float32] | None:
        """Flux − model; NaN where masks drop the pixel."""
        if self.model is None:
            return None
        return np.where(self.ivar > 0, self.flux - self.model, np.nan).astype(np.float32)

    @property
    def deviation(self) -> NDArray[np.float32] | None:
        """The residual in standard errors."""
        residual = self.residual
        return None if residual is None else residual * np.sqrt(self.ivar)


class Refitter:
    """Makes anew what a fit saw and found, for many visits in one call of the model.

    Parameters
    ----------
    shard_root, model_root
        Where the files are.
    model
        The model as the release pins it.
    registered
        The same, with where its files are.
    """

    def __init__(
        self, shard_root: Path, model_root: Path, model: PinnedModel, registered: Registered
    ) -> None:
        self.recipe = Recipe.of(model.settings)
        self.emulator: StorableEmulator = emulator_of(read_registered(model_root, registered))
        self.wavelength: NDArray[np.float64] = self.emulator.wavelength.numpy()
        mask = self.emulator.stored().tensors.get("mask")
        self.reader = PixelReader(
            shard_root,
            self.wavelength,
            continuum(
                self.recipe.continuum,
                self.wavelength,
                self.recipe.pixels(len(self.wavelength)),
            ),
            None if mask is None else mask.numpy(),
        )

    @torch.inference_mode()
    def fitted(self, visits: Sequence[Row[Any]]) -> list[Fitted]:
        """Return the visits as the fit saw them, in their order.

        Raises
        ------
        PixelsNotPrepared
            A spectrum cannot be read onto the model's pixels.
        """
        spectra = cleaned(self._prepared(visits))
        good = [place for place, visit in enumerate(visits) if visit.labels is not None]
        models = dict(zip(good, self._models([visits[place] for place in good]), strict=True))
        return [
            self._one(visit, spectra.flux[place], spectra.ivar[place], models.get(place))
            for place, visit in enumerate(visits)
        ]

    def _prepared(self, visits: Sequence[Row[Any]]) -> Spectra:
        def numbers(column: str) -> NDArray[np.int64]:
            return np.array([getattr(visit, column) for visit in visits], np.int64)

        lease = Lease(0, *(numbers(one) for one in ("spectrum_id", "shard_id", "shard_row")))
        read = self.reader.read(lease, files_of(visits))
        if read.failures:
            failure = read.failures[0]
            said = failure.error.strip().splitlines()[-1]
            raise PixelsNotPrepared(
                f"Spectrum {failure.spectrum_id} cannot be prepared for the model: {said}",
                remedy="Restore its shard from a backup.",
            )
        back = torch.from_numpy(np.argsort(read.rows))
        return Spectra(read.spectra.flux[back], read.spectra.ivar[back])

    def _models(self, visits: Sequence[Row[Any]]) -> torch.Tensor:
        if not visits:
            return torch.zeros(0, len(self.wavelength))
        rest = self._at_rest(visits)
        if self.recipe.rv_range is None:
            return rest
        rv = torch.tensor([visit.rv or 0.0 for visit in visits], dtype=torch.float64)
        return Doppler(self.emulator.wavelength).shift(rv).apply(rest)

    def _at_rest(self, visits: Sequence[Row[Any]]) -> torch.Tensor:
        free = self.recipe.free_width
        found = [(*visit.labels, visit.line_variance) if free else visit.labels for visit in visits]
        # A label that came out as no number makes no spectrum.
        labels = [[np.nan if one is None else one for one in each] for each in found]
        emulator = FreeWidth.of(self.emulator) if free else self.emulator
        return emulator.flux(torch.tensor(labels, dtype=torch.float32))

    def _one(
        self, visit: Row[Any], flux: torch.Tensor, ivar: torch.Tensor, model: torch.Tensor | None
    ) -> Fitted:
        kept = flux.numpy(), ivar.numpy()
        if model is None or not bool(model.isfinite().all()):
            return Fitted(*kept, ivar.numpy() > 0, None, _why(visit), None, exact=False)
        stored = Kept(visit.rv, visit.chi2, visit.n_pixels)
        found = used_pixels(self.emulator, self.recipe, Spectra(flux, ivar), model, stored)
        return Fitted(
            kept[0], found.ivar.numpy(), found.used, model.numpy(), None, found.chi2, found.exact
        )


def _why(visit: Row[Any]) -> str:
    if visit.outcome is None:
        return "The model was not fitted to this visit."
    if visit.outcome == "failed":
        return f"The fit failed: {visit.reason}"
    return "The fit left a label without a value."
