"""Spectra moved by a velocity and brought onto another grid, with their errors and masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.lattice import LatticeReader
from starledger.compute.spectra.stencils import Form, Reader, Stencil

LIGHT_SPEED = 299_792.458
"""km/s."""
# Beyond this and its inverse float32 cannot hold the variance.
_LEAST_IVAR = 1e-37


def doppler_factor(velocity: Tensor) -> Tensor:
    """Return by what the wavelengths of a receding source are multiplied.

    The relativistic form for motion along the line of sight, so that −v undoes v exactly.

    Parameters
    ----------
    velocity
        In km/s, positive when receding.

    Examples
    --------
    >>> round(float(doppler_factor(torch.tensor(30.0, dtype=torch.float64))), 9)
    1.000100074
    """
    beta = velocity.double() / LIGHT_SPEED
    return torch.sqrt((1 + beta) / (1 - beta))


@dataclass(frozen=True, slots=True)
class Moved:
    """Spectra without errors, as of models, moved by a velocity.

    Parameters
    ----------
    flux
        Spectra × pixels; 0 outside.
    slope
        Its derivative by the velocity, in 1/(km/s).
    inside
        Whether the pixel was within the spectrum before it moved, and off its gaps.
    """

    flux: Tensor
    slope: Tensor
    inside: Tensor


class Mover:
    """Moves batches of spectra by a velocity each, from one grid onto another.

    The errors that come out are those of each pixel alone, sum(w² σ²). New pixels that share old
    ones are correlated, and the diagonal leaves that out: read linearly halfway between pixels,
    each has half the variance and a correlation of 1/2 with either neighbour. Broad features then
    have errors √2 times as large as the diagonal says (1.25 times read as a cubic; averaged over
    all phases 1.22 and 1.14). The expected χ² stays right; errors of labels that are fitted to
    resampled pixels are too small by up to these factors. `Stencil.read_covariance` gives what is
    left out; to have nothing left out, leave the observed pixels alone and `move` the model.

    Parameters
    ----------
    old, new
        The grids that spectra come on and go to.
    form
        How pixels are read between. A cubic blurs lines that are hardly wider than two pixels;
        kriging keeps them, and loses five pixels on either side of a bad one instead of two. The
        mean over the new pixel conserves the flux, and is the one to take for much coarser
        grids.
    dtype
        That of the spectra.

    Examples
    --------
    >>> grid = PixelGrid.log10(5000.0, 1e-4, 100)
    >>> mover = Mover(grid, grid, Form.LINEAR)
    >>> spectra = Spectra(torch.ones(1, 100), torch.ones(1, 100))
    >>> at_rest = mover.resample(spectra, torch.tensor([-100.0]))
    >>> int((at_rest.ivar == 0).sum()), float(at_rest.flux[0, 50])
    (2, 1.0)
    """

    def __init__(
        self,
        old: PixelGrid,
        new: PixelGrid,
        form: Form = Form.CUBIC,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.form = form
        self._reader = Reader(old, form, dtype)
        self._lattice = LatticeReader.between(old, new, form, dtype)
        self._centre = torch.from_numpy(new.wavelength)
        self._low, self._high = (torch.from_numpy(edge) for edge in new.edges())

    def to(self, device: torch.device) -> Self:
        """Return the same mover on a device."""
        moved = object.__new__(type(self))
        moved.form = self.form
        moved._reader = self._reader.to(device)
        moved._lattice = self._lattice and self._lattice.to(device)
        for name in ("_centre", "_low", "_high"):
            setattr(moved, name, getattr(self, name).to(device))
        return moved

    def stencil(self, velocity: Tensor) -> Stencil:
        """Return the weights that move spectra by velocities in km/s, one a spectrum."""
        factor = doppler_factor(-velocity)
        if self._lattice is not None:
            return self._lattice.at_factors(factor)
        source = factor[:, None]
        if self.form is Form.CONSERVING:
            return self._reader.over_pixels(self._low * source, self._high * source)
        return self._reader.at_points(self._centre * source)

    def move(self, flux: Tensor, velocity: Tensor) -> Moved:
        """Move spectra that have no errors.

        Parameters
        ----------
        flux
            Finite: spectra × old pixels.
        velocity
            To add to each, in km/s: one a spectrum.
        """
        stencil = self.stencil(velocity)
        beta = velocity.double() / LIGHT_SPEED
        # The wavelength that is read shrinks as the velocity grows: d ln λ / dv.
        rate = (-1 / (LIGHT_SPEED * (1 - beta**2))).to(flux.dtype)
        value, slope = stencil.read_with_slopes(flux)
        return Moved(value, slope * rate[:, None], stencil.inside)

    def resample(self, spectra: Spectra, velocity: Tensor) -> Spectra:
        """Move observed spectra, with their errors.

        New pixels that touch one that does not count do not count, nor do those outside the
        observed range or in its gaps: they come out with flux and ivar 0.

        Parameters
        ----------
        spectra
            On the old pixels. Those with a flux or an ivar that is not finite, or an ivar that is
            not positive, do not count, and may hold anything.
        velocity
            To add to each, in km/s: one a spectrum. Minus the radial velocity brings a star to
            rest.
        """
        stencil = self.stencil(velocity)
        counts = usable(spectra)
        flux = torch.where(counts, spectra.flux, 0.0)
        variance = torch.where(counts, 1 / torch.where(counts, spectra.ivar, 1.0), 0.0)
        good = stencil.inside & ~stencil.touches(~counts)
        ivar = 1 / torch.where(good, stencil.read_variance(variance), 1.0)
        return Spectra(torch.where(good, stencil.read(flux), 0.0), torch.where(good, ivar, 0.0))


def usable(spectra: Spectra) -> Tensor:
    """Return which pixels count: finite, and of positive inverse variance (1e-37 to 1e37).

    Examples
    --------
    >>> bad = torch.tensor([[1.0, float("nan"), 1.0]])
    >>> usable(Spectra(bad, torch.tensor([[1.0, 1.0, -1.0]]))).tolist()
    [[True, False, False]]
    """
    weighs = (spectra.ivar > _LEAST_IVAR) & (spectra.ivar < 1 / _LEAST_IVAR)
    return torch.isfinite(spectra.flux) & weighs
