"""Runs: closed batches of work, numbered in one sequence, so that "as of run N" has one meaning."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, declared_attr

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    NOT_EMPTY,
    SCHEMA,
    SHA256,
    Json,
    Ledger,
    Texts,
    column,
    one_of,
    references,
)


class RunKind(StrEnum):
    """What a run did."""

    INGEST = "ingest"
    CROSSMATCH = "crossmatch"
    STAR = "star"
    TRAINING = "training"
    FIT = "fit"
    QUALITY = "quality"
    COMBINATION = "combination"
    CALIBRATION = "calibration"
    RELEASE = "release"
    WITHDRAWAL = "withdrawal"


class Run(Ledger):
    """A batch of work, opened here and closed by its row in closed_run."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("run_id", "kind"),)

    run_id: Mapped[int] = column(
        "number of the run; runs of all kinds share one sequence",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    kind: Mapped[str] = column(
        "what the run did", DIMENSIONLESS, "meta.code.class", rule=one_of(*RunKind)
    )
    opened_at: Mapped[dt.datetime] = column(
        "when the run began (UTC)", DIMENSIONLESS, "time.start", server_default=func.now()
    )
    software_version: Mapped[str] = column(
        "version of Starledger that ran", DIMENSIONLESS, "meta.version;meta.software"
    )
    command: Mapped[str] = column(
        "the command line or the function that began it", DIMENSIONLESS, "meta.note"
    )
    operator: Mapped[str] = column(
        "user and machine that began it, user@host", DIMENSIONLESS, "meta.note"
    )


class ClosedRun(Ledger):
    """The end of a run; only a run that is in here as done can be pinned by a release."""

    __tablename__ = "closed_run"
    __table_args__ = (UniqueConstraint("run_id", "outcome"),)

    run_id: Mapped[int] = column(
        "the run", DIMENSIONLESS, "meta.id;meta.main", references("run.run_id"), primary_key=True
    )
    outcome: Mapped[str] = column(
        "how the run ended: done, or failed with its reason in message",
        DIMENSIONLESS,
        "meta.code.status",
        rule=one_of("done", "failed"),
    )
    closed_at: Mapped[dt.datetime] = column(
        "when the run ended (UTC)", DIMENSIONLESS, "time.end", server_default=func.now()
    )
    message: Mapped[str | None] = column(
        "one line for people: what was done, or why it failed", DIMENSIONLESS, "meta.note"
    )
    summary: Mapped[Json] = column(
        "what the run counted, for programs", DIMENSIONLESS, "meta.note", server_default="{}"
    )


class RunSeal(Ledger):
    """What the rows that a run wrote into a table add up to, from when it was closed."""

    __tablename__ = "run_seal"

    run_id: Mapped[int] = column(
        "the run", DIMENSIONLESS, "meta.id", references("closed_run.run_id"), primary_key=True
    )
    table_name: Mapped[str] = column(
        "the table that it wrote into", DIMENSIONLESS, "meta.id;meta.table", primary_key=True
    )
    columns: Mapped[Texts] = column(
        "the columns that were summed up, in their order", DIMENSIONLESS, "meta.id"
    )
    row_count: Mapped[int] = column(
        "how many rows it wrote", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    checksum: Mapped[str] = column(
        "checksum of these rows whatever their order, hexadecimal",
        DIMENSIONLESS,
        "meta.checksum",
        rule=SHA256,
    )


class OfRun:
    """Mixin of a table that says what runs of one kind were about: its key is the run's."""

    __run_kind__: RunKind

    run_id: Mapped[int] = column(
        "the run that this row describes", DIMENSIONLESS, "meta.id;meta.main", primary_key=True
    )

    @declared_attr
    def kind(cls) -> Mapped[str]:  # noqa: N805 - SQLAlchemy calls it with the class
        """Return the constant column that ties the row to a run of the right kind."""
        return column(
            "kind of the run, always the same in this table",
            DIMENSIONLESS,
            "meta.code.class",
            server_default=cls.__run_kind__.value,
            rule=one_of(cls.__run_kind__.value),
        )

    @declared_attr.directive
    def __table_args__(cls) -> tuple[object, ...]:  # noqa: N805
        """Return the key to the run, together with what the table itself declares."""
        own = cls.__dict__.get("__constraints__", ())
        key = ForeignKeyConstraint(
            ["run_id", "kind"], [f"{SCHEMA}.run.run_id", f"{SCHEMA}.run.kind"]
        )
        return (key, *own)


class Withdrawal(Ledger):
    """Something taken back, or restored; the latest row of a subject counts."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(spectrum_id, data_release_id, model_id, release_id) = 1",
            name="one_subject",
        ),
        UniqueConstraint(
            "run_id",
            "spectrum_id",
            "data_release_id",
            "model_id",
            "release_id",
            postgresql_nulls_not_distinct=True,
            name="uq_withdrawal_subject",
        ),
        ForeignKeyConstraint(["run_id", "kind"], [f"{SCHEMA}.run.run_id", f"{SCHEMA}.run.kind"]),
    )

    withdrawal_id: Mapped[int] = column(
        "number of the row",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    run_id: Mapped[int] = column(
        "the run that wrote it, which orders it among all runs", DIMENSIONLESS, "meta.id"
    )
    kind: Mapped[str] = column(
        "kind of the run, always withdrawal",
        DIMENSIONLESS,
        "meta.code.class",
        server_default=RunKind.WITHDRAWAL.value,
        rule=one_of(RunKind.WITHDRAWAL.value),
    )
    action: Mapped[str] = column(
        "withdrawn, or restored after a withdrawal",
        DIMENSIONLESS,
        "meta.code.status",
        rule=one_of("withdrawn", "restored"),
    )
    reason: Mapped[str] = column(
        "why, for those who used it", DIMENSIONLESS, "meta.note", rule=NOT_EMPTY
    )
    spectrum_id: Mapped[int | None] = column(
        "the spectrum version taken back",
        DIMENSIONLESS,
        "meta.id",
        references("spectrum.spectrum_id"),
        index=True,
    )
    data_release_id: Mapped[int | None] = column(
        "the data release taken back",
        DIMENSIONLESS,
        "meta.id",
        references("data_release.data_release_id"),
        index=True,
    )
    model_id: Mapped[int | None] = column(
        "the model taken back", DIMENSIONLESS, "meta.id", references("model.model_id"), index=True
    )
    release_id: Mapped[int | None] = column(
        "the release taken back",
        DIMENSIONLESS,
        "meta.id",
        references("release.release_id"),
        index=True,
    )
