"""Tables of white dwarfs and hot subdwarfs."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from starledger.ingest.catalogs.layout import CatalogLayout, Constant, Field, Made
from starledger.ingest.catalogs.value_added import GAIA_DR2, GAIA_DR3, gaia, some, with_error


def dr2_source(designation: pa.Array) -> pa.Array:
    """Return Gaia's identifier of a designation of DR2, such as ``Gaia DR2 123456``.

    Examples
    --------
    >>> dr2_source(pa.array(["Gaia DR2 4660207", "Gaia EDR3 4660207", None])).to_pylist()
    [4660207, None, None]
    """
    return _source(designation, "^Gaia DR2")


def dr3_source(designation: pa.Array) -> pa.Array:
    """Return Gaia's identifier of a designation of EDR3 or DR3, which are the same."""
    return _source(designation, "^Gaia E?DR3")


def epoch_of_release(designation: pa.Array) -> pa.Array:
    """Return the epoch in Julian years of the positions of the data release that is named."""
    told = pc.if_else(pc.is_valid(dr2_source(designation)), GAIA_DR2, pa.scalar(None, pa.float64()))
    return pc.if_else(pc.is_valid(dr3_source(designation)), GAIA_DR3, told)


def _source(designation: pa.Array, release: str) -> pa.Array:
    found = pc.extract_regex(designation, release + " (?P<id>[0-9]{1,19})$")
    return pc.struct_field(found, "id").cast(pa.int64())


_HYDROGEN = "of the fit of Gaia's photometry by an atmosphere of pure hydrogen"

_WHITE_DWARFS = CatalogLayout(
    name="gaia_white_dwarfs",
    survey="value_added",
    product="white_dwarfs",
    table="reference_star",
    title="White dwarfs of Gaia EDR3 (Gentile Fusillo et al. 2021)",
    columns={
        "external_id": Field("source_id", "GaiaEDR3", kind="whole"),
        "gaia_dr3_source_id": Field("source_id", "GaiaEDR3"),
        "ra": Field("ra", "RA_ICRS"),
        "dec": Field("dec", "DE_ICRS"),
        "ref_epoch": Constant(GAIA_DR3),
        "pmra": some("pmra", "pmRA"),
        "pmdec": some("pmdec", "pmDE"),
        "chi2": some("chisq_H", "chi2H"),
        "class_name": Constant("white dwarf"),
    },
    labels={
        "teff": with_error("teff_H", "TeffH", errors=["eteff_H", "e_TeffH"], definition=_HYDROGEN),
        "logg": with_error("logg_H", "loggH", errors=["elogg_H", "e_loggH"], definition=_HYDROGEN),
    },
    required=("Pwd",),
)

_DESIGNATION = Field("GAIA_DESIG", kind="text")

# The catalogs of 2020 and 2022 have the same columns, with identifiers of different data releases
# of Gaia: each designation says of which.
_SUBDWARFS = CatalogLayout(
    name="hot_subdwarfs",
    survey="value_added",
    product="hot_subdwarfs",
    table="reference_star",
    title="Known hot subdwarfs (Geier 2020, with Gaia DR2; Culpan et al. 2022, with Gaia EDR3)",
    columns={
        "external_id": Field("NAME"),
        "ra": Field("RA"),
        "dec": Field("DEC"),
        "ref_epoch": Made(epoch_of_release, _DESIGNATION),
        "gaia_dr2_source_id": Made(dr2_source, _DESIGNATION),
        "gaia_dr3_source_id": Made(dr3_source, _DESIGNATION),
        "pmra": some("PMRA_GAIA"),
        "pmdec": some("PMDEC_GAIA"),
        "rv": some("RV_LAMOST"),
        "err_rv": some("RV_LAMOST_ERR"),
        "class_name": Field("SPEC_CLASS"),
    },
    labels={
        "teff": with_error("TEFF", errors=["TEFF_ERR"]),
        "logg": with_error("LOG_G", errors=["LOG_G_ERR"]),
    },
)

_LAMOST_SUBDWARFS = CatalogLayout(
    name="lamost_hot_subdwarfs",
    survey="value_added",
    product="lamost_hot_subdwarfs",
    table="reference_star",
    title="Hot subdwarfs of LAMOST DR7 with Gaia DR2 (Luo et al. 2021)",
    columns={
        "external_id": Field("LAMOST", "obsid", "Name"),
        "ra": Field("RAdeg", "RA_ICRS", "RA"),
        "dec": Field("DEdeg", "DE_ICRS", "DEC"),
        "gaia_dr2_source_id": gaia("GaiaDR2", "Gaia", "source_id"),
        "snr": some("S/N", "SNR", "SNRU"),
        "rv": some("RV"),
        "err_rv": some("e_RV"),
        "class_name": Field("SpClass", "SpType", "Class", optional=True),
    },
    labels={
        "teff": with_error("Teff", errors=["e_Teff"], equilibrium="NLTE"),
        "logg": with_error("logg", errors=["e_logg"], equilibrium="NLTE"),
    },
    required=("LAMOST", "Teff", "logg"),
)

COMPACT_STARS = (_WHITE_DWARFS, _SUBDWARFS, _LAMOST_SUBDWARFS)
"""Layouts of tables of stars that left the main sequence behind, blue ones."""
