"""Taking spectra and data releases back, and restoring them: rows, never changes of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute

from starledger.ingest.surveys import Release, find_data_release
from starledger.schema.errors import StarledgerError
from starledger.schema.runs import running
from starledger.schema.tables import RunKind, Spectrum, Withdrawal

Action = Literal["withdrawn", "restored"]

_IDS_A_STATEMENT = 10_000


class NothingToWithdraw(StarledgerError):
    """What is to be taken back or restored is unknown, or is so already."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was taken back or restored.

    Parameters
    ----------
    run_id
        The run that says so: of the past as of earlier runs nothing changes.
    action
        ``withdrawn`` or ``restored``.
    n_done
        Spectra, or data releases.
    n_already
        Those that were so before, and have no new row.
    """

    run_id: int
    action: Action
    n_done: int
    n_already: int


def spectra_named(
    connection: Connection, release: Release, external_ids: Sequence[str]
) -> list[int]:
    """Return the numbers of all versions of spectra that a survey knows by some identifiers.

    Raises
    ------
    NothingToWithdraw
        The data release has no spectrum of some identifier.
    """
    data_release_id = find_data_release(connection, release)
    query = select(Spectrum.external_id, Spectrum.spectrum_id).where(
        Spectrum.data_release_id == data_release_id
    )
    found: dict[str, list[int]] = {}
    for first in range(0, len(external_ids), _IDS_A_STATEMENT):
        some = external_ids[first : first + _IDS_A_STATEMENT]
        for name, number in connection.execute(query.where(Spectrum.external_id.in_(some))):
            found.setdefault(name, []).append(number)
    _require_all(external_ids, found, f"spectrum of {release} with the identifier")
    return sorted(number for numbers in found.values() for number in numbers)


def change_spectra(
    engine: Engine, spectrum_ids: Sequence[int], reason: str, action: Action
) -> Withdrawn:
    """Withdraw or restore spectra, in one run of its own.

    Parameters
    ----------
    engine
        The ledger's, as its owner.
    spectrum_ids
        Numbers of spectrum versions.
    reason
        Why, for those who used them.
    action
        Which of both.

    Raises
    ------
    NothingToWithdraw
        Some number is unknown, or all are so already.
    """
    numbers = sorted(set(spectrum_ids))
    with engine.connect() as connection:
        there = _existing(connection, numbers)
        _require_all(numbers, there, "spectrum with the number")
        ready = _to_change(connection, Withdrawal.spectrum_id, numbers, action)
    return _change(engine, "spectrum_id", numbers, ready, reason, action)


def change_data_release(engine: Engine, release: Release, reason: str, action: Action) -> Withdrawn:
    """Withdraw or restore a product of a data release, in one run of its own.

    Raises
    ------
    UnknownDataRelease, NothingToWithdraw
        Nothing of it was ever ingested, or it is so already.
    """
    with engine.connect() as connection:
        number = find_data_release(connection, release)
        ready = _to_change(connection, Withdrawal.data_release_id, [number], action)
    return _change(engine, "data_release_id", [number], ready, reason, action)


def _existing(connection: Connection, numbers: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for first in range(0, len(numbers), _IDS_A_STATEMENT):
        some = numbers[first : first + _IDS_A_STATEMENT]
        query = select(Spectrum.spectrum_id).where(Spectrum.spectrum_id.in_(some))
        found.update(connection.scalars(query))
    return found


def _require_all(asked: Sequence[Any], found: Any, what: str) -> None:
    missing = [str(one) for one in asked if one not in found]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise NothingToWithdraw(
            f"There is no {what} {', '.join(missing[:5])}{more}; nothing was changed.",
            remedy="Leave out what is not in the ledger.",
        )


def _to_change(
    connection: Connection,
    subject: InstrumentedAttribute[int | None],
    numbers: Sequence[int],
    action: Action,
) -> list[int]:
    """Return those of some subjects whose last withdrawal does not say the same already."""
    last = (
        select(subject, Withdrawal.action)
        .ext(distinct_on(subject))
        .where(subject.is_not(None))
        .order_by(subject, Withdrawal.run_id.desc())
    )
    says: dict[int | None, str] = dict(connection.execute(last).all())
    return [number for number in numbers if says.get(number, "restored") != action]


def _change(
    engine: Engine,
    subject: str,
    asked: Sequence[int],
    ready: Sequence[int],
    reason: str,
    action: Action,
) -> Withdrawn:
    if not reason.strip():
        raise NothingToWithdraw("There is no reason given.", remedy="Give one with --reason.")
    if not ready:
        raise NothingToWithdraw(
            f"All of it is {action} already; nothing was changed.",
            remedy="`starledger ingest runs` shows what was done before.",
        )
    with running(engine, RunKind.WITHDRAWAL) as run:
        rows = [
            {"run_id": run.run_id, "action": action, "reason": reason, subject: number}
            for number in ready
        ]
        with engine.begin() as connection:
            connection.execute(insert(Withdrawal), rows)
        run.summary = {"action": action, "n_done": len(ready), "n_already": len(asked) - len(ready)}
    return Withdrawn(run.run_id, action, len(ready), len(asked) - len(ready))
