"""Quality that depends on the sample: gradient correlations, χ² models, binaries."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    NOT_EMPTY,
    ORDINAL,
    SCHEMA,
    SHA256,
    SQL_NAME,
    Int2,
    Int4,
    Int4s,
    Json,
    Ledger,
    Reals,
    column,
    one_of,
    references,
)
from starledger.schema.tables.runs import OfRun, RunKind


class QualityRun(OfRun, Ledger):
    """A run that judged the fits of one model as a sample."""

    __tablename__ = "quality_run"
    __run_kind__ = RunKind.QUALITY
    __constraints__ = (
        UniqueConstraint("run_id", "model_id", "fit_config_id"),
        Index("ix_quality_run_model_id", "model_id", "fit_config_id"),
    )

    model_id: Mapped[Int4] = column(
        "the model whose fits were judged",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        references("model.model_id"),
    )
    fit_config_id: Mapped[Int4] = column(
        "how the model was applied",
        DIMENSIONLESS,
        "meta.id",
        references("fit_config.fit_config_id"),
    )
    as_of_run_id: Mapped[int] = column(
        "the sample was all fits as of this run",
        DIMENSIONLESS,
        "meta.id.assoc",
        references("run.run_id"),
    )
    definition_sha256: Mapped[str] = column(
        "SHA-256 of definition in canonical form", DIMENSIONLESS, "meta.checksum", rule=SHA256
    )
    definition: Mapped[Json] = column(
        "thresholds used, and what the sample gave: bins, medians, polynomials of chi squared",
        DIMENSIONLESS,
        "meta.note",
    )


class QualityOutput(Ledger):
    """A number that a quality run gives beside flags: the order of its arrays."""

    __tablename__ = "quality_output"
    __table_args__ = (UniqueConstraint("quality_run_id", "scope", "name"),)

    quality_run_id: Mapped[int] = column(
        "the quality run",
        DIMENSIONLESS,
        "meta.id",
        references("quality_run.run_id"),
        primary_key=True,
        autoincrement=False,
    )
    scope: Mapped[str] = column(
        "whether it stands with fits or with stars",
        DIMENSIONLESS,
        "meta.code.class",
        primary_key=True,
        rule=one_of("fit", "star"),
    )
    position: Mapped[Int2] = column(
        "place in the array, from 1",
        DIMENSIONLESS,
        "meta.number",
        primary_key=True,
        autoincrement=False,
        rule=ORDINAL,
    )
    name: Mapped[str] = column("name in views", DIMENSIONLESS, "meta.id", rule=SQL_NAME)
    unit: Mapped[str] = column("its unit", DIMENSIONLESS, "meta.unit", rule=NOT_EMPTY)
    ucd: Mapped[str] = column("its UCD1+ words", DIMENSIONLESS, "meta.ucd", rule=NOT_EMPTY)
    description: Mapped[str] = column(
        "what it is, for readers of the catalog", DIMENSIONLESS, "meta.note", rule=NOT_EMPTY
    )


class FitQuality(Ledger):
    """What a quality run found of one fit."""

    __tablename__ = "fit_quality"
    __table_args__ = (
        ForeignKeyConstraint(
            ["quality_run_id", "model_id", "fit_config_id"],
            [
                f"{SCHEMA}.quality_run.run_id",
                f"{SCHEMA}.quality_run.model_id",
                f"{SCHEMA}.quality_run.fit_config_id",
            ],
            name="fk_fit_quality_quality_run",
        ),
        ForeignKeyConstraint(
            ["model_id", "spectrum_id", "fit_config_id"],
            [f"{SCHEMA}.fit.model_id", f"{SCHEMA}.fit.spectrum_id", f"{SCHEMA}.fit.fit_config_id"],
            name="fk_fit_quality_fit",
        ),
    )

    quality_run_id: Mapped[int] = column(
        "the quality run", DIMENSIONLESS, "meta.id", primary_key=True, autoincrement=False
    )
    spectrum_id: Mapped[int] = column(
        "the spectrum version of the fit",
        DIMENSIONLESS,
        "meta.id",
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    model_id: Mapped[Int4] = column("the model of the fit", DIMENSIONLESS, "meta.id;meta.modelled")
    fit_config_id: Mapped[Int4] = column("how the model was applied", DIMENSIONLESS, "meta.id")
    flags: Mapped[int] = column(
        "flags of scope fit that this run adds", DIMENSIONLESS, "meta.code.qual", rule=COUNT
    )
    label_flags: Mapped[Int4s | None] = column(
        "flags of scope label that this run adds, in the model's order",
        DIMENSIONLESS,
        "meta.code.qual",
    )
    outputs: Mapped[Reals | None] = column(
        "numbers in the order of quality_output", DIMENSIONLESS, "stat.value"
    )


class StarQuality(Ledger):
    """What a quality run found of one star."""

    __tablename__ = "star_quality"

    quality_run_id: Mapped[int] = column(
        "the quality run",
        DIMENSIONLESS,
        "meta.id",
        references("quality_run.run_id"),
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
        index=True,
    )
    flags: Mapped[int] = column(
        "flags of scope star that this run adds", DIMENSIONLESS, "meta.code.qual", rule=COUNT
    )
    outputs: Mapped[Reals | None] = column(
        "numbers in the order of quality_output", DIMENSIONLESS, "stat.value"
    )
