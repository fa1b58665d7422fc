"""Work: which visits wait for which model. The only tables that change in place."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, func
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    SCHEMA,
    Int2,
    Int4,
    Ledger,
    column,
    one_of,
    references,
)


class Lease(Ledger):
    """A batch of work that one worker holds until it expires."""

    __tablename__ = "lease"

    lease_id: Mapped[int] = column(
        "number of the lease",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    fit_run_id: Mapped[int] = column(
        "the fit run it belongs to",
        DIMENSIONLESS,
        "meta.id",
        references("fit_run.run_id"),
        index=True,
    )
    worker: Mapped[str] = column("name of the worker", DIMENSIONLESS, "meta.id")
    claimed_at: Mapped[dt.datetime] = column(
        "when it was claimed (UTC)", DIMENSIONLESS, "time.start", server_default=func.now()
    )
    expires_at: Mapped[dt.datetime] = column(
        "when others may take the batch (UTC); each heartbeat moves it on",
        DIMENSIONLESS,
        "time.end",
        index=True,
    )


class Work(Ledger):
    """A visit that waits to be fitted by a model; the row goes when its fit is written."""

    __tablename__ = "work"
    __table_args__ = (
        ForeignKeyConstraint(
            ["fit_run_id", "model_id", "fit_config_id"],
            [
                f"{SCHEMA}.fit_run.run_id",
                f"{SCHEMA}.fit_run.model_id",
                f"{SCHEMA}.fit_run.fit_config_id",
            ],
            name="fk_work_fit_run",
        ),
        CheckConstraint("(state = 'leased') = (lease_id IS NOT NULL)", name="lease_while_leased"),
        CheckConstraint("(state <> 'aside') OR (last_error IS NOT NULL)", name="aside_with_reason"),
        Index(
            "ix_work_pending",
            "model_id",
            "fit_config_id",
            "position",
            postgresql_where="state = 'pending'",
        ),
        Index("ix_work_lease_id", "lease_id", postgresql_where="lease_id IS NOT NULL"),
        Index("ix_work_aside", "model_id", "fit_config_id", postgresql_where="state = 'aside'"),
        Index("ix_work_fit_run_id", "fit_run_id"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    model_id: Mapped[Int4] = column(
        "the model to fit",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        primary_key=True,
        autoincrement=False,
    )
    fit_config_id: Mapped[Int4] = column(
        "how to apply it", DIMENSIONLESS, "meta.id", primary_key=True, autoincrement=False
    )
    spectrum_id: Mapped[int] = column(
        "the visit to be fitted",
        DIMENSIONLESS,
        "meta.id",
        references("spectrum.spectrum_id"),
        primary_key=True,
        autoincrement=False,
    )
    fit_run_id: Mapped[int] = column("the fit run that planned it", DIMENSIONLESS, "meta.id")
    position: Mapped[int] = column(
        "place in the order of claiming: shard number times 2**32 plus row, so that a batch"
        " reads neighbouring pixels",
        DIMENSIONLESS,
        "meta.number",
        rule=COUNT,
    )
    state: Mapped[str] = column(
        "pending, leased to a worker, or set aside after too many attempts",
        DIMENSIONLESS,
        "meta.code.status",
        server_default="pending",
        rule=one_of("pending", "leased", "aside"),
    )
    lease_id: Mapped[int | None] = column(
        "the lease that holds it", DIMENSIONLESS, "meta.id", references("lease.lease_id")
    )
    attempts: Mapped[Int2] = column(
        "attempts so far that ended without a fit",
        DIMENSIONLESS,
        "meta.number",
        server_default="0",
        rule=COUNT,
    )
    not_before: Mapped[dt.datetime | None] = column(
        "when it may be tried again after a failed attempt (UTC)", DIMENSIONLESS, "time.start"
    )
    last_error: Mapped[str | None] = column(
        "what the last attempt failed with", DIMENSIONLESS, "meta.code.error"
    )
