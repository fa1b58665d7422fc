"""The visits that go into a combination run, and the stars that it has to combine, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ClauseElement, Connection, select, text

from starledger.catalog.combine.current import current_combinations
from starledger.catalog.combine.settings import Estimator
from starledger.catalog.combine.task import Task
from starledger.ingest.crossmatch.sides import sql_of
from starledger.schema.asof import all_withdrawn, members, valid
from starledger.schema.flags import Scope, bad_mask, mask
from starledger.schema.tables import Spectrum, Withdrawal

_USABLE = """
SELECT m.star_id, f.spectrum_id, s.snr,
    f.outcome <> 'failed' AND {flags} & {bad_fit} = 0 AND s.flags & {bad_spectrum} = 0 AS clean,
    f.outcome = 'failed' AS failed, {flags} & {double_lined} <> 0 AS shows_two{more}
FROM ledger.fit f
JOIN ({spectra}) s USING (spectrum_id)
JOIN ({members}) m USING (spectrum_id){quality}
WHERE f.model_id = {model} AND f.fit_config_id = {config} AND f.fit_run_id = ANY ('{{{runs}}}')
{stars}
"""

_QUALITY = """
LEFT JOIN ledger.fit_quality q ON q.quality_run_id = {run} AND q.spectrum_id = f.spectrum_id
"""

_ONLY_STALE = "AND m.star_id IN (SELECT star_id FROM stale_star WHERE stays)"

_OF_SPECTRUM = (
    Spectrum.spectrum_id,
    Spectrum.snr,
    Spectrum.snr_z,
    Spectrum.flags,
    Spectrum.night,
    Spectrum.mjd_mid,
    Spectrum.frame,
    Spectrum.frame_shift,
)

# The order tells which visit is the best: a clean one, one with labels, the highest S/N.
_ORDER = "star_id, clean DESC, failed, snr DESC NULLS LAST, spectrum_id"

_CHOSEN = """
SELECT * FROM (
    SELECT *, row_number() OVER of_star AS place, bool_or(shows_two) OVER of_star AS double_lined
    FROM ({usable}) usable WINDOW of_star AS (PARTITION BY star_id
        ORDER BY clean DESC, failed, snr DESC NULLS LAST, spectrum_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
) ranked WHERE place = 1 {all_clean}
"""

_STALE = """
CREATE TEMP TABLE stale_star ON COMMIT DROP AS
WITH requalified AS (
    SELECT spectrum_id FROM (
        SELECT * FROM ledger.fit_quality WHERE quality_run_id = {quality_before}) o
    FULL JOIN (SELECT * FROM ledger.fit_quality WHERE quality_run_id = {quality}) n
    USING (spectrum_id) WHERE o.label_flags IS DISTINCT FROM n.label_flags
), now AS (
    SELECT star_id, array_agg(spectrum_id ORDER BY spectrum_id) AS ids, bool_or(clean) AS clean,
        bool_or(double_lined) AS double_lined,
        bool_or(spectrum_id IN (SELECT spectrum_id FROM requalified)) AS requalified
    FROM ({chosen}) chosen GROUP BY star_id
), before AS (
    SELECT star_id, flags, CASE n_rejected WHEN 0 THEN spectrum_ids ELSE (
        SELECT array_agg(id ORDER BY id) FROM unnest(spectrum_ids || rejected_ids) AS id) END AS ids
    FROM ({current}) current
)
SELECT star_id, now.ids IS NOT NULL AS stays, before.ids IS NOT NULL AS was_there
FROM now FULL JOIN before USING (star_id)
WHERE now.ids IS DISTINCT FROM before.ids OR now.requalified
    OR now.clean = (before.flags & {no_clean} <> 0)
    OR now.double_lined <> (before.flags & {star_double_lined} <> 0)
"""

_COUNTS = """
SELECT count(*) FILTER (WHERE stays) AS n_stars,
    count(*) FILTER (WHERE was_there AND NOT stays) AS n_vanished,
    (SELECT count(*) FROM ({current}) current) - count(*) FILTER (WHERE was_there) AS n_reused
FROM stale_star
"""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a combination run will write.

    Parameters
    ----------
    n_stars
        Stars that it combines; None where that is known only when it is done.
    n_vanished
        Stars of the run before that have no usable visit any more.
    n_reused
        Stars whose rows of earlier runs still stand.
    """

    n_stars: int | None
    n_vanished: int
    n_reused: int


def chosen(task: Task, more: Mapping[str, str] | None = None, *, only_stale: bool = False) -> str:
    """Return the SQL query of the visits that go in: those that are clean, or a star's best.

    Parameters
    ----------
    task
        What is combined.
    more
        SQL of further columns by their names: of a fit ``f``, its spectrum ``s`` and, where there
        is a quality run, its quality ``q``.
    only_stale
        Only of the stars that `find_stale` found.

    Returns
    -------
    query
        Gives ``star_id``, ``spectrum_id``, ``clean``, ``double_lined`` of the star, and more.
    """
    best_alone = task.settings.estimator is Estimator.BEST
    return _CHOSEN.format(
        usable=_usable(task, more or {}, only_stale=only_stale),
        all_clean="" if best_alone else "OR clean",
    )


def ordered(task: Task, names: Sequence[str], more: Mapping[str, str]) -> str:
    """Return the SQL query of the chosen visits that are to be combined, star by star.

    Each star's best visit comes first.

    Parameters
    ----------
    task
        What is combined.
    names
        Of the columns that it gives.
    more
        As `chosen` takes them.
    """
    rows = chosen(task, more, only_stale=task.previous_run_id is not None)
    return f"SELECT {', '.join(names)} FROM ({rows}) chosen ORDER BY {_ORDER}"  # noqa: S608 - ours


def _usable(task: Task, more: Mapping[str, str], *, only_stale: bool) -> str:
    has_quality = task.quality_run_id is not None
    return _USABLE.format(
        flags="(f.flags | coalesce(q.flags, 0))" if has_quality else "f.flags",
        bad_fit=bad_mask(Scope.FIT),
        bad_spectrum=bad_mask(Scope.SPECTRUM),
        double_lined=mask(Scope.FIT, "double_lined"),
        more="".join(f", {what} AS {name}" for name, what in more.items()),
        spectra=sql_of(_spectra(task)),
        members=sql_of(members(task.star_run_id)),
        quality=_QUALITY.format(run=task.quality_run_id) if has_quality else "",
        model=task.model.model_id,
        config=task.fit_config_id,
        runs=",".join(map(str, task.fit_run_ids)),
        stars=_ONLY_STALE if only_stale else "",
    )


def _spectra(task: Task) -> ClauseElement:
    """Return the query of the spectra that count as of the run, fitted or not."""
    as_of = task.as_of_run_id
    gone = all_withdrawn(Withdrawal.spectrum_id, as_of)
    gone_releases = all_withdrawn(Withdrawal.data_release_id, as_of)
    query = select(*_OF_SPECTRUM).where(
        Spectrum.kind == task.spectrum_kind,
        Spectrum.arm == task.arm,
        valid(Spectrum, as_of),
        Spectrum.spectrum_id.not_in(gone),
        Spectrum.data_release_id.not_in(gone_releases),
    )
    least = task.settings.min_snr
    return query.where(Spectrum.snr >= least) if least else query


def find_stale(connection: Connection, task: Task) -> Outlook:
    """Make the table ``stale_star`` of the stars whose usable fits changed since the run before.

    It lasts as long as the transaction. Without a run before there is none, and all stars count.
    """
    if task.previous_run_id is None:
        return Outlook(None, 0, 0)
    before = connection.execute(
        text("SELECT quality_run_id FROM ledger.combination_run WHERE run_id = :run"),
        {"run": task.previous_run_id},
    ).scalar_one()
    current = current_combinations(connection, task.previous_run_id)
    script = _STALE.format(
        quality=_or_null(task.quality_run_id),
        quality_before=_or_null(before),
        chosen=chosen(task),
        current=current,
        no_clean=mask(Scope.STAR, "no_clean_visit"),
        star_double_lined=mask(Scope.STAR, "double_lined"),
    )
    connection.exec_driver_sql(script)
    connection.exec_driver_sql("CREATE UNIQUE INDEX ON stale_star (star_id)")
    connection.exec_driver_sql("ANALYZE stale_star")
    counted = connection.exec_driver_sql(_COUNTS.format(current=current)).one()
    return Outlook(counted.n_stars, counted.n_vanished, counted.n_reused)


def _or_null(run_id: int | None) -> str:
    return "NULL" if run_id is None else str(run_id)
