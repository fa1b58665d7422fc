"""What a query would cost, as PostgreSQL's planner expects it, and what makes it expensive."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starledger.catalog.query.errors import QueryRefused
from starledger.catalog.query.limits import Limits
from starledger.catalog.releases.tables import Table

_GIST = {"Sort": "sorts", "Incremental Sort": "sorts", "Aggregate": "groups", "Hash": "gathers",
         "Unique": "sorts", "WindowAgg": "sorts", "Materialize": "keeps"}  # fmt: skip
_REMEDY = (
    "Ask for less: a cone, a condition on an indexed column (star_id, gaia_dr3_source_id, healpix,"
    " teff), TOP; or raise --cost-limit."
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan.

    Parameters
    ----------
    said
        What the planner says of it.
    own
        What it costs without the steps below it.
    """

    said: Mapping[str, Any]
    own: float


def check_cost(plan: str, limits: Limits, tables: Sequence[Table]) -> float:
    """Return what a query would cost, in the planner's units.

    Parameters
    ----------
    plan
        What ``EXPLAIN (FORMAT JSON, VERBOSE)`` tells.
    limits
        How much it may cost.
    tables
        What could be asked, which gives relations the names that users know.

    Raises
    ------
    QueryRefused
        It would cost more than it may; the message says what is expensive.
    """
    root = json.loads(plan)[0]["Plan"]
    cost = float(root["Total Cost"])
    if cost > limits.cost:
        raise QueryRefused(
            f"The query would cost {cost:.1e}, and may cost {limits.cost:.1e}:"
            f" {expensive(root, tables)}.",
            remedy=_REMEDY,
        )
    return cost


def expensive(root: Mapping[str, Any], tables: Sequence[Table]) -> str:
    """Return in words what the most expensive step of a plan does."""
    step = max(_steps(root), key=lambda one: one.own).said
    names = {one.relation: f"{one.schema}.{one.name}" for one in tables}
    kind = step["Node Type"]
    below = step.get("Plans", [])
    if kind.endswith(("Join", "Loop")) and len(below) > 1:
        first, second = (f"{_rows(one)} of {_read(one, names)}" for one in below[:2])
        how = "" if _condition(step, below[1]) else ", every one with every other"
        return f"it joins {first} with {second}{how}"
    if "Scan" in kind:
        index = ", for want of an index for its condition" if "Filter" in step else ""
        return f"it reads all of {_read(step, names)}{index}"
    rows = _rows(below[0] if below else step)
    return f"it {_GIST.get(kind, 'works on')} {rows} of {_read(step, names)}"


def _steps(plan: Mapping[str, Any]) -> Iterator[Step]:
    below = plan.get("Plans", [])
    yield Step(plan, float(plan["Total Cost"]) - sum(float(one["Total Cost"]) for one in below))
    for one in below:
        yield from _steps(one)


def _condition(step: Mapping[str, Any], inner: Mapping[str, Any]) -> bool:
    """Tell whether a join has a condition, its own or that of an index that it looks up."""
    said = ("Join Filter", "Hash Cond", "Merge Cond")
    return any(one in step for one in said) or any(
        "Index Cond" in one.said or "Recheck Cond" in one.said for one in _steps(inner)
    )


def _read(plan: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the tables below a step, by the names that users know."""
    found = {
        names.get(_relation(one.said), "") for one in _steps(plan) if "Relation Name" in one.said
    }
    return " and ".join(sorted(found - {""})) or "what it has found"


def _relation(said: Mapping[str, Any]) -> str:
    schema = said.get("Schema", "")
    return f"{'pg_temp' if schema.startswith('pg_temp') else schema}.{said['Relation Name']}"


def _rows(plan: Mapping[str, Any]) -> str:
    return f"{int(plan['Plan Rows']):,} rows"
