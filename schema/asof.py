"""What was known as of a run: the conditions that every query about the past is made of.

Runs of all kinds share one sequence, so that "as of run N" has one meaning: what closed runs up
to N had written, and what was not withdrawn by then.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute, aliased

from starledger.schema.tables import ClosedRun, Fit, Spectrum, StarMember, Withdrawal


def valid(table: Any, run_id: int) -> ColumnElement[bool]:
    """Return the condition that a versioned row was the current version as of a run."""
    return and_(
        table.valid_from_run_id <= run_id,
        or_(table.valid_to_run_id.is_(None), table.valid_to_run_id > run_id),
    )


def done(run_column: InstrumentedAttribute[int], run_id: int) -> ColumnElement[bool]:
    """Return the condition that a row's run was one that ended well, up to a run."""
    return and_(
        run_column <= run_id,
        exists().where(ClosedRun.run_id == run_column, ClosedRun.outcome == "done"),
    )


def withdrawn(
    subject: InstrumentedAttribute[int | None], key: Any, run_id: int
) -> ColumnElement[bool]:
    """Return the condition that something was withdrawn as of a run.

    Parameters
    ----------
    subject
        The column of `Withdrawal` that names it, such as ``Withdrawal.spectrum_id``.
    key
        Its id: a column of the query, or a number.
    run_id
        The run; of several withdrawals and restorations up to it the last one counts.
    """
    last = (
        select(Withdrawal.action)
        .where(subject == key, Withdrawal.run_id <= run_id)
        .order_by(Withdrawal.run_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(last, "restored") == "withdrawn"


def all_withdrawn(subject: InstrumentedAttribute[int | None], run_id: int) -> Select[int | None]:
    """Return the query of the ids of all that was withdrawn as of a run.

    Parameters
    ----------
    subject
        The column of `Withdrawal` that names them, such as ``Withdrawal.spectrum_id``.
    run_id
        The run.
    """
    last = (
        select(subject.label("id"), Withdrawal.action)
        .where(subject.is_not(None), Withdrawal.run_id <= run_id)
        .ext(distinct_on(subject))
        .order_by(subject, Withdrawal.run_id.desc())
        .subquery()
    )
    return select(last.c.id).where(last.c.action == "withdrawn")


def members(run_id: int) -> Select[int, int]:
    """Return the query of all spectra with their stars as of a star run, moved or gone ones too.

    For many spectra it is faster than the condition `membership`.

    Examples
    --------
    >>> "DISTINCT ON (ledger.star_member.spectrum_id)" in str(members(12))
    True
    """
    return (
        select(StarMember.spectrum_id, StarMember.star_id)
        .where(done(StarMember.star_run_id, run_id))
        .ext(distinct_on(StarMember.spectrum_id))
        .order_by(StarMember.spectrum_id, StarMember.star_run_id.desc())
    )


def membership(run_id: int) -> ColumnElement[bool]:
    """Return the condition that a row of `StarMember` is its spectrum's last one as of a run."""
    later = aliased(StarMember)
    return and_(
        done(StarMember.star_run_id, run_id),
        ~exists().where(
            later.spectrum_id == StarMember.spectrum_id,
            later.star_run_id > StarMember.star_run_id,
            done(later.star_run_id, run_id),
        ),
    )


def visits_of_star(star_id: int, run_id: int, kind: str = "visit") -> Select[Spectrum]:
    """Return the query of a star's spectra of one kind as of a run, best signal first.

    Examples
    --------
    >>> "ORDER BY ledger.spectrum.snr DESC NULLS LAST" in str(visits_of_star(7, 12))
    True
    """
    return (
        select(Spectrum)
        .join(StarMember, StarMember.spectrum_id == Spectrum.spectrum_id)
        .where(
            StarMember.star_id == star_id,
            membership(run_id),
            Spectrum.kind == kind,
            valid(Spectrum, run_id),
            ~withdrawn(Withdrawal.spectrum_id, Spectrum.spectrum_id, run_id),
            ~withdrawn(Withdrawal.data_release_id, Spectrum.data_release_id, run_id),
        )
        .order_by(Spectrum.snr.desc().nulls_last(), Spectrum.spectrum_id)
    )


def best_fit_of_star(
    star_id: int, model_id: int, run_id: int, kind: str = "visit"
) -> Select[int, float | None, Fit]:
    """Return the query of a model's fit of a star's best visit as of a run: one row or none.

    Of several configurations of the model the one that was run last counts.
    """
    return (
        visits_of_star(star_id, run_id, kind)
        .with_only_columns(Spectrum.spectrum_id, Spectrum.snr, Fit)
        .join(Fit, and_(Fit.spectrum_id == Spectrum.spectrum_id, Fit.model_id == model_id))
        .where(
            Fit.outcome != "failed",
            done(Fit.fit_run_id, run_id),
            ~withdrawn(Withdrawal.model_id, Fit.model_id, run_id),
        )
        .order_by(Fit.fit_run_id.desc())
        .limit(1)
    )
