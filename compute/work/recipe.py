"""How a model is applied to spectra: all that decides what labels it gives, kept as settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from starledger import __version__
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.spectra.normalisation import NAMES, UnknownContinuum
from starledger.schema.errors import StarledgerError

FITTER = "levenberg"


class NewerRecipe(StarledgerError):
    """The ledger asks for a way to fit that this software does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model is applied.

    Parameters
    ----------
    continuum
        The name of what spectra are divided by, see `starledger.compute.spectra.normalisation`.
    continuum_pixels
        Numbers of the pixels that are continuum, where the continuum needs some.
    rv_range
        The radial velocity is fitted between minus and plus this in km/s; None leaves it at 0.
    emulator_error
        Whether the emulator's own error is added to that of the pixels.
    free_width
        Whether the width of lines is fitted beside the labels.
    covariance
        Whether the covariance of the labels is kept.

    Examples
    --------
    >>> Recipe.of(Recipe(continuum="none").settings()) == Recipe(continuum="none")
    True
    """

    continuum: str
    continuum_pixels: tuple[int, ...] = ()
    rv_range: float | None = 300.0
    emulator_error: bool = False
    free_width: bool = False
    covariance: bool = True

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the recipe that `settings` wrote.

        Raises
        ------
        NewerRecipe
            Another version wrote what this one does not know.
        """
        kept = dict(settings)
        fitter = kept.pop("fitter", None)
        kept.pop("software_version", None)
        if fitter != FITTER or not kept.keys() <= set(cls.__dataclass_fields__):
            raise NewerRecipe(
                f"The ledger asks for a fit with {dict(settings)}.",
                remedy="Run the version of Starledger that planned it.",
            )
        return cls(**{**kept, "continuum_pixels": tuple(kept.get("continuum_pixels", ()))})

    def settings(self) -> dict[str, Any]:
        """Return what the ledger keeps: what JSON can hold."""
        kept = asdict(self) | {"continuum_pixels": list(self.continuum_pixels)}
        if not self.free_width:  # so that fits from before there was a choice count as the same
            del kept["free_width"]
        return {"fitter": FITTER, "software_version": __version__, **kept}

    def fit_settings(self) -> FitSettings:
        """Return the settings of the fitter."""
        return FitSettings(
            rv_range=self.rv_range,
            emulator_error=self.emulator_error,
            free_width=self.free_width,
        )

    def pixels(self, n_pixels: int) -> NDArray[np.bool_] | None:
        """Return which pixels are continuum, where some are named."""
        if not self.continuum_pixels:
            return None
        named = np.zeros(n_pixels, np.bool_)
        named[list(self.continuum_pixels)] = True
        return named


def continuum_of(model: str, normalisation: str | None, given: str | None) -> str:
    """Return the continuum for a model: the given one, or that which the model names.

    Parameters
    ----------
    model
        Its name.
    normalisation
        How spectra that it was trained on were normalised; a name of ours, or any words.
    given
        What the user asked for.

    Raises
    ------
    UnknownContinuum
        Neither says it in a way that can be followed.

    Examples
    --------
    >>> continuum_of("payne", "gaussian_50", None)
    'gaussian_50'
    """
    chosen = given or normalisation
    if chosen in NAMES:
        return str(chosen)
    said = "does not say" if normalisation is None else f"says only {normalisation!r} of"
    raise UnknownContinuum(
        f"The model {model} {said} how spectra are normalised."
        if given is None
        else f"{given!r} is no continuum that we know.",
        remedy=f"Give --continuum with one of {', '.join(NAMES)}.",
    )


class BadPixelFile(StarledgerError):
    """A file does not say which pixels are continuum."""


def read_pixels(path: Path) -> tuple[int, ...]:
    """Return the numbers of the pixels at which an archive's one array is True.

    Raises
    ------
    BadPixelFile
        It holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            (array,) = (archive[name] for name in archive.files)
    except (OSError, ValueError) as error:
        raise BadPixelFile(
            f"{path} cannot be read: {error}.", remedy="Give an archive (.npz) with one array."
        ) from None
    if array.dtype != np.bool_ or array.ndim != 1:
        raise BadPixelFile(
            f"{path} holds {array.dtype} of shape {array.shape}.",
            remedy="It must say True or False for each pixel of the model.",
        )
    return tuple(np.flatnonzero(array).tolist())
