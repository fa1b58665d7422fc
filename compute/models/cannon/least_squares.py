"""Weighted least squares of one design for all pixels at once, each with weights of its own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.schema.errors import StarledgerError

_RANK = 1e-10
_CONDITION = 1e-7


class UndeterminedTerms(StarledgerError):
    """The training stars do not determine all terms of the polynomial."""


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums of weights with the products of two columns: symmetric matrices by one product.

    Parameters
    ----------
    products
        Of each pair of columns: rows × pairs.
    place
        Which pair stands in each cell of the symmetric matrix.
    """

    products: Tensor
    place: Tensor

    @classmethod
    def of(cls, columns: Tensor) -> PairSums:
        """Prepare the pairs of columns."""
        n = columns.shape[1]
        first, second = torch.triu_indices(n, n, device=columns.device)
        place = torch.empty(n, n, dtype=torch.int64, device=columns.device)
        place[first, second] = place[second, first] = torch.arange(
            len(first), device=columns.device
        )
        return cls(columns[:, first] * columns[:, second], place)

    def __call__(self, weights: Tensor) -> Tensor:
        """Return the columns' normal matrix for each column of `weights` (rows × cases).

        Examples
        --------
        >>> sums = PairSums.of(torch.tensor([[1.0, 2.0], [1.0, 3.0]]))
        >>> sums(torch.tensor([[1.0], [10.0]])).tolist()
        [[[11.0, 32.0], [32.0, 94.0]]]
        """
        return (weights.T @ self.products)[:, self.place]


@dataclass(frozen=True, slots=True)
class Solution:
    """What least squares gave for each pixel.

    Parameters
    ----------
    coefficients
        Of the orthonormal columns: pixels × columns.
    factor
        Cholesky factor of the normal matrix, pixels × columns × columns.
    determined
        Whether the stars that count determine all coefficients; where not, they are zero.
    """

    coefficients: Tensor
    factor: Tensor
    determined: Tensor


class Design:
    """The terms of the training stars, made orthonormal once, so that no pixel loses digits.

    Parameters
    ----------
    terms
        Stars × terms, in double precision.
    """

    def __init__(self, terms: Tensor) -> None:
        self.columns, self._triangle = torch.linalg.qr(terms)
        size = self._triangle.diagonal().abs()
        if len(terms) < terms.shape[1] or bool((size <= _RANK * size.max()).any()):
            raise UndeterminedTerms(
                f"{len(terms)} training stars do not determine {terms.shape[1]} terms.",
                remedy="Give more stars, more varied labels or fewer terms.",
            )
        self._sums = PairSums.of(self.columns)

    def solve(self, flux: Tensor, weights: Tensor) -> Solution:
        """Fit all pixels.

        Parameters
        ----------
        flux, weights
            Stars × pixels.
        """
        normal = self._sums(weights)
        right = (weights * flux).T @ self.columns
        factor, failed = torch.linalg.cholesky_ex(normal)
        size = factor.diagonal(dim1=1, dim2=2)
        enough = (weights > 0).sum(dim=0) > self.columns.shape[1]
        determined = (failed == 0) & (size.amin(dim=1) > _CONDITION * size.amax(dim=1)) & enough
        eye = torch.eye(len(factor[0]), dtype=factor.dtype, device=factor.device)
        factor = torch.where(determined[:, None, None], factor, eye)
        found = torch.cholesky_solve(right[:, :, None], factor)[:, :, 0]
        return Solution(found * determined[:, None], factor, determined)

    def residuals(self, flux: Tensor, solution: Solution) -> Tensor:
        """Return flux less the fit: stars × pixels."""
        return torch.addmm(flux, self.columns, solution.coefficients.T, alpha=-1.0)

    def of_terms(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the terms themselves: terms × pixels."""
        found: Tensor = torch.linalg.solve_triangular(self._triangle, coefficients.T, upper=True)
        return found
