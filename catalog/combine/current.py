"""The current rows of a combination run: its own, and those of earlier runs that still stand.

A run writes only the stars whose usable fits changed. A row of an earlier run stands as long as no
later run of the chain has one of the same star, and the star still has a usable visit. Of a star
without a later row the usable visits are those of before, or none; hence it is enough to look at
one of them, the best: whether it still is the star's, was neither replaced nor withdrawn. So stars
vanish that were merged into another, or whose visits are all gone, without a row that says so.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from starledger.schema.errors import StarledgerError


class NoSuchCombination(StarledgerError):
    """There is no combination run of that number."""


_CHAIN = """
WITH RECURSIVE chain AS (
    SELECT run_id, previous_run_id FROM ledger.combination_run WHERE run_id = {run}
    UNION ALL
    SELECT r.run_id, r.previous_run_id FROM chain
    JOIN ledger.combination_run r ON r.run_id = chain.previous_run_id
)
"""

_RUNS = "SELECT run_id FROM chain"

_OWN = "SELECT c.* FROM ledger.combination c WHERE c.combination_run_id = {run}"

_CURRENT = """
SELECT c.* FROM ledger.combination c
WHERE c.combination_run_id {of_chain} AND NOT EXISTS (
    SELECT FROM ledger.combination later WHERE later.star_id = c.star_id
    AND later.combination_run_id > c.combination_run_id AND later.combination_run_id {of_chain})
AND (c.combination_run_id = {run} OR (
    c.star_id = (
        SELECT m.star_id FROM ledger.star_member m WHERE m.spectrum_id = c.best_spectrum_id
        AND m.star_run_id IN ({star_runs})
        ORDER BY m.star_run_id DESC LIMIT 1)
    AND EXISTS (
        SELECT FROM ledger.spectrum s WHERE s.spectrum_id = c.best_spectrum_id
        AND (s.valid_to_run_id IS NULL OR s.valid_to_run_id > {as_of})
        AND s.spectrum_id NOT IN ({gone_spectra})
        AND s.data_release_id NOT IN ({gone_releases}))))
"""

_STAR_RUNS = """
SELECT run_id FROM ledger.star_run JOIN ledger.closed_run USING (run_id)
WHERE run_id <= {star_run} AND outcome = 'done'
"""

_GONE = """
SELECT id FROM (
    SELECT DISTINCT ON ({subject}) {subject} AS id, action FROM ledger.withdrawal
    WHERE {subject} IS NOT NULL AND run_id <= {as_of} ORDER BY {subject}, run_id DESC
) last WHERE action = 'withdrawn'
"""


def current_combinations(run_id: int) -> str:
    """Return the SQL query of the current rows of a combination run, in any order.

    Parameters
    ----------
    run_id
        The run, closed. The rows never change.

    Returns
    -------
    query
        Gives all columns of ``ledger.combination``, at most one row a star; may stand as a
        subquery. Views better take `pinned_combinations`, which joins can enter.

    Examples
    --------
    >>> "c.combination_run_id = 7 OR" in current_combinations(7)
    True
    """
    told = f"(SELECT {{}} FROM ledger.combination_run WHERE run_id = {int(run_id)})"  # noqa: S608
    return _CHAIN.format(run=int(run_id)) + _current(
        int(run_id),
        "IN (SELECT run_id FROM chain)",
        _STAR_RUNS.format(star_run=told.format("star_run_id")),
        told.format("as_of_run_id"),
    )


def pinned_combinations(connection: Connection, run_id: int) -> str:
    """Return the same query with all runs that it is about as numbers, for the text of a view.

    A condition or a join on ``star_id`` finds its way in, and asks an index.

    Raises
    ------
    NoSuchCombination
        There is no such run.
    """
    runs = _numbers(connection, _CHAIN.format(run=int(run_id)) + _RUNS)
    if not runs:
        raise NoSuchCombination(
            f"Run {run_id} is no combination run.", remedy="`starledger combination list` shows."
        )
    if len(runs) == 1:
        return _OWN.format(run=int(run_id))
    about = connection.execute(
        text("SELECT star_run_id, as_of_run_id FROM ledger.combination_run WHERE run_id = :run"),
        {"run": run_id},
    ).one()
    star_runs = _numbers(connection, _STAR_RUNS.format(star_run=about.star_run_id))
    return _current(int(run_id), f"IN ({_list(runs)})", _list(star_runs), str(about.as_of_run_id))


def _numbers(connection: Connection, query: str) -> list[int]:
    return sorted(connection.scalars(text(query)))


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _current(run_id: int, of_chain: str, star_runs: str, as_of: str) -> str:
    return _CURRENT.format(
        run=run_id,
        of_chain=of_chain,
        star_runs=star_runs,
        as_of=as_of,
        gone_spectra=_GONE.format(subject="spectrum_id", as_of=as_of),
        gone_releases=_GONE.format(subject="data_release_id", as_of=as_of),
    )
