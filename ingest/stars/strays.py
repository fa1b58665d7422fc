"""Spectra that no crossmatch tied to a Gaia source: they join a star nearby, or their friends.

A spectrum within the linking radius of a star that is a Gaia source, propagated to the spectrum's
own epoch, joins the nearest such star. The others are grouped among themselves, by friends of
friends; so a chain of friends never ties two Gaia sources together, nor reaches far from one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from psycopg import Connection as DriverConnection
from sqlalchemy import Connection, text

from starledger.ingest.crossmatch.comparison import (
    Motions,
    compared_where_published,
    farthest_shift,
)
from starledger.ingest.crossmatch.matching import driver_of
from starledger.ingest.crossmatch.neighbours import Pairs, blocks_of, neighbours
from starledger.ingest.crossmatch.positions import (
    BLOCK,
    NAMES,
    Integers,
    Positions,
    read_positions,
    write_columns,
)
from starledger.ingest.stars.friends import centres, common, friends
from starledger.schema.sky import healpix_cells

_STRAYS = """
SELECT spectrum_id, ra, dec, coalesce(ref_epoch, 'NaN'), 'NaN'::float8, 'NaN'::float8, 'NaN'::float8
FROM visit WHERE NOT EXISTS (SELECT FROM grouped g WHERE g.spectrum_id = visit.spectrum_id)
ORDER BY dec, ra, spectrum_id
"""

_STARS = """
SELECT group_id, ra, dec, coalesce(epoch, 'NaN'), coalesce(pmra, 'NaN'), coalesce(pmdec, 'NaN'),
    'NaN'::float8
FROM found_star ORDER BY dec, ra, group_id
"""

_MOTIONS = """
SELECT count(*) FILTER (WHERE pmra <> 0 OR pmdec <> 0), count(*) FILTER (WHERE epoch IS NULL),
    min(epoch), max(epoch), coalesce(max(sqrt(power(pmra, 2) + power(pmdec, 2))), 0) / 1000,
    coalesce(max(group_id), 0)
FROM found_star
"""

_FRIENDS = """
INSERT INTO found_star (group_id, ra, dec, epoch, healpix)
SELECT group_id, ra, dec, nullif(epoch, 'NaN'), healpix FROM friend_star
"""


def group_strays(connection: Connection, radius: float) -> dict[str, int]:
    """Add the visits without a Gaia source to ``grouped``, and their stars to ``found_star``.

    Parameters
    ----------
    connection
        In the transaction of the star run, after `group_by_source`.
    radius
        The linking radius in arcsec.

    Returns
    -------
    counts
        How many spectra joined a Gaia source by their position, and how many did not.
    """
    with driver_of(connection) as own:
        strays = _joined(list(read_positions(own, _STRAYS)))
        *about, last_group = connection.execute(text(_MOTIONS)).one()
        group = _nearest_star(own, strays, radius, Motions(*about))
        joined = group > 0
        _write_groups(own, strays.row_id[joined], group[joined])
        _group_friends(connection, own, strays.take(np.flatnonzero(~joined)), radius, last_group)
    return {"n_joined": int(joined.sum()), "n_without_source": int((~joined).sum())}


def _joined(blocks: list[Positions]) -> Positions:
    empty = Positions(np.zeros(0, np.int64), *(np.zeros(0) for _ in NAMES[1:]))
    return Positions(
        *(np.concatenate([getattr(block, name) for block in [empty, *blocks]]) for name in NAMES)
    )


def _nearest_star(
    connection: DriverConnection[Any], strays: Positions, radius: float, stars: Motions
) -> Integers:
    """Return the group of the nearest star of each stray, 0 where none is near."""
    comparison = compared_where_published(_motions(strays), stars)
    margin = farthest_shift(stars, comparison)
    group = np.zeros(len(strays), np.int64)
    if not len(strays):
        return group
    numbered = Positions(np.arange(len(strays)), *(getattr(strays, name) for name in NAMES[1:]))
    found = neighbours(
        blocks_of(numbered, BLOCK), read_positions(connection, _STARS), radius, comparison, margin
    )
    row, star, separation = _columns(found)
    # The nearest is written last; of two at the same distance, the one with the smaller number.
    order = np.lexsort((-star, -separation))
    group[row[order]] = star[order]
    return group


def _motions(strays: Positions) -> Motions:
    dated = strays.epoch[~np.isnan(strays.epoch)]
    first, last = (float(dated.min()), float(dated.max())) if len(dated) else (None, None)
    return Motions(0, len(strays) - len(dated), first, last, 0.0)


def _columns(found: Iterator[Pairs]) -> tuple[Integers, Integers, np.ndarray[Any, Any]]:
    pairs = [(each.left, each.right, each.separation) for each in found]
    none = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    left, right, separation = (np.concatenate(column) for column in zip(none, *pairs, strict=True))
    return left, right, separation


def _write_groups(connection: DriverConnection[Any], spectra: Integers, group: Integers) -> None:
    write_columns(connection, "grouped", {"spectrum_id": spectra, "group_id": group})


def _group_friends(
    connection: Connection,
    own: DriverConnection[Any],
    strays: Positions,
    radius: float,
    last_group: int,
) -> None:
    group = friends(strays.ra, strays.dec, radius)
    ra, dec = centres(strays.ra, strays.dec, group)
    number = last_group + 1
    _write_groups(own, strays.row_id, group + number)
    connection.execute(
        text(
            "CREATE TEMP TABLE friend_star (group_id bigint, ra float8, dec float8, epoch float8,"
            " healpix bigint) ON COMMIT DROP"
        )
    )
    columns = {
        "group_id": np.arange(len(ra)) + number,
        "ra": ra,
        "dec": dec,
        "epoch": common(strays.epoch, group),
        "healpix": healpix_cells(ra, dec),
    }
    write_columns(own, "friend_star", columns)
    connection.execute(text(_FRIENDS))
