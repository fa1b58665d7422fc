"""Combinations: the labels of one star by one model over its visits."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    NON_NEGATIVE,
    NOT_EMPTY,
    ORDINAL,
    POSITIVE,
    POSITIVE_ARRAY,
    SHA256,
    Int2,
    Int4,
    Int4s,
    Int8s,
    Json,
    Ledger,
    Real,
    Reals,
    column,
    one_of,
    references,
)
from starledger.schema.tables.pixels import SPECTRUM_KINDS
from starledger.schema.tables.runs import OfRun, RunKind


class CombinationRun(OfRun, Ledger):
    """A run that combined the fits of one model, of one kind and arm of spectra.

    A run writes only stars with something new and says with previous_run_id whose rows it
    reuses for the rest.
    """

    __tablename__ = "combination_run"
    __run_kind__ = RunKind.COMBINATION
    __constraints__ = (
        Index("ix_combination_run_model_id", "model_id", "fit_config_id"),
        UniqueConstraint("run_id", "model_id"),
        CheckConstraint("previous_run_id < run_id", name="previous_earlier"),
    )

    model_id: Mapped[Int4] = column(
        "the model", DIMENSIONLESS, "meta.id;meta.modelled", references("model.model_id")
    )
    fit_config_id: Mapped[Int4] = column(
        "how the model was applied",
        DIMENSIONLESS,
        "meta.id",
        references("fit_config.fit_config_id"),
    )
    star_run_id: Mapped[int] = column(
        "spectra belong to stars as of this star run",
        DIMENSIONLESS,
        "meta.id",
        references("star_run.run_id"),
        index=True,
    )
    as_of_run_id: Mapped[int] = column(
        "fits, versions and withdrawals are those as of this run",
        DIMENSIONLESS,
        "meta.id.assoc",
        references("run.run_id"),
    )
    quality_run_id: Mapped[int | None] = column(
        "the quality run whose flags keep fits out",
        DIMENSIONLESS,
        "meta.id",
        references("quality_run.run_id"),
    )
    previous_run_id: Mapped[int | None] = column(
        "the combination run whose rows stand where this one has none",
        DIMENSIONLESS,
        "meta.id.parent",
        references("combination_run.run_id"),
    )
    spectrum_kind: Mapped[str] = column(
        "the one kind of spectrum that was combined",
        DIMENSIONLESS,
        "meta.code.class;obs",
        rule=one_of(*SPECTRUM_KINDS),
    )
    arm: Mapped[str] = column(
        "the one arm that was combined", DIMENSIONLESS, "meta.id;instr.setup", rule=NOT_EMPTY
    )
    settings_sha256: Mapped[str] = column(
        "SHA-256 of settings in canonical form", DIMENSIONLESS, "meta.checksum", rule=SHA256
    )
    settings: Mapped[Json] = column(
        "estimator, weights and outlier rule", DIMENSIONLESS, "meta.note"
    )


class Combination(Ledger):
    """The labels of one star by one model over its visits, raw: before any calibration."""

    __tablename__ = "combination"
    __table_args__ = (
        CheckConstraint(
            "cardinality(labels) = cardinality(errors)"
            " AND coalesce(cardinality(scatter), cardinality(labels)) = cardinality(labels)"
            " AND coalesce(cardinality(label_flags), cardinality(labels)) = cardinality(labels)"
            " AND coalesce(cardinality(covariance) * 2, cardinality(labels)"
            " * (cardinality(labels) + 1)) = cardinality(labels) * (cardinality(labels) + 1)",
            name="lengths_agree",
        ),
        CheckConstraint(
            "cardinality(spectrum_ids) = n_visits AND cardinality(rejected_ids) = n_rejected",
            name="counts_agree",
        ),
        CheckConstraint("best_spectrum_id = ANY (spectrum_ids)", name="best_is_one_of_them"),
        CheckConstraint("NOT spectrum_ids && rejected_ids", name="used_or_rejected"),
        Index("ix_combination_star_id", "star_id", "combination_run_id"),
    )

    combination_run_id: Mapped[int] = column(
        "the combination run",
        DIMENSIONLESS,
        "meta.id",
        references("combination_run.run_id"),
        primary_key=True,
        autoincrement=False,
    )
    star_id: Mapped[int] = column(
        "the star",
        DIMENSIONLESS,
        "meta.id",
        references("star.star_id"),
        primary_key=True,
        autoincrement=False,
    )
    labels: Mapped[Reals] = column(
        "labels, each in its own unit, in the model's order", DIMENSIONLESS, "stat.value;stat.mean"
    )
    errors: Mapped[Reals] = column(
        "standard errors of the labels, in their order",
        DIMENSIONLESS,
        "stat.error",
        rule=POSITIVE_ARRAY,
    )
    covariance: Mapped[Reals | None] = column(
        "covariance of the labels: lower triangle row by row, n(n+1)/2 numbers",
        DIMENSIONLESS,
        "stat.covariance",
    )
    scatter: Mapped[Reals | None] = column(
        "standard deviation of the labels between visits, in their order; null for one visit",
        DIMENSIONLESS,
        "stat.stdev",
    )
    label_flags: Mapped[Int4s | None] = column(
        "flags of scope label, in the labels' order", DIMENSIONLESS, "meta.code.qual"
    )
    flags: Mapped[int] = column(
        "flags of scope star", DIMENSIONLESS, "meta.code.qual", server_default="0", rule=COUNT
    )
    rv: Mapped[Real | None] = column(
        "barycentric radial velocity over the visits", "km/s", "spect.dopplerVeloc;pos.barycenter"
    )
    err_rv: Mapped[Real | None] = column(
        "standard error of rv", "km/s", "stat.error;spect.dopplerVeloc", rule=POSITIVE
    )
    rv_scatter: Mapped[Real | None] = column(
        "standard deviation of rv between visits",
        "km/s",
        "stat.stdev;spect.dopplerVeloc",
        rule=NON_NEGATIVE,
    )
    chi2: Mapped[Real | None] = column(
        "chi squared of the visits about the combination",
        DIMENSIONLESS,
        "stat.fit.chi2",
        rule=NON_NEGATIVE,
    )
    snr: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel of all visits together",
        DIMENSIONLESS,
        "stat.snr",
        rule=NON_NEGATIVE,
    )
    n_visits: Mapped[Int2] = column(
        "visits that went in", DIMENSIONLESS, "meta.number;obs", rule=ORDINAL
    )
    n_nights: Mapped[Int2] = column(
        "different nights among them", DIMENSIONLESS, "meta.number;obs", rule=COUNT
    )
    n_rejected: Mapped[Int2] = column(
        "visits left out as outliers", DIMENSIONLESS, "meta.number;obs", rule=COUNT
    )
    best_spectrum_id: Mapped[int] = column(
        "the visit with the highest signal-to-noise ratio", DIMENSIONLESS, "meta.id"
    )
    spectrum_ids: Mapped[Int8s] = column("the visits that went in", DIMENSIONLESS, "meta.id")
    rejected_ids: Mapped[Int8s] = column(
        "the visits left out as outliers", DIMENSIONLESS, "meta.id", server_default="{}"
    )


class CombinationInput(Ledger):
    """A closed fit run whose fits a combination run could use."""

    __tablename__ = "combination_input"

    combination_run_id: Mapped[int] = column(
        "the combination run",
        DIMENSIONLESS,
        "meta.id",
        references("combination_run.run_id"),
        primary_key=True,
        autoincrement=False,
    )
    fit_run_id: Mapped[int] = column(
        "the fit run, closed",
        DIMENSIONLESS,
        "meta.id",
        references("fit_run.run_id"),
        references("closed_run.run_id", name="fk_combination_input_closed_run"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
