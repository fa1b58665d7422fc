"""Evidence from clusters: their members share abundances."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, func, select, text, true

from starledger.catalog.calibrate.combined import CombinationOf
from starledger.catalog.calibrate.evidence import Evidence, Integers
from starledger.catalog.calibrate.source import Reading
from starledger.catalog.calibrate.star_lists import read_star_list
from starledger.catalog.calibrate.star_rows import is_latest
from starledger.catalog.combine.current import current_combinations
from starledger.schema.errors import StarledgerError
from starledger.schema.sky import within_cone
from starledger.schema.tables import StarVersion


class NoMembers(StarledgerError):
    """No members of a cluster are named."""


@dataclass(frozen=True, kw_only=True)
class Cone:
    """Members of a cluster by place and motion.

    Parameters
    ----------
    ra, dec, radius
        Centre (ICRS) and radius in degrees.
    pmra, pmdec, pm_within
        Proper motion and how far a member's may be from it, in mas/yr; None for any.
    rv, rv_within
        Radial velocity and how far a member's may be from it, in km/s; None for any.
    """

    ra: float
    dec: float
    radius: float
    pmra: float | None = None
    pmdec: float | None = None
    pm_within: float = 2.0
    rv: float | None = None
    rv_within: float = 5.0


@dataclass(frozen=True)
class Clusters:
    """Members of one or more clusters.

    Parameters
    ----------
    members
        A CSV file with the column ``star_id`` and a ``cluster`` that numbers the clusters.
    cones
        Clusters by place and motion.
    """

    members: Path | None = None
    cones: tuple[Cone, ...] = field(default_factory=tuple)

    has_constant = False

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""
        cones = [asdict(cone) for cone in self.cones]
        return {"kind": "clusters", "members": self.members and str(self.members), "cones": cones}

    def collect(self, reading: Reading) -> Evidence:
        """Return for each member its label with the sign turned: what sums to the cluster's own."""
        found = self.star_ids(reading.connection, reading.run)
        stars = reading.stars(found[:, 0])
        rows = stars.rows_of(found[:, 0])
        kept = stars.taken(rows)
        rows, found = rows[kept], found[kept]
        return Evidence(
            star_id=found[:, 0],
            group=found[:, 1],
            at=stars.variables(rows),
            wanted=-stars.label(rows),
            error=stars.error(rows),
        )

    def star_ids(self, connection: Connection, run: CombinationOf) -> Integers:
        """Return members and the numbers of their clusters."""
        lots = []
        if self.members is not None:
            lots.append(read_star_list(self.members, ("star_id", "cluster")))
        for number, cone in enumerate(self.cones):
            stars = members_in(connection, run, cone)
            lots.append(np.stack([stars, np.full(len(stars), -1 - number)], axis=1))
        if not lots:
            raise NoMembers(
                "No cluster is named.", remedy="Give --members FILE or --cone RA,DEC,…."
            )
        found = np.concatenate(lots)
        _, first = np.unique(found[:, 0], return_index=True)
        return np.asarray(found[first])


def members_in(connection: Connection, run: CombinationOf, cone: Cone) -> Integers:
    """Return the stars within a cone that move with it, and have a combination."""
    motion: list[ColumnElement[bool]] = [true()]
    if cone.pmra is not None and cone.pmdec is not None:
        squared = func.power(StarVersion.pmra - cone.pmra, 2) + func.power(
            StarVersion.pmdec - cone.pmdec, 2
        )
        motion.append(squared <= cone.pm_within**2)
    query = select(StarVersion.star_id).where(
        within_cone(StarVersion, cone.ra, cone.dec, cone.radius),
        *motion,
        is_latest(run),
    )
    stars = np.array(connection.execute(query).scalars().all(), np.int64)
    return stars if cone.rv is None else _of_velocity(connection, run, stars, cone)


def _of_velocity(
    connection: Connection, run: CombinationOf, stars: Integers, cone: Cone
) -> Integers:
    current = current_combinations(connection, run.run_id)
    query = text(
        f"SELECT star_id FROM ({current}) c WHERE star_id = ANY (:stars)"  # noqa: S608
        " AND rv BETWEEN :low AND :high"
    )
    ends = {"low": (cone.rv or 0.0) - cone.rv_within, "high": (cone.rv or 0.0) + cone.rv_within}
    found = connection.execute(query, {"stars": stars.tolist(), **ends}).scalars().all()
    return np.array(found, np.int64)
