"""Batches side by side on the cores of a processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


def side_by_side(
    work: Callable[[Given], Made], parts: Sequence[Given], device: torch.device
) -> list[Made]:
    """Return what the work makes of each part, in their order.

    On a CPU every core works on a part of its own. Sharing one part among cores would make them
    wait for each other after each of thousands of short steps.

    Examples
    --------
    >>> side_by_side(lambda x: x * x, [1, 2, 3], torch.device("cpu"))
    [1, 4, 9]
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1 or len(parts) < 2:
        return [work(part) for part in parts]
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(
            min(threads, len(parts)), initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            return list(pool.map(work, parts))
    finally:
        torch.set_num_threads(threads)
