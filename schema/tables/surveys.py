"""Surveys: who observed, with what, what they published, and when we took it in."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    ADDED_LATER,
    COUNT,
    DIMENSIONLESS,
    NOT_EMPTY,
    POSITIVE,
    SCHEMA,
    SHA256,
    SQL_NAME,
    Int2,
    Int4,
    Ledger,
    Real,
    Texts,
    column,
    one_of,
    references,
)
from starledger.schema.tables.runs import OfRun, RunKind


class Survey(Ledger):
    """A survey of the sky, such as LAMOST, APOGEE or Gaia."""

    __tablename__ = "survey"

    survey_id: Mapped[Int4] = column(
        "number of the survey",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    name: Mapped[str] = column(
        "name in commands and SQL, lower case",
        DIMENSIONLESS,
        "meta.id",
        unique=True,
        rule=SQL_NAME,
    )
    title: Mapped[str] = column("name in print", DIMENSIONLESS, "meta.title")
    url: Mapped[str | None] = column("page of the survey", DIMENSIONLESS, "meta.ref.url")


class Instrument(Ledger):
    """A spectrograph in one mode, such as LAMOST's low resolution."""

    __tablename__ = "instrument"
    __table_args__ = (
        CheckConstraint("wavelength_max > wavelength_min", name="wavelengths_in_order"),
    )

    instrument_id: Mapped[Int4] = column(
        "number of the instrument",
        DIMENSIONLESS,
        "meta.id;instr",
        Identity(always=True),
        primary_key=True,
    )
    survey_id: Mapped[Int4] = column(
        "the survey that uses it",
        DIMENSIONLESS,
        "meta.id",
        references("survey.survey_id"),
        index=True,
    )
    name: Mapped[str] = column(
        "name in commands and SQL, lower case",
        DIMENSIONLESS,
        "meta.id;instr",
        unique=True,
        rule=SQL_NAME,
    )
    arms: Mapped[Texts] = column(
        "names of its arms; {full} where there is one", DIMENSIONLESS, "meta.id;instr.setup"
    )
    wavelength_min: Mapped[float] = column(
        "shortest wavelength, in wavelength_medium", "Angstrom", "em.wl;stat.min", rule=POSITIVE
    )
    wavelength_max: Mapped[float] = column(
        "longest wavelength, in wavelength_medium", "Angstrom", "em.wl;stat.max", rule=POSITIVE
    )
    wavelength_medium: Mapped[str] = column(
        "where its published wavelengths are measured",
        DIMENSIONLESS,
        "meta.code.class;em.wl",
        rule=one_of("air", "vacuum"),
    )
    resolving_power: Mapped[Real] = column(
        "typical wavelength over full width at half maximum of the line-spread function",
        DIMENSIONLESS,
        "spect.resolution",
        rule=POSITIVE,
    )


class DataRelease(Ledger):
    """A product that a survey published under one name and version: a catalog, or its spectra."""

    __tablename__ = "data_release"
    __table_args__ = (UniqueConstraint("survey_id", "name", "version", "product"),)

    data_release_id: Mapped[Int4] = column(
        "number of the data release",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    survey_id: Mapped[Int4] = column(
        "the survey that published it", DIMENSIONLESS, "meta.id", references("survey.survey_id")
    )
    name: Mapped[str] = column(
        "name in commands, such as dr5", DIMENSIONLESS, "meta.id;meta.dataset", rule=SQL_NAME
    )
    version: Mapped[str] = column(
        "version within the name, such as v3; it decides which identifiers the rows supply",
        DIMENSIONLESS,
        "meta.version",
        server_default="v1",
        rule=SQL_NAME,
    )
    published_on: Mapped[dt.date | None] = column(
        "day of publication", DIMENSIONLESS, "time.release"
    )
    citation: Mapped[str | None] = column("how to cite it", DIMENSIONLESS, "meta.bib")
    licence: Mapped[str | None] = column("terms of its use", DIMENSIONLESS, "meta.note")
    url: Mapped[str | None] = column("where it was published", DIMENSIONLESS, "meta.ref.url")
    product: Mapped[str] = column(
        "which of its products, within which identifiers are unique: spectra, or a catalog's name",
        DIMENSIONLESS,
        "meta.id.part;meta.dataset",
        server_default="main",
        rule=SQL_NAME,
    )


class CatalogLabel(Ledger):
    """A label that a reference catalog gives, and what its authors mean by it."""

    __tablename__ = "catalog_label"
    __table_args__ = (UniqueConstraint("data_release_id", "label"),)

    data_release_id: Mapped[Int4] = column(
        "the data release",
        DIMENSIONLESS,
        "meta.id;meta.dataset",
        references("data_release.data_release_id"),
        primary_key=True,
    )
    position: Mapped[Int2] = column(
        "place of the label in the arrays of the catalog's rows, from 1",
        DIMENSIONLESS,
        "meta.number",
        primary_key=True,
        autoincrement=False,
    )
    label: Mapped[str] = column(
        "name in the registry of labels", DIMENSIONLESS, "meta.id", rule=SQL_NAME
    )
    source_column: Mapped[str] = column(
        "name of the column in the published table", DIMENSIONLESS, "meta.id;meta.table"
    )
    solar_scale: Mapped[str | None] = column(
        "the solar abundances that the value is relative to", DIMENSIONLESS, "meta.bib"
    )
    equilibrium: Mapped[str] = column(
        "whether the lines were computed in LTE or not",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("LTE", "NLTE", "unknown"),
        server_default="unknown",
    )
    definition: Mapped[str | None] = column(
        "what else the authors mean, such as the elements that make alpha",
        DIMENSIONLESS,
        "meta.note",
    )


class IngestRun(OfRun, Ledger):
    """A run that brought rows of a data release in."""

    __tablename__ = "ingest_run"
    __run_kind__ = RunKind.INGEST

    data_release_id: Mapped[Int4] = column(
        "the data release ingested",
        DIMENSIONLESS,
        "meta.id;meta.dataset",
        references("data_release.data_release_id"),
        index=True,
    )
    content: Mapped[str] = column(
        "what came in", DIMENSIONLESS, "meta.code.class", rule=one_of("catalog", "spectra")
    )
    source: Mapped[str | None] = column(
        "the files, the folder or the address that was read, as given",
        DIMENSIONLESS,
        "meta.id;meta.file",
        sort_order=ADDED_LATER,
    )
    layout: Mapped[str | None] = column(
        "name of the layout by which a catalog was read; null for spectra",
        DIMENSIONLESS,
        "meta.id",
        rule=SQL_NAME,
        sort_order=ADDED_LATER,
    )
    mapping_sha256: Mapped[str | None] = column(
        "SHA-256 of that layout's mapping of columns, hexadecimal",
        DIMENSIONLESS,
        "meta.checksum",
        rule=SHA256,
        sort_order=ADDED_LATER,
    )


class IngestFile(Ledger):
    """A file, or an answer of a remote service, that an ingest run read to its end."""

    __tablename__ = "ingest_file"
    __table_args__ = (
        UniqueConstraint("run_id", "path"),
        CheckConstraint(
            "n_read = n_inserted + n_new_version + n_unchanged + n_rejected", name="counts_add_up"
        ),
    )

    ingest_file_id: Mapped[int] = column(
        "number of the file",
        DIMENSIONLESS,
        "meta.id;meta.file",
        Identity(always=True),
        primary_key=True,
    )
    run_id: Mapped[int] = column(
        "the ingest run that read it", DIMENSIONLESS, "meta.id", references("ingest_run.run_id")
    )
    path: Mapped[str] = column(
        "path or address as given", DIMENSIONLESS, "meta.id;meta.file", rule=NOT_EMPTY
    )
    sha256: Mapped[str] = column(
        "SHA-256 of its bytes, hexadecimal",
        DIMENSIONLESS,
        "meta.checksum;meta.file",
        rule=SHA256,
        index=True,
    )
    size: Mapped[int] = column("size of the file", "byte", "meta.number;meta.file", rule=COUNT)
    n_read: Mapped[int] = column("rows read", DIMENSIONLESS, "meta.number", rule=COUNT)
    n_inserted: Mapped[int] = column(
        "rows under an identifier not seen before", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    n_new_version: Mapped[int] = column(
        "rows that replaced an earlier version", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    n_unchanged: Mapped[int] = column(
        "rows equal to what is kept", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    n_rejected: Mapped[int] = column(
        "rows refused, each with a row in rejected_row", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    modified_ns: Mapped[int | None] = column(
        "when the file was last changed before it was read (nanoseconds since 1970, UTC)",
        "ns",
        "time.epoch;meta.file",
    )


class RejectedRow(Ledger):
    """An input row, or a whole file, that was refused, and why."""

    __tablename__ = "rejected_row"
    __table_args__ = (
        ForeignKeyConstraint(["run_id"], [f"{SCHEMA}.ingest_run.run_id"]),
        UniqueConstraint("run_id", "path", "row_number", postgresql_nulls_not_distinct=True),
    )

    rejected_row_id: Mapped[int] = column(
        "number of the refusal",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=True),
        primary_key=True,
    )
    run_id: Mapped[int] = column("the ingest run that refused it", DIMENSIONLESS, "meta.id")
    path: Mapped[str] = column("path or address as given", DIMENSIONLESS, "meta.id;meta.file")
    row_number: Mapped[int | None] = column(
        "number of the row in the file, from 1; null where the file itself is refused",
        DIMENSIONLESS,
        "meta.number",
        rule=COUNT,
    )
    external_id: Mapped[str | None] = column(
        "the survey's identifier, where it could be read", DIMENSIONLESS, "meta.id"
    )
    reason: Mapped[str] = column("what was wrong", DIMENSIONLESS, "meta.code.error", rule=NOT_EMPTY)
    content: Mapped[str | None] = column(
        "the row as text, cut at 1000 characters", DIMENSIONLESS, "meta.note"
    )
