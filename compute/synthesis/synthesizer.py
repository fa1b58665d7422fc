"""Spectra from labels: the synthesis of a batch of stars on a grid of wavelengths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from starledger.compute.synthesis.atmosphere import Atmosphere, build_atmosphere, depth_grid
from starledger.compute.synthesis.labels import label_index
from starledger.compute.synthesis.line_opacity import (
    LineConditions,
    LineConstants,
    damped_cores,
    damping_wings,
    gaussian_cores,
    stimulated,
)
from starledger.compute.synthesis.lines import LineList, join, observed_lines
from starledger.compute.synthesis.rovibrational import synthetic_lines
from starledger.compute.synthesis.smooth_opacity import bands, continuum, hydrogen, relative_depth
from starledger.compute.synthesis.transfer import emergent_flux, planck
from starledger.compute.synthesis.velocity_grid import SEGMENT, VelocityGrid
from starledger.compute.synthesis.windows import SegmentPlan, plan_segment


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Spectra of a batch of stars at their surface; stars × pixels.

    Parameters
    ----------
    grid
        The wavelengths.
    flux, continuum
        F_λ with and without lines in erg s⁻¹ cm⁻² Å⁻¹.
    """

    grid: VelocityGrid
    flux: Tensor
    continuum: Tensor

    @property
    def normalised(self) -> Tensor:
        """Flux over continuum."""
        return self.flux / self.continuum


def default_lines() -> LineList:
    """Return the lines of the line list and the declared synthetic ones."""
    return join(observed_lines(), synthetic_lines())


def _refine(values: Tensor, factor: int) -> Tensor:
    """Interpolate linearly along the first dimension, `factor` points for every interval."""
    share = torch.arange(factor, dtype=values.dtype, device=values.device) / factor
    share = share.view(1, factor, *[1] * (values.dim() - 1))
    fine = torch.lerp(values[:-1, None], values[1:, None], share)
    return fine.flatten(0, 1)


def _refine_closed(values: Tensor, factor: int) -> Tensor:
    return torch.cat([_refine(values, factor), values[-1:]])


class Synthesizer:
    """Computes spectra on one grid with one line list, both fixed; the labels vary.

    Parameters
    ----------
    grid
        Where to compute.
    lines
        What absorbs; the lines that come with the software by default.
    dtype
        32-bit floats are good to 1e-5 of the flux; tests of gradients use 64.

    Examples
    --------
    >>> from starledger.compute.synthesis.labels import label_tensor
    >>> grid = VelocityGrid.covering(5160.0, 5200.0)
    >>> magnesium = Synthesizer(grid).spectrum(label_tensor({"mg_fe": [-0.5, 0.0, 0.5]})).normalised
    >>> depth = 1 - magnesium.mean(dim=1)
    >>> bool(depth[0] < depth[1] < depth[2])
    True
    """

    def __init__(
        self,
        grid: VelocityGrid,
        lines: LineList | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.grid = grid
        self.lines = default_lines() if lines is None else lines
        self.dtype = dtype
        self._constants = LineConstants.of(self.lines, dtype)

    @cached_property
    def _plans(self) -> list[SegmentPlan]:
        return [
            plan_segment(self.lines, self.grid, i, self.dtype) for i in range(self.grid.segments)
        ]

    def spectrum(self, labels: Tensor) -> Spectrum:
        """Return the spectra of stars at rest, without rotation or macroturbulence.

        Parameters
        ----------
        labels
            Stars × `SYNTHESIS_LABELS` (see `label_tensor`), in 64-bit floats. Differentiable.
        """
        atmosphere = build_atmosphere(labels)
        conditions = LineConditions.of(atmosphere, labels[:, label_index("vmic")], self.dtype)
        parts = [
            self._segment(i, plan, atmosphere, conditions) for i, plan in enumerate(self._plans)
        ]
        flux = torch.cat([part[0] for part in parts]).T
        return Spectrum(self.grid, flux, torch.cat([part[1] for part in parts]).T)

    def _segment(
        self, index: int, plan: SegmentPlan, atmosphere: Atmosphere, at: LineConditions
    ) -> tuple[Tensor, Tensor]:
        """Return flux and continuum of a segment, pixels × stars."""
        first = index * SEGMENT
        edges = self.grid.wavelength(first, first + SEGMENT + 1, SEGMENT)
        log_tau = depth_grid(self.dtype)
        temperature = atmosphere.gas.temperature.T
        source = tuple(planck(edge, temperature).to(self.dtype) for edge in edges)
        smooth = continuum(atmosphere, edges).to(self.dtype)
        ends = [emergent_flux(smooth[i : i + 1], log_tau, (source[i], source[i])) for i in (0, 1)]
        opacity = self._opacity(first, plan, atmosphere, at, smooth)
        flux = emergent_flux(opacity, log_tau, (source[0], source[1]))
        return flux, _refine(torch.cat(ends), SEGMENT)

    def _opacity(
        self,
        first: int,
        plan: SegmentPlan,
        atmosphere: Atmosphere,
        at: LineConditions,
        smooth: Tensor,
    ) -> Tensor:
        """Return the relative opacity of a segment, pixels × depths × stars."""
        shape = (-1, *smooth.shape[1:])
        past = first + SEGMENT + 1
        coarse, middle = self.grid.coarse, self.grid.middle
        weight = relative_depth(atmosphere).T.reshape(1, -1).to(self.dtype)
        weight = weight * stimulated(self.grid.wavelength_at(first + SEGMENT / 2), at)
        total = _refine_closed(smooth, SEGMENT // coarse)
        molecular = bands(atmosphere, self.grid.wavelength(first, past, coarse).to(self.dtype))
        if molecular is not None:
            total = total + molecular
        if plan.coarse:
            total = total + (damping_wings(plan.coarse, self._constants, at) * weight).view(shape)
        total = _refine_closed(total, coarse // middle)
        balmer = hydrogen(atmosphere, self.grid.wavelength(first, past, middle).to(self.dtype))
        if balmer is not None:
            total = total + balmer
        if plan.middle:
            total = total + (damping_wings(plan.middle, self._constants, at) * weight).view(shape)
        total = _refine(total, middle)
        for window, cores in ((plan.narrow, gaussian_cores), (plan.broad, damped_cores)):
            if window:
                total = total + (cores(window, self._constants, at) * weight).view(shape)
        return total
