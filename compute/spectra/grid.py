"""Wavelength grids in vacuum: those of models, and those of surveys once they are converted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from starledger.compute.spectra.wavelengths import air_to_vacuum
from starledger.ingest.pixels.spectrum import Grid, GridKind
from starledger.schema.errors import StarledgerError

GAP = 2.5
"""Pixels further apart than this many times the nearest such distance have a gap between them."""

_ROUNDING = 1e-9
"""Of wavelengths that were kept in double precision, and calculated in another order."""


class UnusableGrid(StarledgerError):
    """Wavelengths cannot be those of a spectrum's pixels."""

    def __init__(self, what: str) -> None:
        super().__init__(what, remedy="Give at least four finite, positive, increasing numbers.")


@dataclass(frozen=True, slots=True, eq=False)
class PixelGrid:
    """The wavelengths of pixels in vacuum.

    Make one with `log10`, `linear`, `explicit` or, from what a survey states, `of_survey`.

    Parameters
    ----------
    kind
        Evenly in log10(wavelength/Å), evenly in wavelength, or listed one by one.
    wavelength
        Of the pixels' centres in vacuum in Å, increasing.
    start
        The first of them as it was stated.
    step
        Step of log10(wavelength/Å), or of the wavelength in Å; None where listed.

    Examples
    --------
    >>> PixelGrid.log10(4000.0, 1e-4, 4).wavelength.round(2).tolist()
    [4000.0, 4000.92, 4001.84, 4002.76]
    """

    kind: GridKind
    wavelength: NDArray[np.float64] = field(repr=False)
    start: float
    step: float | None = None

    def __post_init__(self) -> None:
        at = self.wavelength
        if at.ndim != 1 or len(at) < 4:
            raise UnusableGrid(f"Wavelengths of shape {at.shape} are no grid of pixels.")
        bad = np.flatnonzero(~(np.isfinite(at) & (at > 0)))
        if len(bad):
            raise UnusableGrid(f"The wavelength of pixel {bad[0]} is {at[bad[0]]}.")
        back = np.flatnonzero(np.diff(at) <= 0)
        if len(back):
            raise UnusableGrid(f"The wavelengths do not increase after pixel {back[0]}.")

    @classmethod
    def log10(cls, start: float, step: float, n_pixels: int) -> Self:
        """Return pixels evenly spaced in log10(wavelength/Å) from a wavelength in Å on."""
        return cls._of(Grid("log10", "vacuum", start, step), n_pixels)

    @classmethod
    def linear(cls, start: float, step: float, n_pixels: int) -> Self:
        """Return pixels evenly spaced in wavelength; start and step in Å."""
        return cls._of(Grid("linear", "vacuum", start, step), n_pixels)

    @classmethod
    def explicit(cls, wavelength: ArrayLike) -> Self:
        """Return pixels at wavelengths listed in Å."""
        listed = np.array(wavelength, dtype=np.float64)
        return cls("explicit", listed, float(listed.flat[0]) if listed.size else np.nan)

    @classmethod
    def listed(cls, wavelength: ArrayLike, medium: str) -> Self:
        """Return pixels at wavelengths listed in Å, in air or vacuum."""
        return cls.explicit(air_to_vacuum(wavelength) if medium == "air" else wavelength)

    @classmethod
    def even(cls, wavelength: ArrayLike) -> Self:
        """Return pixels at wavelengths in Å, as evenly spaced ones where they are.

        Examples
        --------
        >>> PixelGrid.even(10 ** (3.7 + 1e-4 * np.arange(100))).kind
        'log10'
        """
        at = np.asarray(wavelength, dtype=np.float64)
        for make, values in ((cls.log10, np.log10(at)), (cls.linear, at)):
            step = (values[-1] - values[0]) / (len(at) - 1)
            found = make(float(at[0]), float(step), len(at))
            if np.allclose(found.wavelength, at, rtol=_ROUNDING, atol=0.0):
                return found
        return cls.explicit(at)

    @classmethod
    def of_survey(cls, grid: Grid, n_pixels: int) -> Self:
        """Return the pixels of a survey's spectrum; wavelengths in air become listed ones.

        Examples
        --------
        >>> PixelGrid.of_survey(Grid("linear", "air", 5000.0, 1.0), 4).wavelength.round(2).tolist()
        [5001.39, 5002.4, 5003.4, 5004.4]
        """
        if grid.medium == "air":
            return cls.listed(grid.wavelength(n_pixels), "air")
        return cls._of(grid, n_pixels)

    @classmethod
    def of_configuration(cls, kept: dict[str, Any]) -> Self:
        """Return the grid that `configuration` wrote."""
        if kept["kind"] == "explicit":
            return cls.explicit(kept["wavelength"])
        return cls._of(Grid(kept["kind"], "vacuum", kept["start"], kept["step"]), kept["n_pixels"])

    @classmethod
    def _of(cls, grid: Grid, n_pixels: int) -> Self:
        wavelength = np.array(grid.wavelength(n_pixels), dtype=np.float64)
        if len(wavelength) != n_pixels:
            raise UnusableGrid(f"{len(wavelength)} wavelengths are listed for {n_pixels} pixels.")
        return cls(grid.kind, wavelength, grid.start, grid.step)

    def configuration(self) -> dict[str, Any]:
        """Return what a model's configuration keeps of the grid; it can be written as JSON.

        Examples
        --------
        >>> PixelGrid.linear(5000.0, 0.5, 100).configuration()
        {'kind': 'linear', 'start': 5000.0, 'step': 0.5, 'n_pixels': 100}
        """
        if self.kind == "explicit":
            return {"kind": self.kind, "wavelength": self.wavelength.tolist()}
        return {
            "kind": self.kind,
            "start": self.start,
            "step": self.step,
            "n_pixels": len(self),
        }

    def __len__(self) -> int:
        return len(self.wavelength)

    def gaps(self) -> NDArray[np.bool_]:
        """Return for each pixel but the last whether a gap, as between detectors, follows it.

        Examples
        --------
        >>> PixelGrid.explicit([1.0, 2.0, 3.0, 9.0, 10.0]).gaps().tolist()
        [False, False, True, False]
        """
        distance = np.diff(self.wavelength)
        beside = np.pad(distance, 1, constant_values=np.inf)
        return distance > GAP * np.minimum(beside[:-2], beside[2:])

    def edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and the upper edge of each pixel in Å.

        Pixels meet halfway between their centres; at gaps and at both ends they are symmetric.
        """
        at, gaps = self.wavelength, self.gaps()
        half = np.diff(at) / 2
        upper = np.append(np.where(gaps, np.nan, half), np.nan)
        lower = np.insert(np.where(gaps, np.nan, half), 0, np.nan)
        # A pixel alone between two gaps has no neighbour to tell its width.
        alone = np.fmin(np.append(half, np.inf), np.insert(half, 0, np.inf))
        width_up = np.where(np.isnan(upper), np.where(np.isnan(lower), alone, lower), upper)
        width_down = np.where(np.isnan(lower), width_up, lower)
        return at - width_down, at + width_up
