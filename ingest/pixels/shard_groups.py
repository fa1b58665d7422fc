"""Which spectra share a shard: those whose pixels lie on one numbering of one grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from starledger.ingest.pixels.spectrum import Grid, GridKind, Medium, ReadSpectrum

MOST_PHASE = 1e-3
"""Parts of a pixel by which the grids of one shard's spectra may be shifted at most."""

WIDEST = 2
"""A shard is at most so many times as wide as its shortest spectrum: the rest is padding."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What all spectra of a shard have in common.

    Parameters
    ----------
    instrument, kind, arm, medium, grid_kind, step
        As of `ReadSpectrum` and its `Grid`.
    mask_bits
        Names of the bits of the masks.
    has_or_mask
        Whether there is a second mask.
    """

    instrument: str
    kind: str
    arm: str
    medium: Medium
    grid_kind: GridKind
    step: float | None
    mask_bits: tuple[tuple[int, str], ...]
    has_or_mask: bool

    @classmethod
    def of(cls, spectrum: ReadSpectrum) -> Likeness:
        """Return what a spectrum asks of the others in its shard."""
        grid = spectrum.grid
        return cls(
            spectrum.instrument,
            spectrum.kind,
            spectrum.arm,
            grid.medium,
            grid.kind,
            grid.step,
            spectrum.mask_bits,
            spectrum.pixels.or_mask is not None,
        )


def pixel_of(grid: Grid) -> float:
    """Return the place of a grid's first pixel on the numbering that begins at 1 Å (or at 0 Å).

    Examples
    --------
    >>> pixel_of(Grid("linear", "air", 4000.0, 0.5))
    8000.0
    """
    if grid.kind == "explicit" or grid.step is None:
        return 0.0
    return (math.log10(grid.start) if grid.kind == "log10" else grid.start) / grid.step


@dataclass(slots=True)
class Group:
    """Spectra on their way into a shard, with the places of their first pixels.

    Parameters
    ----------
    likeness
        What they have in common.
    grid
        That of the first of them; places are counted in pixels from its start.
    members
        The spectra and a number that the caller gave to each.
    offsets
        Place of each spectrum's first pixel.
    """

    likeness: Likeness
    grid: Grid
    members: list[tuple[int, ReadSpectrum]] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    shortest: int = 0
    first: int = 0
    past: int = 0

    @property
    def n_pixels(self) -> int:
        """Pixels from the first to the last that any spectrum has."""
        return self.past - self.first

    @property
    def start(self) -> float:
        """Wavelength of the first of these pixels, in Å."""
        if self.likeness.grid_kind == "explicit":
            return min(spectrum.grid.start for _, spectrum in self.members)
        if self.first == 0:
            return self.grid.start
        shift = self.first * (self.grid.step or 0.0)
        if self.likeness.grid_kind == "linear":
            return self.grid.start + shift
        return float(10 ** (math.log10(self.grid.start) + shift))

    def takes(self, number: int, spectrum: ReadSpectrum) -> bool:
        """Add a spectrum, unless its pixels lie between ours or too far away."""
        length = len(spectrum.pixels.flux)
        away = pixel_of(spectrum.grid) - pixel_of(self.grid)
        offset = round(away)
        if abs(away - offset) > MOST_PHASE:
            return False
        first, past, shortest = offset, offset + length, length
        if self.members:
            first, past = min(first, self.first), max(past, self.past)
            shortest = min(shortest, self.shortest)
        if past - first > WIDEST * shortest:
            return False
        self.first, self.past, self.shortest = first, past, shortest
        self.members.append((number, spectrum))
        self.offsets.append(offset)
        return True


@dataclass(slots=True)
class Packing:
    """Sorts spectra into groups as they come; the same order gives the same groups.

    Examples
    --------
    >>> Packing().groups()
    []
    """

    size: int = 0
    _groups: dict[Likeness, list[Group]] = field(default_factory=dict)

    def add(self, number: int, spectrum: ReadSpectrum) -> None:
        """Put a spectrum, under a number of the caller's, into the first group that takes it."""
        pixels = spectrum.pixels
        arrays = (pixels.flux, pixels.ivar, pixels.mask, pixels.or_mask, spectrum.grid.listed)
        self.size += sum(array.nbytes for array in arrays if array is not None)
        alike = self._groups.setdefault(Likeness.of(spectrum), [])
        if any(group.takes(number, spectrum) for group in alike):
            return
        group = Group(Likeness.of(spectrum), spectrum.grid)
        if not group.takes(number, spectrum):
            raise AssertionError(f"{spectrum.external_id} does not fit on its own grid")
        alike.append(group)

    def groups(self) -> list[Group]:
        """Return the groups, in the order in which their first spectra came."""
        groups = [group for alike in self._groups.values() for group in alike]
        return sorted(groups, key=lambda group: group.members[0][0])
