"""Windows: the part of an instrument's pixels that a model is trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.schema.errors import StarledgerError

Floats = NDArray[np.float64]

MIN_PIXELS = 20
"""A window must hold so many."""


class BadWindow(StarledgerError):
    """Wavelengths that an instrument does not see."""


def within(seen: Floats, window: tuple[float, float] | None, whose: str) -> Floats:
    """Return the pixels that lie in a window.

    Parameters
    ----------
    seen
        Wavelengths of all pixels in vacuum in Å.
    window
        The first and last wavelength in Å; all pixels where not given.
    whose
        Who sees them, for the message.

    Raises
    ------
    BadWindow
        They are too few.

    Examples
    --------
    >>> within(np.arange(5000.0, 5100.0), (5010.0, 5040.0), "we").size
    31
    """
    if window is None:
        return seen
    low, high = window
    inside = seen[(seen >= low) & (seen <= high)]
    if len(inside) < MIN_PIXELS:
        raise BadWindow(
            f"{whose} have {len(inside)} pixels from {low:g} to {high:g} Å, fewer than "
            f"{MIN_PIXELS}.",
            remedy=f"Choose a window in {seen[0]:.0f} to {seen[-1]:.0f} Å.",
        )
    return inside
