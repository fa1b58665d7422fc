"""Who raises each flag of the registry, or why nobody does yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.rules import RULES
from starledger.schema.flags import FLAGS, Flag, Scope

INGEST, FIT, COMBINATION, CALIBRATION = "ingest", "fit", "combination", "calibration"
NONE_YET = "none yet"

ELSEWHERE: Mapping[tuple[Scope, str], str] = MappingProxyType(
    {
        **{
            (Scope.SPECTRUM, name): INGEST
            for name in (
                "missing_errors", "low_snr", "non_finite_flux", "negative_flux",
                "many_bad_pixels", "bright_neighbour", "no_survey_rv", "survey_warning",
                "survey_bad", "not_a_star",
            )
        },
        **{
            (Scope.FIT, name): FIT
            for name in (
                "failed", "too_few_pixels", "not_converged", "non_finite", "singular_covariance",
                "at_bound", "rv_at_edge", "fast_rotator", "high_chi2",
            )
        },
        **{
            (Scope.LABEL, name): FIT
            for name in (
                "at_bound", "unconstrained", "outside_training_range", "unphysical", "no_error",
            )
        },
        (Scope.LABEL, "calibration_held"): CALIBRATION,
        (Scope.LABEL, "visits_disagree"): COMBINATION,
        **{
            (Scope.STAR, name): COMBINATION
            for name in ("double_lined", "rv_variable", "outliers_rejected", "no_clean_visit")
        },
    }
)  # fmt: skip
"""The flags that are raised where their cause is seen, and not by quality runs."""

MISSING: Mapping[tuple[Scope, str], str] = MappingProxyType(
    {
        (Scope.SPECTRUM, "telluric_residual"): "no step looks for it in the pixels",
        (Scope.SPECTRUM, "sky_residual"): "no step looks for it in the pixels",
        (Scope.SPECTRUM, "wavelength_offset"): "no list of such data releases is kept",
        (Scope.FIT, "ambiguous_minimum"): "fits do not keep where other starting points ended",
        (Scope.FIT, "edge_pixels"): "fits do not tell it",
        (Scope.FIT, "double_lined"): "`starledger fit` does not fit pairs of stars",
        (Scope.LABEL, "scan_at_bound"): "no fitter scans χ²",
        (Scope.LABEL, "scan_differs_sigma"): "no fitter scans χ²",
        (Scope.LABEL, "scan_differs_dex"): "no fitter scans χ²",
    }
)
"""The flags that nobody raises yet, and why."""


@dataclass(frozen=True, slots=True)
class Produced:
    """A flag and who raises it.

    Parameters
    ----------
    scope, bit, name, severity, meaning
        As in the registry.
    producer
        ``ingest``, ``fit``, ``combination``, ``calibration``, ``quality: RULE``, ``none yet: …`` or
        ``no data: …``.
    """

    scope: str
    bit: int
    name: str
    severity: str
    producer: str
    meaning: str


def producers(facts: Facts | None = None) -> Iterator[Produced]:
    """Yield each flag of the registry with its producer.

    Parameters
    ----------
    facts
        Of a model: then rules that lack something say what.

    Examples
    --------
    >>> next(producers()).producer
    'ingest'
    """
    for flag in FLAGS:
        yield Produced(
            flag.scope.value,
            flag.bit,
            flag.name,
            flag.severity.value,
            producer_of(flag, facts),
            flag.meaning,
        )


def producer_of(flag: Flag, facts: Facts | None = None) -> str:
    """Return who raises a flag, in words."""
    named = flag.scope, flag.name
    if named in ELSEWHERE:
        return ELSEWHERE[named]
    for rule in RULES:
        if flag in rule.flags:
            missing = rule.needs(facts) if facts else None
            return f"no data: {missing}" if missing else f"quality: {rule.name}"
    return f"{NONE_YET}: {MISSING[named]}" if named in MISSING else NONE_YET
