"""Pictures of calibrations: the curve with its error, and the sample that it follows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Row

from starledger.catalog.calibrate.curve import corrections_at, ends_of, errors_at, middle_of
from starledger.catalog.calibrate.error_scale import ONE_SIGMA
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.forms import Calibration
from starledger.catalog.calibrate.formula import BoolArray, FloatArray
from starledger.catalog.calibrate.kept import as_calibration, content_of
from starledger.catalog.calibrate.validation import bins_of
from starledger.compute.plots import drawing
from starledger.schema.labels import LABELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 200
_BEYOND = 0.08
"""So much of the range is drawn beyond each of its ends."""


def draw_derived(
    name: str, content: Mapping[str, Any], evidence: Evidence, held_out: BoolArray, target: Path
) -> None:
    """Draw a calibration over the sample that it was derived from.

    Parameters
    ----------
    name, content
        Of the calibration.
    evidence, held_out
        Its sample, and which members were held out.
    target
        File to write; its ending says the format.
    """
    calibration = as_calibration(name, content)
    middle = np.median(evidence.at, axis=0)
    with drawing(target) as figure:
        axes = figure.subplots()
        implied = _implied(calibration, evidence)
        for chosen, colour, word in ((~held_out, "C0", "fitted"), (held_out, "C1", "held out")):
            at = evidence.at[chosen, 0]
            axes.plot(at, implied[chosen], ".", color=colour, alpha=0.25, markersize=3, label=word)
        rows = bins_of(evidence.at[:, 0])
        typical = partial(np.quantile, q=ONE_SIGMA if calibration.corrects == "error" else 0.5)
        at = [float(np.median(evidence.at[one, 0])) for one in rows]
        axes.plot(at, [float(typical(implied[one])) for one in rows], "ks", markersize=4)
        _curve(axes, calibration, content, middle)
        least, most = np.quantile(implied, [0.02, 0.98])
        margin = 0.3 * max(most - least, 1e-6)
        bottom = 0.0 if calibration.corrects == "error" else least - margin
        axes.set_ylim(bottom, most + margin)
        _words(axes, name, calibration)


def draw_curve(row: Row[Any], target: Path) -> None:
    """Draw a calibration of the ledger by itself, along its first variable.

    Parameters
    ----------
    row
        Its row.
    target
        File to write; its ending says the format.
    """
    content = content_of(row)
    calibration = as_calibration(row.name, content)
    with drawing(target) as figure:
        axes = figure.subplots()
        _curve(axes, calibration, content, middle_of(calibration))
        _words(axes, f"{row.name}:{row.version}", calibration)


def _implied(calibration: Calibration, evidence: Evidence) -> FloatArray:
    """Return the correction that each member by itself asks for."""
    if calibration.corrects == "error":
        return np.asarray(np.abs(evidence.wanted))
    implied = evidence.wanted.copy()
    if evidence.partner_at is not None:
        implied += corrections_at(calibration, evidence.partner_at)
    if evidence.group is not None:
        left = implied - corrections_at(calibration, evidence.at)
        for number in np.unique(evidence.group):
            mine = evidence.group == number
            implied[mine] -= np.median(left[mine])
    return implied


def _curve(
    axes: Axes, calibration: Calibration, content: Mapping[str, Any], middle: FloatArray
) -> None:
    low, high = ends_of(calibration)
    beyond = _BEYOND * (high - low)
    at = np.tile(middle, (_POINTS, 1))
    at[:, 0] = np.linspace(low - beyond, high + beyond, _POINTS)
    value = corrections_at(calibration, at)
    axes.plot(at[:, 0], value, color="C2", linewidth=2, label="calibration")
    covariance = content["coefficient_covariance"]
    if covariance is not None:
        error = errors_at(calibration, np.array(covariance), at)
        axes.fill_between(at[:, 0], value - error, value + error, color="C2", alpha=0.35)
    for end in (low, high):
        axes.axvline(end, color="0.5", linestyle=":")


def _words(axes: Axes, name: str, calibration: Calibration) -> None:
    label = LABELS.get(calibration.label)
    unit = "" if label is None else f" ({label.unit})"
    what = "factor of the error of" if calibration.corrects == "error" else "correction of"
    what = "floor of the error of" if calibration.is_floor else what
    axes.set_title(name)
    axes.set_ylabel(f"{what} {calibration.label}{'' if 'factor' in what else unit}")
    if calibration.variables:
        first = LABELS.get(calibration.variables[0])
        axes.set_xlabel(calibration.variables[0] + ("" if first is None else f" ({first.unit})"))
    axes.legend(loc="best")
