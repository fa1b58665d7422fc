"""Stars: a stable number each, and what each star run found to belong to it.

A star run writes only what differs from the run before it. As of run N, the star of a spectrum
is the one of its last `StarMember` row up to N, and what is known of a star its last
`StarVersion` row.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    DIMENSIONLESS,
    NON_NEGATIVE,
    Ledger,
    Real,
    column,
    one_of,
    references,
)
from starledger.schema.tables.runs import OfRun, RunKind
from starledger.schema.tables.versions import Moving, OnTheSky


class Star(Ledger):
    """One source on the sky; nothing in this row ever changes."""

    __tablename__ = "star"

    star_id: Mapped[int] = column(
        "stable number of the star",
        DIMENSIONLESS,
        "meta.id;meta.main",
        Identity(always=False),
        primary_key=True,
    )
    created_run_id: Mapped[int] = column(
        "the star run that first saw it",
        DIMENSIONLESS,
        "meta.id",
        references("star_run.run_id"),
        index=True,
    )


class StarRun(OfRun, Ledger):
    """A run that assigned spectra and Gaia sources to stars; the runs form one chain."""

    __tablename__ = "star_run"
    __run_kind__ = RunKind.STAR
    __constraints__ = (
        UniqueConstraint("previous_run_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("previous_run_id < run_id", name="previous_earlier"),
    )

    previous_run_id: Mapped[int | None] = column(
        "the star run that this one continues; null for the first",
        DIMENSIONLESS,
        "meta.id.parent",
        references("star_run.run_id"),
    )
    crossmatch_run_id: Mapped[int | None] = column(
        "the crossmatch with Gaia that it used",
        DIMENSIONLESS,
        "meta.id",
        references("crossmatch_run.run_id"),
    )
    linking_radius: Mapped[Real] = column(
        "how near two spectra without a Gaia source must be to be of one star",
        "arcsec",
        "pos.angDistance;stat.max",
        rule=NON_NEGATIVE,
    )


class StarMember(Ledger):
    """A spectrum that a star run assigned to a star, or moved to another."""

    __tablename__ = "star_member"
    __table_args__ = (
        Index("ix_star_member_star_id_star_run_id", "star_id", "star_run_id"),
        Index("ix_star_member_star_run_id", "star_run_id"),
    )

    spectrum_id: Mapped[int] = column(
        "the spectrum version",
        DIMENSIONLESS,
        "meta.id",
        references("spectrum.spectrum_id"),
        primary_key=True,
        autoincrement=False,
    )
    star_run_id: Mapped[int] = column(
        "the star run that said so",
        DIMENSIONLESS,
        "meta.id.assoc",
        references("star_run.run_id"),
        primary_key=True,
        autoincrement=False,
    )
    star_id: Mapped[int] = column(
        "the star that it belongs to from this run on",
        DIMENSIONLESS,
        "meta.id.parent",
        references("star.star_id"),
    )


class StarVersion(OnTheSky, Moving, Ledger):
    """What a star run found a star to be: its Gaia source, position and display name."""

    __tablename__ = "star_version"

    star_id: Mapped[int] = column(
        "the star",
        DIMENSIONLESS,
        "meta.id;meta.main",
        references("star.star_id"),
        primary_key=True,
        autoincrement=False,
    )
    star_run_id: Mapped[int] = column(
        "the star run that said so",
        DIMENSIONLESS,
        "meta.id.assoc",
        references("star_run.run_id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    gaia_dr2_source_id: Mapped[int | None] = column(
        "Gaia DR2 source_id of the star", DIMENSIONLESS, "meta.id.cross", index=True
    )
    gaia_dr3_source_id: Mapped[int | None] = column(
        "Gaia DR3 source_id of the star", DIMENSIONLESS, "meta.id.cross", index=True
    )
    starid: Mapped[str] = column(
        "name for display, Sdddmmss+ddmmss of the position, truncated; not unique",
        DIMENSIONLESS,
        "meta.id",
        index=True,
    )


class StarEvent(Ledger):
    """A merge of one star into another, or a star split off another, in a star run."""

    __tablename__ = "star_event"
    __table_args__ = (CheckConstraint("from_star_id <> to_star_id", name="two_stars"),)

    star_run_id: Mapped[int] = column(
        "the star run in which it happened",
        DIMENSIONLESS,
        "meta.id",
        references("star_run.run_id"),
        primary_key=True,
        autoincrement=False,
    )
    from_star_id: Mapped[int] = column(
        "the star that lost spectra",
        DIMENSIONLESS,
        "meta.id.parent",
        references("star.star_id"),
        primary_key=True,
        autoincrement=False,
    )
    to_star_id: Mapped[int] = column(
        "the star that got them",
        DIMENSIONLESS,
        "meta.id",
        references("star.star_id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    event: Mapped[str] = column(
        "merge: the first star has no spectra left; split: it keeps some",
        DIMENSIONLESS,
        "meta.code.class",
        rule=one_of("merge", "split"),
    )
