"""Gaia's source tables of DR2 and DR3, and the table that leads from the one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starledger.ingest.catalogs.identifiers import dashed
from starledger.ingest.catalogs.layout import CatalogLayout, Field, Made, Source

_COLUMNS: Mapping[str, Source] = {
    "external_id": Field("source_id", kind="whole"),
    "source_id": Field("source_id"),
    "ra": Field("ra"),
    "dec": Field("dec"),
    "ref_epoch": Field("ref_epoch"),
    "pmra": Field("pmra", optional=True),
    "pmdec": Field("pmdec", optional=True),
    "err_ra": Field("ra_error", unit="mas", optional=True),
    "err_dec": Field("dec_error", unit="mas", optional=True),
    "err_pmra": Field("pmra_error", optional=True),
    "err_pmdec": Field("pmdec_error", optional=True),
    "pmra_pmdec_corr": Field("pmra_pmdec_corr", optional=True),
    "parallax": Field("parallax", optional=True),
    "err_parallax": Field("parallax_error", optional=True),
    "phot_g_mean_mag": Field("phot_g_mean_mag", optional=True),
    "phot_bp_mean_mag": Field("phot_bp_mean_mag", optional=True),
    "phot_rp_mean_mag": Field("phot_rp_mean_mag", optional=True),
    # DR2 publishes it in a table of its own, which downloads are often joined with.
    "ruwe": Field("ruwe", optional=True),
    # EDR3 repeats that of DR2 as dr2_radial_velocity: it is no measurement of its own.
    "rv": Field("radial_velocity", optional=True),
    "err_rv": Field("radial_velocity_error", optional=True),
}


def _source(name: str, title: str, epoch: float, releases: Sequence[str]) -> CatalogLayout:
    """Return the layout of a release's ``gaia_source``.

    Both releases have the same columns, so that only the epoch tells a file of the other one.
    """
    return CatalogLayout(
        name=name,
        survey="gaia",
        product="source",
        table="gaia_source",
        title=title,
        columns=_COLUMNS,
        expected={"ref_epoch": epoch},
        releases=releases,
        checked_on="a simulated file",
    )


NEIGHBOURHOOD = CatalogLayout(
    name="gaia_dr2_neighbourhood",
    survey="gaia",
    product="neighbourhood",
    table="gaia_dr2_neighbour",
    title="Gaia DR3, dr2_neighbourhood",
    columns={
        "external_id": Made(
            dashed, Field("dr3_source_id", kind="whole"), Field("dr2_source_id", kind="whole")
        ),
        "gaia_dr2_source_id": Field("dr2_source_id"),
        "gaia_dr3_source_id": Field("dr3_source_id"),
        "separation": Field("angular_distance", unit="mas"),
        "magnitude_difference": Field("magnitude_difference", optional=True),
    },
    releases=("dr3", "edr3"),
    checked_on="a simulated file",
)

LAYOUTS = (
    _source("gaia_dr2_source", "Gaia DR2, gaia_source", 2015.5, ("dr2",)),
    _source("gaia_dr3_source", "Gaia (E)DR3, gaia_source", 2016.0, ("dr3", "edr3")),
    NEIGHBOURHOOD,
)
