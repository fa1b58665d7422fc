"""What a release says, summed up without the ledger's own numbers and clocks.

Two ledgers that hold the same stars number them differently where one of them was interrupted, and
fit them at other times; what they publish of the stars must be the same to the last bit.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from starledger.catalog.releases.finding import find_release
from starledger.catalog.releases.tables import tables_of
from starledger.schema.checksums import sum_of

OUR_OWN = frozenset(
    [
        *("star_id", "spectrum_id", "best_spectrum_id", "shard"),
        *("fit_run_id", "fitted_at", "combination_run_id"),
    ]
)
"""Columns that tell where and when the ledger keeps something, and nothing of stars."""
VIEWS = ("star", "visit", "fit")
"""Views that are summed up, and those of each model's stars."""


def contents_sha256(connection: Connection, release: str) -> str:
    """Return a SHA-256 of what a release says of stars, visits and fits, in any order.

    Parameters
    ----------
    connection
        To the ledger.
    release
        Its name.
    """
    digest = hashlib.sha256()
    for table in tables_of(connection, find_release(connection, release)):
        if table.name in VIEWS or table.name.startswith("star_"):
            columns = [one.name for one in table.fields if one.name not in OUR_OWN]
            relation = table.relation
            if table.name == "fit":
                # A fit is known by its visit, and the visit by its survey's name for it.
                visit = f"SELECT spectrum_id, external_id FROM {release}.visit"  # noqa: S608
                relation = f"(SELECT * FROM {relation} JOIN ({visit}) v USING (spectrum_id))"  # noqa: S608
                columns.append("external_id")
            found = sum_of(connection, relation, columns)
            digest.update(f"{table.name}:{found.rows}:{found.checksum}\n".encode())
    return digest.hexdigest()
