"""Fits: the labels of one visit by one model, partitioned by model."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, UniqueConstraint, func
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    NON_NEGATIVE,
    NOT_EMPTY,
    POSITIVE,
    POSITIVE_ARRAY,
    Int4,
    Int4s,
    Ledger,
    Real,
    Reals,
    column,
    one_of,
    references,
)
from starledger.schema.tables.runs import OfRun, RunKind


class FitRun(OfRun, Ledger):
    """A run that fitted a selection of visits by one model in one way."""

    __tablename__ = "fit_run"
    __run_kind__ = RunKind.FIT
    __constraints__ = (
        UniqueConstraint("run_id", "model_id", "fit_config_id"),
        Index("ix_fit_run_model_id", "model_id", "fit_config_id"),
    )

    model_id: Mapped[Int4] = column(
        "the model", DIMENSIONLESS, "meta.id;meta.modelled", references("model.model_id")
    )
    fit_config_id: Mapped[Int4] = column(
        "how it was applied", DIMENSIONLESS, "meta.id", references("fit_config.fit_config_id")
    )
    selection: Mapped[str] = column(
        "which visits were planned, as given", DIMENSIONLESS, "meta.note;meta.query"
    )
    n_planned: Mapped[int] = column(
        "how many visits were planned", DIMENSIONLESS, "meta.number", rule=COUNT
    )


class Fit(Ledger):
    """The labels of one visit by one model: good, flagged, or failed with a reason.

    Arrays are in the order of the model's outputs; each model's partition checks their lengths.
    That the run and the spectrum exist is checked by a trigger, once for all rows that come in
    together; foreign keys would look for each by itself, and take a fifth of the time of writing.
    """

    __tablename__ = "fit"
    __table_args__ = (
        CheckConstraint(
            "(outcome = 'failed') = (labels IS NULL) AND (outcome = 'failed') = (errors IS NULL)",
            name="labels_unless_failed",
        ),
        CheckConstraint("(outcome <> 'failed') OR (reason IS NOT NULL)", name="failed_with_reason"),
        # Rows of a run lie together, so that an index of a few kilobytes finds them.
        Index(
            "ix_fit_fit_run_id",
            "fit_run_id",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "true"},
        ),
        # The spectrum first, so that one index serves whoever asks for the fits of a spectrum, too.
        PrimaryKeyConstraint("spectrum_id", "model_id", "fit_config_id"),
        {"postgresql_partition_by": "LIST (model_id)"},
    )

    model_id: Mapped[Int4] = column(
        "the model",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        primary_key=True,
        autoincrement=False,
    )
    spectrum_id: Mapped[int] = column(
        "the spectrum version",
        DIMENSIONLESS,
        "meta.id",
        primary_key=True,
        autoincrement=False,
    )
    fit_config_id: Mapped[Int4] = column(
        "how the model was applied",
        DIMENSIONLESS,
        "meta.id",
        primary_key=True,
        autoincrement=False,
    )
    fit_run_id: Mapped[int] = column("the fit run that wrote it", DIMENSIONLESS, "meta.id")
    outcome: Mapped[str] = column(
        "good; flagged: has labels that flags warn about; or failed: has none",
        DIMENSIONLESS,
        "meta.code.status",
        rule=one_of("good", "flagged", "failed"),
    )
    reason: Mapped[str | None] = column(
        "how the fit ended, or why it failed, as a sentence",
        DIMENSIONLESS,
        "meta.note",
        rule=NOT_EMPTY,
    )
    flags: Mapped[int] = column(
        "flags of scope fit",
        DIMENSIONLESS,
        "meta.code.qual",
        server_default="0",
        rule=COUNT,
    )
    labels: Mapped[Reals | None] = column(
        "labels, each in its own unit, in the model's order", DIMENSIONLESS, "stat.value"
    )
    errors: Mapped[Reals | None] = column(
        "standard errors of the labels, in their order",
        DIMENSIONLESS,
        "stat.error",
        rule=POSITIVE_ARRAY,
    )
    bounds: Mapped[Reals | None] = column(
        "Cramér–Rao bounds of the labels: the least possible standard errors, in their order",
        DIMENSIONLESS,
        "stat.error;stat.min",
        rule=POSITIVE_ARRAY,
    )
    label_flags: Mapped[Int4s | None] = column(
        "flags of scope label, in the labels' order", DIMENSIONLESS, "meta.code.qual"
    )
    covariance: Mapped[Reals | None] = column(
        "covariance of the labels: lower triangle row by row, n(n+1)/2 numbers",
        DIMENSIONLESS,
        "stat.covariance",
    )
    rv: Mapped[Real | None] = column(
        "radial velocity of the stored wavelengths' frame to the star, fitted with the labels",
        "km/s",
        "spect.dopplerVeloc",
    )
    err_rv: Mapped[Real | None] = column(
        "standard error of rv", "km/s", "stat.error;spect.dopplerVeloc", rule=POSITIVE
    )
    extras: Mapped[Reals | None] = column(
        "further columns that the model declares, in its order", DIMENSIONLESS, "stat.value"
    )
    chi2: Mapped[Real | None] = column(
        "chi squared of the fit", DIMENSIONLESS, "stat.fit.chi2", rule=NON_NEGATIVE
    )
    n_pixels: Mapped[Int4] = column(
        "pixels that entered the fit", DIMENSIONLESS, "meta.number;instr.pixel", rule=COUNT
    )
    n_iterations: Mapped[Int4 | None] = column(
        "iterations until the fit ended", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    seconds: Mapped[Real | None] = column(
        "computing time, the batch's shared evenly",
        "s",
        "time.processing",
        rule=NON_NEGATIVE,
    )
    worker: Mapped[str] = column("name of the worker", DIMENSIONLESS, "meta.id")
    software_version: Mapped[str] = column(
        "version of Starledger that fitted", DIMENSIONLESS, "meta.version;meta.software"
    )
    fitted_at: Mapped[dt.datetime] = column(
        "when it was written (UTC)", DIMENSIONLESS, "time.creation", server_default=func.now()
    )
    line_variance: Mapped[Real | None] = column(
        "variance of the lines beyond that of the model's, fitted with the labels",
        "km2/s2",
        "spect.line.width",
    )
