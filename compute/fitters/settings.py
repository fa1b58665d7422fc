"""What an astronomer may choose about a fit."""

from __future__ import annotations

from dataclasses import dataclass, field

from starledger.compute.fitters.losses import Loss, Squares


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How spectra are fitted.

    Parameters
    ----------
    rv_range
        The radial velocity is fitted between minus and plus this in km/s; None leaves it at 0, for
        spectra that are at rest.
    rv_scan
        The starting grid looks for the velocity between minus and plus this in km/s, so that a
        star beyond the range is seen and flagged.
    loss
        What a deviating pixel costs.
    emulator_error
        Whether the variance of the emulator's own error, where it is known, is added to that of
        each pixel.
    free_width
        Whether the width of lines is fitted beside the labels, see
        `starledger.compute.fitters.free_width`.
    margin
        By how much of its range a label may leave what the emulator was trained for.
    tolerance
        A fit has converged when the next step would be shorter than this in standard errors.
    max_steps
        It is given up after so many steps.
    n_starts
        From so many starting points is fitted, one after the other, what did not converge inside
        its bounds or has a reduced χ² above `doubtful`.
    doubtful
        See there.
    """

    rv_range: float | None = 300.0
    rv_scan: float = 1000.0
    loss: Loss = field(default_factory=Squares)
    emulator_error: bool = False
    free_width: bool = False
    margin: float = 0.0
    tolerance: float = 0.01
    max_steps: int = 40
    n_starts: int = 2
    doubtful: float = 3.0
