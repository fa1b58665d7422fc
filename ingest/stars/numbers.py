"""Who keeps a star's number when spectra move between stars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Overlap(NamedTuple):
    """Spectra of a new group that were of one star before.

    Parameters
    ----------
    group
        Number of the group.
    star
        Number of the star.
    n_spectra
        How many spectra they share.
    first_spectrum
        The smallest number of these spectra.
    """

    group: int
    star: int
    n_spectra: int
    first_spectrum: int


def kept_numbers(overlaps: Iterable[Overlap]) -> dict[int, int]:
    """Return the star whose number each group keeps; a group that is not in it is a new star.

    The largest share of spectra counts; among equal shares, the smallest number of the star, then
    the group that holds the smallest number of a spectrum. A group keeps at most one number, and
    a number stays with at most one group.

    Examples
    --------
    >>> kept_numbers([Overlap(0, 7, 5, 1), Overlap(1, 7, 2, 6)])  # star 7 splits
    {0: 7}
    >>> kept_numbers([Overlap(0, 7, 2, 1), Overlap(0, 5, 2, 3)])  # stars 5 and 7 merge
    {0: 5}
    """
    kept: dict[int, int] = {}
    taken: set[int] = set()
    order = sorted(overlaps, key=lambda each: (-each.n_spectra, each.star, each.first_spectrum))
    for overlap in order:
        if overlap.group not in kept and overlap.star not in taken:
            kept[overlap.group] = overlap.star
            taken.add(overlap.star)
    return kept
