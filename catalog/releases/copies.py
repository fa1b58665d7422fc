"""Copies of a release's views: tables with indexes, for speed, that nobody may change."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from starledger.catalog.releases.building import comment_on, refuse_taken
from starledger.catalog.releases.plan import Plan
from starledger.catalog.releases.views import View
from starledger.schema.execution import execute
from starledger.schema.roles import Role


def copy_views(connection: Connection, plan: Plan, views: Sequence[View]) -> set[str]:
    """Copy the views that are worth it into tables, and return their names."""
    schema = plan.data_schema
    refuse_taken(connection, schema)
    execute(connection, f"CREATE SCHEMA {schema}")
    copied = [view for view in views if view.copied]
    for view in copied:
        _copy(connection, plan.name, schema, view)
    execute(connection, f"COMMENT ON SCHEMA {schema} IS 'Copies of the views of {plan.name}'")
    execute(connection, f"GRANT USAGE ON SCHEMA {schema} TO {Role.READER}")
    execute(connection, f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {Role.READER}")
    return {view.name for view in copied}


def _copy(connection: Connection, schema: str, target: str, view: View) -> None:
    name = f"{target}.{view.name}"
    # Neighbours on the sky and visits of a star lie together on the disk.
    order = next((one for one in ("healpix", "star_id") if _has(view, one)), view.columns[0].name)
    execute(
        connection,
        f"CREATE TABLE {name} AS SELECT * FROM {schema}.{view.name} ORDER BY {order}",  # noqa: S608
    )
    for group in view.indexed:
        execute(connection, f"CREATE INDEX ON {name} ({', '.join(group)})")
    execute(
        connection,
        f"CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {name}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()",
    )
    comment_on(connection, target, view, "TABLE")
    execute(connection, f"ANALYZE {name}")


def _has(view: View, column: str) -> bool:
    return any(one.name == column for one in view.columns)
