"""How spectra are normalised: continua by names that a model's configuration keeps."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.spectra.continuum import EvenPseudoContinuum, PseudoContinuum
from starledger.compute.spectra.continuum_pixels import ContinuumPixels
from starledger.compute.spectra.doppler import usable
from starledger.schema.errors import StarledgerError


class Continuum(Protocol):
    """Gives the continuum by which a batch of spectra is divided."""

    def __call__(self, flux: Tensor, ivar: Tensor) -> Tensor:
        """Return continua of spectra with these fluxes and ivars: spectra × pixels."""
        ...

    def to(self, device: torch.device) -> Self:
        """Return the same continuum on a device."""
        ...


class UnknownContinuum(StarledgerError):
    """A continuum has a name that we do not know, or lacks the pixels that it is fitted to."""


class NoContinuum:
    """The continuum of spectra that are normalised already, or that are to stay as they are.

    Examples
    --------
    >>> NoContinuum()(torch.tensor([[3.0, 4.0]]), torch.ones(1, 2)).tolist()
    [[1.0, 1.0]]
    """

    def __call__(self, flux: Tensor, ivar: Tensor) -> Tensor:  # noqa: ARG002
        """Return ones."""
        return torch.ones_like(flux)

    def to(self, device: torch.device) -> Self:  # noqa: ARG002
        """Return itself."""
        return self


NAMES = ("none", "gaussian_50", "gaussian_50_even", "apogee_pixels_4")
"""Names of continua.

- ``none``: spectra stay as they are.
- ``gaussian_50``: the spectrum itself smoothed with a Gaussian of 50 Å, pixels weighed by ivar
  (The Cannon).
- ``gaussian_50_even``: the same, all pixels with any ivar counting alike (DD–Payne): for models
  of synthesized spectra, which have no noise.
- ``apogee_pixels_4``: Chebyshev polynomials of order 4 through continuum pixels, one for each
  detector of APOGEE (The Payne). The pixels are kept beside the name.
"""


def continuum(
    name: str,
    wavelength: NDArray[np.float64],
    pixels: NDArray[np.bool_] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Continuum:
    """Return a continuum by its name.

    Parameters
    ----------
    name
        One of `NAMES`.
    wavelength
        Of the pixels in vacuum in Å.
    pixels
        Which pixels are continuum, for those that need it.
    dtype
        That of the spectra.

    Raises
    ------
    UnknownContinuum
        There is no such name, or the pixels are missing.

    Examples
    --------
    >>> type(continuum("none", np.arange(4000.0, 4100.0))).__name__
    'NoContinuum'
    """
    if name == "none":
        return NoContinuum()
    if name == "gaussian_50":
        return PseudoContinuum(wavelength, dtype=dtype)
    if name == "gaussian_50_even":
        return EvenPseudoContinuum(wavelength, dtype=dtype)
    if name != "apogee_pixels_4":
        raise UnknownContinuum(
            f"{name!r} is no continuum that we know.", remedy=f"Use one of {', '.join(NAMES)}."
        )
    if pixels is None or len(pixels) != len(wavelength):
        raise UnknownContinuum(
            f"The continuum {name} lacks its continuum pixels.",
            remedy=f"Say for each of the {len(wavelength)} pixels whether it is one.",
        )
    return ContinuumPixels(wavelength, pixels)


def normalise(spectra: Spectra, by: Continuum) -> Spectra:
    """Return spectra divided by their continuum, and their errors with them.

    The continuum counts as known: its own noise is not added to the errors. Pixels where it is not
    positive, and those that did not count before, come out with flux and ivar 0.

    Examples
    --------
    >>> spectra = Spectra(torch.tensor([[2.0, float("nan")]]), torch.tensor([[4.0, 1.0]]))
    >>> out = normalise(spectra, NoContinuum())
    >>> out.flux.tolist(), out.ivar.tolist()
    ([[2.0, 0.0]], [[4.0, 0.0]])
    """
    counts = usable(spectra)
    flux = torch.where(counts, spectra.flux, 0.0)
    ivar = torch.where(counts, spectra.ivar, 0.0)
    level = by(flux, ivar)
    good = counts & (level > 0) & (level < torch.inf)
    level = torch.where(good, level, 1.0)
    divided = Spectra(flux / level, ivar * (level * level))
    good &= usable(divided)
    return Spectra(torch.where(good, divided.flux, 0.0), torch.where(good, divided.ivar, 0.0))
