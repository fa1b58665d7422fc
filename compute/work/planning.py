"""Planning: which visits wait for a model, found and entered by one SQL statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DataError, ProgrammingError

from starledger.schema.errors import StarledgerError
from starledger.schema.runs import announce_run, close_run, describe_run
from starledger.schema.tables import RunKind


class BadSelection(StarledgerError):
    """A selection that the database does not understand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the spectra that a model can fit are wanted.

    Parameters
    ----------
    where
        A condition in SQL on the columns of the spectrum (``snr > 30``) and on its ``star_id``.
    data_release
        Only of this one, such as ``dr5``, with its version where it has several: ``dr5:v3``.
    kind
        ``visit``, ``coadd`` or ``exposure``; without, the kind that the model fits by default.
    spectrum_ids
        Only these.
    limit
        At most so many that are neither fitted nor waiting, in the order of their pixels.
    """

    where: str | None = None
    data_release: str | None = None
    kind: str | None = None
    spectrum_ids: Sequence[int] | None = None
    limit: int | None = None

    def __str__(self) -> str:
        """Return what is kept with the run.

        Examples
        --------
        >>> str(Selection(where="snr > 30", data_release="dr5", limit=100))
        'of data release dr5, where snr > 30, at most 100'
        >>> str(Selection())
        'all'
        """
        parts = [f"{self.kind}s"] if self.kind else []
        if self.data_release:
            parts.append(f"of data release {self.data_release}")
        if self.where:
            parts.append(f"where {self.where}")
        if self.spectrum_ids is not None:
            parts.append(f"{len(self.spectrum_ids)} given by number")
        if self.limit is not None:
            parts.append(f"at most {self.limit}")
        return ", ".join(parts) or "all"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be fitted.

    Parameters
    ----------
    fit_run_id
        The run that it belongs to; None where there is nothing to do, and of a dry run.
    selected
        Spectra that were selected.
    fitted
        Those of them that have a fit already.
    waiting
        Those that other runs have planned and not yet fitted, or set aside.
    planned
        The others.
    """

    fit_run_id: int | None
    selected: int
    fitted: int
    waiting: int
    planned: int


def plan(
    connection: Connection,
    model_id: int,
    fit_config_id: int,
    selection: Selection,
    *,
    dry_run: bool = False,
) -> Plan:
    """Open a fit run and let the selected visits wait in it.

    Visits that the model has fitted with this configuration, or that wait for it, are left alone;
    so that planning the same twice changes nothing.

    Parameters
    ----------
    connection
        A connection of the owner, whose transaction the caller commits.
    model_id, fit_config_id
        The model, and how it is applied.
    selection
        Which visits.
    dry_run
        Only count.

    Raises
    ------
    BadSelection
        The condition is none, or the data release is not known.
    """
    _check_release(connection, selection.data_release)
    named = {
        "model": model_id,
        "config": fit_config_id,
        "kind": selection.kind,
        "release": selection.data_release,
        "visits": None if selection.spectrum_ids is None else list(selection.spectrum_ids),
        "limit": selection.limit,
    }
    if dry_run:
        return _found(connection, selection, named, _COUNT)
    # Who plans for the same model meanwhile waits, lest a visit be counted in both runs.
    connection.execute(_ONE_AT_A_TIME, named)
    with connection.begin_nested() as point:
        run = announce_run(connection, RunKind.FIT)
        plan = _found(connection, selection, {**named, "run": run}, _ENTER)
        if not plan.planned:
            point.rollback()
            return plan
        describe_run(
            connection,
            RunKind.FIT,
            run,
            model_id=model_id,
            fit_config_id=fit_config_id,
            selection=str(selection),
            n_planned=plan.planned,
        )
    return replace(plan, fit_run_id=run)


def close_finished(connection: Connection, fit_run_id: int) -> bool:
    """Close a fit run of which no visit waits any more, those set aside included."""
    # In one statement: visits move between the two tables.
    left = text("""
        SELECT EXISTS (SELECT FROM ledger.work WHERE fit_run_id = :run)
            OR EXISTS (SELECT FROM ledger.lease WHERE fit_run_id = :run)
    """)
    closed = text("SELECT count(*) FROM ledger.closed_run WHERE run_id = :run")
    if connection.execute(left, {"run": fit_run_id}).scalar_one():
        return False
    if not connection.execute(closed, {"run": fit_run_id}).scalar_one():
        close_run(connection, fit_run_id)
    return True


def open_fit_runs(connection: Connection, model_id: int, fit_config_id: int) -> list[int]:
    """Return the fit runs of a model and configuration that are not closed, the oldest first."""
    found = connection.execute(
        text("""
            SELECT run_id FROM ledger.fit_run LEFT JOIN ledger.closed_run c USING (run_id)
            WHERE model_id = :model AND fit_config_id = :config AND c.run_id IS NULL
            ORDER BY run_id
        """),
        {"model": model_id, "config": fit_config_id},
    )
    return list(found.scalars())


def _found(
    connection: Connection, selection: Selection, named: Mapping[str, object], ending: str
) -> Plan:
    """Return what a statement counts that selects visits and, perhaps, enters them."""
    try:
        with connection.begin_nested():
            row = connection.execute(_statement(selection.where, ending), named).one()
    except (ProgrammingError, DataError) as error:
        if selection.where is None:
            raise
        said = str(error.orig).splitlines()[0] if error.orig else str(error)
        raise BadSelection(
            f"The condition {selection.where!r} cannot be used: {said}.",
            remedy="Write one in SQL on the columns of ledger.spectrum, such as "
            "--where 'snr > 30 AND dec > 0'.",
        ) from None
    planned = row.selected - row.fitted - row.waiting
    if selection.limit is not None:
        planned = min(planned, selection.limit)
    return Plan(None, row.selected, row.fitted, row.waiting, planned)


def _check_release(connection: Connection, named: str | None) -> None:
    if named is None:
        return
    known = connection.execute(text("SELECT name, version FROM ledger.data_release")).all()
    if not any(named in (name, f"{name}:{version}") for name, version in known):
        names = sorted({f"{name}:{version}" for name, version in known})
        raise BadSelection(
            f"There is no data release {named!r}.",
            remedy=f"Name one of {', '.join(names)}." if names else "Ingest one first.",
        )


def _statement(where: str | None, ending: str) -> TextClause:
    # Colons in it are no parameters, and a bound statement cannot be followed by another one.
    condition = (where or "true").replace(":", r"\:")
    return text(f"{_SELECTED.replace('@where', condition)} {ending}")


_SELECTED = """
    WITH selected AS MATERIALIZED (
        SELECT c.spectrum_id, c.shard_id, c.shard_row FROM (
            SELECT s.*, m.star_id, r.name AS data_release, r.version AS data_release_version
            FROM ledger.spectrum s
            JOIN ledger.model_instrument i USING (instrument_id, arm)
            JOIN ledger.data_release r USING (data_release_id)
            LEFT JOIN LATERAL (
                SELECT star_id FROM ledger.star_member m JOIN ledger.closed_run d
                    ON d.run_id = m.star_run_id AND d.outcome = 'done'
                WHERE m.spectrum_id = s.spectrum_id ORDER BY m.star_run_id DESC LIMIT 1
            ) m ON true
            WHERE i.model_id = :model AND s.kind = coalesce(:kind, i.spectrum_kind)
                AND s.valid_to_run_id IS NULL
                AND NOT EXISTS (
                    SELECT FROM (
                        SELECT DISTINCT ON (spectrum_id, data_release_id) action
                        FROM ledger.withdrawal w
                        WHERE w.spectrum_id = s.spectrum_id
                            OR w.data_release_id = s.data_release_id
                        ORDER BY spectrum_id, data_release_id, run_id DESC
                    ) last WHERE last.action = 'withdrawn')
        ) c
        WHERE (@where)
            AND (CAST(:release AS text) IS NULL
                OR :release IN (data_release, data_release || '\\:' || data_release_version))
            AND (CAST(:visits AS bigint[]) IS NULL OR spectrum_id = ANY (:visits))
    ), held AS MATERIALIZED (
        SELECT unnest(spectrum_ids) AS spectrum_id
        FROM ledger.lease l JOIN ledger.fit_run r ON r.run_id = l.fit_run_id
        WHERE r.model_id = :model AND r.fit_config_id = :config
    ), judged AS (
        SELECT s.*,
            EXISTS (SELECT FROM ledger.fit f WHERE f.model_id = :model
                AND f.fit_config_id = :config AND f.spectrum_id = s.spectrum_id) AS fitted,
            EXISTS (SELECT FROM ledger.work w WHERE w.model_id = :model
                AND w.fit_config_id = :config AND w.spectrum_id = s.spectrum_id)
            OR s.spectrum_id IN (SELECT spectrum_id FROM held) AS waiting
        FROM selected s
    )
"""
_COUNT = """
    SELECT count(*) AS selected, count(*) FILTER (WHERE fitted) AS fitted,
        count(*) FILTER (WHERE waiting AND NOT fitted) AS waiting FROM judged
"""
_ENTER = f"""
    , entered AS (
        INSERT INTO ledger.work (model_id, fit_config_id, spectrum_id, fit_run_id, position)
        SELECT :model, :config, spectrum_id, :run, (CAST(shard_id AS bigint) << 32) + shard_row
        FROM judged WHERE NOT fitted AND NOT waiting
        ORDER BY shard_id, shard_row LIMIT :limit
    )
    {_COUNT}
"""  # noqa: S608 - made of our own
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:model, :config)")
