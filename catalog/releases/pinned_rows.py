"""Queries of what a release pins: the rows of its runs, as they were when they were closed.

Each is built of run numbers as literals and of values that never change, so that it answers the
same for ever. The one value that may be written later, the end of a version's validity, counts
only up to the release's own time.
"""

from __future__ import annotations

from collections.abc import Sequence

from starledger.catalog.releases.plan import Part, Plan
from starledger.catalog.releases.views import listed


def members(plan: Plan) -> str:
    """Return the query of which spectrum belongs to which star."""
    return _last_of("star_member", ("spectrum_id", "star_id"), "spectrum_id", plan.star_runs)


def star_versions(plan: Plan) -> str:
    """Return the query of what is known of each star."""
    columns = (
        *("star_id", "starid", "gaia_dr2_source_id", "gaia_dr3_source_id", "ra", "dec"),
        *("ref_epoch", "healpix", "pmra", "pmdec"),
    )
    return _last_of("star_version", columns, "star_id", plan.star_runs)


def _last_of(table: str, columns: Sequence[str], key: str, runs: Sequence[int]) -> str:
    """Return the query of the last row of each key among those of some star runs."""
    query = (
        f"SELECT {', '.join(f'o.{one}' for one in columns)}\n    FROM ledger.{table} o"  # noqa: S608
        f" WHERE o.star_run_id IN {listed(runs)}"
    )
    if len(runs) == 1:
        return query
    return (
        f"{query}\n    AND NOT EXISTS (SELECT FROM ledger.{table} n WHERE n.{key} = o.{key}"
        f" AND n.star_run_id > o.star_run_id AND n.star_run_id IN {listed(runs)})"
    )


def fits_of(part: Part, fit: str) -> str:
    """Return the condition that a fit is one of a model's in its pinned runs."""
    return (
        f"{fit}.model_id = {part.model_id} AND {fit}.fit_config_id = {part.fit_config_id}"
        f" AND {fit}.fit_run_id IN {listed(part.fit_runs)}"
    )


def fits_of_any(plan: Plan, fit: str) -> str:
    """Return the condition that a fit is one of any model's in the pinned runs."""
    models = listed([part.model_id for part in plan.parts])
    return f"{fit}.model_id IN {models} AND {fit}.fit_run_id IN {listed(plan.fit_runs)}"


def reduced_chi2(fit: str, n_labels: int) -> str:
    """Return chi squared of a fit over its degrees of freedom; null where it has none.

    Examples
    --------
    >>> reduced_chi2("f", 4)
    '(CASE WHEN f.n_pixels > 4 THEN f.chi2 / (f.n_pixels - 4) END)::real'
    """
    freedom = f"{fit}.n_pixels - {n_labels}"
    return f"(CASE WHEN {fit}.n_pixels > {n_labels} THEN {fit}.chi2 / ({freedom}) END)::real"


def still_valid(plan: Plan, spectrum: str) -> str:
    """Return the condition that a version of a spectrum was valid, and not withdrawn."""
    late = f" OR {spectrum}.valid_to_run_id IN {listed(plan.unfinished)}" if plan.unfinished else ""
    return "\n    AND ".join(
        [
            f"{spectrum}.valid_from_run_id <= {plan.as_of}",
            f"({spectrum}.valid_to_run_id IS NULL"
            f" OR {spectrum}.valid_to_run_id > {plan.as_of}{late})",
            _not_withdrawn(plan, spectrum, "spectrum_id"),
            _not_withdrawn(plan, spectrum, "data_release_id"),
        ]
    )


def up_to_then(plan: Plan, run: str) -> str:
    """Return the condition that a run had ended when the release was made."""
    late = f" AND {run} NOT IN {listed(plan.unfinished)}" if plan.unfinished else ""
    return f"{run} <= {plan.as_of}{late}"


def _not_withdrawn(plan: Plan, row: str, key: str) -> str:
    """Return the condition that the last word on a spectrum or a data release is no withdrawal."""
    return (
        f"{row}.{key} NOT IN (SELECT w.{key} FROM ledger.withdrawal w"  # noqa: S608
        f" WHERE w.{key} IS NOT NULL AND w.action = 'withdrawn'"
        f" AND {up_to_then(plan, 'w.run_id')}"
        f" AND NOT EXISTS (SELECT FROM ledger.withdrawal l WHERE l.{key} = w.{key}"
        f" AND l.run_id > w.run_id AND {up_to_then(plan, 'l.run_id')}))"
    )
