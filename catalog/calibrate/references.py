"""Evidence from another catalog: its labels of the same stars."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from starledger.catalog.calibrate.combined import CombinationOf
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.source import Reading
from starledger.catalog.calibrate.star_rows import NoBridge, by_crossmatch, by_gaia
from starledger.ingest.crossmatch.sides import Side, last_closed_run, named_release, side_of
from starledger.ingest.soundness import sound_label, sound_row
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import CatalogLabel, CrossmatchRun


class NoReference(StarledgerError):
    """A catalog that has no values of the label."""


@dataclass(frozen=True)
class Reference:
    """The labels of a data release for the same stars.

    Parameters
    ----------
    release
        The data release, as ``SURVEY/NAME[/VERSION][:PRODUCT]``.
    crossmatch_run
        The crossmatch by which its rows are stars'; None for the Gaia identifiers that it supplies.
    min_snr
        Least signal-to-noise ratio of its rows.
    """

    release: str
    crossmatch_run: int | None = None
    min_snr: float = 0.0

    has_constant = True

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""
        return {"kind": "reference", **asdict(self)}

    def side(self, connection: Connection) -> Side:
        """Return the rows of the data release."""
        as_of = last_closed_run(connection)
        return side_of(connection, named_release(connection, self.release), as_of)

    def collect(self, reading: Reading) -> Evidence:
        """Return for each star the reference value less its own."""
        connection = reading.connection
        side = self.side(connection)
        rows = connection.execute(self._values(reading, side)).all()
        identity = np.array([tuple(row)[:2] for row in rows], np.int64).reshape(-1, 2)
        numbers = np.array([tuple(row)[2:] for row in rows], float).reshape(-1, 2)
        stars = reading.stars(identity[:, 0])
        at = stars.rows_of(identity[:, 0])
        kept = stars.taken(at)
        at, identity, numbers = at[kept], identity[kept], numbers[kept]
        return Evidence(
            star_id=identity[:, 0],
            reference_row_id=identity[:, 1],
            at=stars.variables(at),
            wanted=numbers[:, 0] - stars.label(at),
            error=np.hypot(np.nan_to_num(numbers[:, 1], nan=0.0), stars.error(at)),
        )

    def _values(self, reading: Reading, side: Side) -> Select[Any, Any, Any, Any]:
        """Return the query of star, row, value and error: of several rows the nearest, best one."""
        place = _place_of(reading.connection, side, self.release, reading.plan.label)
        table = side.table
        pairs = self.stars(reading.connection, reading.run, side).subquery("pair_of_star")
        value = table.labels[place]
        return (
            select(pairs.c.star_id, pairs.c.row_id, value, table.errors[place])
            .ext(distinct_on(pairs.c.star_id))
            .join(table, side.row_id == pairs.c.row_id)
            .where(
                value.is_not(None),
                sound_label(side, place),
                sound_row(side),
                func.coalesce(table.snr, 1e30) >= self.min_snr,
            )
            .order_by(
                pairs.c.star_id, pairs.c.separation, table.snr.desc().nulls_last(), pairs.c.row_id
            )
        )

    def stars(self, connection: Connection, run: CombinationOf, side: Side) -> Select[Any]:
        """Return the query of stars and rows."""
        if self.crossmatch_run is None:
            if not hasattr(side.table, "gaia_dr3_source_id"):
                raise NoBridge(
                    f"{self.release} supplies no Gaia identifiers.",
                    remedy="Name a crossmatch run of it with --crossmatch.",
                )
            return by_gaia(run, side)
        match = connection.execute(
            select(CrossmatchRun.__table__).where(CrossmatchRun.run_id == self.crossmatch_run)
        ).one_or_none()
        if match is None:
            raise NoBridge(
                f"There is no crossmatch run {self.crossmatch_run}.",
                remedy="`starledger status` shows the runs that there are.",
            )
        return by_crossmatch(run, side, match)  # type: ignore[arg-type]  # the same columns


def _place_of(connection: Connection, side: Side, release: str, label: str) -> int:
    """Return the subscript of a label in the arrays of a data release."""
    query = select(CatalogLabel.label, CatalogLabel.position).where(
        CatalogLabel.data_release_id == side.data_release_id
    )
    known = {row.label: row.position for row in connection.execute(query)}
    if label not in known or not hasattr(side.table, "labels"):
        raise NoReference(
            f"{release} has no values of {label}.",
            remedy=f"It has {', '.join(sorted(known)) or 'no labels at all'}.",
        )
    return int(known[label])
