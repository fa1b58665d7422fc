"""Telling apart what can be fitted and what cannot, before any fit."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.models.base import Convergence, Spectra


def triage(spectra: Spectra, n_quantities: int) -> tuple[Spectra, list[Convergence | None]]:
    """Return the spectra cleaned, and why each one cannot be fitted; None where it can.

    Parameters
    ----------
    spectra
        A batch; what the flux holds does not matter where the inverse variance is 0.
    n_quantities
        How many quantities are to be fitted.

    Examples
    --------
    >>> flux = torch.ones(2, 3)
    >>> ivar = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    >>> triage(Spectra(flux, ivar), 3)[1]
    [<Convergence.TOO_FEW_PIXELS: 'Fewer pixels count than there are quantities to fit.'>, None]
    """
    odd = _odd(spectra)
    clean = _cleaned(spectra, odd)
    reasons: list[Convergence | None] = [None] * len(spectra)
    # What is wrong in more than one way is called by the last of these.
    _name(reasons, Convergence.NO_FLUX, ~clean.flux.any(1))
    _name(reasons, Convergence.TOO_FEW_PIXELS, (clean.ivar > 0).sum(1) < n_quantities)
    if len(odd):
        flux, ivar = spectra.flux[odd], spectra.ivar[odd]
        wrong = ~ivar.isfinite() | ((ivar > 0) & ~flux.isfinite())
        _name(reasons, Convergence.NEGATIVE_IVAR, (ivar < 0).any(1), odd)
        _name(reasons, Convergence.NOT_FINITE, wrong.any(1), odd)
    return clean, reasons


def cleaned(spectra: Spectra) -> Spectra:
    """Return the spectra with zeros where a pixel does not count.

    Examples
    --------
    >>> cleaned(Spectra(torch.tensor([[torch.nan]]), torch.tensor([[0.0]]))).flux.tolist()
    [[0.0]]
    """
    return _cleaned(spectra, _odd(spectra))


def _cleaned(spectra: Spectra, odd: Tensor) -> Spectra:
    flux, ivar = spectra.flux, spectra.ivar
    if len(odd):
        counts = (ivar[odd] > 0) & ivar[odd].isfinite() & flux[odd].isfinite()
        ivar = ivar.index_copy(0, odd, torch.where(counts, ivar[odd], 0.0))
    return Spectra(torch.where(ivar > 0, flux, 0.0).float(), ivar.float())


def _odd(spectra: Spectra) -> Tensor:
    """Return the rows in which anything is negative or not finite, masked pixels included."""
    sums = spectra.flux.sum(1) + spectra.ivar.sum(1)
    return (~(sums.isfinite() & (spectra.ivar.amin(1) >= 0))).nonzero()[:, 0]


def _name(
    reasons: list[Convergence | None],
    reason: Convergence,
    which: Tensor,
    rows: Tensor | None = None,
) -> None:
    found = which.nonzero()[:, 0]
    for row in (found if rows is None else rows[found]).tolist():
        reasons[row] = reason
