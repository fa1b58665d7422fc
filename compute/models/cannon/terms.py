"""The terms of a polynomial in the labels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Terms:
    """Products of powers of labels.

    Parameters
    ----------
    exponents
        Of each label in each term; the first term is the constant, all zeros.
    """

    exponents: tuple[tuple[int, ...], ...]

    @classmethod
    def up_to(cls, order: int, n_labels: int) -> Terms:
        """Return all terms up to an order: the constant, the labels, their products.

        Examples
        --------
        >>> Terms.up_to(2, 2).exponents
        ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
        """
        chosen = (
            factors
            for degree in range(order + 1)
            for factors in combinations_with_replacement(range(n_labels), degree)
        )
        return cls(tuple(tuple(factors.count(i) for i in range(n_labels)) for factors in chosen))

    def __len__(self) -> int:
        return len(self.exponents)

    def uses(self) -> Tensor:
        """Return which labels each term holds: terms × labels, true or false."""
        return torch.tensor(self.exponents) > 0

    def values(self, x: Tensor) -> Tensor:
        """Return the terms of stars: stars × terms for stars × labels.

        Examples
        --------
        >>> Terms.up_to(2, 1).values(torch.tensor([[3.0]])).tolist()
        [[1.0, 3.0, 9.0]]
        """
        return self._factors(x).prod(dim=2)

    def derivatives(self, x: Tensor) -> Tensor:
        """Return the derivatives of the terms by the labels: stars × terms × labels.

        Examples
        --------
        >>> Terms.up_to(2, 1).derivatives(torch.tensor([[3.0]])).tolist()
        [[[0.0], [1.0], [6.0]]]
        """
        factors = self._factors(x)
        powers = torch.tensor(self.exponents, device=x.device)
        changes = powers * x[:, None, :] ** (powers - 1).clamp(min=0)
        by_label = []
        for i in range(x.shape[1]):
            product = factors.clone()
            product[:, :, i] = changes[:, :, i]
            by_label.append(product.prod(dim=2))
        return torch.stack(by_label, dim=2)

    def _factors(self, x: Tensor) -> Tensor:
        return x[:, None, :] ** torch.tensor(self.exponents, device=x.device)
