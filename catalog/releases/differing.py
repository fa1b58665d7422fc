"""What differs between two releases, star by star, streamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection

from starledger.catalog.releases.building import column_types
from starledger.catalog.releases.errors import NoSuchRelease
from starledger.catalog.releases.finding import PublishedRelease
from starledger.schema.labels import LABELS

ROWS_AT_ONCE = 10_000
"""Rows that come from the server at a time."""

STAR_FLAGS = "flags"
"""What a change of the star's own flags is about, where that of a label's names the label."""


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a star differs.

    Parameters
    ----------
    star_id, starid
        The star.
    change
        ``appeared``, ``vanished``, ``moved``: a label by more than so many of its errors;
        ``gained`` or ``lost``: a label; ``flagged``: flags that are not the same.
    label
        The label, or ``flags`` for those of the star.
    before, after
        Its values, or the bits of the flags.
    sigma
        By how many errors it moved.
    """

    star_id: int
    starid: str
    change: str
    label: str | None
    before: float | None
    after: float | None
    sigma: float | None


@dataclass(slots=True)
class Difference:
    """Counts of changes, by what they are and by label.

    Parameters
    ----------
    n_changes
        Changes of each kind.
    by_label
        Stars that moved, by label.
    """

    n_changes: Counter[str] = field(default_factory=Counter)
    by_label: Counter[str] = field(default_factory=Counter)

    def count(self, change: Change) -> None:
        """Count a change."""
        self.n_changes[change.change] += 1
        if change.label is not None:
            self.by_label[f"{change.label} {change.change}"] += 1


def changes(
    connection: Connection, before: PublishedRelease, after: PublishedRelease, n_sigma: float
) -> Iterator[Change]:
    """Yield what differs between two releases, by star.

    Parameters
    ----------
    connection
        Its rows are streamed.
    before, after
        The releases.
    n_sigma
        By how many errors a label must have moved: those of both releases, added in quadrature.

    Raises
    ------
    NoSuchRelease
        One of them has lost its view of stars.
    """
    query = difference_query(
        _relation(connection, before), _relation(connection, after),
        _shared(connection, before, after), n_sigma,
    )  # fmt: skip
    streamed = {"stream_results": True, "max_row_buffer": ROWS_AT_ONCE}
    for row in connection.exec_driver_sql(query, execution_options=streamed):
        yield Change(*row)


def difference_query(before: str, after: str, labels: list[str], n_sigma: float) -> str:
    """Return the query of all changes between two relations of stars."""
    moved = f"abs(w.after - w.before) > {float(n_sigma)!r} * w.error"
    values = ",\n    ".join(
        f"('{one}', a.{one}::float8, b.{one}::float8, a.bits_{one}::bigint, b.bits_{one}::bigint,"
        f" sqrt(coalesce(a.err_{one}, 0)::float8 ^ 2 + coalesce(b.err_{one}, 0)::float8 ^ 2))"
        for one in labels
    )
    values += (",\n    " if labels else "") + (
        f"('{STAR_FLAGS}', NULL, NULL, a.flags::bigint, b.flags::bigint, 0::float8)"
    )
    return f"""
SELECT coalesce(a.star_id, b.star_id), coalesce(a.starid, b.starid), k.change, k.label,
    CASE WHEN k.change = 'flagged' THEN k.bits_before::float8 ELSE k.before END,
    CASE WHEN k.change = 'flagged' THEN k.bits_after::float8 ELSE k.after END, k.sigma
FROM {before} a FULL JOIN {after} b ON a.star_id = b.star_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.star_id IS NULL THEN 'appeared' ELSE 'vanished' END AS change,
        NULL::text AS label, NULL::float8 AS before, NULL::float8 AS after,
        NULL::bigint AS bits_before, NULL::bigint AS bits_after, NULL::float8 AS sigma
    WHERE a.star_id IS NULL OR b.star_id IS NULL
    UNION ALL
    SELECT CASE WHEN w.before IS NULL THEN 'gained' WHEN w.after IS NULL THEN 'lost'
        ELSE 'moved' END, w.label, w.before, w.after, NULL, NULL,
        CASE WHEN w.error > 0 THEN abs(w.after - w.before) / w.error END
    FROM (VALUES {values}) AS w (label, before, after, bits_before, bits_after, error)
    WHERE a.star_id IS NOT NULL AND b.star_id IS NOT NULL
        AND ((w.before IS NULL) <> (w.after IS NULL) OR {moved})
    UNION ALL
    SELECT 'flagged', w.label, NULL, NULL, w.bits_before, w.bits_after, NULL
    FROM (VALUES {values}) AS w (label, before, after, bits_before, bits_after, error)
    WHERE a.star_id IS NOT NULL AND b.star_id IS NOT NULL
        AND w.bits_before <> w.bits_after
) k
"""  # noqa: S608 - names of ours, which check before they are names of schemas


def _relation(connection: Connection, release: PublishedRelease) -> str:
    relation = release.relation("star")
    schema, _, view = relation.partition(".")
    if not column_types(connection, schema, view):
        raise NoSuchRelease(
            f"The view {relation} is missing.",
            remedy=f"`starledger release verify {release.name}` tells what else is.",
        )
    return relation


def _shared(connection: Connection, before: PublishedRelease, after: PublishedRelease) -> list[str]:
    """Return the labels that both releases recommend."""
    first, second = (
        column_types(connection, *release.relation("star").split("."))
        for release in (before, after)
    )
    return [name for name in first if name in LABELS and name in second and f"bits_{name}" in first]
