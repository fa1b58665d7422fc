"""Work: which visits wait for which model. The only tables that change in place.

They have no foreign keys: what they name is never deleted, and checking each row again whenever a
worker takes it would cost more than all else. A visit is at any time in one place: in ``work``
while it waits, in a ``lease`` while a worker holds it, and then in ``fit``.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    NON_NEGATIVE,
    Int2,
    Int4,
    Int8s,
    Ledger,
    Texts,
    column,
    one_of,
)


class Lease(Ledger):
    """A batch of work that one worker holds until it expires."""

    __tablename__ = "lease"

    lease_id: Mapped[int] = column(
        "number of the lease, drawn at random so that none comes twice",
        DIMENSIONLESS,
        "meta.id;meta.main",
        primary_key=True,
        autoincrement=False,
    )
    fit_run_id: Mapped[int] = column(
        "the fit run it belongs to", DIMENSIONLESS, "meta.id", index=True
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
    attempts: Mapped[Int2] = column(
        "attempts in vain that each of its visits has behind it",
        DIMENSIONLESS,
        "meta.number",
        rule=COUNT,
    )
    spectrum_ids: Mapped[Int8s] = column(
        "the visits that it holds, in the order of their pixels", DIMENSIONLESS, "meta.id"
    )
    positions: Mapped[Int8s] = column(
        "their places in the order of claiming", DIMENSIONLESS, "meta.number"
    )
    last_errors: Mapped[Texts] = column(
        "what the last attempt at each failed with, or null", DIMENSIONLESS, "meta.code.error"
    )


class Work(Ledger):
    """A visit that waits to be fitted by a model; who claims it takes the row into a lease."""

    __tablename__ = "work"
    __table_args__ = (
        CheckConstraint(
            "(state <> 'aside') OR (last_error IS NOT NULL)",
            name="aside_with_reason",
        ),
        Index("ix_work_position", "fit_run_id", "position"),
        Index(
            "ix_work_again",
            "fit_run_id",
            "position",
            postgresql_where="attempts > 0 AND state = 'pending'",
        ),
        Index("ix_work_aside", "fit_run_id", postgresql_where="state = 'aside'"),
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
        "pending, or set aside after too many attempts",
        DIMENSIONLESS,
        "meta.code.status",
        server_default="pending",
        rule=one_of("pending", "aside"),
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


class FitTally(Ledger):
    """What one worker has fitted in a run so far, counted in the transactions of its fits."""

    __tablename__ = "fit_tally"
    __table_args__ = ({"postgresql_with": {"fillfactor": "20"}},)

    fit_run_id: Mapped[int] = column(
        "the fit run", DIMENSIONLESS, "meta.id", primary_key=True, autoincrement=False
    )
    worker: Mapped[str] = column("name of the worker", DIMENSIONLESS, "meta.id", primary_key=True)
    device: Mapped[str] = column("what it computes on", DIMENSIONLESS, "meta.id;instr")
    good: Mapped[int] = column("fits without flags", DIMENSIONLESS, "meta.number", rule=COUNT)
    flagged: Mapped[int] = column(
        "fits with labels that flags warn about", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    failed: Mapped[int] = column("fits without labels", DIMENSIONLESS, "meta.number", rule=COUNT)
    seconds: Mapped[float] = column(
        "time that its device was at work", "s", "time.processing", rule=NON_NEGATIVE
    )
    first_at: Mapped[dt.datetime] = column(
        "when it wrote its first fits (UTC)",
        DIMENSIONLESS,
        "time.start",
        server_default=func.clock_timestamp(),
    )
    last_at: Mapped[dt.datetime] = column(
        "when it wrote its last ones (UTC)",
        DIMENSIONLESS,
        "time.end",
        server_default=func.clock_timestamp(),
    )
