"""Which absorber a line belongs to: an element in a stage of ionisation, or a molecule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from starledger.compute.synthesis.elements import element_index, elements
from starledger.compute.synthesis.molecules import MOLECULES
from starledger.schema.errors import StarledgerError


class UnknownSpecies(StarledgerError):
    """A line list names an absorber that the synthesis does not know."""


@dataclass(frozen=True, slots=True)
class Species:
    """One absorber.

    Parameters
    ----------
    name
        ``"Fe 1"`` for Fe I, ``"Fe 2"`` for Fe II, ``"CN"`` for the molecule.
    mass
        In u.
    element, stage
        Place of the element in `elements` and 0 for neutral; −1 for molecules.
    """

    name: str
    mass: float
    element: int
    stage: int


@cache
def all_species() -> tuple[Species, ...]:
    """Return the absorbers: neutral and once-ionised elements, then molecules."""
    atoms = [
        Species(f"{element.symbol} {stage + 1}", element.mass, i, stage)
        for i, element in enumerate(elements())
        for stage in (0, 1)
    ]
    molecules = [
        Species(m.name, sum(elements()[element_index(a)].mass for a in m.atoms), -1, -1)
        for m in MOLECULES
    ]
    return (*atoms, *molecules)


@cache
def species_index(name: str) -> int:
    """Return the place of an absorber in `all_species`.

    Examples
    --------
    >>> all_species()[species_index("Fe 2")].stage
    1
    """
    for i, species in enumerate(all_species()):
        if species.name == name:
            return i
    raise UnknownSpecies(
        f"The line list names the absorber {name!r}.",
        remedy="Use a name as 'Fe 1', 'Fe 2' or 'CN', of an element in elements.csv.",
    )
