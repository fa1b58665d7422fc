"""How much a pixel costs that lies so many standard errors from the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Loss(Protocol):
    """The cost of a pixel by the square of its deviation in standard errors."""

    def cost(self, square: Tensor) -> Tensor:
        """Return the cost; that of small deviations is their square."""
        raise NotImplementedError

    def weight(self, square: Tensor) -> Tensor:
        """Return the derivative of the cost by the square: 1 for small deviations."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Squares:
    """Least squares: χ².

    Examples
    --------
    >>> Squares().cost(torch.tensor([9.0])).tolist()
    [9.0]
    """

    def cost(self, square: Tensor) -> Tensor:
        """Return the square itself."""
        return square

    def weight(self, square: Tensor) -> Tensor:
        """Return ones."""
        return torch.ones_like(square)


@dataclass(frozen=True, slots=True)
class Huber:
    """Squares up to a deviation, straight lines beyond (Huber 1964).

    Parameters
    ----------
    bend
        That deviation in standard errors; 1.345 loses 5 % of precision on Gaussian noise.

    Examples
    --------
    >>> Huber(2.0).cost(torch.tensor([1.0, 100.0])).tolist()
    [1.0, 36.0]
    """

    bend: float = 1.345

    def cost(self, square: Tensor) -> Tensor:
        """Return the square, or beyond the bend the tangent on it there."""
        line = 2.0 * self.bend * square.sqrt() - self.bend**2
        return torch.where(square <= self.bend**2, square, line)

    def weight(self, square: Tensor) -> Tensor:
        """Return 1, or beyond the bend the bend by the deviation."""
        return self.bend / square.sqrt().clamp(min=self.bend)


@dataclass(frozen=True, slots=True)
class Student:
    """The logarithm of Student's distribution: far pixels count for nothing.

    Parameters
    ----------
    freedom
        Its degrees of freedom; the fewer, the sooner a pixel is given up.

    Examples
    --------
    >>> round(float(Student(4.0).weight(torch.tensor(12.0))), 3)
    0.25
    """

    freedom: float = 4.0

    def cost(self, square: Tensor) -> Tensor:
        """Return the cost, scaled to be the square of small deviations."""
        return self.freedom * torch.log1p(square / self.freedom)

    def weight(self, square: Tensor) -> Tensor:
        """Return the weight that falls with the square."""
        return self.freedom / (self.freedom + square)
