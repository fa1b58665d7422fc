"""Fitting a batch in which a spectrum may break the fitter: it is found, and fails alone."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import torch
from torch import Tensor

from starledger.compute.fitters.levenberg import joined
from starledger.compute.models.base import Fits, Spectra

Fit = Callable[[Spectra], Fits]


def isolated(fit: Fit, spectra: Spectra) -> tuple[Fits | None, list[int], dict[int, str]]:
    """Fit a batch; where that raises, fit its halves, and so on down to single spectra.

    Parameters
    ----------
    fit
        The fitter.
    spectra
        The batch.

    Returns
    -------
    fits
        Of those that could be fitted; None where there is none.
    rows
        Which ones these are, in their order.
    errors
        The tracebacks of the others, by row.
    """
    parts: list[Fits] = []
    rows: list[int] = []
    errors: dict[int, str] = {}
    todo = [torch.arange(len(spectra))] if len(spectra) else []
    while todo:
        these = todo.pop()
        try:
            parts.append(fit(_rows_of(spectra, these)))
            rows.extend(these.tolist())
        except Exception as error:  # whatever a spectrum brings about
            if len(these) > 1:
                first, second = these.tensor_split(2)
                todo += [second, first]
            else:
                errors[int(these)] = traceback_of(error)
            if isinstance(error, torch.OutOfMemoryError):
                torch.cuda.empty_cache()
    return (joined(parts) if parts else None), rows, errors


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an error, as is kept of a visit that failed."""
    return "".join(traceback.format_exception(error)).strip()


def _rows_of(spectra: Spectra, rows: Tensor) -> Spectra:
    if len(rows) == len(spectra):
        return spectra
    return Spectra(spectra.flux[rows], spectra.ivar[rows])
