"""What became of a visit: its fits, and where it stands in the work of each model."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from starledger.schema.errors import StarledgerError


class NoSuchVisit(StarledgerError):
    """The ledger knows no visit of that number or identifier."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a visit with one model.

    Parameters
    ----------
    spectrum_id, external_id
        Our number of the visit, and the survey's.
    model
        The model's name.
    fit_run_id
        The run.
    state
        ``good``, ``flagged``, ``failed``, ``pending``, ``leased`` or ``aside``.
    worker
        Who fitted it, or holds it.
    attempts
        In vain so far, of one that waits.
    said
        How the fit ended, or the last error.
    """

    spectrum_id: int
    external_id: str
    model: str
    fit_run_id: int
    state: str
    worker: str | None
    attempts: int | None
    said: str | None


def fates(connection: Connection, visit: str) -> list[Fate]:
    """Return what became of a visit with each model, the latest last.

    Parameters
    ----------
    connection
        Of any role that may read.
    visit
        Its number in the ledger, or the survey's identifier.

    Raises
    ------
    NoSuchVisit
        There is none.
    """
    known = visits_named(connection, visit)
    return [Fate(*row) for row in connection.execute(_FATES, {"visits": known})]


def visits_named(connection: Connection, visit: str) -> list[int]:
    """Return the numbers of all visits, of whatever data release and version, that are meant.

    Parameters
    ----------
    connection
        Of any role that may read.
    visit
        Its number in the ledger, or the survey's identifier.

    Raises
    ------
    NoSuchVisit
        There is none.
    """
    known = list(connection.scalars(_KNOWN, {"visit": visit}))
    if not known:
        raise NoSuchVisit(
            f"The ledger knows no visit {visit!r}.",
            remedy="Give the survey's identifier, or the number in ledger.spectrum.",
        )
    return known


def aside(connection: Connection, model_id: int | None, limit: int) -> list[Fate]:
    """Return visits that were set aside, with the whole last error of each."""
    found = connection.execute(_ASIDE, {"model": model_id, "limit": limit})
    return [Fate(*row) for row in found]


def retry(connection: Connection, model_id: int | None = None, visit: str | None = None) -> int:
    """Let visits wait again that were set aside, as if never tried; return how many."""
    named = {"model": model_id, "visit": visit}
    return connection.execute(_RETRY, named).rowcount


# By way of the data releases, and of the runs' models below: else no index serves.
_KNOWN = text("""
    SELECT s.spectrum_id FROM ledger.data_release d, LATERAL (
        SELECT spectrum_id FROM ledger.spectrum
        WHERE data_release_id = d.data_release_id AND external_id = :visit) s
    UNION SELECT spectrum_id FROM ledger.spectrum
    WHERE spectrum_id = CASE WHEN :visit ~ '^[0-9]{1,18}$' THEN CAST(:visit AS bigint) END
""")
_FATES = text("""
    SELECT s.spectrum_id, s.external_id, m.name, f.fit_run_id, f.state, f.worker, f.attempts, f.said
    FROM ledger.spectrum s JOIN (
        SELECT spectrum_id, model_id, fit_run_id, outcome AS state, worker,
            CAST(NULL AS smallint) AS attempts, reason AS said
        FROM ledger.fit WHERE spectrum_id = ANY (:visits)
        UNION ALL
        SELECT w.spectrum_id, w.model_id, w.fit_run_id, w.state, NULL, w.attempts, w.last_error
        FROM (SELECT DISTINCT model_id, fit_config_id FROM ledger.fit_run) o
        JOIN ledger.work w USING (model_id, fit_config_id)
        WHERE w.spectrum_id = ANY (:visits)
        UNION ALL
        SELECT v.spectrum_id, r.model_id, l.fit_run_id, 'leased', l.worker, l.attempts, v.last_error
        FROM ledger.lease l JOIN ledger.fit_run r ON r.run_id = l.fit_run_id,
            unnest(l.spectrum_ids, l.last_errors) AS v (spectrum_id, last_error)
        WHERE v.spectrum_id = ANY (:visits)
    ) f USING (spectrum_id) JOIN ledger.model m USING (model_id)
    ORDER BY f.fit_run_id, s.spectrum_id
""")
_ASIDE = text("""
    SELECT w.spectrum_id, s.external_id, m.name, w.fit_run_id, w.state, NULL, w.attempts,
        w.last_error
    FROM ledger.work w JOIN ledger.spectrum s USING (spectrum_id)
    JOIN ledger.model m USING (model_id)
    WHERE w.state = 'aside' AND w.model_id = coalesce(:model, w.model_id)
    ORDER BY w.fit_run_id, w.spectrum_id LIMIT :limit
""")
_RETRY = text("""
    UPDATE ledger.work w SET state = 'pending', attempts = 0, not_before = NULL
    FROM ledger.spectrum s
    WHERE w.state = 'aside' AND s.spectrum_id = w.spectrum_id
        AND w.model_id = coalesce(:model, w.model_id)
        AND coalesce(:visit IN (s.external_id, CAST(s.spectrum_id AS text)), true)
""")
