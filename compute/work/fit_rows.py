"""What the ledger keeps of a fit: labels, errors, flags, and how it ended, as rows to be copied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from starledger import __version__
from starledger.compute.fitters.descent import Box
from starledger.compute.models.base import Convergence, Fits
from starledger.compute.models.payne_quality import MAX_REDUCED_CHI2, MAX_VMAC, reduced_chi2
from starledger.compute.work.leases import Ids
from starledger.schema.flags import Scope, flag, mask
from starledger.schema.labels import LABELS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bits = NDArray[np.int64]

_ENDS = tuple(Convergence)
_CODES = {end: code for code, end in enumerate(_ENDS)}
_FAILED = np.array([end.failed for end in _ENDS])
_REASONS = pa.array([end.value for end in _ENDS])
_OUTCOMES = pa.array(["good", "flagged", "failed"])
_FLAGS = {
    Convergence.ON_BOUND: mask(Scope.FIT, "at_bound"),
    Convergence.WIDTH_AT_EDGE: mask(Scope.FIT, "at_bound"),
    Convergence.RV_AT_EDGE: mask(Scope.FIT, "rv_at_edge"),
    Convergence.TOO_MANY_STEPS: mask(Scope.FIT, "not_converged"),
    Convergence.SINGULAR: mask(Scope.FIT, "singular_covariance"),
    Convergence.TOO_FEW_PIXELS: mask(Scope.FIT, "failed", "too_few_pixels"),
    Convergence.NOT_FINITE: mask(Scope.FIT, "failed"),
    Convergence.NEGATIVE_IVAR: mask(Scope.FIT, "failed"),
    Convergence.NO_FLUX: mask(Scope.FIT, "failed"),
    Convergence.CONVERGED: 0,
}
_FLAGS_OF = np.array([_FLAGS[end] for end in _ENDS])
_UNCONSTRAINED = 1.0 / 6.0
"""Of the range of the fit: see the flag."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What all rows of a worker have in common.

    Parameters
    ----------
    fit_run_id, model_id, fit_config_id
        The run, the model and how it is applied.
    worker
        The worker's name.
    with_covariance
        Whether the covariance of the labels is kept, which takes more room than all else.
    """

    fit_run_id: int
    model_id: int
    fit_config_id: int
    worker: str
    with_covariance: bool = True


@dataclass(frozen=True, slots=True)
class Ranges:
    """Between which values labels are judged.

    Parameters
    ----------
    labels
        Their names, in their order.
    low, high
        The ends of the fit, a margin beyond the training included.
    trained_low, trained_high
        The ends of the training.
    """

    labels: tuple[str, ...]
    low: Floats
    high: Floats
    trained_low: Floats
    trained_high: Floats

    @classmethod
    def of(
        cls, labels: tuple[str, ...], box: Box, trained: tuple[torch.Tensor, torch.Tensor]
    ) -> Ranges:
        """Return the ranges of a fitter's box, in which the velocity may follow the labels."""
        n = len(labels)
        low, high = box.low.double().cpu().numpy(), box.high.double().cpu().numpy()
        first, last = (one.double().cpu().numpy() for one in trained)
        return cls(labels, low[:n], high[:n], first, last)


def fit_rows(
    spectrum_ids: Ids, fits: Fits, ranges: Ranges, origin: Origin, seconds: float
) -> pa.RecordBatch:
    """Return the rows of the table ``fit`` of a batch.

    Parameters
    ----------
    spectrum_ids
        Of the visits, in the order of the fits.
    fits
        What came of them.
    ranges, origin
        See there.
    seconds
        That the whole batch took.
    """
    found = _Found.of(fits, ranges)
    n = len(spectrum_ids)
    covariance = (
        _triangle(fits) if origin.with_covariance else pa.nulls(n, pa.list_(pa.float32(), 1))
    )
    failed = found.failed
    return pa.record_batch(
        {
            "model_id": _all(origin.model_id, n, np.int32),
            "spectrum_id": pa.array(spectrum_ids),
            "fit_config_id": _all(origin.fit_config_id, n, np.int32),
            "fit_run_id": _all(origin.fit_run_id, n, np.int64),
            "outcome": _words(found.outcomes, _OUTCOMES),
            "reason": _words(found.ends, _REASONS),
            "flags": pa.array(found.flags),
            "labels": _list(found.labels, failed),
            "errors": _list(found.errors, failed),
            "bounds": _list(found.bounds, failed),
            "label_flags": _ints(found.label_flags, failed),
            "covariance": covariance,
            "rv": _reals(found.rv),
            "err_rv": _reals(found.err_rv),
            "line_variance": _reals(found.line_variance),
            "chi2": _reals(found.chi2),
            "n_pixels": pa.array(found.n_pixels),
            "n_iterations": pa.array(found.steps),
            "seconds": _all(seconds / max(n, 1), n, np.float32),
            "worker": _words(np.zeros(n, np.int8), pa.array([origin.worker])),
            "software_version": _words(np.zeros(n, np.int8), pa.array([__version__])),
        }
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The numbers of a batch on the way to its rows; what is not known is NaN."""

    labels: Floats
    errors: Floats
    bounds: Floats
    rv: Floats
    err_rv: Floats
    line_variance: Floats
    chi2: Floats
    n_pixels: NDArray[np.int32]
    steps: NDArray[np.int32]
    ends: NDArray[np.int8]
    failed: Bools
    flags: Bits
    label_flags: NDArray[np.int32]

    @classmethod
    def of(cls, fits: Fits, ranges: Ranges) -> _Found:
        labels, chi2 = _numbers(fits.labels), _numbers(fits.chi2)
        variances = _numbers(fits.covariance.diagonal(dim1=1, dim2=2))
        n = labels.shape[1]
        ends = np.array([_CODES[end] for end in fits.convergence], np.int8)
        failed = _FAILED[ends]
        # What a `real` cannot hold counts as not known.
        labels, bounds = _single(labels), _positive(_numbers(fits.bounds))
        with np.errstate(invalid="ignore"):
            errors = _positive(np.sqrt(variances))
        absent = np.full(len(labels), np.nan)
        rv, line_variance = (
            absent if one is None else _single(_numbers(one))
            for one in (fits.rv, fits.line_variance)
        )
        label_flags = _label_flags(labels, errors[:, :n], bounds, ranges)
        flags = _FLAGS_OF[ends] | _fit_flags(
            labels, errors, chi2, _numbers(reduced_chi2(fits)), ranges
        )
        flags |= np.where(
            (label_flags & _AT_BOUND).any(1) & ~failed, mask(Scope.FIT, "at_bound"), 0
        )
        flags[failed] &= mask(Scope.FIT, "failed", "too_few_pixels")
        return cls(
            labels,
            errors[:, :n],
            bounds,
            rv,
            absent if fits.rv is None else errors[:, n],
            line_variance,
            _single(chi2),
            fits.n_pixels.cpu().numpy().astype(np.int32),
            fits.steps.cpu().numpy().astype(np.int32),
            ends,
            failed,
            flags,
            label_flags,
        )

    @property
    def outcomes(self) -> NDArray[np.int8]:
        """Whether each is good, flagged or failed: its place among these words."""
        flagged = (self.flags != 0) | (self.label_flags != 0).any(1)
        return np.where(self.failed, 2, flagged).astype(np.int8)


def _triangle(fits: Fits) -> pa.Array:
    """Return the lower triangles of the covariances of the labels; null where one is not known."""
    rows, columns = torch.tril_indices(fits.labels.shape[1], fits.labels.shape[1])
    triangle = fits.covariance[:, rows, columns].float().cpu().numpy()
    known = np.isfinite(triangle).all(1)
    return pa.FixedSizeListArray.from_arrays(
        pa.array(np.where(known[:, None], triangle, 0.0).ravel()),
        triangle.shape[1],
        mask=pa.array(~known),
    )


_AT_BOUND = flag(Scope.LABEL, "at_bound").mask


def _label_flags(
    labels: Floats, errors: Floats, bounds: Floats, ranges: Ranges
) -> NDArray[np.int32]:
    declared = [LABELS[name] for name in ranges.labels]
    least = np.array([-np.inf if one.low is None else one.low for one in declared])
    most = np.array([np.inf if one.high is None else one.high for one in declared])
    low, high = _single(ranges.low), _single(ranges.high)
    return _bits(
        Scope.LABEL,
        {
            "at_bound": (labels <= low) | (labels >= high),
            "unconstrained": bounds > _UNCONSTRAINED * (ranges.high - ranges.low),
            "outside_training_range": (labels < _single(ranges.trained_low))
            | (labels > _single(ranges.trained_high)),
            "unphysical": (labels < least) | (labels > most),
            "no_error": np.isfinite(labels) & ~np.isfinite(errors),
        },
    ).astype(np.int32)


def _fit_flags(
    labels: Floats, errors: Floats, chi2: Floats, reduced: Floats, ranges: Ranges
) -> Bits:
    names = ranges.labels
    vmac = labels[:, names.index("vmac")] if "vmac" in names else np.zeros(len(labels))
    finite = np.isfinite(labels).all(1) & np.isfinite(chi2) & np.isfinite(errors).all(1)
    return _bits(
        Scope.FIT,
        {
            "non_finite": ~finite,
            # Not a number counts as too large: nothing says that such a fit is good.
            "high_chi2": ~(reduced <= MAX_REDUCED_CHI2),
            "fast_rotator": vmac > MAX_VMAC,
        },
    )


def _bits(scope: Scope, set_where: dict[str, Bools]) -> Bits:
    bits = [where.astype(np.int64) * mask(scope, name) for name, where in set_where.items()]
    return np.asarray(np.bitwise_or.reduce(bits), np.int64)


def _numbers(tensor: torch.Tensor) -> Floats:
    return tensor.double().cpu().numpy()


def _single(values: Floats) -> Floats:
    """Return numbers rounded to what a ``real`` holds, and NaN where it cannot hold them."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(rounded), rounded, np.nan)


def _positive(values: Floats) -> Floats:
    rounded = _single(values)
    with np.errstate(invalid="ignore"):
        return np.where(rounded > 0, rounded, np.nan)


def _all(value: float, n: int, kind: type[np.generic]) -> pa.Array:
    return pa.array(np.full(n, value, kind))


def _words(places: NDArray[np.int8], words: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places), words)


def _reals(values: Floats) -> pa.Array:
    return pa.array(values.astype(np.float32), mask=np.isnan(values))


def _list(values: Floats, absent: Bools) -> pa.Array:
    flat = values.ravel()
    elements = pa.array(flat.astype(np.float32), mask=np.isnan(flat))
    return pa.FixedSizeListArray.from_arrays(elements, values.shape[1], mask=pa.array(absent))


def _ints(values: NDArray[np.int32], absent: Bools) -> pa.Array:
    elements = pa.array(values.ravel())
    return pa.FixedSizeListArray.from_arrays(elements, values.shape[1], mask=pa.array(absent))
