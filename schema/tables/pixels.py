"""Spectra and the shards that hold their pixels."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Identity, Index
from sqlalchemy.orm import Mapped

from starledger.schema.tables.base import (
    ADDED_LATER,
    COUNT,
    DIMENSIONLESS,
    MJD,
    NON_NEGATIVE,
    NOT_EMPTY,
    POSITIVE,
    POSITIVE_ARRAY,
    SHA256,
    Int4,
    Json,
    Ledger,
    Real,
    Reals,
    column,
    one_of,
    references,
)
from starledger.schema.tables.versions import (
    ROW_IDS,
    BroadbandSignal,
    OnTheSky,
    SuppliedGaiaIds,
    Versioned,
)

SPECTRUM_KINDS = ("exposure", "visit", "coadd")
"""Single exposure; what one star gave in one night; a sum of visits. Never combined together."""


class Shard(Ledger):
    """A file of some thousands of spectra on one pixel grid: flux, inverse variance, mask."""

    __tablename__ = "shard"
    __table_args__ = (
        CheckConstraint(
            "(grid_kind = 'explicit') = (grid_step IS NULL)", name="step_where_regular"
        ),
        CheckConstraint("path NOT LIKE '/%' AND path !~ '(^|/)\\.\\.(/|$)'", name="path_relative"),
    )

    shard_id: Mapped[Int4] = column(
        "number of the shard",
        DIMENSIONLESS,
        "meta.id;meta.file",
        Identity(always=True),
        primary_key=True,
    )
    run_id: Mapped[int] = column(
        "the ingest run that wrote it",
        DIMENSIONLESS,
        "meta.id",
        references("ingest_run.run_id"),
        index=True,
    )
    instrument_id: Mapped[Int4] = column(
        "the instrument whose grid it holds",
        DIMENSIONLESS,
        "meta.id;instr",
        references("instrument.instrument_id"),
        index=True,
    )
    path: Mapped[str] = column(
        "path below the shard root", DIMENSIONLESS, "meta.id;meta.file", unique=True, rule=NOT_EMPTY
    )
    sha256: Mapped[str] = column(
        "SHA-256 of its bytes, hexadecimal", DIMENSIONLESS, "meta.checksum;meta.file", rule=SHA256
    )
    n_spectra: Mapped[Int4] = column(
        "number of spectra in it", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    n_pixels: Mapped[Int4] = column(
        "pixels of each spectrum", DIMENSIONLESS, "meta.number;instr.pixel", rule=COUNT
    )
    grid_kind: Mapped[str] = column(
        "how wavelengths follow from the pixel number: evenly in log10, evenly, or listed",
        DIMENSIONLESS,
        "meta.code.class;em.wl",
        rule=one_of("log10", "linear", "explicit"),
    )
    grid_start: Mapped[float] = column(
        "wavelength of the first pixel's centre, in wavelength_medium",
        "Angstrom",
        "em.wl;stat.min",
        rule=POSITIVE,
    )
    grid_step: Mapped[float | None] = column(
        "step of log10(wavelength/Angstrom), or of the wavelength in Angstrom where evenly",
        DIMENSIONLESS,
        "spect.binSize",
        rule=POSITIVE,
    )
    wavelength_medium: Mapped[str] = column(
        "where the wavelengths are measured",
        DIMENSIONLESS,
        "meta.code.class;em.wl",
        rule=one_of("air", "vacuum"),
    )
    mask_bits: Mapped[Json] = column(
        "names of the survey's own mask bits that the shard keeps, by bit number",
        DIMENSIONLESS,
        "meta.code.qual",
        server_default="{}",
    )


class Spectrum(Versioned, OnTheSky, BroadbandSignal, SuppliedGaiaIds, Ledger):
    """A spectrum of one star: what it is, and where its pixels are."""

    __tablename__ = "spectrum"
    __constraints__ = (
        Index("uq_spectrum_shard_row", "shard_id", "shard_row", unique=True),
        Index("ix_spectrum_instrument_id_kind_arm", "instrument_id", "kind", "arm"),
        Index("ix_spectrum_gaia_dr2_source_id", "gaia_dr2_source_id"),
        Index("ix_spectrum_gaia_dr3_source_id", "gaia_dr3_source_id"),
        CheckConstraint(
            "(frame = 'shifted') = (frame_shift IS NOT NULL)", name="shift_where_shifted"
        ),
        CheckConstraint("(kind = 'coadd') OR (mjd_mid IS NOT NULL)", name="time_unless_coadd"),
        CheckConstraint("(mjd_mid IS NULL) = (time_scale IS NULL)", name="time_with_scale"),
    )

    spectrum_id: Mapped[int] = column(
        "number of this version of the spectrum, unique among all versioned rows",
        DIMENSIONLESS,
        "meta.id;meta.main",
        server_default=ROW_IDS.next_value(),
        primary_key=True,
    )
    instrument_id: Mapped[Int4] = column(
        "the instrument that took it",
        DIMENSIONLESS,
        "meta.id;instr",
        references("instrument.instrument_id"),
    )
    kind: Mapped[str] = column(
        "exposure, visit (one star's light of one night) or coadd (a sum of visits)",
        DIMENSIONLESS,
        "meta.code.class;obs",
        rule=one_of(*SPECTRUM_KINDS),
    )
    arm: Mapped[str] = column(
        "arm of the instrument; full where all arms are joined or there is one",
        DIMENSIONLESS,
        "meta.id;instr.setup",
        rule=NOT_EMPTY,
        server_default="full",
    )
    mjd_mid: Mapped[float | None] = column(
        "mid-exposure time in time_scale (modified Julian date); null for coadds",
        "d",
        "time.epoch;obs.exposure",
        rule=MJD,
    )
    time_scale: Mapped[str | None] = column(
        "scale of mjd_mid",
        DIMENSIONLESS,
        "time.scale",
        rule=one_of("utc", "tai", "tt", "tdb"),
    )
    night: Mapped[Int4 | None] = column(
        "local night as the survey counts it (day number); repeats are of different nights",
        "d",
        "time.epoch;obs",
    )
    exposure_time: Mapped[Real | None] = column(
        "total exposure time", "s", "time.duration;obs.exposure", rule=POSITIVE
    )
    snr: Mapped[Real | None] = column(
        "signal-to-noise ratio a pixel, all wavelengths",
        DIMENSIONLESS,
        "stat.snr",
        rule=NON_NEGATIVE,
    )
    rv: Mapped[Real | None] = column(
        "barycentric radial velocity by the survey's pipeline",
        "km/s",
        "spect.dopplerVeloc;pos.barycenter",
    )
    err_rv: Mapped[Real | None] = column(
        "standard error of rv", "km/s", "stat.error;spect.dopplerVeloc", rule=POSITIVE
    )
    frame: Mapped[str] = column(
        "rest frame of the stored wavelengths: the observer's, the barycentre's, or shifted"
        " from the barycentre's by frame_shift",
        DIMENSIONLESS,
        "pos.frame",
        rule=one_of("topocentric", "barycentric", "shifted"),
    )
    frame_shift: Mapped[float | None] = column(
        "radial velocity already taken out of the stored wavelengths",
        "km/s",
        "spect.dopplerVeloc;arith.diff",
    )
    lsf_fwhm: Mapped[Reals | None] = column(
        "full width at half maximum of the line-spread function, in Angstrom: coefficients of"
        " a polynomial in (wavelength/Angstrom - 6000)/1000, constant first; null where the"
        " instrument's resolving power is all that is known",
        DIMENSIONLESS,
        "instr.det.psf;spect.resolution",
    )
    class_name: Mapped[str | None] = column(
        "class by the survey's pipeline, as published", DIMENSIONLESS, "src.class"
    )
    subclass: Mapped[str | None] = column(
        "subclass by the survey's pipeline, as published", DIMENSIONLESS, "src.spType"
    )
    survey_labels: Mapped[Reals | None] = column(
        "labels by the survey's pipeline, in the order of the data release's catalog_label",
        DIMENSIONLESS,
        "stat.value",
    )
    survey_errors: Mapped[Reals | None] = column(
        "standard errors of survey_labels, in their order",
        DIMENSIONLESS,
        "stat.error",
        rule=POSITIVE_ARRAY,
    )
    survey_flags: Mapped[int] = column(
        "the survey's own flag bits of the spectrum, as published",
        DIMENSIONLESS,
        "meta.code.qual",
        server_default="0",
    )
    flags: Mapped[int] = column(
        "our flags of scope spectrum, known when it came in",
        DIMENSIONLESS,
        "meta.code.qual",
        server_default="0",
        rule=COUNT,
    )
    shard_id: Mapped[Int4] = column(
        "the shard that holds its pixels",
        DIMENSIONLESS,
        "meta.id;meta.file",
        references("shard.shard_id"),
    )
    shard_row: Mapped[Int4] = column(
        "its row in the shard, from 0", DIMENSIONLESS, "meta.number", rule=COUNT
    )
    file_name: Mapped[str] = column(
        "the file that it came from, as given", DIMENSIONLESS, "meta.id;meta.file", rule=NOT_EMPTY
    )
    sha256: Mapped[str] = column(
        "SHA-256 of its pixels and of all that its file says of it, hexadecimal",
        DIMENSIONLESS,
        "meta.checksum",
        rule=SHA256,
        sort_order=ADDED_LATER,
    )


class SpectrumParent(Ledger):
    """A spectrum that went into another: exposures into a visit, visits into a coadd."""

    __tablename__ = "spectrum_parent"
    __table_args__ = (CheckConstraint("spectrum_id <> parent_id", name="not_itself"),)

    spectrum_id: Mapped[int] = column(
        "the sum",
        DIMENSIONLESS,
        "meta.id",
        references("spectrum.spectrum_id"),
        primary_key=True,
        autoincrement=False,
    )
    parent_id: Mapped[int] = column(
        "what went into it",
        DIMENSIONLESS,
        "meta.id.parent",
        references("spectrum.spectrum_id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
