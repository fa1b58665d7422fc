"""The order in which calibrations are applied, as named formulas that build on each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain as joined
from itertools import combinations, groupby
from typing import TYPE_CHECKING, TypeAlias

from starledger.catalog.calibrate.correction import correction, held, variables
from starledger.catalog.calibrate.forms import BadCalibration
from starledger.catalog.calibrate.formula import (
    Arithmetic,
    Case,
    Column,
    Comparison,
    Formula,
    Holds,
    Null,
    Root,
    either,
    plus,
    times,
)
from starledger.catalog.calibrate.populations import (
    DEFAULT_BOUNDARY,
    column_of,
    formula_of,
)

if TYPE_CHECKING:
    from starledger.catalog.calibrate.forms import Calibration

Named: TypeAlias = "tuple[str, Formula | Holds]"

SNR = "visit_snr"
"""The one variable that is no label: the signal-to-noise ratio of a visit of the star."""
_VISIT_SNR = Arithmetic(Column("snr", widened=True), "/", Root(Column("n_visits", widened=True)))


def formulas(labels: Sequence[str], calibrations: Sequence[Calibration]) -> list[Named]:
    """Return named formulas, to be evaluated in order, that calibrate labels and their errors.

    Raises
    ------
    BadCalibration
        They cannot be applied together, or need a label that is not given.
    """
    order = _order(labels, calibrations)
    chain = list(_boundaries(calibrations))
    if any(SNR in one.variables for one in calibrations):
        chain.append((SNR, _VISIT_SNR))
    values: dict[str, Formula] = {SNR: Column(SNR)}
    errors: dict[str, Formula] = {}
    for label in order:
        values[label] = Column(f"raw_{label}", widened=True)
        for group in _groups(label, "label", calibrations):
            total = values[label]
            for one in group:
                chain += _made(one, values)
                total = plus(total, Column(_name(one)))
            after = f"{label}_after_{group[0].application_order}"
            chain.append((after, total))
            values[label] = Column(after)
    for label in labels:
        errors[label] = Column(f"raw_err_{label}", widened=True)
        for one in joined.from_iterable(_groups(label, "error", calibrations)):
            chain += _made(one, values)
            errors[label] = _changed(errors[label], one)
    for label in labels:
        chain += _final(label, values[label], errors[label], calibrations)
    return chain


def _final(
    label: str, value: Formula, error: Formula, calibrations: Sequence[Calibration]
) -> Iterator[Named]:
    """Yield the label, its error and whether a calibration was held."""
    mine = [one for one in calibrations if one.label == label]
    if not mine:
        value, error = Column(f"raw_{label}"), Column(f"raw_err_{label}")
    else:
        error = Case(((Comparison(value, "=", value), error),), Null())
    ends = [
        condition
        for one in mine
        if one.corrects == "label" and (condition := held(one, _names(one), value)) is not None
    ]
    yield label, value
    yield f"err_{label}", error
    yield f"held_{label}", Holds(either(*ends) if ends else None)


def _changed(error: Formula, one: Calibration) -> Formula:
    """Return an error after a calibration of errors."""
    own = Column(_name(one))
    if one.is_floor:
        return Root(plus(times(error, error), times(own, own)))
    return times(error, own)


def _made(one: Calibration, values: dict[str, Formula]) -> Iterator[Named]:
    """Yield the formulas of a calibration's variables and of its correction."""
    for name, variable in zip(_names(one), one.variables, strict=True):
        raw = one.inputs == "raw" and variable != SNR
        yield name, Column(f"raw_{variable}", widened=True) if raw else values[variable]
    yield from variables(one, _names(one))
    yield _name(one), correction(one, _names(one))


def _name(one: Calibration) -> str:
    return f"calibration_{one.calibration_id}"


def _names(one: Calibration) -> tuple[str, ...]:
    return tuple(f"{_name(one)}_{variable}" for variable in one.variables)


def _boundaries(calibrations: Sequence[Calibration]) -> Iterator[Named]:
    wanted = {boundary_of(one) for one in calibrations if one.population != "all"}
    for boundary in sorted(wanted):
        yield column_of(boundary), formula_of(boundary)


def boundary_of(one: Calibration) -> str:
    """Return the name of the boundary that parts a calibration's dwarfs and giants."""
    return str(one.definition.get("boundary", DEFAULT_BOUNDARY))


def _groups(
    label: str, corrects: str, calibrations: Sequence[Calibration]
) -> list[list[Calibration]]:
    """Return the calibrations of a label by their order; those of one order are of other stars."""
    mine = [one for one in calibrations if (one.label, one.corrects) == (label, corrects)]
    mine.sort(key=lambda one: (one.application_order, one.calibration_id))
    return [list(group) for _, group in groupby(mine, lambda one: one.application_order)]


def _order(labels: Sequence[str], calibrations: Sequence[Calibration]) -> list[str]:
    """Return the labels in an order in which each can be calibrated, after checking all."""
    graph: dict[str, set[str]] = {label: set() for label in labels}
    for one in calibrations:
        _check_labels(one, labels)
        if one.corrects == "label" and one.inputs == "calibrated":
            graph[one.label] |= set(one.variables) - {one.label, SNR}
    for one, other in combinations(calibrations, 2):
        _check_pair(one, other)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise BadCalibration(
            f"Calibrations go round in a circle: {' needs '.join(error.args[1])}.",
            remedy="Let one of them take its variables raw.",
        ) from None


def _check_labels(one: Calibration, labels: Sequence[str]) -> None:
    needed = [one.label, *(name for name in one.variables if name != SNR)]
    if one.population != "all":
        column_of(boundary_of(one))
        needed += ["teff", "logg"]
    for name in needed:
        if name not in labels:
            raise BadCalibration(
                f"The calibration {one.title} needs {name}, which is not among the labels.",
                remedy=f"They are {', '.join(labels)}.",
            )


def _check_pair(one: Calibration, other: Calibration) -> None:
    if one.name == other.name:
        raise BadCalibration(
            f"Two versions of one calibration, {one.title} and {other.title}, are given.",
            remedy="Take one of them.",
        )
    same = (one.label, one.corrects, one.application_order) == (
        other.label,
        other.corrects,
        other.application_order,
    )
    apart = {one.population, other.population} == {"dwarf", "giant"} and (
        boundary_of(one) == boundary_of(other)
    )
    if same and not apart:
        raise BadCalibration(
            f"{one.title} and {other.title} would be applied to the same stars in one order.",
            remedy="Leave one out, or derive it with another order.",
        )
