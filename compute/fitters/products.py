"""The fastest matrix products of single precision that round as single precision does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

_SIZE = 512
_ROUNDING = 2e-5
"""Of sums of so many products, in units of their typical size; half precision gives 1e-3."""


@contextmanager
def fast_products(device: torch.device) -> Iterator[None]:
    """Let torch choose among all its routines for products while this lasts.

    What torch calls medium precision is another routine, up to half again as fast, on processors
    without units for half precision; elsewhere it rounds to half precision, and is left alone.

    Examples
    --------
    >>> with fast_products(torch.device("cpu")):
    ...     float((torch.eye(3) @ torch.full((3, 1), 1.0 + 2.0**-20))[0]) - 1.0 == 2.0**-20
    True
    """
    before = torch.get_float32_matmul_precision()
    if device.type == "cpu" and before == "highest" and _medium_is_exact():
        torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@cache
def _medium_is_exact() -> bool:
    """Tell whether products of medium precision round as those of single precision do."""
    draw = torch.Generator().manual_seed(1)
    one, other = torch.randn(2, _SIZE, _SIZE, generator=draw)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        found = one @ other
    finally:
        torch.set_float32_matmul_precision(before)
    away = (found.double() - one.double() @ other.double()).abs().max()
    return bool(away < _ROUNDING * _SIZE**0.5)
