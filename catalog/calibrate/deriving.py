"""Deriving a calibration: evidence, fit, validation on what was held out, and the record of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from starledger.catalog.calibrate.bases import (
    Basis,
    Constant,
    NaturalSpline,
    Parameters,
    Polynomial,
    all_terms,
    knots_between,
)
from starledger.catalog.calibrate.combined import combination_of
from starledger.catalog.calibrate.error_floor import (
    QUADRATURE,
    ReferenceScatter,
    fit_floor,
    validated_floor,
)
from starledger.catalog.calibrate.error_scale import LEAST, fit_scale, validated_scale
from starledger.catalog.calibrate.evidence import Evidence, in_order, sha256_of
from starledger.catalog.calibrate.forms import Calibration, load
from starledger.catalog.calibrate.formula import BoolArray, FloatArray
from starledger.catalog.calibrate.kept import (
    Entered,
    check_name,
    content_of,
    enter,
    enter_members,
    of_model,
    sha256_of_content,
)
from starledger.catalog.calibrate.plan import Plan, scale, solar
from starledger.catalog.calibrate.posterior import sample_posterior
from starledger.catalog.calibrate.repeats import Repeats
from starledger.catalog.calibrate.robust import LinearFit, fit_linear
from starledger.catalog.calibrate.source import Reading, Source
from starledger.catalog.calibrate.validation import split, validated
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.runs import running
from starledger.schema.tables import RunKind

FEWEST, FEWEST_PER_PARAMETER = 10, 5
"""Members without which nothing is derived."""
_MOST_OF_SAMPLE = (0.01, 0.99)
"""Quantiles of the sample between which a calibration is valid by default."""


class TooFewMembers(StarledgerError):
    """The sample is too small for the correction that was asked for."""


class EmptyRange(StarledgerError):
    """No member of the sample lies within the range."""


@dataclass(frozen=True)
class Derived:
    """A correction that was derived, before it is entered.

    Parameters
    ----------
    content
        The columns that make it what it is.
    evidence, held_out
        Its sample, and which members were held out.
    sha256
        Of the content.
    """

    content: dict[str, Any]
    evidence: Evidence
    held_out: BoolArray
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """What became of a derivation.

    Parameters
    ----------
    entered
        The calibration in the ledger.
    unchanged
        Whether it is the version that was there before, since nothing differs.
    derived
        The correction.
    """

    entered: Entered
    unchanged: bool
    derived: Derived


def derive(
    database: Database,
    combination_run_id: int,
    plan: Plan,
    source: Source,
    *,
    home: Path | None = None,
    force: bool = False,
) -> Outcome:
    """Derive a calibration from the combinations of a run, and enter it as the next version.

    Parameters
    ----------
    database
        The ledger.
    combination_run_id
        Whose current combinations are calibrated.
    plan, source
        What is derived, and from what.
    home
        The folder below which the figure is drawn; None for no figure.
    force
        Enter a version even if it does not differ from the newest one.

    Raises
    ------
    TooFewMembers, EmptyRange
        The sample does not do.
    """
    with database.engine().connect() as connection:
        derived = derived_from(connection, combination_run_id, plan, source)
        last = check_name(connection, plan.name, derived.content)
    if not force and last is not None and sha256_of_content(content_of(last)) == derived.sha256:
        entered = Entered(last.calibration_id, last.name, last.version)
        return Outcome(entered, unchanged=True, derived=derived)
    figure = None if home is None else _figure(home, plan, derived)
    settings = {**plan.settings(), "source": source.settings()}
    about = {"combination_run_id": combination_run_id, "settings": settings}
    with (
        running(database.engine(), RunKind.CALIBRATION, **about) as run,
        database.engine().begin() as connection,
    ):
        entered = enter(connection, plan.name, run.run_id, derived.content, figure)
        enter_members(connection, entered.calibration_id, derived.evidence, derived.held_out)
        run.message = f"Derived {entered.name}:{entered.version}."
        run.summary["members"] = len(derived.evidence)
    return Outcome(entered, unchanged=False, derived=derived)


def derived_from(
    connection: Connection, combination_run_id: int, plan: Plan, source: Source
) -> Derived:
    """Derive a calibration and enter nothing."""
    run = combination_of(connection, combination_run_id)
    earlier = load(connection, of_model(connection, plan.after, run.model_id))
    collected = source.collect(Reading(connection, run, plan, earlier))
    evidence = in_order(collected.take(collected.whole()))
    low, high = _range(plan, evidence)
    if plan.variables:
        evidence = evidence.take(evidence.within(low, high))
    held_out = split(len(evidence), plan.held_out, plan.seed)
    basis = _basis(plan, source, evidence, low, high)
    _check_size(plan, evidence.take(~held_out), len(basis.design(np.zeros((1, _width(plan))))[0]))
    fit = _fitted(plan, source, basis, evidence.take(~held_out))
    content = _content(plan, source, evidence, basis.parameters(fit.values, fit.covariance))
    content |= {
        "model_id": run.model_id,
        "application_order": plan.order or _next_order(plan, earlier, content["corrects"]),
        "valid_low": low if plan.variables else None,
        "valid_high": high if plan.variables else None,
        "sample_sha256": sha256_of(evidence, held_out),
        "validation": _validation(source, basis, fit, evidence, held_out),
    }
    return Derived(content, evidence, held_out, sha256_of_content(content))


def _width(plan: Plan) -> int:
    return max(1, len(plan.variables))


def _range(plan: Plan, evidence: Evidence) -> tuple[float, float]:
    """Return the range in the first variable."""
    at = evidence.at[:, 0]
    if evidence.partner_at is not None:
        at = np.concatenate([at, evidence.partner_at[:, 0]])
    if not len(at):
        raise TooFewMembers(
            f"No star of the sample of {plan.name} can be used: {plan.label} or what else is needed"
            " is missing from all, or none is of the population.",
            remedy="Name another sample, population or combination run.",
        )
    low, high = (float(end) for end in np.quantile(at, _MOST_OF_SAMPLE))
    low = low if plan.low is None else plan.low
    high = high if plan.high is None else plan.high
    if plan.variables and (low >= high or not evidence.within(low, high).any()):
        raise EmptyRange(
            f"No member of the sample of {plan.name} lies between {low:g} and {high:g} in"
            f" {plan.variables[0]}.",
            remedy=f"The sample reaches from {at.min():g} to {at.max():g}.",
        )
    return low, high


def _check_size(plan: Plan, fitted: Evidence, parameters: int) -> None:
    needed = max(FEWEST, FEWEST_PER_PARAMETER * parameters)
    if len(fitted) < needed:
        raise TooFewMembers(
            f"{len(fitted)} members are left to fit {plan.name} to, but its {parameters}"
            f" parameters need {needed}.",
            remedy="Take a larger sample or range, fewer knots, or a lower degree.",
        )


def _basis(plan: Plan, source: Source, evidence: Evidence, low: float, high: float) -> Basis:
    if plan.form == "constant":
        return Constant()
    first = plan.variables[0]
    pivot = float(np.clip(solar(first) if plan.pivot is None else plan.pivot, low, high))
    if plan.form == "spline":
        at = evidence.at[:, 0]
        if evidence.partner_at is not None:
            at = np.concatenate([at, evidence.partner_at[:, 0]])
        knots = knots_between(low, high, at, plan.knots)
        return NaturalSpline(knots, None if source.has_constant else pivot)
    terms = all_terms(len(plan.variables), plan.degree)[::-1]
    return Polynomial(
        terms if source.has_constant else terms[:-1],
        (pivot, *(solar(name) for name in plan.variables[1:])),
        tuple(scale(name) for name in plan.variables),
    )


def _fitted(plan: Plan, source: Source, basis: Basis, evidence: Evidence) -> LinearFit:
    if isinstance(source, Repeats) and isinstance(basis, Polynomial):
        return fit_scale(basis, evidence)
    if isinstance(source, ReferenceScatter):
        return fit_floor(basis, evidence)
    if plan.monte_carlo:
        return sample_posterior(basis, evidence, plan.seed)
    return fit_linear(basis, evidence)


def _validation(
    source: Source, basis: Basis, fit: LinearFit, evidence: Evidence, held_out: BoolArray
) -> dict[str, Any]:
    about = {
        "fitted": int((~held_out).sum()),
        "outliers": fit.outliers,
        "scatter": fit.scatter,
    }
    kept = evidence.take(held_out)
    if isinstance(source, Repeats) and isinstance(basis, Polynomial):
        return about | {"held_out": validated_scale(basis, fit, kept)}
    if isinstance(source, ReferenceScatter):
        return about | {"held_out": validated_floor(basis, fit, kept)}
    return about | {"held_out": validated(basis, fit, kept)}


def _next_order(plan: Plan, earlier: Sequence[Calibration], corrects: str) -> int:
    mine = [one for one in earlier if (one.label, one.corrects) == (plan.label, corrects)]
    return 1 + max((one.application_order for one in mine), default=0)


def _content(
    plan: Plan, source: Source, evidence: Evidence, parameters: Parameters
) -> dict[str, Any]:
    """Return the columns that follow from the plan and the parameters."""
    of_errors = isinstance(source, Repeats | ReferenceScatter)
    definition = dict(parameters.definition)
    if plan.population != "all":
        definition["boundary"] = plan.boundary
    if len(plan.variables) > 1:
        definition["ranges"] = _other_ranges(plan, evidence)
    if isinstance(source, Repeats):
        definition["least"] = LEAST
    if isinstance(source, ReferenceScatter):
        definition |= {QUADRATURE: True, "least": 0.0}
    return {
        "label": plan.label,
        "corrects": "error" if of_errors else "label",
        "population": plan.population,
        "form": plan.form,
        "variables": list(plan.variables),
        "inputs": plan.inputs,
        "coefficients": parameters.coefficients.tolist(),
        "coefficient_covariance": _packed(parameters.covariance),
        "definition": definition,
        "outside": plan.outside,
        "description": plan.description or _sentence(plan, source),
    }


def _other_ranges(plan: Plan, evidence: Evidence) -> dict[str, list[float]]:
    return {
        name: np.quantile(evidence.at[:, i], _MOST_OF_SAMPLE).tolist()
        for i, name in enumerate(plan.variables)
        if i
    }


def _packed(covariance: FloatArray) -> list[float]:
    """Return the lower triangle of a matrix, row by row."""
    return [float(value) for value in covariance[np.tril_indices(len(covariance))]]


def _sentence(plan: Plan, source: Source) -> str:
    what = "Correction"
    if isinstance(source, Repeats):
        what = "Factor of the error"
    elif isinstance(source, ReferenceScatter):
        what = "Floor of the error"
    on = f" in {', '.join(plan.variables)}" if plan.variables else ""
    whose = {"all": "all stars", "dwarf": "dwarfs", "giant": "giants"}[plan.population]
    return f"{what} of {plan.label}{on} for {whose}, from {source.settings()['kind']}."


def _figure(home: Path, plan: Plan, derived: Derived) -> str:
    from starledger.catalog.calibrate.figures import draw_derived

    path = Path("figures", f"{plan.name}_{derived.sha256[:8]}.png")
    (home / path).parent.mkdir(parents=True, exist_ok=True)
    draw_derived(plan.name, derived.content, derived.evidence, derived.held_out, home / path)
    return path.as_posix()
