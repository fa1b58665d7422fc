"""How many spectra are fitted at once."""

from __future__ import annotations

import os

import torch

from starledger.compute.models.base import Emulator

_COPIES = 4
"""Arrays as large as a batch's gradients that exist at one time, smaller ones included."""
_PART = 0.25
"""Part of the free memory that we take."""
_WORTH_A_CORE = 16
"""Fewer spectra are not parted among cores."""
_MOST_ON_CPU, _MOST = 128, 8192
"""On a CPU, larger batches leave the caches and are no faster."""


def batch_size(emulator: Emulator) -> int:
    """Return how many spectra fit into the free memory of the emulator's device, at least 1."""
    n_pixels, n_labels = len(emulator.wavelength), len(emulator.labels)
    each = 4 * n_pixels * (n_labels + 12) * _COPIES
    on_cpu = emulator.low.device.type == "cpu"
    most = _MOST_ON_CPU if on_cpu else _MOST
    return max(1, min(most, int(_PART * free_memory(emulator.low.device) / each)))


def part_size(count: int, most: int, device: torch.device) -> int:
    """Return the size of parts, none with more spectra than `most`, that keep all cores busy.

    Examples
    --------
    >>> part_size(1000, 128, torch.device("cuda"))
    125
    """
    parts = -(-count // most)
    cores = torch.get_num_threads() if device.type == "cpu" else 1
    if count >= _WORTH_A_CORE * cores:
        parts = -(-parts // cores) * cores
    return max(-(-count // max(parts, 1)), 1)


def even_parts(count: int, most: int) -> list[int]:
    """Return the sizes of the fewest parts, none larger than `most`, as even as can be.

    Examples
    --------
    >>> even_parts(130, 128), even_parts(128, 128)
    ([65, 65], [128])
    """
    parts = -(-count // most)
    return [(count + i) // parts for i in range(parts)]


def free_memory(device: torch.device) -> int:
    """Return the free bytes of a device.

    Examples
    --------
    >>> free_memory(torch.device("cpu")) > 0
    True
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
