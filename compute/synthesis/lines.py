"""The line list: what absorbs where, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from starledger.compute.spectra.wavelengths import air_to_vacuum
from starledger.compute.synthesis.damping import electron_width, hydrogen_width, radiative_width
from starledger.compute.synthesis.elements import read_table
from starledger.compute.synthesis.species import species_index

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LineList:
    """Lines in order of wavelength.

    Parameters
    ----------
    wavelength
        In Å, vacuum.
    species
        Places of the absorbers in `all_species`.
    lower_energy
        Energy of the lower level in eV.
    log_gf
        log10 of statistical weight times oscillator strength.
    strength
        log10 of the largest opacity at line centre over that of the continuum (τ = 0.1) in a set
        of atmospheres that spans the labels: decides how far from its centre a line is computed.
    """

    wavelength: Floats
    species: NDArray[np.int64]
    lower_energy: Floats
    log_gf: Floats
    strength: Floats

    def __len__(self) -> int:
        return len(self.wavelength)

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> LineList:
        """Return some of the lines, in order of wavelength."""
        some = LineList(
            self.wavelength[chosen],
            self.species[chosen],
            self.lower_energy[chosen],
            self.log_gf[chosen],
            self.strength[chosen],
        )
        order = np.argsort(some.wavelength, kind="stable")
        return some if bool(np.all(np.diff(order) > 0)) else some.select(order)

    def between(self, low: float, high: float) -> LineList:
        """Return the lines with wavelengths (Å, vacuum) in a range."""
        return self.select((self.wavelength >= low) & (self.wavelength <= high))

    def damping(self) -> tuple[Floats, Floats, Floats]:
        """Return the radiative width (rad/s), and those per hydrogen atom and per electron."""
        return (
            radiative_width(self.wavelength),
            hydrogen_width(self.wavelength, self.lower_energy, self.species),
            electron_width(self.wavelength, self.lower_energy, self.species),
        )


def join(*lists: LineList) -> LineList:
    """Return all lines of several lists as one."""
    return LineList(
        np.concatenate([lines.wavelength for lines in lists]),
        np.concatenate([lines.species for lines in lists]),
        np.concatenate([lines.lower_energy for lines in lists]),
        np.concatenate([lines.log_gf for lines in lists]),
        np.concatenate([lines.strength for lines in lists]),
    ).select(np.arange(sum(len(lines) for lines in lists)))


@cache
def observed_lines() -> LineList:
    """Return the atomic and molecular lines that come with the software (``lines.csv``).

    Examples
    --------
    >>> lines = observed_lines().between(5890.0, 5900.0)
    >>> from starledger.compute.synthesis.species import all_species
    >>> sodium = lines.select(lines.strength.argsort()[-2:])
    >>> [all_species()[s].name for s in sodium.species], sodium.wavelength.round(1).tolist()
    (['Na 1', 'Na 1'], [5891.6, 5897.6])
    """
    rows = read_table("lines.csv")
    air = np.array([float(row["wavelength_air"]) for row in rows])
    lines = LineList(
        air_to_vacuum(air),
        np.array([species_index(row["species"]) for row in rows], dtype=np.int64),
        np.array([float(row["lower_energy_ev"]) for row in rows]),
        np.array([float(row["log_gf"]) for row in rows]),
        np.array([float(row["strength"]) for row in rows]),
    )
    return lines.select(np.arange(len(rows)))


def perturbed(lines: LineList, scatter: float, seed: int) -> LineList:
    """Return the lines with random errors in log gf.

    Two syntheses that share a line list agree better than either does with a star. A generator
    and the emulator that is tried on its spectra should therefore differ by such errors.

    Parameters
    ----------
    lines
        The lines to change.
    scatter
        Standard deviation in dex; laboratory values are uncertain by 0.1–0.2.
    seed
        The same seed gives the same lines.

    Examples
    --------
    >>> lines = observed_lines()
    >>> round(float((perturbed(lines, 0.15, seed=1).log_gf - lines.log_gf).std()), 2)
    0.15
    """
    noise = np.random.default_rng(seed).normal(0.0, scatter, len(lines))
    return replace(lines, log_gf=lines.log_gf + noise)
