"""How much the demonstration simulates, trains and fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything.

    Parameters
    ----------
    stars
        Simulated stars; a star has two visits on average.
    nodes
        Spectra that are synthesized for the survey, between which those of stars are interpolated.
    window
        Of LAMOST's blue arm in Å (vacuum), which the models fit.
    spectra
        Ab-initio spectra from which The Payne learns.
    epochs
        How often each of them teaches.
    """

    stars: int
    nodes: int
    window: str
    spectra: int
    epochs: int


SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "small": Size(1200, 250, "4820,5670", spectra=600, epochs=600),
        "medium": Size(6000, 3000, "4110,5670", spectra=8192, epochs=1600),
        "large": Size(30_000, 3000, "4110,5670", spectra=8192, epochs=1600),
    }
)
