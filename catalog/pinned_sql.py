"""Conditions on what runs wrote, in SQL with the numbers of the runs in place.

So views can hold them for ever, and PostgreSQL can plan them: it sees that few runs are meant where
a subquery that names them would have it guess, and guess badly in tables that are just filled.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

_CHAIN = """
WITH RECURSIVE chain (run_id, previous_run_id) AS (
    SELECT run_id, previous_run_id FROM ledger.{table} WHERE run_id = :run
    UNION ALL
    SELECT p.run_id, p.previous_run_id
    FROM ledger.{table} p JOIN chain c ON p.run_id = c.previous_run_id
) SELECT run_id FROM chain ORDER BY run_id DESC
"""


def chain_of(connection: Connection, table: str, run_id: int) -> tuple[int, ...]:
    """Return a run and those that it continues, the newest first; nothing where there is none.

    Parameters
    ----------
    connection
        Of any role that may read.
    table
        The table of its kind, such as ``star_run``.
    run_id
        The run.
    """
    return tuple(connection.scalars(text(_CHAIN.format(table=table)), {"run": run_id}))


def listed(numbers: Sequence[int]) -> str:
    """Return numbers as SQL takes them behind IN.

    Examples
    --------
    >>> listed([7, 12])
    '(7, 12)'
    """
    return f"({', '.join(str(int(one)) for one in numbers)})"


def last_of(table: str, columns: Sequence[str], key: str, star_runs: Sequence[int]) -> str:
    r"""Return the query of the last row of each key among those of some star runs.

    Examples
    --------
    >>> last_of("star_version", ["star_id", "ra"], "star_id", [7]).split("\n")[0]
    'SELECT o.star_id, o.ra'
    """
    query = (
        f"SELECT {', '.join(f'o.{one}' for one in columns)}\n    FROM ledger.{table} o"  # noqa: S608
        f" WHERE o.star_run_id IN {listed(star_runs)}"
    )
    if len(star_runs) == 1:
        return query
    return (
        f"{query}\n    AND NOT EXISTS (SELECT FROM ledger.{table} n WHERE n.{key} = o.{key}"
        f" AND n.star_run_id > o.star_run_id AND n.star_run_id IN {listed(star_runs)})"
    )


def members_of(star_runs: Sequence[int]) -> str:
    """Return the query of which spectrum belongs to which star after some star runs."""
    return last_of("star_member", ("spectrum_id", "star_id"), "spectrum_id", star_runs)


def up_to(run: str, as_of: int, unfinished: Sequence[int] = ()) -> str:
    """Return the condition that a run is up to another one, and was not open at some time.

    Parameters
    ----------
    run
        The column of the run.
    as_of
        The other run.
    unfinished
        The runs up to it that were open at that time: what they wrote later does not count.

    Examples
    --------
    >>> up_to("w.run_id", 9, [8])
    'w.run_id <= 9 AND w.run_id NOT IN (8)'
    """
    late = f" AND {run} NOT IN {listed(unfinished)}" if unfinished else ""
    return f"{run} <= {as_of}{late}"


def valid(spectrum: str, as_of: int, unfinished: Sequence[int] = ()) -> str:
    """Return the condition that a version of a spectrum was neither replaced nor withdrawn.

    Parameters
    ----------
    spectrum
        The name of its row.
    as_of, unfinished
        As of `up_to`.
    """
    end = f"{spectrum}.valid_to_run_id"
    late = f" OR {end} IN {listed(unfinished)}" if unfinished else ""
    return "\n    AND ".join(
        [
            f"({end} IS NULL OR {end} > {as_of}{late})",
            *(
                _not_withdrawn(spectrum, key, as_of, unfinished)
                for key in ("spectrum_id", "data_release_id")
            ),
        ]
    )


def _not_withdrawn(row: str, key: str, as_of: int, unfinished: Sequence[int]) -> str:
    """Return the condition that the last word on a spectrum or a data release is no withdrawal."""
    return (
        f"{row}.{key} NOT IN (SELECT w.{key} FROM ledger.withdrawal w"  # noqa: S608
        f" WHERE w.{key} IS NOT NULL AND w.action = 'withdrawn'"
        f" AND {up_to('w.run_id', as_of, unfinished)}"
        f" AND NOT EXISTS (SELECT FROM ledger.withdrawal l WHERE l.{key} = w.{key}"
        f" AND l.run_id > w.run_id AND {up_to('l.run_id', as_of, unfinished)}))"
    )
