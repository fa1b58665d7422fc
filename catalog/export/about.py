"""What a file says of itself: where its rows come from and how they may be used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself.

    Parameters
    ----------
    title
        Its name in print.
    description
        One sentence about its rows.
    pairs
        What else there is to say, in order: release, versions, pins, citation, licence, query.
    """

    title: str
    description: str
    pairs: tuple[tuple[str, str], ...] = ()
