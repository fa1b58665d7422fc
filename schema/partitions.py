"""Partitions of the catalog tables: each data release has its own, so that it loads at full speed.

A partition is made bare, filled, and attached; only then does PostgreSQL build its indexes, each in
one sorted go, and check its foreign keys in one join. Readers and writers of the other data
releases notice nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from starledger.schema.tables import SCHEMA, metadata


def partition_name(table: str, data_release_id: int) -> str:
    """Return the name of the partition of a catalog table that holds a data release.

    Examples
    --------
    >>> partition_name("gaia_source", 7)
    'gaia_source_of_7'
    """
    return f"{table}_of_{data_release_id}"


def is_divided(table: str) -> bool:
    """Tell whether a table has a partition for each data release.

    Examples
    --------
    >>> is_divided("gaia_source"), is_divided("spectrum")
    (True, False)
    """
    by = metadata.tables[f"{SCHEMA}.{table}"].dialect_options["postgresql"]["partition_by"]
    return bool(by) and "data_release_id" in str(by)


def has_partition(connection: Connection, table: str, data_release_id: int) -> bool:
    """Tell whether a data release has its partition of a table."""
    name = f"{SCHEMA}.{partition_name(table, data_release_id)}"
    return (
        connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None
    )


def make_partition(connection: Connection, table: str, data_release_id: int) -> str:
    """Make a partition that is not attached yet, with checks but without indexes.

    Returns
    -------
    The qualified name of the table to fill.
    """
    name = f"{SCHEMA}.{partition_name(table, data_release_id)}"
    connection.execute(
        text(
            f"CREATE TABLE {name} (LIKE {SCHEMA}.{table}"
            " INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS,"
            # It spares ATTACH the search for rows of other data releases.
            f" CHECK (data_release_id = {int(data_release_id)}))"
        )
    )
    return name


def attach_partition(connection: Connection, table: str, data_release_id: int) -> None:
    """Make a filled partition part of its table; its rows are from now on never changed."""
    name = f"{SCHEMA}.{partition_name(table, data_release_id)}"
    for statement in (
        f"ALTER TABLE {SCHEMA}.{table} ATTACH PARTITION {name} FOR VALUES IN ({data_release_id:d})",
        f"ALTER TABLE {name} DROP CONSTRAINT {partition_name(table, data_release_id)}"
        "_data_release_id_check",
        f"CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON {name}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_change()",
        f"COMMENT ON TABLE {name} IS 'Rows of {table} of the data release {data_release_id:d}'",
        f"ANALYZE {name}",
    ):
        connection.execute(text(statement))


def ensure_partition(connection: Connection, table: str, data_release_id: int) -> None:
    """Make and attach the empty partition of a data release, unless it is there."""
    if not has_partition(connection, table, data_release_id):
        make_partition(connection, table, data_release_id)
        attach_partition(connection, table, data_release_id)
