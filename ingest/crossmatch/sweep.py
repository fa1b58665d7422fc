"""Walking two lists in step from the south to the north pole, so that memory stays bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol, TypeVar

from starledger.ingest.sky_motion import Floats


class Banded(Protocol):
    """Rows whose declinations in degrees are in increasing order; never empty."""

    @property
    def dec(self) -> Floats:
        """The declinations."""
        ...


Left = TypeVar("Left", bound=Banded)
Right = TypeVar("Right", bound=Banded)


def overlapping(
    left: Iterator[Left], right: Iterator[Right], margin: float
) -> Iterator[tuple[Left, Right]]:
    """Yield each pair of blocks whose bands of declination come nearer than a margin, once.

    A block is forgotten when no later one of the other side can reach it; so a few blocks of each
    side are held, however many there are. Right ascensions play no part, nor do the poles: two
    directions are never nearer than their declinations.

    Parameters
    ----------
    left, right
        Blocks from south to north, each sorted by declination.
    margin
        In degrees.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> bands = [SimpleNamespace(dec=np.array(ends)) for ends in ([-9.0, 0.0], [0.0, 9.0])]
    >>> pairs = overlapping(iter(bands), iter(bands), 0.1)
    >>> [(float(a.dec[0]), float(b.dec[0])) for a, b in pairs]
    [(-9.0, -9.0), (0.0, -9.0), (-9.0, 0.0), (0.0, 0.0)]
    """
    lefts: deque[Left] = deque()
    rights: deque[Right] = deque()
    next_left, next_right = next(left, None), next(right, None)
    while next_left is not None or next_right is not None:
        if next_left is not None and (next_right is None or next_left.dec[0] <= next_right.dec[0]):
            yield from ((next_left, other) for other in rights)
            lefts.append(next_left)
            next_left = next(left, None)
        elif next_right is not None:
            yield from ((other, next_right) for other in lefts)
            rights.append(next_right)
            next_right = next(right, None)
        _forget(lefts, next_right, margin)
        _forget(rights, next_left, margin)


def _forget(blocks: deque[Left], coming: Banded | None, margin: float) -> None:
    """Forget the blocks that nothing can reach that is still to come from the other side."""
    while blocks and (coming is None or blocks[0].dec[-1] < coming.dec[0] - margin):
        blocks.popleft()
