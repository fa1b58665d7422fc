"""The current rows of a combination run: its own, and those of earlier runs that still stand.

A run writes only the stars whose usable fits changed. A row of an earlier run stands as long as no
later run of the chain has one of the same star, and the star still has a usable visit. Of a star
without a later row the usable visits are those of before, or none; hence it is enough to look at
one of them, the best: whether it still is the star's, was neither replaced nor withdrawn. So stars
vanish that were merged into another, or whose visits are all gone, without a row that says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from starledger.catalog.pinned_sql import chain_of, listed, members_of, valid
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import Combination


class NoSuchCombination(StarledgerError):
    """There is no combination run of that number, it is not closed, or it lacks a label."""


def current_combinations(connection: Connection, run_id: int) -> str:
    """Return the SQL query of the current rows of a combination run, in any order.

    Parameters
    ----------
    connection
        Of any role that may read.
    run_id
        The run, closed.

    Returns
    -------
    query
        Gives all columns of ``ledger.combination``, at most one row a star; may stand as a
        subquery. A condition or a join on ``star_id`` finds its way in, and asks an index.

    Raises
    ------
    NoSuchCombination
        There is no such run.
    """
    runs = chain_of(connection, "combination_run", run_id)
    if not runs:
        raise NoSuchCombination(
            f"Run {run_id} is no combination run.", remedy="`starledger combination list` shows."
        )
    about = connection.execute(
        text("SELECT star_run_id, as_of_run_id FROM ledger.combination_run WHERE run_id = :run"),
        {"run": run_id},
    ).one()
    star_runs = chain_of(connection, "star_run", about.star_run_id)
    return standing_rows(runs, star_runs, about.as_of_run_id)


def standing_rows(
    runs: Sequence[int],
    star_runs: Sequence[int],
    as_of_run_id: int,
    unfinished: Sequence[int] = (),
) -> str:
    """Return the same query of runs that are known.

    Parameters
    ----------
    runs
        The combination run and those whose rows it reuses, the newest first.
    star_runs
        Its star run and those before.
    as_of_run_id
        Versions and withdrawals are those as of this run.
    unfinished
        Runs up to it that were open when the query was made: what they write later does not count.

    Examples
    --------
    >>> standing_rows([7], [5], 6).endswith("c.combination_run_id = 7")
    True
    """
    columns = ", ".join(f"c.{column.name}" for column in Combination.__table__.columns)
    rows = f"SELECT {columns}\n    FROM ledger.combination c"  # noqa: S608
    own = f"{rows} WHERE c.combination_run_id = {runs[0]}"
    if len(runs) == 1:
        return own
    older = f"{rows} WHERE c.combination_run_id IN {listed(runs[1:])}"
    return (
        f"{own}\n    UNION ALL {older}"  # noqa: S608
        "\n    AND NOT EXISTS (SELECT FROM ledger.combination later"
        " WHERE later.star_id = c.star_id"
        " AND later.combination_run_id > c.combination_run_id"
        f" AND later.combination_run_id IN {listed(runs)})"
        f"\n    AND EXISTS (SELECT FROM ({members_of(star_runs)}) m"
        " JOIN ledger.spectrum s ON s.spectrum_id = m.spectrum_id"
        " WHERE m.spectrum_id = c.best_spectrum_id AND m.star_id = c.star_id"
        f"\n    AND {valid('s', as_of_run_id, unfinished)})"
    )
