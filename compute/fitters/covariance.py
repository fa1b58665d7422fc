"""From the information that a spectrum holds to the errors of what is fitted."""

from __future__ import annotations

import torch
from torch import Tensor

_SINGULAR = 1e-6
"""A quantity is lost when less than this part of its information is not shared with others: the
products that make the information are exact to a few parts in 10⁷."""


def covariance(information: Tensor) -> tuple[Tensor, Tensor]:
    """Return the inverse of each matrix, and which of them have none.

    Parameters
    ----------
    information
        JᵀWJ: spectra × quantities × quantities, in any units.

    Examples
    --------
    >>> matrices = torch.tensor([[[4.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
    >>> inverse, singular = covariance(matrices.double())
    >>> (inverse + 0.0).tolist()
    [[[0.25, 0.0], [0.0, 1.0]], [[nan, nan], [nan, nan]]]
    >>> singular.tolist()
    [False, True]
    """
    scale = information.diagonal(dim1=1, dim2=2).clamp(min=1e-300).rsqrt()
    scales = scale[:, :, None] * scale[:, None, :]
    factor, failed = torch.linalg.cholesky_ex(information.nan_to_num() * scales.nan_to_num())
    own = factor.diagonal(dim1=1, dim2=2).square().amin(1)
    singular = (failed != 0) | ~(own > _SINGULAR)
    unit = torch.eye(information.shape[1], dtype=factor.dtype, device=factor.device)
    factor = torch.where(singular[:, None, None], unit, factor)
    inverse = torch.cholesky_inverse(factor) * scales
    return inverse.masked_fill(singular[:, None, None], torch.nan), singular
