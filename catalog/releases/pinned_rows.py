"""Queries of what a release pins: the rows of its runs, as they were when they were closed.

Each is built of run numbers as literals and of values that never change, so that it answers the
same for ever. The one value that may be written later, the end of a version's validity, counts
only up to the release's own time.
"""

from __future__ import annotations

from starledger.catalog.combine.current import standing_rows
from starledger.catalog.pinned_sql import last_of, listed, members_of, up_to, valid
from starledger.catalog.releases.plan import Part, Plan


def members(plan: Plan) -> str:
    """Return the query of which spectrum belongs to which star."""
    return members_of(plan.star_runs)


def star_versions(plan: Plan) -> str:
    """Return the query of what is known of each star."""
    columns = (
        *("star_id", "starid", "gaia_dr2_source_id", "gaia_dr3_source_id", "ra", "dec"),
        *("ref_epoch", "healpix", "pmra", "pmdec"),
    )
    return last_of("star_version", columns, "star_id", plan.star_runs)


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


def current(plan: Plan, part: Part) -> str:
    """Return the query of the current rows of a model's combination run."""
    return standing_rows(part.chain, plan.star_runs, part.as_of_run_id, plan.unfinished)


def still_valid(plan: Plan, spectrum: str) -> str:
    """Return the condition that a version of a spectrum was valid, and not withdrawn."""
    return f"{spectrum}.valid_from_run_id <= {plan.as_of}\n    AND " + valid(
        spectrum, plan.as_of, plan.unfinished
    )


def ended(plan: Plan, run: str) -> str:
    """Return the condition that a run had ended when the release was made."""
    return up_to(run, plan.as_of, plan.unfinished)
