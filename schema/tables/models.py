"""Models, what they give, what they were trained on, and how they are applied."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    COUNT,
    DIMENSIONLESS,
    NOT_EMPTY,
    ORDINAL,
    POSITIVE_ARRAY,
    SHA256,
    SQL_NAME,
    Int2,
    Int4,
    Json,
    Ledger,
    Reals,
    Texts,
    column,
    one_of,
    references,
)
from starledger.schema.tables.pixels import SPECTRUM_KINDS
from starledger.schema.tables.runs import OfRun, RunKind


class TrainingRun(OfRun, Ledger):
    """A run that trained or imported a model."""

    __tablename__ = "training_run"
    __run_kind__ = RunKind.TRAINING

    training_set_id: Mapped[Int4 | None] = column(
        "what it was trained on; null for imported models whose authors kept it",
        DIMENSIONLESS,
        "meta.id",
        references("training_set.training_set_id"),
        index=True,
    )
    settings: Mapped[Json] = column(
        "settings of the training, seed included", DIMENSIONLESS, "meta.note"
    )
    report: Mapped[Json] = column(
        "what validation found", DIMENSIONLESS, "meta.note", server_default="{}"
    )


class TrainingSet(Ledger):
    """Spectra with labels that models learn from; immutable, named by the hash of its content."""

    __tablename__ = "training_set"

    training_set_id: Mapped[Int4] = column(
        "number of the training set",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    name: Mapped[str] = column(
        "name in commands", DIMENSIONLESS, "meta.id", unique=True, rule=SQL_NAME
    )
    sha256: Mapped[str] = column(
        "SHA-256 of its members and labels, or of the recipe of synthetic spectra",
        DIMENSIONLESS,
        "meta.checksum",
        unique=True,
        rule=SHA256,
    )
    source: Mapped[str] = column(
        "observed spectra, or synthetic ones made by the recipe",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("observed", "synthetic"),
    )
    labels: Mapped[Texts] = column(
        "names of the labels, in the order of its members' arrays", DIMENSIONLESS, "meta.id"
    )
    recipe: Mapped[Json] = column(
        "how members were selected or made: cuts, seed, versions", DIMENSIONLESS, "meta.note"
    )


class TrainingMember(Ledger):
    """A spectrum in a training set, with the labels it taught and where they came from."""

    __tablename__ = "training_member"

    training_set_id: Mapped[Int4] = column(
        "the training set",
        DIMENSIONLESS,
        "meta.id.parent",
        references("training_set.training_set_id"),
        primary_key=True,
        autoincrement=False,
    )
    spectrum_id: Mapped[int] = column(
        "the spectrum version",
        DIMENSIONLESS,
        "meta.id",
        references("spectrum.spectrum_id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    source_row_id: Mapped[int | None] = column(
        "row id of the catalog row that gave the labels", DIMENSIONLESS, "meta.id.cross"
    )
    labels: Mapped[Reals] = column(
        "the labels taught, in the set's order; null where the source has none",
        DIMENSIONLESS,
        "stat.value",
    )
    errors: Mapped[Reals | None] = column(
        "their standard errors", DIMENSIONLESS, "stat.error", rule=POSITIVE_ARRAY
    )
    fold: Mapped[Int2 | None] = column(
        "fold of cross-validation, from 0", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    role: Mapped[str] = column(
        "what the member was used for",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("train", "validation", "test"),
    )


class Model(Ledger):
    """A trained, immutable thing that gives labels for a visit."""

    __tablename__ = "model"

    model_id: Mapped[Int4] = column(
        "number of the model",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        Identity(always=True),
        primary_key=True,
    )
    name: Mapped[str] = column(
        "name in commands and SQL", DIMENSIONLESS, "meta.id", unique=True, rule=SQL_NAME
    )
    system: Mapped[str] = column(
        "the system that it is of, such as payne or cannon",
        DIMENSIONLESS,
        "meta.code.class",
        rule=SQL_NAME,
    )
    sha256: Mapped[str] = column(
        "SHA-256 of weights, masks, normalisation, grid and label scaling: the model's identity",
        DIMENSIONLESS,
        "meta.checksum",
        unique=True,
        rule=SHA256,
    )
    path: Mapped[str] = column(
        "folder of its weights below the model root",
        DIMENSIONLESS,
        "meta.id;meta.file",
        rule=NOT_EMPTY,
    )
    training_run_id: Mapped[int] = column(
        "the run that made or imported it",
        DIMENSIONLESS,
        "meta.id",
        references("training_run.run_id"),
        index=True,
    )
    n_labels: Mapped[Int2] = column(
        "how many labels it gives, and the length of a fit's arrays",
        DIMENSIONLESS,
        "meta.number",
        rule=ORDINAL,
    )
    n_extras: Mapped[Int2] = column(
        "how many further columns it gives",
        DIMENSIONLESS,
        "meta.number",
        rule=COUNT,
        server_default="0",
    )
    citation: Mapped[str | None] = column("how to cite it", DIMENSIONLESS, "meta.bib")
    description: Mapped[str] = column(
        "what it is good for, and what not", DIMENSIONLESS, "meta.note"
    )


class ModelInstrument(Ledger):
    """An instrument whose spectra a model can fit, and of which kind and arm."""

    __tablename__ = "model_instrument"

    model_id: Mapped[Int4] = column(
        "the model",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        references("model.model_id"),
        primary_key=True,
        autoincrement=False,
    )
    instrument_id: Mapped[Int4] = column(
        "the instrument",
        DIMENSIONLESS,
        "meta.id;instr",
        references("instrument.instrument_id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    arm: Mapped[str] = column(
        "arm of the instrument",
        DIMENSIONLESS,
        "meta.id;instr.setup",
        primary_key=True,
        server_default="full",
    )
    spectrum_kind: Mapped[str] = column(
        "kind of spectrum that it fits by default",
        DIMENSIONLESS,
        "meta.code.class;obs",
        server_default="visit",
        rule=one_of(*SPECTRUM_KINDS),
    )


class ModelOutput(Ledger):
    """A label or a further column that a model gives: the order of a fit's arrays."""

    __tablename__ = "model_output"
    __table_args__ = (
        UniqueConstraint("model_id", "name"),
        CheckConstraint("high > low", name="range_in_order"),
    )

    model_id: Mapped[Int4] = column(
        "the model",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        references("model.model_id"),
        primary_key=True,
        autoincrement=False,
    )
    output: Mapped[str] = column(
        "label, in the arrays of labels; or extra, in the array of extras",
        DIMENSIONLESS,
        "meta.code.class",
        primary_key=True,
        rule=one_of("label", "extra"),
    )
    position: Mapped[Int2] = column(
        "place in the array, from 1",
        DIMENSIONLESS,
        "meta.number",
        primary_key=True,
        autoincrement=False,
        rule=ORDINAL,
    )
    name: Mapped[str] = column(
        "name of the label in the registry, or of the column in views",
        DIMENSIONLESS,
        "meta.id",
        rule=SQL_NAME,
    )
    unit: Mapped[str] = column("its unit", DIMENSIONLESS, "meta.unit", rule=NOT_EMPTY)
    ucd: Mapped[str] = column("its UCD1+ words", DIMENSIONLESS, "meta.ucd", rule=NOT_EMPTY)
    description: Mapped[str] = column(
        "what it is, for readers of the catalog", DIMENSIONLESS, "meta.note", rule=NOT_EMPTY
    )
    low: Mapped[float | None] = column(
        "lower end of the range that the model was trained on, in unit",
        DIMENSIONLESS,
        "stat.value;stat.min",
    )
    high: Mapped[float | None] = column(
        "upper end of the range that the model was trained on, in unit",
        DIMENSIONLESS,
        "stat.value;stat.max",
    )


class FitConfig(Ledger):
    """How a model is applied: fitter, bounds, velocity range, seed, code version."""

    __tablename__ = "fit_config"

    fit_config_id: Mapped[Int4] = column(
        "number of the configuration",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    sha256: Mapped[str] = column(
        "SHA-256 of the settings in canonical form: the configuration's identity",
        DIMENSIONLESS,
        "meta.checksum",
        unique=True,
        rule=SHA256,
    )
    settings: Mapped[Json] = column("the settings", DIMENSIONLESS, "meta.note")
