"""Calibrations: versioned corrections of labels or errors, with the sample behind them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    ORDINAL,
    SHA256,
    SQL_NAME,
    Doubles,
    Int2,
    Int4,
    Json,
    Ledger,
    Texts,
    column,
    one_of,
    references,
)
from starledger.schema.tables.runs import OfRun, RunKind


class CalibrationRun(OfRun, Ledger):
    """A run that derived calibrations from the combinations of one combination run."""

    __tablename__ = "calibration_run"
    __run_kind__ = RunKind.CALIBRATION

    combination_run_id: Mapped[int] = column(
        "the combinations that it was derived from",
        DIMENSIONLESS,
        "meta.id",
        references("combination_run.run_id"),
        index=True,
    )
    settings: Mapped[Json] = column(
        "settings of the derivation, seed included", DIMENSIONLESS, "meta.note"
    )


class Calibration(Ledger):
    """A correction of one label or its error for one population; a change is a new version."""

    __tablename__ = "calibration"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("valid_high > valid_low", name="range_in_order"),
        CheckConstraint("supersedes_id < calibration_id", name="supersedes_earlier"),
        CheckConstraint("(version = 1) = (supersedes_id IS NULL)", name="supersedes_by_version"),
        CheckConstraint(
            "coefficient_covariance IS NULL OR cardinality(coefficient_covariance) * 2"
            " = cardinality(coefficients) * (cardinality(coefficients) + 1)",
            name="covariance_length",
        ),
        Index("ix_calibration_model_id", "model_id", "label"),
    )

    calibration_id: Mapped[Int4] = column(
        "number of the calibration",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    name: Mapped[str] = column("name in commands", DIMENSIONLESS, "meta.id", rule=SQL_NAME)
    version: Mapped[Int2] = column(
        "version within the name, from 1", DIMENSIONLESS, "meta.version", rule=ORDINAL
    )
    supersedes_id: Mapped[Int4 | None] = column(
        "the version that this one replaces in new releases",
        DIMENSIONLESS,
        "meta.id.parent",
        references("calibration.calibration_id"),
        unique=True,
    )
    run_id: Mapped[int] = column(
        "the run that derived it",
        DIMENSIONLESS,
        "meta.id",
        references("calibration_run.run_id"),
        index=True,
    )
    model_id: Mapped[Int4] = column(
        "the model whose labels it corrects",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        references("model.model_id"),
    )
    label: Mapped[str] = column("the label", DIMENSIONLESS, "meta.id", rule=SQL_NAME)
    corrects: Mapped[str] = column(
        "what it is applied to: the label, by adding; its error, by multiplying",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("label", "error"),
    )
    population: Mapped[str] = column(
        "the stars that it is for",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("all", "dwarf", "giant"),
    )
    form: Mapped[str] = column(
        "its mathematical form",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("constant", "polynomial", "spline"),
    )
    variables: Mapped[Texts] = column(
        "the quantities that it depends on, such as {teff}; {} for a constant",
        DIMENSIONLESS,
        "meta.id",
    )
    inputs: Mapped[str] = column(
        "whether its variables are taken raw or after earlier calibrations",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("raw", "calibrated"),
    )
    application_order: Mapped[Int2] = column(
        "calibrations of a label are applied in rising order",
        DIMENSIONLESS,
        "meta.number",
        rule=ORDINAL,
    )
    coefficients: Mapped[Doubles] = column(
        "its coefficients, in the order that the definition of the form says",
        DIMENSIONLESS,
        "stat.fit.param",
    )
    coefficient_covariance: Mapped[Doubles | None] = column(
        "their covariance: lower triangle row by row", DIMENSIONLESS, "stat.covariance"
    )
    definition: Mapped[Json] = column(
        "what else the form needs: knots, powers, pivots, boundary of the populations",
        DIMENSIONLESS,
        "meta.note",
        server_default="{}",
    )
    valid_low: Mapped[float | None] = column(
        "lower end of its range in the first variable, in that variable's unit",
        DIMENSIONLESS,
        "stat.value;stat.min",
    )
    valid_high: Mapped[float | None] = column(
        "upper end of its range in the first variable, in that variable's unit",
        DIMENSIONLESS,
        "stat.value;stat.max",
    )
    outside: Mapped[str] = column(
        "outside its range: hold the value at the end, correct nothing, or give null",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("hold", "nothing", "null"),
    )
    sample_sha256: Mapped[str] = column(
        "SHA-256 of the sample's members and values", DIMENSIONLESS, "meta.checksum", rule=SHA256
    )
    validation: Mapped[Json] = column(
        "what the held-out part of the sample showed", DIMENSIONLESS, "stat.fit.goodness"
    )
    figure: Mapped[str | None] = column(
        "picture of the sample and the curve, path below the home folder",
        DIMENSIONLESS,
        "meta.id;meta.file",
    )
    description: Mapped[str] = column("one sentence for readers", DIMENSIONLESS, "meta.note")


class CalibrationMember(Ledger):
    """A star, or a pair of stars, in the sample of a calibration."""

    __tablename__ = "calibration_member"
    __table_args__ = (
        CheckConstraint("partner_star_id <> star_id", name="two_stars"),
        UniqueConstraint("calibration_id", "star_id", "partner_star_id"),
    )

    calibration_id: Mapped[Int4] = column(
        "the calibration",
        DIMENSIONLESS,
        "meta.id.parent",
        references("calibration.calibration_id"),
        primary_key=True,
        autoincrement=False,
    )
    member: Mapped[Int4] = column(
        "number of the member in the sample, from 1",
        DIMENSIONLESS,
        "meta.number",
        primary_key=True,
        autoincrement=False,
        rule=COUNT,
    )
    star_id: Mapped[int] = column(
        "the star", DIMENSIONLESS, "meta.id", references("star.star_id"), index=True
    )
    partner_star_id: Mapped[int | None] = column(
        "the other star of a wide binary",
        DIMENSIONLESS,
        "meta.id.cross",
        references("star.star_id"),
    )
    reference_row_id: Mapped[int | None] = column(
        "row id of the catalog row that gave the reference value", DIMENSIONLESS, "meta.id.cross"
    )
    role: Mapped[str] = column(
        "whether it was fitted or held out",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("fitted", "held_out"),
    )
