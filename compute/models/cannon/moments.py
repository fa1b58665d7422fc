"""Polynomials of labels that are known but for errors: means of their terms and of products."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.models.cannon.least_squares import PairSums, UndeterminedTerms
from starledger.compute.models.cannon.scatter import weights_with
from starledger.compute.models.cannon.terms import Terms

_BISECTIONS = 24
_CONDITION = 1e-9


@dataclass(frozen=True, slots=True)
class UncertainLabels:
    """What is known of the labels of stars: means and covariances.

    Parameters
    ----------
    mean
        Stars × labels.
    covariance
        Stars × labels × labels.
    """

    mean: Tensor
    covariance: Tensor

    def part(self, chosen: Tensor) -> UncertainLabels:
        """Return some of the stars."""
        return UncertainLabels(self.mean[chosen], self.covariance[chosen])

    def and_also(self, other: UncertainLabels) -> UncertainLabels:
        """Return what is known of the same stars by both, whose errors are independent.

        Examples
        --------
        >>> one = UncertainLabels(torch.tensor([[1.0]]), torch.tensor([[[3.0]]]))
        >>> both = one.and_also(UncertainLabels(torch.tensor([[5.0]]), torch.tensor([[[1.0]]])))
        >>> both.mean, both.covariance
        (tensor([[4.]]), tensor([[[0.7500]]]))
        """
        gain = self.covariance @ torch.linalg.inv(self.covariance + other.covariance)
        covariance = self.covariance - gain @ self.covariance
        mean = self.mean + (gain @ (other.mean - self.mean)[:, :, None])[:, :, 0]
        return UncertainLabels(mean, 0.5 * (covariance + covariance.mT))

    def points(self) -> list[Tensor]:
        """Return places whose means are those of all polynomials up to the third order."""
        size = self.mean.shape[1]
        width = torch.linalg.cholesky(self.covariance) * size**0.5
        sides = [width[:, :, i] for i in range(size)]
        return [self.mean + side for side in sides] + [self.mean - side for side in sides]


class MomentDesign:
    """What least squares need of the terms of uncertain labels, for all pixels at once.

    Terms of uncertain labels have a scatter of their own. A fit that takes labels at their word
    mistakes it for a weaker dependence; here it stands in the normal matrix.

    Parameters
    ----------
    terms, labels
        The polynomial, and the labels of the training stars as it takes them.
    """

    def __init__(self, terms: Terms, labels: UncertainLabels) -> None:
        made = [terms.values(point) for point in labels.points()]
        share = 1.0 / len(made)
        gram = sum((one.T @ one for one in made), torch.zeros(())) * share
        self._root, failed = torch.linalg.cholesky_ex(gram, upper=True)
        size = self._root.diagonal().abs()
        if bool(failed) or bool((size <= _CONDITION * size.max()).any()):
            raise UndeterminedTerms(
                f"{len(labels.mean)} training stars do not determine {len(terms)} terms.",
                remedy="Give more stars, more varied labels or fewer terms.",
            )
        # Columns whose mean products are those of orthonormal ones lose no digits.
        columns = [torch.linalg.solve_triangular(self._root, one, upper=True, left=False)
                   for one in made]  # fmt: skip
        first, second = torch.triu_indices(len(terms), len(terms), device=gram.device)
        self._twice = torch.where(first == second, 1.0, 2.0).to(gram)
        self._pair = (first, second)
        self._columns = torch.zeros_like(columns[0])
        products = torch.zeros(len(made[0]), len(first)).to(gram)
        for one in columns:
            self._columns += share * one
            products += share * (one[:, first] * one[:, second])
        self._sums = PairSums(products, PairSums.of(self._columns[:1]).place)

    def fit(self, flux: Tensor, ivar: Tensor, variance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Fit some pixels: coefficients first, then the scatter about them.

        Parameters
        ----------
        flux, ivar
            Stars × pixels.
        variance
            The scatter squared that is expected, of each pixel.

        Returns
        -------
        coefficients
            Of the terms: terms × pixels.
        variance
            The scatter squared that makes the likelihood largest.
        determined
            Whether the stars that count determine the pixel.
        """
        weights = weights_with(variance, ivar)
        factor, failed = torch.linalg.cholesky_ex(self._sums(weights))
        size = factor.diagonal(dim1=1, dim2=2)
        determined = (failed == 0) & (size.amin(dim=1) > _CONDITION * size.amax(dim=1))
        eye = torch.eye(size.shape[1]).to(factor)
        factor = torch.where(determined[:, None, None], factor, eye)
        right = (weights * flux).T @ self._columns
        found = torch.cholesky_solve(right[:, :, None], factor)[:, :, 0] * determined[:, None]
        squares = self._squares(flux, found)
        coefficients = torch.linalg.solve_triangular(self._root, found.T, upper=True)
        return coefficients, _likeliest(squares, ivar), determined

    def _squares(self, flux: Tensor, found: Tensor) -> Tensor:
        """Return the mean squares of flux less model: stars × pixels."""
        first, second = self._pair
        pairs = found[:, first] * found[:, second] * self._twice
        model = self._columns @ found.T
        squares = flux**2 - 2.0 * flux * model + self._sums.products @ pairs.T
        return squares.clamp(min=0.0)


def _likeliest(squares: Tensor, ivar: Tensor) -> Tensor:
    """Return the scatter squared of each pixel with which residuals are as large as they are."""
    low = torch.zeros_like(squares[0])
    high = 4.0 * squares.mean(dim=0) + 1e-12
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        weights = weights_with(middle, ivar)
        too_large = (weights * (1.0 - weights * squares)).sum(dim=0) > 0
        high, low = torch.where(too_large, middle, high), torch.where(too_large, low, middle)
    return 0.5 * (low + high)
