from __future__ import annotations

import pytest
import torch

from starledger.compute.fitters import products
from starledger.compute.fitters.products import fast_products

CPU = torch.device("cpu")


def test_what_was_set_is_put_back_even_after_an_error() -> None:
    before = torch.get_float32_matmul_precision()
    with pytest.raises(KeyError), fast_products(CPU):
        raise KeyError
    assert torch.get_float32_matmul_precision() == before


def test_products_that_round_more_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_medium_is_exact", lambda: False)
    before = torch.get_float32_matmul_precision()
    with fast_products(CPU):
        assert torch.get_float32_matmul_precision() == before


def test_single_precision_is_kept() -> None:
    draw = torch.Generator().manual_seed(2)
    one, other = torch.randn(2, 300, 300, generator=draw)
    with fast_products(CPU):
        found = one @ other
    assert float((found.double() - one.double() @ other.double()).abs().max()) < 1e-3
