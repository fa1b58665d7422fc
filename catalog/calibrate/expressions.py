"""Calibrations as plain SQL: steps of arithmetic that a view holds inline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starledger.catalog.calibrate.chain import SNR, formulas
from starledger.catalog.calibrate.forms import Calibration


@dataclass(frozen=True, slots=True)
class Step:
    """A column to be made, as ``CROSS JOIN LATERAL (SELECT sql AS column)``.

    Parameters
    ----------
    column
        Its name.
    sql
        Its value, from columns that are there and those of earlier steps.
    """

    column: str
    sql: str


def steps(labels: Sequence[str], calibrations: Sequence[Calibration]) -> list[Step]:
    """Return the steps, to be evaluated in order, that calibrate labels and their errors.

    They start from the columns ``raw_<label>`` and ``raw_err_<label>`` of every label, ``real`` or
    double precision, and from ``snr`` and ``n_visits`` where `needs_snr` says so. The last three of
    each label, after all others, give ``<label>``, ``err_<label>`` and ``held_<label>``: whether
    the label has got the correction of an end of a range. A label without calibrations passes
    through as it is.

    A planner that merges the steps repeats each as often as later ones name it; where chains are
    long, end each subquery with ``OFFSET 0``.

    Parameters
    ----------
    labels
        The labels, those included that calibrations depend on.
    calibrations
        What is applied; the order in which they come does not matter.

    Raises
    ------
    BadCalibration
        They cannot be applied together, or need a label that is not given.

    Examples
    --------
    >>> offset = Calibration(
    ...     1, "offset", 1, "fe_h", "label", "all", "constant", (), "raw", 1, (0.05,)
    ... )
    >>> for step in steps(["fe_h"], [offset]):
    ...     print(step.column, "=", step.sql)
    calibration_1 = '0.05'::double precision
    fe_h_after_1 = (raw_fe_h::double precision + calibration_1)
    fe_h = fe_h_after_1
    err_fe_h = CASE WHEN fe_h_after_1 = fe_h_after_1 THEN raw_err_fe_h::double precision
        ELSE NULL::double precision END
    held_fe_h = false
    """
    return [Step(column, formula.sql()) for column, formula in formulas(labels, calibrations)]


def needs_snr(calibrations: Sequence[Calibration]) -> bool:
    """Return whether calibrations depend on the signal-to-noise ratio of a visit.

    It is made from the columns ``snr``, of all visits together, and ``n_visits``.
    """
    return any(SNR in one.variables for one in calibrations)
