"""Writing back: the fits of a batch and the end of its lease, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import psycopg
import pyarrow as pa
from sqlalchemy import Connection

from starledger.compute.work.leases import Failure, Lease, Queue
from starledger.schema.copying import copy_batch
from starledger.schema.tables import SCHEMA

def write_back(
    connection: Connection,
    queue: Queue,
    lease: Lease,
    rows: pa.RecordBatch,
    failures: Sequence[Failure] = (),
) -> None:
    """Write fits and end their lease.

    Parameters
    ----------
    connection
        Whose transaction the caller commits, or rolls back where this raises.
    queue, lease
        Who claimed what.
    rows
        Of the table ``fit``, one for each visit of the lease that did not fail.
    failures
        The others.

    Raises
    ------
    LeaseLost
        The lease expired; nothing may be written.
    """
    queue.end(connection, lease, failures)
    if rows.num_rows:
        driver = cast("psycopg.Connection[object]", connection.connection.driver_connection)
        with driver.cursor() as cursor:
            copy_batch(cursor, (SCHEMA, "fit"), rows)
