"""Rights: what the worker may do with our tables, and that the reader may do nothing."""

from __future__ import annotations

from collections.abc import Iterator

from starledger.schema.roles import Role
from starledger.schema.tables import SCHEMA
from starledger.schema.triggers import WORK_TABLES


def grant_statements() -> Iterator[str]:
    """Yield the SQL that gives the worker its rights.

    A worker reads everything, writes fits and moves work along. The reader gets nothing here:
    each release grants its own views to it when it is published.
    """
    yield f"GRANT USAGE ON SCHEMA {SCHEMA} TO {Role.WORKER}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {Role.WORKER}"
    yield f"GRANT INSERT ON {SCHEMA}.fit TO {Role.WORKER}"
    for table in sorted(WORK_TABLES):
        yield f"GRANT INSERT, UPDATE, DELETE ON {SCHEMA}.{table} TO {Role.WORKER}"
