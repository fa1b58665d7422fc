"""Releases: catalogs that we publish, and everything that they pin."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, UniqueConstraint
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
    Json,
    Ledger,
    Rule,
    column,
    one_of,
    references,
)
from starledger.schema.tables.runs import OfRun, RunKind


class ReleaseRun(OfRun, Ledger):
    """A run that published a release."""

    __tablename__ = "release_run"
    __run_kind__ = RunKind.RELEASE

    schema_revision: Mapped[str] = column(
        "revision of the database's schema when it was published", DIMENSIONLESS, "meta.version"
    )


class Release(Ledger):
    """A catalog that was published: a PostgreSQL schema of views that never changes."""

    __tablename__ = "release"

    release_id: Mapped[Int4] = column(
        "number of the release",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    name: Mapped[str] = column(
        "name in commands, and of the PostgreSQL schema of its views",
        DIMENSIONLESS,
        "meta.id;meta.dataset",
        unique=True,
        rule=Rule(
            "schema_name", f"{{c}} ~ '^[a-z][a-z0-9_]*$' AND {{c}} NOT IN ('{SCHEMA}', 'public')"
        ),
    )
    run_id: Mapped[int] = column(
        "the run that published it",
        DIMENSIONLESS,
        "meta.id",
        references("release_run.run_id"),
        unique=True,
    )
    title: Mapped[str] = column("name in print", DIMENSIONLESS, "meta.title", rule=NOT_EMPTY)
    description: Mapped[str] = column(
        "what it holds and how it is meant to be used", DIMENSIONLESS, "meta.abstract"
    )
    citation: Mapped[str | None] = column("how to cite it", DIMENSIONLESS, "meta.bib")
    doi: Mapped[str | None] = column(
        "digital object identifier", DIMENSIONLESS, "meta.ref.doi", unique=True
    )
    licence: Mapped[str] = column("terms of its use", DIMENSIONLESS, "meta.note", rule=NOT_EMPTY)
    manifest: Mapped[Json] = column(
        "counts, checksums and versions, as published", DIMENSIONLESS, "meta.note;meta.checksum"
    )


class ReleasePin(Ledger):
    """A closed run or a calibration that a release is made of."""

    __tablename__ = "release_pin"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "kind"], [f"{SCHEMA}.run.run_id", f"{SCHEMA}.run.kind"]),
        # Together with the rule of `outcome` this lets in only runs that ended well.
        ForeignKeyConstraint(
            ["run_id", "outcome"], [f"{SCHEMA}.closed_run.run_id", f"{SCHEMA}.closed_run.outcome"]
        ),
        CheckConstraint("num_nonnulls(run_id, calibration_id) = 1", name="one_subject"),
        CheckConstraint("(run_id IS NULL) = (kind IS NULL)", name="kind_of_run"),
        CheckConstraint("(run_id IS NULL) = (outcome IS NULL)", name="outcome_of_run"),
        UniqueConstraint("release_id", "run_id"),
        UniqueConstraint("release_id", "calibration_id"),
    )

    release_id: Mapped[Int4] = column(
        "the release",
        DIMENSIONLESS,
        "meta.id.parent",
        references("release.release_id"),
        primary_key=True,
        autoincrement=False,
    )
    pin: Mapped[Int4] = column(
        "number of the pin, from 1",
        DIMENSIONLESS,
        "meta.number",
        primary_key=True,
        autoincrement=False,
        rule=ORDINAL,
    )
    run_id: Mapped[int | None] = column("the closed run pinned", DIMENSIONLESS, "meta.id")
    kind: Mapped[str | None] = column("kind of the run", DIMENSIONLESS, "meta.code.class")
    outcome: Mapped[str | None] = column(
        "outcome of the run, always done", DIMENSIONLESS, "meta.code.status", rule=one_of("done")
    )
    calibration_id: Mapped[Int4 | None] = column(
        "the calibration pinned",
        DIMENSIONLESS,
        "meta.id",
        references("calibration.calibration_id"),
    )


class ReleaseLabel(Ledger):
    """The model that a release recommends for a label."""

    __tablename__ = "release_label"
    __table_args__ = (
        ForeignKeyConstraint(
            ["combination_run_id", "model_id"],
            [f"{SCHEMA}.combination_run.run_id", f"{SCHEMA}.combination_run.model_id"],
        ),
    )

    release_id: Mapped[Int4] = column(
        "the release",
        DIMENSIONLESS,
        "meta.id.parent",
        references("release.release_id"),
        primary_key=True,
        autoincrement=False,
    )
    label: Mapped[str] = column(
        "the label", DIMENSIONLESS, "meta.id", primary_key=True, rule=SQL_NAME
    )
    model_id: Mapped[Int4] = column(
        "the model recommended",
        DIMENSIONLESS,
        "meta.id;meta.modelled",
        references("model.model_id"),
    )
    combination_run_id: Mapped[int] = column(
        "the combination run that its values come from", DIMENSIONLESS, "meta.id"
    )


class ReleaseFlag(Ledger):
    """A flag as the release defines it: later changes of its wording do not reach here."""

    __tablename__ = "release_flag"
    __table_args__ = (UniqueConstraint("release_id", "scope", "name"),)

    release_id: Mapped[Int4] = column(
        "the release",
        DIMENSIONLESS,
        "meta.id.parent",
        references("release.release_id"),
        primary_key=True,
        autoincrement=False,
    )
    scope: Mapped[str] = column(
        "what the flag is of",
        DIMENSIONLESS,
        "meta.code.class",
        primary_key=True,
        rule=one_of("spectrum", "fit", "label", "star"),
    )
    bit: Mapped[Int2] = column(
        "its bit, from 0",
        DIMENSIONLESS,
        "meta.number",
        primary_key=True,
        autoincrement=False,
        rule=Rule("range", "{c} BETWEEN 0 AND 62"),
    )
    name: Mapped[str] = column("its name", DIMENSIONLESS, "meta.id", rule=SQL_NAME)
    severity: Mapped[str] = column(
        "whether it warns or condemns",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("warn", "bad"),
    )
    meaning: Mapped[str] = column(
        "what a set bit means, in one sentence", DIMENSIONLESS, "meta.note", rule=NOT_EMPTY
    )


class ReleaseView(Ledger):
    """A view of a release: its text, and what it answered when it was published."""

    __tablename__ = "release_view"

    release_id: Mapped[Int4] = column(
        "the release",
        DIMENSIONLESS,
        "meta.id.parent",
        references("release.release_id"),
        primary_key=True,
        autoincrement=False,
    )
    name: Mapped[str] = column(
        "name of the view", DIMENSIONLESS, "meta.id;meta.table", primary_key=True, rule=SQL_NAME
    )
    definition: Mapped[str] = column("its SQL text", DIMENSIONLESS, "meta.query", rule=NOT_EMPTY)
    columns: Mapped[Json] = column(
        "name, type, unit, UCD and description of each column", DIMENSIONLESS, "meta.note"
    )
    materialised: Mapped[bool] = column(
        "whether a copy was stored for speed", DIMENSIONLESS, "meta.code"
    )
    row_count: Mapped[int] = column("rows in it", DIMENSIONLESS, "meta.number", rule=COUNT)
    checksum: Mapped[str] = column(
        "checksum of its rows, or of some of many, whatever their order",
        DIMENSIONLESS,
        "meta.checksum",
        rule=SHA256,
    )
