"""Which lines reach which pixels of a segment, and how far off they are: computed once a grid.

A line is computed on the full grid near its centre only. Beyond, its opacity is that of the
damping wing, C/Δ², with a strength that depends on the star and a shape that does not; the wings of
all lines are one product of a fixed sparse matrix with their strengths, on coarser grids.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.spectra.linear_map import LinearMap
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from starledger.compute.synthesis.lines import LineList
from starledger.compute.synthesis.velocity_grid import SEGMENT, VelocityGrid

NARROW = 10.0
BROAD = 30.0
_MIDDLE_REACH = 250.0
_COARSE_REACH = 8000.0
"""Half-widths in km/s of the windows for weak lines, for others, and of the wings."""
DAMPED = 0.7
_WINGED = 1.7
_FAR_WINGED = 3.5
"""Strengths (see `LineList`) from which a line has wings in its window, and beyond it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Lines near the centre: who they are, how far the pixels are, where they go.

    Parameters
    ----------
    lines
        Places in the line list.
    offset
        Velocity of the window's pixels from the line in km/s, lines × pixels × 1.
    given
        What the wing on coarser grids already gives inside (s²/km²), lines × pixels × 1.
    scatter
        Adds lines × pixels up on the pixels of the segment.
    """

    lines: Tensor
    offset: Tensor
    given: Tensor
    scatter: LinearMap


@dataclass(frozen=True, slots=True)
class Wings:
    """Wings of lines on one of the coarser grids: who they are, and 1/Δ² as a matrix."""

    lines: Tensor
    shape: LinearMap


def _position(lines: LineList, grid: VelocityGrid) -> NDArray[np.float64]:
    return np.asarray(np.log(lines.wavelength / grid.start) * LIGHT_SPEED_KMS / grid.step)


def _inverse_square(offset: NDArray[np.float64], inner: float) -> NDArray[np.float64]:
    """Return 1/Δ² outside a velocity and inside it the parabola that continues it smoothly."""
    outside = 1.0 / np.maximum(np.abs(offset), inner) ** 2
    return np.asarray(outside * (1.0 + np.maximum(0.0, 1.0 - (offset / inner) ** 2)))


def _window(
    lines: LineList,
    chosen: NDArray[np.bool_],
    grid: VelocityGrid,
    segment: int,
    reach: float,
    dtype: torch.dtype,
) -> Window | None:
    half = int(np.ceil(reach / grid.step))
    position = _position(lines, grid) - segment * SEGMENT
    near = chosen & (position > -half - 1) & (position < SEGMENT + half)
    index = np.flatnonzero(near)
    if not len(index):
        return None
    pixel = np.rint(position[index]).astype(int)[:, None] + np.arange(-half, half + 1)
    offset = (pixel - position[index, None]) * grid.step
    inside = (pixel >= 0) & (pixel < SEGMENT)
    column = np.arange(pixel.size).reshape(pixel.shape)
    scatter = LinearMap.of(
        torch.from_numpy(pixel[inside]),
        torch.from_numpy(column[inside]),
        torch.ones(int(inside.sum()), dtype=dtype),
        (SEGMENT, pixel.size),
    )
    given = np.where(lines.strength[index, None] > _WINGED, _inverse_square(offset, BROAD), 0.0)
    return Window(
        torch.from_numpy(index),
        torch.from_numpy(offset)[..., None].to(dtype),
        torch.from_numpy(given)[..., None].to(dtype),
        scatter,
    )


def _wings(
    lines: LineList,
    grid: VelocityGrid,
    segment: int,
    step: int,
    reach: tuple[float, float],
    weakest: float,
    dtype: torch.dtype,
) -> Wings | None:
    """Return wings from inner out to outer, less those that the still coarser grid gives."""
    inner, outer = reach
    position = _position(lines, grid) - segment * SEGMENT
    margin = outer / grid.step
    near = (lines.strength > weakest) & (position > -margin) & (position < SEGMENT + margin)
    index = np.flatnonzero(near)
    if not len(index):
        return None
    pixels = np.arange(0, SEGMENT + 1, step)
    offset = np.abs(pixels[:, None] - position[index]) * grid.step
    shape = _inverse_square(offset, inner)
    if outer == _MIDDLE_REACH:
        far = lines.strength[index] > _FAR_WINGED
        shape -= np.where(far, _inverse_square(offset, outer), 0.0)
    shape = np.where(offset < outer, shape, 0.0)
    rows, columns = np.nonzero(shape > 0)
    values = torch.from_numpy(shape[rows, columns]).to(dtype)
    places = torch.from_numpy(rows), torch.from_numpy(columns)
    return Wings(torch.from_numpy(index), LinearMap.of(*places, values, (len(pixels), len(index))))


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """All that is fixed about the lines of one segment."""

    narrow: Window | None
    broad: Window | None
    middle: Wings | None
    coarse: Wings | None


def plan_segment(
    lines: LineList, grid: VelocityGrid, segment: int, dtype: torch.dtype
) -> SegmentPlan:
    """Return the plan of a segment of a grid."""
    damped = lines.strength > DAMPED
    near, far = (BROAD, _MIDDLE_REACH), (_MIDDLE_REACH, _COARSE_REACH)
    return SegmentPlan(
        _window(lines, ~damped, grid, segment, NARROW, dtype),
        _window(lines, damped, grid, segment, BROAD, dtype),
        _wings(lines, grid, segment, grid.middle, near, _WINGED, dtype),
        _wings(lines, grid, segment, grid.coarse, far, _FAR_WINGED, dtype),
    )
