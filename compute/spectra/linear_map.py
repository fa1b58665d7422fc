"""A fixed sparse matrix as a differentiable map, forward and backward."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


def _compressed(rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    with warnings.catch_warnings():
        # torch warns once that its sparse matrices are in beta.
        warnings.simplefilter("ignore", UserWarning)
        indices = torch.stack([rows, columns])
        return torch.sparse_coo_tensor(indices, values, shape).coalesce().to_sparse_csr()


@dataclass(frozen=True, slots=True)
class LinearMap:
    """A sparse matrix and its transpose.

    Parameters
    ----------
    matrix, transposed
        Both compressed by rows.
    """

    matrix: Tensor
    transposed: Tensor

    @classmethod
    def of(cls, rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> LinearMap:
        """Make the map from the places and values of its entries; entries of one place add up."""
        return cls(
            _compressed(rows, columns, values, shape),
            _compressed(columns, rows, values, (shape[1], shape[0])),
        )

    def to(self, device: torch.device) -> LinearMap:
        """Return the same map on a device."""
        return LinearMap(self.matrix.to(device), self.transposed.to(device))

    def __call__(self, x: Tensor) -> Tensor:
        """Apply the matrix to the first dimension of `x` (two dimensions).

        Examples
        --------
        >>> swap = LinearMap.of(
        ...     torch.tensor([0, 1]), torch.tensor([1, 0]), torch.tensor([1.0, 2.0]), (2, 2)
        ... )
        >>> swap(torch.tensor([[3.0], [4.0]])).tolist()
        [[4.0], [6.0]]
        """
        return _Apply.apply(x, self)  # type: ignore[no-untyped-call, no-any-return]


class _Apply(torch.autograd.Function):
    # torch differentiates products with its compressed matrices neither forward nor, without
    # making the matrix dense, backward.
    generate_vmap_rule = False

    @staticmethod
    def forward(x: Tensor, linear_map: LinearMap) -> Tensor:
        return linear_map.matrix @ x

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, LinearMap], output: Tensor) -> None:  # noqa: ARG004
        ctx.linear_map = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        linear_map: LinearMap = ctx.linear_map
        return LinearMap(linear_map.transposed, linear_map.matrix)(gradients[0].contiguous()), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
        linear_map: LinearMap = ctx.linear_map
        return linear_map.matrix @ tangents[0]
