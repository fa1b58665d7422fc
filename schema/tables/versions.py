"""Versioned rows: what a data release said, and since and until which ingest run it said so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Index,
    PrimaryKeyConstraint,
    Sequence,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, declared_attr

from starledger.schema.tables.base import (
    DECLINATION,
    DIMENSIONLESS,
    HEALPIX_29,
    IDENTITY_NEXT,
    JULIAN_YEAR,
    KEYS_FIRST,
    NON_NEGATIVE,
    NOT_EMPTY,
    ORDINAL,
    POSITION_NEXT,
    RIGHT_ASCENSION,
    SCHEMA,
    Int2,
    Int4,
    Ledger,
    Real,
    column,
    references,
)

ROW_IDS = Sequence("row_id_seq", schema=SCHEMA, metadata=Ledger.metadata)
"""Numbers every versioned row of every table, so that a row id names one row of all of them."""


class Versioned:
    """Mixin of rows that are never changed, only followed by a next version.

    ``valid_to_run_id`` is the one value that may be written later, once: the run whose data
    release no longer says this. A trigger refuses every other change.
    """

    __tablename__: str

    data_release_id: Mapped[Int4] = column(
        "the data release that published the row",
        DIMENSIONLESS,
        "meta.id;meta.dataset",
        references("data_release.data_release_id"),
        sort_order=IDENTITY_NEXT,
    )
    external_id: Mapped[str] = column(
        "the survey's own identifier of the row",
        DIMENSIONLESS,
        "meta.id",
        rule=NOT_EMPTY,
        sort_order=IDENTITY_NEXT,
    )
    version: Mapped[Int2] = column(
        "1 for the first content under this identifier, then counted up",
        DIMENSIONLESS,
        "meta.version",
        rule=ORDINAL,
        server_default="1",
        sort_order=IDENTITY_NEXT,
    )
    valid_from_run_id: Mapped[int] = column(
        "the ingest run that brought this version",
        DIMENSIONLESS,
        "meta.id.assoc",
        references("ingest_run.run_id"),
        sort_order=IDENTITY_NEXT,
    )
    valid_to_run_id: Mapped[int | None] = column(
        "the ingest run that found it replaced or gone; null while it is current",
        DIMENSIONLESS,
        "meta.id.assoc",
        references("ingest_run.run_id"),
        sort_order=IDENTITY_NEXT,
    )

    @declared_attr.directive
    def __table_args__(cls) -> tuple[object, ...]:  # noqa: N805 - SQLAlchemy calls it with the class
        """Return what numbers the versions of each row, and the table's own constraints.

        A trigger lets a version in only behind a closed one, so that one at most is current.
        """
        return _constraints_of_versions(cls)


def _constraints_of_versions(cls: object) -> tuple[object, ...]:
    return (
        UniqueConstraint("data_release_id", "external_id", "version"),
        CheckConstraint("valid_to_run_id > valid_from_run_id", name="valid_to_later"),
        *vars(cls).get("__constraints__", ()),
    )


class OnTheSky:
    """Mixin of rows with a position, indexed by its nested HEALPix cell of order 29."""

    ra: Mapped[float] = column(
        "right ascension (ICRS) at ref_epoch",
        "deg",
        "pos.eq.ra;meta.main",
        rule=RIGHT_ASCENSION,
        sort_order=POSITION_NEXT,
    )
    dec: Mapped[float] = column(
        "declination (ICRS) at ref_epoch",
        "deg",
        "pos.eq.dec;meta.main",
        rule=DECLINATION,
        sort_order=POSITION_NEXT,
    )
    ref_epoch: Mapped[float | None] = column(
        "Julian epoch of the position; null where the survey does not say",
        "yr",
        "time.epoch;pos.eq",
        rule=JULIAN_YEAR,
        sort_order=POSITION_NEXT,
    )
    healpix: Mapped[int] = column(
        "nested HEALPix cell of order 29 that holds the position",
        DIMENSIONLESS,
        "pos.healpix",
        index=True,
        rule=HEALPIX_29,
        sort_order=POSITION_NEXT,
    )


class Moving:
    """Mixin of rows whose source may tell its proper motion."""

    pmra: Mapped[float | None] = column(
        "proper motion in right ascension times cos(dec)",
        "mas/yr",
        "pos.pm;pos.eq.ra",
        sort_order=POSITION_NEXT,
    )
    pmdec: Mapped[float | None] = column(
        "proper motion in declination", "mas/yr", "pos.pm;pos.eq.dec", sort_order=POSITION_NEXT
    )


class SuppliedGaiaIds:
    """Mixin of rows to which the survey itself supplied Gaia identifiers.

    Identifiers of DR2 and DR3 are different names and are never equated.
    """

    gaia_dr2_source_id: Mapped[int | None] = column(
        "Gaia DR2 source_id that the survey supplied", DIMENSIONLESS, "meta.id.cross"
    )
    gaia_dr3_source_id: Mapped[int | None] = column(
        "Gaia DR3 source_id that the survey supplied", DIMENSIONLESS, "meta.id.cross"
    )


class PerhapsOnTheSky:
    """Mixin of rows whose table may leave out positions: in whole, or not at all."""

    ra: Mapped[float | None] = column(
        "right ascension (ICRS) at ref_epoch; null where the table has no positions",
        "deg",
        "pos.eq.ra;meta.main",
        rule=RIGHT_ASCENSION,
        sort_order=POSITION_NEXT,
    )
    dec: Mapped[float | None] = column(
        "declination (ICRS) at ref_epoch; null where the table has no positions",
        "deg",
        "pos.eq.dec;meta.main",
        rule=DECLINATION,
        sort_order=POSITION_NEXT,
    )
    ref_epoch: Mapped[float | None] = column(
        "Julian epoch of the position; null where the survey does not say",
        "yr",
        "time.epoch;pos.eq",
        rule=JULIAN_YEAR,
        sort_order=POSITION_NEXT,
    )
    healpix: Mapped[int | None] = column(
        "nested HEALPix cell of order 29 that holds the position",
        DIMENSIONLESS,
        "pos.healpix",
        index=True,
        rule=HEALPIX_29,
        sort_order=POSITION_NEXT,
    )


class CatalogEntry(Versioned):
    """Mixin of a row of some survey's catalog; each data release has a partition of the table."""

    row_id: Mapped[int] = column(
        "number of this version of the row, unique among all versioned rows",
        DIMENSIONLESS,
        "meta.id;meta.main",
        server_default=ROW_IDS.next_value(),
        sort_order=KEYS_FIRST,
    )

    @declared_attr.directive
    def __table_args__(cls) -> tuple[object, ...]:  # noqa: N805 - SQLAlchemy calls it with the class
        """Return the constraints of versions, the key and how the table is divided."""
        key = PrimaryKeyConstraint("row_id", "data_release_id")
        divided = {"postgresql_partition_by": "LIST (data_release_id)"}
        return (*_constraints_of_versions(cls), *_indexes_of_ids(cls), key, divided)


def _indexes_of_ids(cls: Any) -> Iterator[Index]:
    """Yield an index of each Gaia identifier that is supplied: few catalogs supply both."""
    for name in ("gaia_dr2_source_id", "gaia_dr3_source_id"):
        if issubclass(cls, SuppliedGaiaIds):
            given = f"{name} IS NOT NULL"
            yield Index(f"ix_{cls.__tablename__}_{name}", name, postgresql_where=given)


class CatalogRow(CatalogEntry, OnTheSky):
    """Mixin of a row of some survey's catalog, with its position."""


class BroadbandSignal:
    """Mixin of rows with a signal-to-noise ratio in each of the bands u, g, r, i and z."""

    snr_u: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel in the u band",
        DIMENSIONLESS,
        "stat.snr;em.opt.U",
        rule=NON_NEGATIVE,
    )
    snr_g: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel in the g band",
        DIMENSIONLESS,
        "stat.snr;em.opt.B",
        rule=NON_NEGATIVE,
    )
    snr_r: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel in the r band",
        DIMENSIONLESS,
        "stat.snr;em.opt.R",
        rule=NON_NEGATIVE,
    )
    snr_i: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel in the i band",
        DIMENSIONLESS,
        "stat.snr;em.opt.I",
        rule=NON_NEGATIVE,
    )
    snr_z: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel in the z band",
        DIMENSIONLESS,
        "stat.snr;em.opt.I",
        rule=NON_NEGATIVE,
    )
