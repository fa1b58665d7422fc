"""What a combination run is about: which fits, as of when, and what it can reuse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from starledger.catalog.combine.settings import CombineSettings
from starledger.compute.models.registry import Registered, find_model
from starledger.schema.asof import done, withdrawn
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import (
    ClosedRun,
    CombinationRun,
    FitRun,
    ModelInstrument,
    QualityRun,
    StarRun,
    Withdrawal,
)

NEWEST = "newest"


class NothingToCombine(StarledgerError):
    """There are no fits, or no stars, to combine."""


class BadChoice(StarledgerError):
    """What is to be combined is not there, or not told clearly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is told of the fits to combine; what is not told is found in the ledger.

    Parameters
    ----------
    fit_config_id
        How the model was applied; by default the way of its last fit run.
    kind, arm
        Of the spectra; by default what the model fits.
    quality
        The quality run whose flags keep fits out; None for none, ``newest`` for the last one.
    as_of
        The run as of which the ledger is looked at; by default the last closed one.
    """

    fit_config_id: int | None = None
    kind: str | None = None
    arm: str | None = None
    quality: int | str | None = NEWEST
    as_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is combined, all told.

    Parameters
    ----------
    model
        The model.
    fit_config_id, spectrum_kind, arm, star_run_id, as_of_run_id, quality_run_id, previous_run_id
        As the columns of ``combination_run`` tell.
    fit_run_ids
        The fit runs whose fits are used.
    settings
        How they are combined.
    """

    model: Registered
    fit_config_id: int
    spectrum_kind: str
    arm: str
    star_run_id: int
    as_of_run_id: int
    quality_run_id: int | None
    previous_run_id: int | None
    fit_run_ids: tuple[int, ...]
    settings: CombineSettings

    def about(self) -> dict[str, Any]:
        """Return the columns of ``combination_run``."""
        return {
            "model_id": self.model.model_id,
            "fit_config_id": self.fit_config_id,
            "star_run_id": self.star_run_id,
            "as_of_run_id": self.as_of_run_id,
            "quality_run_id": self.quality_run_id,
            "previous_run_id": self.previous_run_id,
            "spectrum_kind": self.spectrum_kind,
            "arm": self.arm,
            "settings_sha256": self.settings.sha256,
            "settings": self.settings.as_json(),
        }


def task_of(
    connection: Connection,
    model: str,
    settings: CombineSettings,
    choice: Choice,
    *,
    full: bool = False,
) -> Task:
    """Find out all that a combination run needs to know.

    Parameters
    ----------
    connection
        To the ledger.
    model
        Its name, or the first characters of its SHA-256.
    settings
        How visits are combined.
    choice
        What is told of the fits.
    full
        Reuse no earlier run.

    Raises
    ------
    NothingToCombine, BadChoice, NoSuchModel
        Something of it is not there.
    """
    found = find_model(connection, model)
    as_of = _as_of(connection, choice.as_of)
    if connection.scalar(select(withdrawn(Withdrawal.model_id, literal(found.model_id), as_of))):
        raise NothingToCombine(
            f"The model {found.name} was withdrawn.", remedy="Name another model."
        )
    config, runs = _fit_runs(connection, found, choice.fit_config_id, as_of)
    kind, arm = _kind_and_arm(connection, found, choice)
    task = Task(
        model=found,
        fit_config_id=config,
        spectrum_kind=kind,
        arm=arm,
        star_run_id=_star_run(connection, as_of),
        as_of_run_id=as_of,
        quality_run_id=_quality_run(connection, found, config, choice.quality, as_of),
        previous_run_id=None,
        fit_run_ids=runs,
        settings=settings,
    )
    return task if full else _continued(connection, task)


def _as_of(connection: Connection, told: int | None) -> int:
    last = connection.scalar(select(func.max(ClosedRun.run_id)))
    if told is None and last is not None:
        return int(last)
    if told is None:
        raise NothingToCombine("The ledger holds no closed runs.", remedy="Ingest spectra first.")
    if connection.scalar(select(ClosedRun.run_id).where(ClosedRun.run_id == told)) is None:
        raise BadChoice(f"There is no closed run {told}.", remedy="`starledger status` shows some.")
    return told


def _fit_runs(
    connection: Connection, model: Registered, config: int | None, as_of: int
) -> tuple[int, tuple[int, ...]]:
    """Return the configuration, and the done runs that fitted with it."""
    runs = connection.execute(
        select(FitRun.run_id, FitRun.fit_config_id)
        .where(FitRun.model_id == model.model_id, done(FitRun.run_id, as_of))
        .order_by(FitRun.run_id)
    ).all()
    chosen = config if config is not None else next((run[1] for run in reversed(runs)), None)
    found = tuple(run_id for run_id, of in runs if of == chosen)
    if chosen is None or not found:
        ways = sorted({of for _, of in runs})
        raise NothingToCombine(
            f"No closed run has fits by {model.name}"
            + ("." if config is None else f" with the configuration {config}."),
            remedy=f"Name one of the configurations {ways}."
            if ways
            else f"`starledger fit {model.name}` first.",
        )
    return chosen, found


def _kind_and_arm(connection: Connection, model: Registered, choice: Choice) -> tuple[str, str]:
    told = (choice.kind, choice.arm)
    columns = (ModelInstrument.spectrum_kind, ModelInstrument.arm)
    return (
        _only(connection, model, columns[0], "--kind", told[0]),
        _only(connection, model, columns[1], "--arm", told[1]),
    )


def _only(
    connection: Connection,
    model: Registered,
    column: InstrumentedAttribute[str],
    option: str,
    told: str | None,
) -> str:
    if told is not None:
        return told
    of_model = ModelInstrument.model_id == model.model_id
    found = list(connection.scalars(select(column).where(of_model).distinct().order_by(column)))
    if len(found) != 1:
        raise BadChoice(
            f"{model.name} fits {' and '.join(found) or 'no known'} spectra, and only one kind"
            " of one arm is combined.",
            remedy=f"Name it with {option}.",
        )
    return found[0]


def _star_run(connection: Connection, as_of: int) -> int:
    last = connection.scalar(select(func.max(StarRun.run_id)).where(done(StarRun.run_id, as_of)))
    if last is None:
        raise NothingToCombine(
            f"As of run {as_of} no spectrum had a star.", remedy="`starledger stars assign` first."
        )
    return int(last)


def _quality_run(
    connection: Connection, model: Registered, config: int, told: int | str | None, as_of: int
) -> int | None:
    if told is None:
        return None
    query = select(func.max(QualityRun.run_id)).where(
        QualityRun.model_id == model.model_id,
        QualityRun.fit_config_id == config,
        done(QualityRun.run_id, as_of),
    )
    if told == NEWEST:
        return connection.scalar(query)
    found = connection.scalar(query.where(QualityRun.run_id == told))
    if found is None:
        raise BadChoice(
            f"Run {told} is no quality run of {model.name} with the configuration {config} that"
            f" was done as of run {as_of}.",
            remedy="Name one that is, or `none`.",
        )
    return found


def _continued(connection: Connection, task: Task) -> Task:
    """Return the task with the last run whose rows it can reuse."""
    row = CombinationRun
    previous = connection.scalar(
        select(func.max(row.run_id)).where(
            row.model_id == task.model.model_id,
            row.fit_config_id == task.fit_config_id,
            row.spectrum_kind == task.spectrum_kind,
            row.arm == task.arm,
            row.settings_sha256 == task.settings.sha256,
            row.as_of_run_id <= task.as_of_run_id,
            select(ClosedRun.run_id)
            .where(ClosedRun.run_id == row.run_id, ClosedRun.outcome == "done")
            .exists(),
        )
    )
    return replace(task, previous_run_id=previous)
