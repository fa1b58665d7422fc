"""How a registered model was trained or imported, as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from starledger.compute.models.registry import Registered
from starledger.schema.tables import Model, TrainingMember, TrainingRun, TrainingSet


@dataclass(frozen=True, slots=True)
class Trained:
    """How a model was trained.

    Parameters
    ----------
    run
        The training run.
    settings, report
        What was asked for, and what validation found.
    training_set
        The name of what it was trained on, where the ledger has it.
    n_members, n_held_out
        Spectra of the training set, and those of them that did not teach.
    """

    run: int
    settings: Mapping[str, Any]
    report: Mapping[str, Any]
    training_set: str | None
    n_members: int
    n_held_out: int


def training_of(connection: Connection, model: Registered) -> Trained:
    """Return how a model was trained."""
    row = connection.execute(
        select(TrainingRun.run_id, TrainingRun.settings, TrainingRun.report,
               TrainingRun.training_set_id, TrainingSet.name)
        .join(Model, Model.training_run_id == TrainingRun.run_id)
        .outerjoin(TrainingSet, TrainingSet.training_set_id == TrainingRun.training_set_id)
        .where(Model.model_id == model.model_id)
    ).one()  # fmt: skip
    held_out = func.count().filter(TrainingMember.role != "train")
    members = select(func.count(), held_out).where(
        TrainingMember.training_set_id == row.training_set_id
    )
    counts = connection.execute(members).one()
    return Trained(row.run_id, row.settings, row.report, row.name, counts[0], counts[1])
