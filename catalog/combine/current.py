"""The current rows of a combination run: its own, and those of earlier runs that still stand.

A run writes only the stars whose usable fits changed. A row of an earlier run stands as long as no
later run of the chain has one of the same star, and the star still has a usable visit. Of a star
without a later row the usable visits are those of before, or none; hence it is enough to look at
one of them, the best: whether it still is the star's, was neither replaced nor withdrawn. So stars
vanish that were merged into another, or whose visits are all gone, without a row that says so.
"""

from __future__ import annotations

_CURRENT = """
WITH RECURSIVE chain AS (
    SELECT run_id, previous_run_id FROM ledger.combination_run WHERE run_id = {run}
    UNION ALL
    SELECT r.run_id, r.previous_run_id FROM chain
    JOIN ledger.combination_run r ON r.run_id = chain.previous_run_id
)
SELECT c.* FROM ledger.combination_run r, ledger.combination c
WHERE r.run_id = {run} AND c.combination_run_id IN (SELECT run_id FROM chain)
AND NOT EXISTS (
    SELECT FROM ledger.combination later WHERE later.star_id = c.star_id
    AND later.combination_run_id > c.combination_run_id
    AND later.combination_run_id IN (SELECT run_id FROM chain))
AND (c.combination_run_id = {run} OR (
    c.star_id = (
        SELECT m.star_id FROM ledger.star_member m
        JOIN ledger.closed_run d ON d.run_id = m.star_run_id AND d.outcome = 'done'
        WHERE m.spectrum_id = c.best_spectrum_id AND m.star_run_id <= r.star_run_id
        ORDER BY m.star_run_id DESC LIMIT 1)
    AND EXISTS (
        SELECT FROM ledger.spectrum s WHERE s.spectrum_id = c.best_spectrum_id
        AND (s.valid_to_run_id IS NULL OR s.valid_to_run_id > r.as_of_run_id)
        AND coalesce((
            SELECT w.action FROM ledger.withdrawal w WHERE w.spectrum_id = s.spectrum_id
            AND w.run_id <= r.as_of_run_id ORDER BY w.run_id DESC LIMIT 1
        ), 'restored') = 'restored'
        AND coalesce((
            SELECT w.action FROM ledger.withdrawal w WHERE w.data_release_id = s.data_release_id
            AND w.run_id <= r.as_of_run_id ORDER BY w.run_id DESC LIMIT 1
        ), 'restored') = 'restored')))
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
        subquery, and a condition on ``star_id`` outside finds its way in.

    Examples
    --------
    >>> "c.combination_run_id = 7 OR" in current_combinations(7)
    True
    """
    return _CURRENT.format(run=int(run_id))
