from __future__ import annotations

import torch
from torch.autograd import forward_ad

from starledger.compute.spectra.linear_map import LinearMap

ROWS, COLUMNS = torch.tensor([0, 0, 2, 2]), torch.tensor([1, 1, 0, 2])
VALUES = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
DENSE = torch.tensor([[0.0, 3, 0], [0, 0, 0], [3, 0, 4]], dtype=torch.float64)


def linear_map() -> LinearMap:
    return LinearMap.of(ROWS, COLUMNS, VALUES, (3, 3))


def test_is_the_dense_product() -> None:
    x = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(linear_map()(x), DENSE @ x)


def test_backward_is_the_transposed_product() -> None:
    x = torch.randn(3, 2, dtype=torch.float64).requires_grad_()
    weight = torch.randn(3, 2, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((linear_map()(x) * weight).sum(), x)
    assert torch.allclose(gradient, DENSE.T @ weight)


def test_forward_carries_tangents() -> None:
    x, tangent = torch.randn(2, 3, 2, dtype=torch.float64)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, tangent)  # type: ignore[no-untyped-call]
        out = linear_map()(dual)
        got = forward_ad.unpack_dual(out).tangent  # type: ignore[no-untyped-call]
    assert got is not None
    assert torch.allclose(got, DENSE @ tangent)
