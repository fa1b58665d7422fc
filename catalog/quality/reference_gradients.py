"""Ab-initio gradient spectra of the reference stars, with which a model's own are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from sqlalchemy import Connection, text
from torch import Tensor

from starledger.catalog.quality.batches import Floats
from starledger.compute.models.base import Emulator
from starledger.compute.models.stored import StoredModel, read_model, write_folder
from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.synthesis.labels import SYNTHESIS_LABELS
from starledger.compute.training.abinitio import SAME_WITHOUT_NOISE, SPECTROGRAPHS, AbInitio
from starledger.schema.errors import StarledgerError

SYSTEM = "reference_gradients"

SCALES = np.array([100.0, 0.2, 0.1])
"""Differences in Teff (K), log g and [Fe/H] that count alike when the nearest star is sought."""

STARS = np.array([
    [5778.0, 4.53, 0.0, -0.25], [6380.0, 4.06, -0.5, 0.25], [4791.0, 2.52, 0.0, 0.5],
    [5097.0, 2.16, -1.5, 0.5], [5012.0, 4.62, 0.0, -0.25], [4991.0, 4.68, -0.5, -0.25],
    [6500.0, 4.02, -1.5, 0.5], [5854.0, 4.68, -2.5, -0.25], [5183.0, 2.04, -2.5, 0.5],
    [5671.0, 3.56, -1.0, 0.25], [5200.0, 3.55, 0.0, 0.25], [6003.0, 3.57, -2.0, 0.25],
    [4784.0, 4.77, -1.5, -0.25], [4369.0, 1.65, -0.5, 0.5], [7183.0, 4.18, -0.5, -0.25],
    [7059.0, 4.19, -2.5, -0.25],
])  # fmt: skip
"""Teff (K), log g, [Fe/H] and the step of log g, of the stars of Table 1 of Xiang et al. (2019)."""
VMIC = 1.5
"""Of all of them, in km/s."""
_STEPS = {"teff": 200.0, "fe_h": 0.5, "vmic": 1.0}
_ABUNDANCE_STEP = 0.5


class NoReferences(StarledgerError):
    """For a model no ab-initio gradients can be made."""


@dataclass(frozen=True, slots=True)
class ReferenceGradients:
    """Gradient spectra of reference stars.

    Parameters
    ----------
    names
        Labels by which they are derived.
    stars
        Stars × (Teff in K, log g, [Fe/H]).
    wavelength
        In vacuum in Å.
    gradients
        Stars × labels × pixels, per unit of the label.
    """

    names: tuple[str, ...]
    stars: Tensor
    wavelength: Tensor
    gradients: Tensor

    def stored(self) -> StoredModel:
        """Return them as files hold them."""
        tensors = {
            "stars": self.stars,
            "wavelength": self.wavelength,
            "gradients": self.gradients,
        }
        return StoredModel({"system": SYSTEM, "labels": list(self.names)}, tensors)

    @classmethod
    def of(cls, stored: StoredModel) -> Self:
        """Return those that files hold."""
        return cls(tuple(stored.configuration["labels"]), **stored.tensors)

    def nearest(self, parameters: Floats) -> Tensor:
        """Return the number of the reference star nearest to each row of (Teff, log g, [Fe/H])."""
        apart = (parameters[:, None, :] - self.stars.numpy()) / SCALES
        return torch.from_numpy(np.square(apart).sum(2).argmin(1))


def folder_of(root: Path, sha256: str) -> Path:
    """Return where the reference gradients of a model are, below the folder of models."""
    return root / SYSTEM / sha256


def find_references(root: Path, sha256: str) -> ReferenceGradients | None:
    """Return the reference gradients that were made for a model, if they were."""
    folder = folder_of(root, sha256)
    return ReferenceGradients.of(read_model(folder)) if folder.exists() else None


def make_references(
    root: Path,
    sha256: str,
    emulator: Emulator,
    instrument: str,
    advance: Callable[[int], None] = lambda _: None,
    processes: int = 1,
) -> ReferenceGradients:
    """Synthesize the reference gradients of a model and keep them beside it.

    Each is a difference of two spectra, as in Xiang et al. (2019), seen by the instrument and
    normalised as the model's.

    Parameters
    ----------
    root
        The folder of models.
    sha256
        The model's identity.
    emulator
        The model; its pixels and labels count.
    instrument
        Whose spectra it fits.
    advance
        Called with how many more spectra there are.
    processes
        How many share the work.

    Raises
    ------
    NoReferences
        The instrument is not simulated, or spectra are normalised in a way of their own.
    """
    found = synthesized(_synthesis(emulator, instrument, processes), emulator, advance)
    write_folder(folder_of(root, sha256), found.stored())
    return found


def instrument_of(connection: Connection, model_id: int) -> str:
    """Return the instrument whose spectra a model fits.

    Raises
    ------
    NoReferences
        There is not one, but none or several.
    """
    query = "SELECT DISTINCT i.name FROM ledger.model_instrument JOIN ledger.instrument i"
    query += " USING (instrument_id) WHERE model_id = :model ORDER BY 1"
    found = connection.execute(text(query), {"model": model_id}).scalars().all()
    if len(found) != 1:
        raise NoReferences(
            f"The model fits spectra of {', '.join(found) or 'no instrument'}.",
            remedy="Reference gradients are made for models of one instrument.",
        )
    return str(found[0])


def synthesized(
    flux: Callable[[Tensor, Callable[[int], None]], Tensor],
    emulator: Emulator,
    advance: Callable[[int], None] = lambda _: None,
) -> ReferenceGradients:
    """Return the gradients that a synthesis gives for the labels of an emulator."""
    names = differentiable(emulator)
    base, steps = _base_and_steps(names)
    moved = base[:, None, :] + torch.diag_embed(steps)
    everything = torch.cat([base[:, None, :], moved], 1)
    spectra = flux(everything.flatten(0, 1), advance).double()
    spectra = spectra.view(*everything.shape[:2], -1)
    gradients = (spectra[:, 1:] - spectra[:, :1]) / steps[:, :, None]
    stars = torch.from_numpy(STARS[:, :3].copy())
    return ReferenceGradients(names, stars, emulator.wavelength.double(), gradients.float())


def differentiable(emulator: Emulator) -> tuple[str, ...]:
    """Return the labels of an emulator by which reference gradients can be made."""
    return tuple(
        name
        for name in emulator.labels
        if name in SYNTHESIS_LABELS and (name in (*_STEPS, "logg") or name.endswith("_fe"))
    )


def n_spectra(emulator: Emulator) -> int:
    """Return how many spectra are synthesized for a model."""
    return len(STARS) * (1 + len(differentiable(emulator)))


def _base_and_steps(names: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    base = torch.zeros(len(STARS), len(names), dtype=torch.float64)
    steps = torch.full_like(base, _ABUNDANCE_STEP)
    given = {"teff": STARS[:, 0], "logg": STARS[:, 1], "fe_h": STARS[:, 2]}
    for place, name in enumerate(names):
        if name in given:
            base[:, place] = torch.from_numpy(given[name].copy())
        if name == "vmic":
            base[:, place] = VMIC
        if name == "logg":
            steps[:, place] = torch.from_numpy(STARS[:, 3].copy())
        elif name in _STEPS:
            steps[:, place] = _STEPS[name]
    return base, steps


def _synthesis(
    emulator: Emulator, instrument: str, processes: int
) -> Callable[[Tensor, Callable[[int], None]], Tensor]:
    if instrument not in SPECTROGRAPHS:
        raise NoReferences(
            f"There are no ab-initio spectra for {instrument}.",
            remedy=f"They can be made for models of {', '.join(SPECTROGRAPHS)}.",
        )
    said = getattr(emulator, "normalisation", None)
    if said not in (None, *SAME_WITHOUT_NOISE):
        same = " or ".join(SAME_WITHOUT_NOISE)
        raise NoReferences(
            f"The model's spectra are normalised as {said!r}, those of the synthesis as {same}.",
            remedy=f"Train the model on spectra normalised as {same}.",
        )
    wavelength = emulator.wavelength.numpy()
    seen = SPECTROGRAPHS[instrument]
    whole = len(wavelength) == len(seen.wavelength)
    window = None if whole else (float(wavelength[0]), float(wavelength[-1]))
    spectrograph = replace(seen, wavelength=wavelength)
    names = differentiable(emulator)
    maker = AbInitio(spectrograph, names, Quality.CLEAN, window, processes)
    return maker.flux
