"""Checksums of rows that do not depend on their order, computed by PostgreSQL in constant memory.

The bytes of a row, as PostgreSQL sends them in its binary protocol, are hashed with SHA-256; the
first and the second eight bytes of the hash are read as two signed integers, and each is summed
over all rows. The checksum is the SHA-256 of ``rows:sum:sum`` as text. Sums do not care about the
order, and count a row as often as it is there; the bytes do not depend on settings of the session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from starledger.schema.execution import execute

ALL = ""
"""The key of a sum over all rows, where they are not grouped."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What some rows add up to.

    Parameters
    ----------
    rows
        How many there are.
    checksum
        Their checksum, hexadecimal.
    """

    rows: int
    checksum: str

    @classmethod
    def of(cls, rows: int, first: Any, second: Any) -> Sum:
        """Return the checksum of a count and the two sums.

        Examples
        --------
        >>> Sum.of(0, 0, 0).checksum[:16]
        'e8ca2bd51293d64a'
        """
        said = f"{rows}:{int(first)}:{int(second)}"
        return cls(rows, hashlib.sha256(said.encode()).hexdigest())


def sum_query(
    relation: str, columns: Sequence[str], condition: str = "true", group: str | None = None
) -> str:
    """Return the query that sums rows up, by group: key, count, and the two sums.

    Parameters
    ----------
    relation
        The table, view or query in brackets.
    columns
        What is hashed of each row: columns of ``t``, or expressions over it.
    condition
        Which rows, as a condition on ``t``.
    group
        A column of ``t`` whose values are summed up apart, or none.
    """
    key, by = ("key", "\nGROUP BY 1 ORDER BY 1") if group else (f"'{ALL}'", "")
    apart = f"{group}::text AS key, " if group else ""
    # The clock, which nobody reads, keeps PostgreSQL from computing the digest once a sum.
    digests = (
        f"SELECT {apart}clock_timestamp() AS clock,\n"  # noqa: S608 - all of it is ours
        f"    left(encode(sha256(record_send(ROW({', '.join(columns)}))), 'hex'), 32) AS digest\n"
        f"    FROM {relation} t WHERE {condition}"
    )
    return (
        f"SELECT {key} AS key, count(*) AS rows,"
        " coalesce(sum(('x' || left(digest, 16))::bit(64)::bigint), 0) AS first,"
        " coalesce(sum(('x' || right(digest, 16))::bit(64)::bigint), 0) AS second\n"
        f"FROM ({digests}) hashed{by}"
    )


def sums(connection: Connection, query: str) -> dict[str, Sum]:
    """Return what a query of `sum_query` gives, by key."""
    return {row.key: Sum.of(row.rows, row.first, row.second) for row in execute(connection, query)}


def sum_of(connection: Connection, relation: str, columns: Sequence[str]) -> Sum:
    """Return the sum of all rows of a view or table."""
    query = sum_query(relation, [f"t.{one}" for one in columns])
    return next(iter(sums(connection, query).values()))
