"""The chemical elements that the synthesis knows: masses, solar abundances, ionisation."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Element:
    """One chemical element.

    Parameters
    ----------
    number
        Atomic number.
    symbol
        Chemical symbol.
    mass
        Mean atomic mass in u.
    solar
        Solar abundance, log N(X)/N(H) + 12.
    ionisation
        First and second ionisation energies in eV.
    """

    number: int
    symbol: str
    mass: float
    solar: float
    ionisation: tuple[float, float]


def read_table(name: str) -> list[dict[str, str]]:
    """Read a data file of this folder, skipping the lines that cite its sources."""
    text = files("starledger.compute.synthesis").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def elements() -> tuple[Element, ...]:
    """Return the elements in order of atomic number.

    Examples
    --------
    >>> [element.symbol for element in elements()[:4]]
    ['H', 'He', 'Li', 'C']
    """
    return tuple(
        Element(
            int(row["atomic_number"]),
            row["symbol"],
            float(row["mass_u"]),
            float(row["solar_abundance"]),
            (float(row["ionisation_1_ev"]), float(row["ionisation_2_ev"])),
        )
        for row in read_table("elements.csv")
    )


@cache
def element_index(symbol: str) -> int:
    """Return the place of an element in `elements`.

    Examples
    --------
    >>> element_index("C")
    3
    """
    return next(i for i, element in enumerate(elements()) if element.symbol == symbol)
