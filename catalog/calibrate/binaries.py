"""Evidence from wide binaries: two stars of one birth, and so of equal abundances."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, and_, select
from sqlalchemy.orm import aliased

from starledger.catalog.calibrate.combined import CombinationOf
from starledger.catalog.calibrate.evidence import Evidence, Integers
from starledger.catalog.calibrate.references import Reference
from starledger.catalog.calibrate.source import Reading
from starledger.catalog.calibrate.star_lists import read_star_list
from starledger.schema.asof import valid
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import ReferenceStar


class NoPartners(StarledgerError):
    """A catalog that names no partners."""


@dataclass(frozen=True)
class WideBinaries:
    """Pairs of stars, from a file or a catalog that names partners.

    Parameters
    ----------
    pairs
        A CSV file with the columns ``star_id`` and ``partner_star_id``.
    catalog
        A data release whose rows name the other star of their pair.
    """

    pairs: Path | None = None
    catalog: Reference | None = None

    has_constant = False

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""
        catalog = None if self.catalog is None else self.catalog.settings()
        return {"kind": "binaries", "pairs": self.pairs and str(self.pairs), "catalog": catalog}

    def collect(self, reading: Reading) -> Evidence:
        """Return for each pair by how much the partner's label is above the star's."""
        pairs = self.star_ids(reading.connection, reading.run)
        stars = reading.stars(pairs.ravel())
        first, second = stars.rows_of(pairs[:, 0]), stars.rows_of(pairs[:, 1])
        kept = stars.taken(first) & stars.taken(second)
        pairs, first, second = pairs[kept], first[kept], second[kept]
        return Evidence(
            star_id=pairs[:, 0],
            partner_star_id=pairs[:, 1],
            at=stars.variables(first),
            partner_at=stars.variables(second),
            wanted=stars.label(second) - stars.label(first),
            error=np.hypot(stars.error(first), stars.error(second)),
        )

    def star_ids(self, connection: Connection, run: CombinationOf) -> Integers:
        """Return the pairs, each once, the smaller number first."""
        if self.pairs is not None:
            pairs = read_star_list(self.pairs, ("star_id", "partner_star_id"))
        elif self.catalog is not None:
            pairs = _of_catalog(connection, run, self.catalog)
        else:
            raise NoPartners(
                "No pairs are named.", remedy="Give --pairs FILE or --catalog RELEASE."
            )
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])


def _of_catalog(connection: Connection, run: CombinationOf, catalog: Reference) -> Integers:
    side = catalog.side(connection)
    if side.table is not ReferenceStar:
        raise NoPartners(
            f"{catalog.release} names no partners.",
            remedy="Ingest a catalog of wide binaries with partner_external_id.",
        )
    stars = catalog.stars(connection, run, side)
    one, other = stars.subquery("one"), stars.subquery("other")
    row, partner = aliased(ReferenceStar), aliased(ReferenceStar)
    query = (
        select(one.c.star_id, other.c.star_id)
        .select_from(one)
        .join(row, row.row_id == one.c.row_id)
        .join(
            partner,
            and_(
                partner.data_release_id == row.data_release_id,
                partner.external_id == row.partner_external_id,
                valid(partner, side.as_of),
            ),
        )
        .join(other, other.c.row_id == partner.row_id)
    )
    found = [tuple(pair) for pair in connection.execute(query)]
    return np.array(found, np.int64).reshape(-1, 2)
