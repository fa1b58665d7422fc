"""Lines grow and fade as the theory of stellar atmospheres says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from starledger.compute.spectra.wavelengths import air_to_vacuum
from starledger.compute.synthesis.labels import label_tensor
from starledger.compute.synthesis.lines import LineList, observed_lines
from starledger.compute.synthesis.species import all_species, species_index
from starledger.compute.synthesis.synthesizer import Synthesizer
from starledger.compute.synthesis.velocity_grid import VelocityGrid


def isolated(air: float, species: str) -> LineList:
    """Only the line nearest to a wavelength in air, so that no blend disturbs its width."""
    lines = observed_lines()
    lines = lines.select(lines.species == species_index(species))
    nearest = int(np.abs(lines.wavelength - air_to_vacuum(air)).argmin())
    return lines.select(np.array([nearest]))


def widths(lines: LineList, reach: float = 8.0, **labels: float | list[float]) -> np.ndarray:
    """Equivalent widths in mÅ, per star."""
    centre = float(lines.wavelength[0])
    grid = VelocityGrid.covering(centre - reach, centre + reach, step=0.5)
    # Hydrogen and the synthetic bands are part of what the line stands on.
    with_line, without = (
        Synthesizer(grid, some, torch.float64).spectrum(label_tensor(labels)).flux
        for some in (lines, lines.select(np.array([], dtype=int)))
    )
    return (1e3 * torch.trapezoid(1 - with_line / without, grid.wavelength())).numpy()


FE_1_WEAK = (6151.617, "Fe 1")
FE_2 = (6149.246, "Fe 2")


@pytest.mark.parametrize(
    ("air", "species", "observed"),
    [
        (6151.617, "Fe 1", 50),
        (6173.334, "Fe 1", 69),
        (6065.482, "Fe 1", 118),
        (6149.246, "Fe 2", 36),
        (6160.747, "Na 1", 58),
        (6175.360, "Ni 1", 49),
        (6122.217, "Ca 1", 222),
        (5889.951, "Na 1", 752),
    ],
)
def test_solar_widths_are_right_to_a_fifth(air: float, species: str, observed: float) -> None:
    # Moore, Minnaert & Houtgast (1966), rounded.
    got = widths(isolated(air, species), reach=15.0)[0]
    assert got == pytest.approx(observed, rel=0.2)


def test_doubling_the_abundance_doubles_a_weak_line() -> None:
    lines = isolated(*FE_1_WEAK)
    weak, double = widths(lines, fe_h=[-2.3, -2.3 + np.log10(2)])
    assert weak < 5
    # The electrons of the added iron raise the continuum a little, so only [Fe/H] of Fe moves.
    assert double / weak == pytest.approx(2.0, rel=0.05)


def test_curve_of_growth_has_its_three_parts() -> None:
    # Sodium gives few electrons and no continuum: its abundance alone moves along the curve.
    weak = isolated(6160.747, "Na 1")
    strong = isolated(5889.951, "Na 1")
    linear = np.log10(np.divide(*widths(weak, na_fe=[-2.0, -2.2]))) / 0.2
    flat = np.log10(np.divide(*widths(strong, na_fe=[-2.0, -2.2]))) / 0.2
    damped = np.log10(np.divide(*widths(strong, reach=40.0, na_fe=[0.6, 0.4]))) / 0.2
    assert linear == pytest.approx(1.0, abs=0.03)
    assert flat < 0.3
    assert damped == pytest.approx(0.5, abs=0.06)


def test_microturbulence_strengthens_saturated_lines_only() -> None:
    slow, fast = widths(isolated(6065.482, "Fe 1"), vmic=[0.5, 2.0])
    assert fast / slow > 1.2
    slow, fast = widths(isolated(*FE_1_WEAK), vmic=[0.5, 2.0], fe_h=-2.0)
    assert fast / slow == pytest.approx(1.0, abs=0.03)


def test_neutral_iron_fades_with_temperature() -> None:
    hot = widths(isolated(*FE_1_WEAK), teff=[5000.0, 5750.0, 6500.0])
    assert hot[0] > 1.4 * hot[1] > 1.4 * 1.4 * hot[2]


def test_ionised_iron_grows_with_temperature() -> None:
    cool, warm = widths(isolated(*FE_2), teff=[5000.0, 6000.0])
    assert warm > 1.3 * cool


def test_neutral_iron_hardly_feels_gravity_and_ionised_iron_does() -> None:
    # Fe I is a minority and H⁻ needs electrons: both follow the electron pressure, which cancels.
    # Fe II is the majority: its lines go as the inverse of the electron pressure, about g^-1/3.
    giant, dwarf = widths(isolated(*FE_1_WEAK), teff=5500.0, logg=[3.0, 4.5], fe_h=-1.5)
    assert giant / dwarf == pytest.approx(1.0, abs=0.2)
    giant, dwarf = widths(isolated(*FE_2), teff=5500.0, logg=[3.0, 4.5], fe_h=-1.5)
    slope = np.log10(giant / dwarf) / 1.5
    assert 0.2 < slope < 0.45


def test_wings_of_strong_lines_grow_with_gravity() -> None:
    giant, dwarf = widths(isolated(5183.604, "Mg 1"), reach=30.0, teff=5000.0, logg=[2.0, 4.5])
    assert dwarf > 1.5 * giant


def test_every_species_of_the_list_is_known() -> None:
    lines = observed_lines()
    assert {all_species()[i].name for i in np.unique(lines.species)} > {"Fe 1", "Fe 2", "CN", "CH"}
    assert len(lines) > 20_000
