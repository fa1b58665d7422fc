"""Crossmatches of spectra with a catalog that has labels, from which a model can learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.ingest.crossmatch.sides import (
    Side,
    last_closed_run,
    named_release,
    numbered_side,
    side_of,
)
from starledger.schema.asof import done
from starledger.schema.tables import CatalogLabel, CrossmatchRun


@dataclass(frozen=True)
class LabelMatch:
    """A crossmatch run of spectra with a catalog that has labels.

    Parameters
    ----------
    run_id
        The run.
    spectra, catalog
        Its two sides, as they are now.
    places
        Of the catalog's labels in the arrays of its rows, from 1.
    """

    run_id: int
    spectra: Side
    catalog: Side
    places: Mapping[str, int]


def match_of(connection: Connection, run_id: int) -> LabelMatch:
    """Return the match of a crossmatch run.

    Raises
    ------
    BadTrainingSet
        There is no such run that ended well, or it matched something else.
    """
    as_of = last_closed_run(connection)
    row = connection.execute(
        select(CrossmatchRun.left_table, CrossmatchRun.left_data_release_id,
               CrossmatchRun.right_data_release_id)
        .where(CrossmatchRun.run_id == run_id, done(CrossmatchRun.run_id, as_of))
    ).one_or_none()  # fmt: skip
    if row is None or row.left_table != "spectrum":
        raise BadTrainingSet(
            f"Run {run_id} did not match spectra with a catalog.",
            remedy="`starledger crossmatch SPECTRA CATALOG` does.",
        )
    sides = (numbered_side(connection, number, as_of) for number in row[1:])
    return _matched(connection, run_id, *sides)


def last_match(
    connection: Connection, spectra: str, catalog: str, run_id: int | None = None
) -> LabelMatch:
    """Return the last match of a data release of spectra with a catalog, or that of a run of them.

    Parameters
    ----------
    connection
        To the ledger.
    spectra, catalog
        The data releases, like ``lamost/dr5:spectra`` and ``galah/dr2``.
    run_id
        The crossmatch run; the last one where it is not given.

    Raises
    ------
    BadTrainingSet
        They were not matched, or not by that run.
    UnknownDataRelease, NothingToMatch
        The ledger holds no such data release, or none that counts.
    """
    as_of = last_closed_run(connection)
    here, there = (
        side_of(connection, named_release(connection, one), as_of) for one in (spectra, catalog)
    )
    of_these = (
        CrossmatchRun.left_data_release_id == here.data_release_id,
        CrossmatchRun.right_data_release_id == there.data_release_id,
        done(CrossmatchRun.run_id, as_of),
    )
    query = select(func.max(CrossmatchRun.run_id)).where(*of_these)
    if run_id is not None:
        query = query.where(CrossmatchRun.run_id == run_id)
    found = connection.execute(query).scalar_one()
    if found is None or here.name != "spectrum":
        which = "No crossmatch run" if run_id is None else f"Run {run_id} is no crossmatch that"
        raise BadTrainingSet(
            f"{which} matched the spectra of {here.release} with {there.release}.",
            remedy=f"`starledger crossmatch {here.release} {there.release}` does.",
        )
    return _matched(connection, found, here, there)


def _matched(connection: Connection, run_id: int, spectra: Side, catalog: Side) -> LabelMatch:
    query = select(CatalogLabel.label, CatalogLabel.position).where(
        CatalogLabel.data_release_id == catalog.data_release_id
    )
    labels = {row.label: int(row.position) for row in connection.execute(query)}
    return LabelMatch(run_id, spectra, catalog, labels)
