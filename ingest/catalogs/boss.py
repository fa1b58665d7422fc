"""SDSS's lists of optical spectra: spAll of BOSS and SDSS-V, and specObj of all plates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from starledger.ingest.catalogs.identifiers import dashed, padded
from starledger.ingest.catalogs.layout import CatalogLayout, Field, LabelSource, Made, Source

LIGHT_SPEED_KMS = 299_792.458


def plate_identity(plate: pa.Array, night: pa.Array, fibre: pa.Array) -> pa.Array:
    """Return plate, night and fibre as the name of a spectrum's file has them."""
    return dashed(padded(plate, 4), night, padded(fibre, 4))


def field_identity(field: pa.Array, night: pa.Array, catalog_id: pa.Array) -> pa.Array:
    """Return field, night and catalog id as the name of an SDSS-V spectrum's file has them."""
    return dashed(padded(field, 6), night, catalog_id)


def velocity(kind: pa.Array, redshift: pa.Array) -> pa.Array:
    """Return redshifts of stars, or their errors, in km/s; those of galaxies are no velocities."""
    of_star = pc.equal(kind, "STAR")
    return pc.if_else(
        of_star, pc.multiply(redshift, LIGHT_SPEED_KMS), pa.scalar(None, pa.float64())
    )


def where_fitted(value: pa.Array, teff: pa.Array) -> pa.Array:
    """Return labels of a template where there is one: there, its temperature is not zero."""
    return pc.if_else(pc.is_valid(teff), value, pa.scalar(None, pa.float64()))


def _of_stars(column: str) -> Made:
    return Made(
        velocity,
        Field("CLASS", kind="text"),
        Field(column, kind="number", unit="dimensionless", optional=True),
    )


_FITTED: Mapping[str, Source] = {
    "mjd": Field("MJD"),
    "class_name": Field("CLASS"),
    "subclass": Field("SUBCLASS", optional=True),
    "survey_flags": Field("ZWARNING"),
    "rv": _of_stars("Z"),
    "err_rv": _of_stars("Z_ERR"),
    "chi2": Field("RCHI2", optional=True),
    "snr": Field("SN_MEDIAN_ALL", optional=True),
    **{
        f"snr_{band}": Field("SN_MEDIAN", element=number, optional=True)
        for number, band in enumerate("ugriz")
    },
}

_ELODIE_TEFF = Field("ELODIE_TEFF", nulls=(0,), unit="K")
_OF_TEMPLATE = "of the ELODIE star that fits best"

SPALL = CatalogLayout(
    name="sdss_spall",
    survey="sdss",
    product="spall",
    table="survey_visit",
    title="SDSS and BOSS, spAll of plates",
    columns={
        "external_id": Made(
            plate_identity,
            Field("PLATE", kind="whole"),
            Field("MJD", kind="whole"),
            Field("FIBERID", kind="whole"),
        ),
        "ra": Field("PLUG_RA"),
        "dec": Field("PLUG_DEC"),
        "plate": Field("PLATE", kind="whole"),
        "fiber": Field("FIBERID", kind="whole"),
        "designation": Field("THING_ID", nulls=(-1, 0), kind="whole", optional=True),
        **_FITTED,
    },
    labels={
        "teff": LabelSource(_ELODIE_TEFF, definition=_OF_TEMPLATE),
        **{
            label: LabelSource(
                Made(where_fitted, Field(column), _ELODIE_TEFF), definition=_OF_TEMPLATE
            )
            for label, column in (("logg", "ELODIE_LOGG"), ("fe_h", "ELODIE_FEH"))
        },
    },
    checked_on="a simulated file",
)

SPECOBJ = replace(
    SPALL,
    name="sdss_specobj",
    product="specobj",
    title="SDSS, specObj of all plates",
    required=("SPECLEGACY",),
    checked_on="its published description",
)

_XCSAO_NULLS = (-999, -9999)

SPALL_V = CatalogLayout(
    name="sdss_spall_v",
    survey="sdss",
    product="spall",
    table="survey_visit",
    title="SDSS-V, spAll of fields",
    columns={
        "external_id": Made(
            field_identity,
            Field("FIELD", kind="whole"),
            Field("MJD", kind="whole"),
            Field("CATALOGID", kind="text"),
        ),
        "ra": Field("RACAT", "PLUG_RA"),
        "dec": Field("DECCAT", "PLUG_DEC"),
        "ref_epoch": Field("COORD_EPOCH", nulls=(0, -999), optional=True),
        "plate": Field("FIELD", kind="whole"),
        "fiber": Field("FIBERID_LIST", "FIBERID", optional=True),
        "designation": Field("SDSS_ID", "CATALOGID", nulls=(-999, -1, 0)),
        "file_name": Field("SPEC_FILE", optional=True),
        **_FITTED,
    },
    labels={
        label: LabelSource(
            Field(f"XCSAO_{column}", nulls=_XCSAO_NULLS),
            Field(f"XCSAO_E{column}", nulls=_XCSAO_NULLS),
            definition="of the template that XCSAO's cross-correlation likes best",
        )
        for label, column in (("teff", "TEFF"), ("logg", "LOGG"), ("fe_h", "FEH"))
    },
)

LAYOUTS = (SPALL_V, SPECOBJ, SPALL)
