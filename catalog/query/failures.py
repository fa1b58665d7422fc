"""What the database's errors mean to who asked: about the query, never about what is behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from starledger.catalog.query.errors import QueryFailed, QueryRefused
from starledger.catalog.query.limits import Limits
from starledger.schema.errors import StarledgerError, Unreachable

_VALUES = {
    "22012": ("It divides by zero.", "Divide by NULLIF(…, 0), which gives null there."),
    "22003": (
        "A number in it is too large or too small for its type.",
        "CAST its parts to DOUBLE PRECISION, or leave such rows out by a condition.",
    ),
    "2201E": ("It takes the logarithm of zero or less.", "Leave such rows out by a condition."),
    "2201F": (
        "It takes a root or power that is not real.",
        "Leave such rows out by a condition.",
    ),
    "22P02": ("A text in it is not of the type that it is cast to.", "Leave such rows out."),
    "22007": ("A text in it is no date or time.", "Leave such rows out by a condition."),
    "22023": ("A function of it gets a value that it has no answer for.", "See its definition."),
    "21000": (
        "A subquery that stands for one value gives several rows.",
        "Take one of them by MIN, MAX or TOP 1, or ask by IN.",
    ),
}
"""By the state that PostgreSQL gives: what is wrong with the query, and what to do."""


@contextmanager
def about_the_query(limits: Limits) -> Iterator[None]:
    """Turn errors of the driver into those of the query."""
    try:
        yield
    except psycopg.Error as error:
        ours = meaning(error, limits)
        if ours is None:
            raise
        raise ours from error


def meaning(error: psycopg.Error, limits: Limits) -> StarledgerError | None:
    """Return what an error of the driver means, or None where it is our own mistake."""
    state = error.sqlstate
    said = error.diag.message_primary or ""
    if state in _VALUES:
        what, remedy = _VALUES[state]
        return QueryFailed(f"The query cannot be computed. {what}", remedy=remedy)
    if state == "57014":
        return QueryRefused(
            f"The query took longer than the {limits.seconds:g} s that it may take.",
            remedy="Ask for less (a cone, TOP, a condition on an indexed column), or raise"
            " --time-limit.",
        )
    if state in ("53400", "53200", "53100"):
        return QueryRefused(
            "The query needs more memory or temporary disk than it may take.",
            remedy="Ask for less, or sort and group fewer rows.",
        )
    if state == "54001":
        return QueryRefused(
            "The query is too complex for PostgreSQL.", remedy="Split it into several."
        )
    if state == "42501":
        return QueryRefused(
            "The query asks for what readers may not read.",
            remedy="`starledger query --tables` lists what can be asked.",
        )
    if state is not None and state[:2] in ("42", "22"):
        return QueryFailed(
            f"PostgreSQL cannot run the query: {said}.", remedy="Mend it, perhaps by a CAST."
        )
    lost = state is None and isinstance(error, psycopg.OperationalError)
    if lost or (state is not None and state[:2] in ("08", "57")):
        return Unreachable(
            "The database ended the connection.", remedy="Run the query again when it is back."
        )
    return None
