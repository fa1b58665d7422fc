"""Which abundances training stars have: ranges of [X/Fe] in bins of [Fe/H]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from starledger.schema.errors import StarledgerError

Floats = NDArray[np.float64]

SPARSE = 0.5
"""Before anything is known, [X/Fe] lies between minus and plus this in dex (Ting et al. 2019)."""
BIN_WIDTH = 0.2
"""Width of the bins of [Fe/H] in dex (Ting et al. 2019)."""
MIN_STARS = 20
"""Bins with fewer stars keep the range that they had."""
_WIDTHS = 3.0
"""The range reaches so many standard deviations to both sides of the median."""
_NARROWEST = 0.1
"""Half a range in dex at least, lest a network learn nothing of an element's lines."""
_SIGMA = 1.4826
"""Standard deviations in a median absolute deviation, of a Gaussian."""


class BadBins(StarledgerError):
    """Bins of abundances that do not fit together."""


@dataclass(frozen=True, slots=True, eq=False)
class AbundanceBins:
    """Ranges of abundances in bins of [Fe/H].

    Parameters
    ----------
    names
        The abundances: ``mg_fe``.
    edges
        Of the bins in dex, increasing; what is beyond the ends belongs to the bins there.
    low, high
        Ends of the ranges in dex: bins × abundances.

    Examples
    --------
    >>> bins = AbundanceBins.sparse(["c_fe", "mg_fe"], (-1.5, 0.5))
    >>> len(bins.edges), bins.low[0].tolist()
    (11, [-0.5, -0.5])
    """

    names: tuple[str, ...]
    edges: Floats
    low: Floats
    high: Floats

    def __post_init__(self) -> None:
        shape = (len(self.edges) - 1, len(self.names))
        if self.low.shape != shape or self.high.shape != shape or not (self.high > self.low).all():
            raise BadBins(
                f"{shape[0]} bins of {shape[1]} abundances have no such ranges.",
                remedy="Give each a lower and a higher end.",
            )

    @classmethod
    def sparse(cls, names: Sequence[str], fe_h: tuple[float, float], reach: float = SPARSE) -> Self:
        """Return the ranges from minus to plus `reach` in all bins of a range of [Fe/H]."""
        n = max(round((fe_h[1] - fe_h[0]) / BIN_WIDTH), 1)
        ends = np.full((n, len(names)), reach)
        return cls(tuple(names), np.linspace(*fe_h, n + 1), -ends, ends)

    def bin_of(self, fe_h: Floats) -> NDArray[np.int64]:
        """Return the bin of each [Fe/H]."""
        return np.searchsorted(self.edges[1:-1], fe_h, side="right")

    def at(self, fe_h: Floats, even: Floats) -> Floats:
        """Return abundances of stars: evenly in the ranges where `even` is so in [0, 1).

        Parameters
        ----------
        fe_h
            Of the stars in dex.
        even
            Stars × abundances.
        """
        which = self.bin_of(fe_h)
        return self.low[which] + even * (self.high - self.low)[which]

    def refined(self, fe_h: Floats, abundances: Floats) -> Self:
        """Return narrower ranges, those of measured stars.

        A range is the median of the stars in a bin and three robust standard deviations to both
        sides, never beyond what it was, for outside that nothing was measured.

        Parameters
        ----------
        fe_h
            Of the stars in dex.
        abundances
            Stars × abundances.
        """
        low, high, which = self.low.copy(), self.high.copy(), self.bin_of(fe_h)
        for one in range(len(low)):
            here = abundances[which == one]
            if len(here) >= MIN_STARS:
                middle = np.median(here, axis=0)
                sigma = _SIGMA * np.median(np.abs(here - middle), axis=0)
                half = np.maximum(_WIDTHS * sigma, _NARROWEST)
                # What stands at an end of the old range still has a range of its own.
                middle = np.clip(middle, low[one] + _NARROWEST, high[one] - _NARROWEST)
                low[one] = np.maximum(low[one], middle - half)
                high[one] = np.minimum(high[one], middle + half)
        return type(self)(self.names, self.edges, low, high)
