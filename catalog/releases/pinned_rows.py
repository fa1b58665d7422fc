"""Queries of what a release pins: the rows of its runs, as they were when they were closed.

Each is built of run numbers as literals and of values that never change, so that it answers the
same for ever. The one value that may be written later, the end of a version's validity, counts
only up to the release's own time.
"""

from __future__ import annotations

from collections.abc import Sequence

from starledger.catalog.releases.plan import Part, Plan
from starledger.catalog.releases.views import listed
from starledger.schema.tables import Combination


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


def current(plan: Plan, part: Part) -> str:
    """Return the query of the current rows of a model's combination run.

    They are those that `starledger.catalog.combine.current.current_combinations` gives, which
    says why. Here the runs stand in the text, and what runs that are open still may write does
    not count.
    """
    columns = ", ".join(f"c.{column.name}" for column in Combination.__table__.columns)
    head = (
        f"SELECT {columns}\n    FROM ledger.combination c"  # noqa: S608
        f" WHERE c.combination_run_id = {part.combination_run_id}"
    )
    if len(part.chain) == 1:
        return head
    older = listed(part.chain[1:])
    return (
        f"{head}\n    UNION ALL SELECT {columns}\n    FROM ledger.combination c"  # noqa: S608
        f" WHERE c.combination_run_id IN {older}"
        "\n    AND NOT EXISTS (SELECT FROM ledger.combination later"
        " WHERE later.star_id = c.star_id"
        " AND later.combination_run_id > c.combination_run_id"
        f" AND later.combination_run_id IN {listed(part.chain)})"
        f"\n    AND EXISTS (SELECT FROM ({members(plan)}) m"
        " JOIN ledger.spectrum s ON s.spectrum_id = m.spectrum_id"
        " WHERE m.spectrum_id = c.best_spectrum_id AND m.star_id = c.star_id"
        f" AND {_valid(plan, 's', part.as_of_run_id)})"
    )


def still_valid(plan: Plan, spectrum: str) -> str:
    """Return the condition that a version of a spectrum was valid, and not withdrawn."""
    return f"{spectrum}.valid_from_run_id <= {plan.as_of}\n    AND " + _valid(
        plan, spectrum, plan.as_of
    )


def _valid(plan: Plan, spectrum: str, as_of: int) -> str:
    late = f" OR {spectrum}.valid_to_run_id IN {listed(plan.unfinished)}" if plan.unfinished else ""
    return "\n    AND ".join(
        [
            f"({spectrum}.valid_to_run_id IS NULL OR {spectrum}.valid_to_run_id > {as_of}{late})",
            _not_withdrawn(plan, as_of, spectrum, "spectrum_id"),
            _not_withdrawn(plan, as_of, spectrum, "data_release_id"),
        ]
    )


def up_to(plan: Plan, run: str, as_of: int) -> str:
    """Return the condition that a run had ended when the release was made, up to some run."""
    late = f" AND {run} NOT IN {listed(plan.unfinished)}" if plan.unfinished else ""
    return f"{run} <= {as_of}{late}"


def _not_withdrawn(plan: Plan, as_of: int, row: str, key: str) -> str:
    """Return the condition that the last word on a spectrum or a data release is no withdrawal."""
    return (
        f"{row}.{key} NOT IN (SELECT w.{key} FROM ledger.withdrawal w"  # noqa: S608
        f" WHERE w.{key} IS NOT NULL AND w.action = 'withdrawn'"
        f" AND {up_to(plan, 'w.run_id', as_of)}"
        f" AND NOT EXISTS (SELECT FROM ledger.withdrawal l WHERE l.{key} = w.{key}"
        f" AND l.run_id > w.run_id AND {up_to(plan, 'l.run_id', as_of)}))"
    )
