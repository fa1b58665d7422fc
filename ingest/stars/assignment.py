"""A star run: every spectrum gets its star, and stars keep their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, exists, func, select

from starledger.ingest.crossmatch.matching import WIDEST
from starledger.ingest.crossmatch.sides import NothingToMatch, last_closed_run
from starledger.ingest.stars.matches import GaiaMatch, chosen_matches, newest_matches
from starledger.ingest.stars.record import record
from starledger.ingest.stars.sources import find_visits, group_by_source
from starledger.ingest.stars.strays import group_strays
from starledger.ingest.stars.succession import number_groups
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.runs import close_interrupted, running
from starledger.schema.tables import RunKind, Spectrum, StarRun

_LOCK = func.hashtext("starledger: star runs form one chain")


class UnfitStarRun(StarledgerError):
    """A star run was asked for with a radius that does not fit, or while another one works."""


def assign_stars(
    database: Database, crossmatch_runs: Sequence[int] = (), linking_radius: float = 3.0
) -> dict[str, Any]:
    """Assign every current spectrum of every kind to a star.

    A star is its Gaia source where a crossmatch found one, of DR3 rather than of DR2; a spectrum
    without one joins a star nearby or its friends (`starledger.ingest.stars.strays`). Only what
    differs from the star runs before is written, merges and splits with it.

    Parameters
    ----------
    database
        The ledger.
    crossmatch_runs
        Crossmatches of spectra with Gaia; where none is given, the newest one of each data
        release of spectra with each of Gaia.
    linking_radius
        How near (arcsec) a spectrum without a Gaia source must be to another one, or to a star.

    Returns
    -------
    summary
        Counts of spectra and stars, of what was written, of merges and of splits.
    """
    if not 0 <= linking_radius <= WIDEST:
        raise UnfitStarRun(
            f"The linking radius is {linking_radius:g} arcsec.",
            remedy=f"Give one from 0 to {WIDEST:g}.",
        )
    engine = database.engine()
    with _alone(engine):
        with engine.begin() as connection:
            # A release would wait for a link of the chain that nobody works on any more.
            close_interrupted(connection, select(StarRun.run_id))
        with engine.connect() as connection:
            as_of = last_closed_run(connection)
            _require_spectra(connection)
            matches = (
                chosen_matches(connection, crossmatch_runs, as_of)
                if crossmatch_runs
                else newest_matches(connection, as_of)
            )
            about = _about(connection, matches, linking_radius)
        with running(engine, RunKind.STAR, **about) as run:
            with engine.begin() as connection:
                run.summary |= _assign(connection, matches, linking_radius, as_of, run.run_id)
            run.message = f"{run.summary['n_spectra']} spectra of {run.summary['n_stars']} stars"
        return {"run": run.run_id, **run.summary}


def _about(
    connection: Connection, matches: Sequence[GaiaMatch], linking_radius: float
) -> dict[str, Any]:
    return {
        # A run that failed wrote nothing but is a link of the chain all the same.
        "previous_run_id": connection.scalar(select(func.max(StarRun.run_id))),
        # The row has room for one; the summary names all.
        "crossmatch_run_id": matches[0].run_id if len(matches) == 1 else None,
        "linking_radius": linking_radius,
    }


def _assign(
    connection: Connection,
    matches: Sequence[GaiaMatch],
    linking_radius: float,
    as_of: int,
    run_id: int,
) -> dict[str, Any]:
    n_spectra = find_visits(connection, as_of)
    group_by_source(connection, matches, as_of)
    strays = group_strays(connection, linking_radius)
    number_groups(connection)
    return {
        "crossmatch_runs": [match.run_id for match in matches],
        "n_spectra": n_spectra,
        **strays,
        **record(connection, run_id),
    }


def _require_spectra(connection: Connection) -> None:
    if not connection.scalar(select(exists().select_from(Spectrum))):
        raise NothingToMatch("The ledger holds no spectra.", remedy="Ingest spectra first.")


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Keep other star runs away: two that continue the same run would tell two histories."""
    with engine.connect() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(_LOCK))):
            raise UnfitStarRun(
                "Another star run is under way.", remedy="Wait until it is done, then run again."
            )
        connection.commit()
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(_LOCK)))
            connection.commit()
