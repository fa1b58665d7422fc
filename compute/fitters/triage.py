"""Telling apart what can be fitted and what cannot, before any fit."""

from __future__ import annotations

import torch

from starledger.compute.models.base import Convergence, Spectra


def refusals(spectra: Spectra, n_quantities: int) -> list[Convergence | None]:
    """Return why each spectrum cannot be fitted; None where it can.

    Parameters
    ----------
    spectra
        A batch; what the flux holds does not matter where the inverse variance is 0.
    n_quantities
        How many quantities are to be fitted.

    Examples
    --------
    >>> flux = torch.ones(2, 3)
    >>> refusals(Spectra(flux, torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])), 3)
    [<Convergence.TOO_FEW_PIXELS: 'Fewer pixels count than there are quantities to fit.'>, None]
    """
    counts = spectra.ivar > 0
    wrong = {
        Convergence.NOT_FINITE: ~spectra.ivar.isfinite() | (counts & ~spectra.flux.isfinite()),
        Convergence.NEGATIVE_IVAR: spectra.ivar < 0,
    }
    first = {reason: pixels.any(1) for reason, pixels in wrong.items()}
    first[Convergence.TOO_FEW_PIXELS] = counts.sum(1) < n_quantities
    first[Convergence.NO_FLUX] = ~(counts & (spectra.flux != 0)).any(1)
    reasons: list[Convergence | None] = [None] * len(spectra)
    for reason, rows in reversed(first.items()):
        for row in rows.nonzero()[:, 0].tolist():
            reasons[row] = reason
    return reasons


def cleaned(spectra: Spectra) -> Spectra:
    """Return the spectra with zeros where a pixel does not count.

    Examples
    --------
    >>> cleaned(Spectra(torch.tensor([[torch.nan]]), torch.tensor([[0.0]]))).flux.tolist()
    [[0.0]]
    """
    counts = (spectra.ivar > 0) & spectra.ivar.isfinite() & spectra.flux.isfinite()
    return Spectra(
        torch.where(counts, spectra.flux, 0.0).float(),
        torch.where(counts, spectra.ivar, 0.0).float(),
    )
