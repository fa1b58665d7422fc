"""Crossmatches: every pair within the radius, of which the best match is derived."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    DIMENSIONLESS,
    JULIAN_YEAR,
    NON_NEGATIVE,
    ORDINAL,
    POSITIVE,
    Int2,
    Int4,
    Ledger,
    Real,
    column,
    one_of,
    references,
)
from starledger.schema.tables.runs import OfRun, RunKind

MATCHED_TABLES = (
    "spectrum",
    "survey_visit",
    "gaia_source",
    "galah_star",
    "apogee_star",
    "reference_star",
)
"""The tables whose rows can be matched: each has a position and its own row ids."""


class CrossmatchRun(OfRun, Ledger):
    """A run that matched the rows of one data release with those of another."""

    __tablename__ = "crossmatch_run"
    __run_kind__ = RunKind.CROSSMATCH

    left_table: Mapped[str] = column(
        "table of the left rows", DIMENSIONLESS, "meta.id;meta.table", rule=one_of(*MATCHED_TABLES)
    )
    left_data_release_id: Mapped[Int4] = column(
        "data release of the left rows",
        DIMENSIONLESS,
        "meta.id;meta.dataset",
        references("data_release.data_release_id"),
        index=True,
    )
    right_table: Mapped[str] = column(
        "table of the right rows", DIMENSIONLESS, "meta.id;meta.table", rule=one_of(*MATCHED_TABLES)
    )
    right_data_release_id: Mapped[Int4] = column(
        "data release of the right rows",
        DIMENSIONLESS,
        "meta.id;meta.dataset",
        references("data_release.data_release_id"),
        index=True,
    )
    as_of_run_id: Mapped[int] = column(
        "the rows matched were those valid as of this run",
        DIMENSIONLESS,
        "meta.id.assoc",
        references("run.run_id"),
    )
    radius: Mapped[Real] = column(
        "how near a pair must be", "arcsec", "pos.angDistance;stat.max", rule=POSITIVE
    )
    best_rule: Mapped[str] = column(
        "which of several neighbours has rank 1: the nearest, or the brightest in G",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("nearest", "brightest"),
    )


class Neighbourhood(Ledger):
    """A pair of rows within the radius of a crossmatch run.

    The rows may stand in any of `MATCHED_TABLES`, which the run names; so no foreign key can
    hold them. Row ids are unique among all these tables and their rows are never deleted.
    """

    __tablename__ = "neighbourhood"
    __table_args__ = (
        CheckConstraint("rank <= n_neighbours", name="rank_within"),
        Index("ix_neighbourhood_right_row_id", "right_row_id", "crossmatch_run_id"),
    )

    crossmatch_run_id: Mapped[int] = column(
        "the crossmatch run",
        DIMENSIONLESS,
        "meta.id",
        references("crossmatch_run.run_id"),
        primary_key=True,
        autoincrement=False,
    )
    left_row_id: Mapped[int] = column(
        "row id on the left", DIMENSIONLESS, "meta.id", primary_key=True, autoincrement=False
    )
    right_row_id: Mapped[int] = column(
        "row id on the right",
        DIMENSIONLESS,
        "meta.id.cross",
        primary_key=True,
        autoincrement=False,
    )
    origin: Mapped[str] = column(
        "whether the survey supplied the pair or its positions agree",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("supplied", "position"),
    )
    separation: Mapped[float] = column(
        "angular distance at the epoch of comparison",
        "arcsec",
        "pos.angDistance",
        rule=NON_NEGATIVE,
    )
    epoch: Mapped[float | None] = column(
        "Julian epoch to which the positions were brought", "yr", "time.epoch", rule=JULIAN_YEAR
    )
    rank: Mapped[Int2] = column(
        "1 for the best right row of the left row", DIMENSIONLESS, "stat.rank", rule=ORDINAL
    )
    n_neighbours: Mapped[Int2] = column(
        "right rows within the radius of the left row", DIMENSIONLESS, "meta.number", rule=ORDINAL
    )
    n_mates: Mapped[Int2] = column(
        "left rows within the radius of the right row", DIMENSIONLESS, "meta.number", rule=ORDINAL
    )
