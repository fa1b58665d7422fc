"""Gradient spectra: the exact derivatives of spectra with respect to labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.autograd import forward_ad

from starledger.compute.synthesis.labels import label_index


def gradient_spectra(
    spectra: Callable[[Tensor], Tensor], labels: Tensor, names: Sequence[str]
) -> Tensor:
    """Return derivatives of spectra by forward differentiation, one label at a time.

    Parameters
    ----------
    spectra
        What to differentiate: from stars × labels to stars × pixels.
    labels
        Where; stars × `SYNTHESIS_LABELS`.
    names
        The labels to differentiate by.

    Returns
    -------
    Tensor
        Stars × names × pixels, per K, dex or km/s.

    Examples
    --------
    >>> from starledger.compute.synthesis.labels import label_tensor
    >>> slope = gradient_spectra(lambda x: x[:, :2] ** 2, label_tensor({"teff": 5000.0}), ["teff"])
    >>> slope.tolist()
    [[[10000.0, 0.0]]]
    """
    columns = []
    for name in names:
        direction = torch.zeros_like(labels)
        direction[:, label_index(name)] = 1.0
        with torch.no_grad(), forward_ad.dual_level():
            dual = forward_ad.make_dual(labels, direction)  # type: ignore[no-untyped-call]
            spectrum = spectra(dual)
            tangent = forward_ad.unpack_dual(spectrum).tangent  # type: ignore[no-untyped-call]
        columns.append(torch.zeros_like(spectrum) if tangent is None else tangent)
    return torch.stack(columns, dim=1)
