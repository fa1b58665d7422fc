"""Rows of published catalogs: Gaia, GALAH, APOGEE, other references, and lists of visits.

Labels of a row stand in arrays, in the order that `CatalogLabel` declares for its data release.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    CORRELATION,
    COUNT,
    DIMENSIONLESS,
    MJD,
    NON_NEGATIVE,
    POSITIVE,
    POSITIVE_ARRAY,
    Int2,
    Int4s,
    Ledger,
    Real,
    Reals,
    column,
)
from starledger.schema.tables.versions import (
    BroadbandSignal,
    CatalogEntry,
    CatalogRow,
    Moving,
    PerhapsOnTheSky,
    SuppliedGaiaIds,
)


class Labelled:
    """Mixin of rows whose survey measured labels."""

    labels: Mapped[Reals | None] = column(
        "labels, each in its own unit, in the data release's order", DIMENSIONLESS, "stat.value"
    )
    errors: Mapped[Reals | None] = column(
        "standard errors of the labels, in their order",
        DIMENSIONLESS,
        "stat.error",
        rule=POSITIVE_ARRAY,
    )
    label_flags: Mapped[Int4s | None] = column(
        "the survey's own flags of the labels, in their order", DIMENSIONLESS, "meta.code.qual"
    )


class WithSurveyFit:
    """Mixin of rows that come from the survey's own fit of a spectrum."""

    survey_flags: Mapped[int] = column(
        "the survey's own flag bits of the row, as published",
        DIMENSIONLESS,
        "meta.code.qual",
        BigInteger,
        server_default="0",
    )
    snr: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel", DIMENSIONLESS, "stat.snr", rule=NON_NEGATIVE
    )
    chi2: Mapped[Real | None] = column(
        "chi squared of the survey's own fit, as published",
        DIMENSIONLESS,
        "stat.fit.chi2",
        rule=NON_NEGATIVE,
    )
    rv: Mapped[Real | None] = column(
        "barycentric radial velocity", "km/s", "spect.dopplerVeloc;pos.barycenter"
    )
    err_rv: Mapped[Real | None] = column(
        "standard error of rv", "km/s", "stat.error;spect.dopplerVeloc", rule=POSITIVE
    )


class GaiaSource(CatalogRow, Moving, Ledger):
    """A row of Gaia's source table; its data release says whether source_id is of DR2 or DR3."""

    __tablename__ = "gaia_source"
    __constraints__ = (
        CheckConstraint("external_id = source_id::text", name="external_id_is_source_id"),
    )

    source_id: Mapped[int] = column(
        "Gaia's identifier, of the row's data release", DIMENSIONLESS, "meta.id", index=True
    )
    err_ra: Mapped[Real | None] = column(
        "standard error of ra times cos(dec)", "mas", "stat.error;pos.eq.ra", rule=POSITIVE
    )
    err_dec: Mapped[Real | None] = column(
        "standard error of dec", "mas", "stat.error;pos.eq.dec", rule=POSITIVE
    )
    err_pmra: Mapped[Real | None] = column(
        "standard error of pmra", "mas/yr", "stat.error;pos.pm;pos.eq.ra", rule=POSITIVE
    )
    err_pmdec: Mapped[Real | None] = column(
        "standard error of pmdec", "mas/yr", "stat.error;pos.pm;pos.eq.dec", rule=POSITIVE
    )
    pmra_pmdec_corr: Mapped[Real | None] = column(
        "correlation of pmra and pmdec",
        DIMENSIONLESS,
        "stat.correlation;pos.pm",
        rule=CORRELATION,
    )
    parallax: Mapped[float | None] = column("parallax", "mas", "pos.parallax.trig")
    err_parallax: Mapped[Real | None] = column(
        "standard error of parallax", "mas", "stat.error;pos.parallax.trig", rule=POSITIVE
    )
    phot_g_mean_mag: Mapped[Real | None] = column(
        "mean magnitude in G (Vega)", "mag", "phot.mag;em.opt"
    )
    phot_bp_mean_mag: Mapped[Real | None] = column(
        "mean magnitude in BP (Vega)", "mag", "phot.mag;em.opt.B"
    )
    phot_rp_mean_mag: Mapped[Real | None] = column(
        "mean magnitude in RP (Vega)", "mag", "phot.mag;em.opt.R"
    )
    ruwe: Mapped[Real | None] = column(
        "renormalised unit weight error of the astrometric solution",
        DIMENSIONLESS,
        "stat.error",
        rule=NON_NEGATIVE,
    )
    rv: Mapped[Real | None] = column(
        "barycentric radial velocity by Gaia", "km/s", "spect.dopplerVeloc;pos.barycenter"
    )
    err_rv: Mapped[Real | None] = column(
        "standard error of rv", "km/s", "stat.error;spect.dopplerVeloc", rule=POSITIVE
    )


class GaiaDr2Neighbour(CatalogEntry, Ledger):
    """A pair of Gaia's own table dr2_neighbourhood: the only bridge between DR2 and DR3 ids."""

    __tablename__ = "gaia_dr2_neighbour"

    gaia_dr2_source_id: Mapped[int] = column(
        "source_id in Gaia DR2", DIMENSIONLESS, "meta.id.cross", index=True
    )
    gaia_dr3_source_id: Mapped[int] = column(
        "source_id in Gaia DR3", DIMENSIONLESS, "meta.id.cross", index=True
    )
    separation: Mapped[Real] = column(
        "angular distance of the two at the epoch of DR2",
        "mas",
        "pos.angDistance",
        rule=NON_NEGATIVE,
    )
    magnitude_difference: Mapped[Real | None] = column(
        "G magnitude in DR3 less that in DR2", "mag", "phot.mag;arith.diff;em.opt"
    )


class GalahStar(CatalogRow, Labelled, WithSurveyFit, SuppliedGaiaIds, Ledger):
    """A row of a GALAH catalog."""

    __tablename__ = "galah_star"

    sobject_id: Mapped[int] = column(
        "GALAH's identifier of the spectrum", DIMENSIONLESS, "meta.id", index=True
    )
    tmass_id: Mapped[str | None] = column(
        "2MASS identifier", DIMENSIONLESS, "meta.id.cross", index=True
    )


class ApogeeStar(CatalogRow, Labelled, WithSurveyFit, SuppliedGaiaIds, Ledger):
    """A row of an APOGEE allStar catalog, or of a catalog made of APOGEE's stars."""

    __tablename__ = "apogee_star"

    apogee_id: Mapped[str] = column(
        "APOGEE's identifier of the star, 2Mhhmmssss+ddmmsss",
        DIMENSIONLESS,
        "meta.id",
        index=True,
    )
    telescope: Mapped[str | None] = column(
        "telescope, as published", DIMENSIONLESS, "meta.id;instr.tel"
    )
    field: Mapped[str | None] = column(
        "field on the sky, as published", DIMENSIONLESS, "meta.id;obs.field"
    )
    n_visits: Mapped[Int2 | None] = column(
        "number of visits in the published coadd", DIMENSIONLESS, "meta.number;obs", rule=COUNT
    )
    star_flags: Mapped[int] = column(
        "APOGEE's STARFLAG bits, as published", DIMENSIONLESS, "meta.code.qual", server_default="0"
    )


class ReferenceStar(
    CatalogEntry, PerhapsOnTheSky, Labelled, WithSurveyFit, SuppliedGaiaIds, Moving, Ledger
):
    """A row of any other catalog of stars with labels: value-added tables, benchmarks."""

    __tablename__ = "reference_star"
    __constraints__ = (
        CheckConstraint("num_nonnulls(ra, dec, healpix) IN (0, 3)", name="position_whole"),
    )

    class_name: Mapped[str | None] = column(
        "class that the catalog gives, such as white dwarf", DIMENSIONLESS, "src.class"
    )
    partner_external_id: Mapped[str | None] = column(
        "identifier of the other star of a wide binary, in the same data release",
        DIMENSIONLESS,
        "meta.id.cross",
    )


class SurveyVisit(CatalogRow, Labelled, WithSurveyFit, BroadbandSignal, SuppliedGaiaIds, Ledger):
    """A row of a survey's own list of visits, such as LAMOST's general catalog."""

    __tablename__ = "survey_visit"
    __constraints__ = (Index("ix_survey_visit_designation", "designation"),)

    designation: Mapped[str | None] = column(
        "the survey's name of the star", DIMENSIONLESS, "meta.id"
    )
    mjd: Mapped[float | None] = column(
        "day of the visit as published (modified Julian date)", "d", "time.epoch", rule=MJD
    )
    plate: Mapped[str | None] = column(
        "plate, plan or field, as published", DIMENSIONLESS, "meta.id;obs.field"
    )
    fiber: Mapped[str | None] = column(
        "spectrograph and fibre, as published", DIMENSIONLESS, "instr.setup"
    )
    class_name: Mapped[str | None] = column(
        "class by the survey's pipeline, as published", DIMENSIONLESS, "src.class"
    )
    subclass: Mapped[str | None] = column(
        "subclass by the survey's pipeline, as published", DIMENSIONLESS, "src.spType"
    )
    file_name: Mapped[str | None] = column(
        "file of the spectrum, as published", DIMENSIONLESS, "meta.id;meta.file"
    )
