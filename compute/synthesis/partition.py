"""Partition functions of atoms and ions."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from starledger.compute.synthesis.elements import elements, read_table

_THETA = np.arange(0.4, 2.01, 0.2)
_COLUMNS = ("t04", "t06", "t08", "t10", "t12", "t14", "t16", "t18", "t20")
_DEGREE = 5
_LN10 = float(np.log(10.0))


@cache
def _coefficients() -> Tensor:
    # A polynomial, not a table, so that gradients have no kinks. Stages that Gray leaves out are
    # closed shells or fully stripped, whose partition function is 1 to his precision.
    table = np.zeros((len(elements()), 3, _DEGREE + 1))
    place = {element.number: i for i, element in enumerate(elements())}
    for row in read_table("partition.csv"):
        values = np.array([float(row[column]) for column in _COLUMNS])
        fit = np.polynomial.polynomial.polyfit(_THETA, values, _DEGREE)
        table[place[int(row["atomic_number"])], int(row["stage"])] = fit
    return torch.from_numpy(table * _LN10)


def log_partition(temperature: Tensor) -> Tensor:
    """Return the natural logarithm of the partition functions.

    Parameters
    ----------
    temperature
        In K, any shape; outside 2520–12600 K the value at the edge is used.

    Returns
    -------
    Tensor
        The shape of `temperature`, then elements, then three stages of ionisation.

    Examples
    --------
    >>> from starledger.compute.synthesis.elements import element_index
    >>> u = log_partition(torch.tensor(5040.0)).exp()
    >>> [round(x) for x in u[element_index("Fe")].tolist()]
    [28, 43, 22]
    """
    theta = (5040.0 / temperature).clamp(0.4, 2.0)
    powers = torch.stack([theta**k for k in range(_DEGREE + 1)], dim=-1)
    table = _coefficients().to(temperature)
    return torch.einsum("...k,esk->...es", powers, table)
