"""Small tables of labels that models are trained on and checked with."""

from __future__ import annotations

from starledger.ingest.catalogs.layout import CatalogLayout, Constant, Field, LabelSource, Made
from starledger.ingest.catalogs.tmass_names import declination, right_ascension
from starledger.ingest.catalogs.value_added import SYMBOLS, some, with_error

_ASPCAP = "Asplund et al. (2005)"
_ASPLUND_2009 = "Asplund et al. (2009)"
_NOTHING = -(2**63)
"""What topcat writes for a missing 64-bit integer."""


def _aspcap(*names: str) -> LabelSource:
    return LabelSource(
        some(*names),
        equilibrium="LTE",
        solar_scale=None if names[0].lower() in {"teff", "logg"} else _ASPCAP,
        definition="of APOGEE DR12's ASPCAP",
    )


def _payne(*names: str) -> LabelSource:
    return LabelSource(
        some(*names),
        equilibrium="LTE",
        solar_scale=_ASPLUND_2009,
        definition="of The Payne, from APOGEE's spectra",
    )


_LAMOST_APOGEE = CatalogLayout(
    name="lamost_apogee",
    survey="value_added",
    product="lamost_apogee",
    table="reference_star",
    title="LAMOST's spectra of stars that APOGEE DR12 has labels of",
    columns={
        "external_id": Field("LAMOST_ID"),
        "ra": Field("RA"),
        "dec": Field("Dec"),
        "ref_epoch": Constant(2000.0),
    },
    labels={
        "teff": _aspcap("TEFF"),
        "logg": _aspcap("LOGG"),
        "m_h": _aspcap("PARAM_M_H"),
        "alpha_m": _aspcap("PARAM_ALPHA_M"),
    },
    required=("LAMOST_ID", "APOGEE_ID", "PARAM_M_H"),
    checked_on="a real file",
)

_LAMOST_REFERENCE = CatalogLayout(
    name="lamost_reference",
    survey="value_added",
    product="lamost_reference",
    table="reference_star",
    title="APOGEE DR12's labels by names of LAMOST's files (Ho et al. 2017), without positions",
    columns={"external_id": Field("#id", "id")},
    labels={
        "teff": _aspcap("teff"),
        "logg": _aspcap("logg"),
        "fe_h": _aspcap("feh"),
        # Its values are those of APOGEE's PARAM_ALPHA_M.
        "alpha_m": _aspcap("alpha"),
    },
    required=("teff", "logg", "feh", "alpha"),
    absent=("ra", "RAdeg", "obsid"),
    checked_on="a real file",
)

_DR12_ELEMENTS = ("al", "ca", "c", "k", "mg", "mn", "na", "ni", "n", "o", "si", "s", "ti", "v")

# These are APOGEE's stars by APOGEE's names, so they go where allStar's rows go. The table tells
# no positions but in the names, which 2MASS made from 1997 to 2001.
_APOGEE_LABELS = CatalogLayout(
    name="apogee_dr12_labels",
    survey="apogee",
    product="labels",
    table="apogee_star",
    title="APOGEE DR12's labels without positions other than in the stars' names",
    columns={
        "external_id": Field("FILE"),
        "apogee_id": Field("APOGEE_ID"),
        "ra": Made(right_ascension, Field("APOGEE_ID", kind="text")),
        "dec": Made(declination, Field("APOGEE_ID", kind="text")),
        "ref_epoch": Constant(2000.0),
    },
    labels={
        "teff": _aspcap("TEFF"),
        "logg": _aspcap("LOGG"),
        "m_h": _aspcap("PARAM_M_H"),
        "alpha_m": _aspcap("PARAM_ALPHA_M"),
        "fe_h": _aspcap("FE_H"),
        **{f"{name}_h": _aspcap(f"{name}_H") for name in _DR12_ELEMENTS},
    },
    required=("TEFF", "LOGG", "FE_H", "PARAM_M_H"),
    absent=("RA", "DEC"),
    checked_on="a real file",
)

_PAYNE_ELEMENTS = (
    "c", "n", "o", "na", "mg", "al", "si", "p", "s", "k", "ca", "ti", "v", "cr", "mn", "fe", "co",
    "ni", "cu", "ge",
)  # fmt: skip

_APOGEE_PAYNE = CatalogLayout(
    name="apogee_payne",
    survey="apogee",
    product="payne",
    table="apogee_star",
    title="Labels of APOGEE DR14 by The Payne (Ting et al. 2019)",
    columns={
        "external_id": Field("APOGEE_ID", "APOGEE ID", "APOGEE", "2MASS"),
        "apogee_id": Field("APOGEE_ID", "APOGEE ID", "APOGEE", "2MASS"),
        "ra": Field("RA", "RAdeg", "RA_ICRS", "RAJ2000"),
        "dec": Field("DEC", "DEdeg", "DE_ICRS", "DEJ2000"),
        "ref_epoch": Constant(2000.0),
    },
    labels={
        "teff": _payne("Teff", "Teff [K]"),
        "logg": _payne("logg", "log g"),
        "vmic": _payne("vturb", "Vturb", "vmic", "vturb [km/s]"),
        "vmac": _payne("vmacro", "Vmacro", "vmacro [km/s]"),
        "c12_c13": _payne("C12/C13", "C12_C13", "12C/13C"),
        **{
            f"{name}_h": _payne(
                f"[{SYMBOLS[name]}/H]", f"__{SYMBOLS[name]}_H_", f"{SYMBOLS[name]}_H"
            )
            for name in _PAYNE_ELEMENTS
        },
    },
    required=("Teff", "vmacro"),
    absent=("ASPCAPFLAG",),
)

_BENCHMARK_ELEMENTS = ("mg", "si", "ca", "ti", "sc", "v", "cr", "mn", "co", "ni")

# The identifiers of StarID4 are those of Gaia DR2: the table was made for GALAH DR3 before EDR3.
_BENCHMARKS = CatalogLayout(
    name="galah_benchmarks",
    survey="value_added",
    product="galah_benchmarks",
    table="reference_star",
    title="GALAH's spectra of Gaia FGK benchmark stars (version 2.1; Jofré et al. 2018)",
    columns={
        "external_id": Field("sobject_id", kind="whole"),
        "ra": Field("RAJ2000"),
        "dec": Field("DEJ2000"),
        "ref_epoch": Constant(2000.0),
        "gaia_dr2_source_id": Field("StarID4", nulls=(_NOTHING,)),
    },
    labels={
        "teff": LabelSource(
            Field("Teff", nulls=(-32768,)),
            error=Field("e_Teff", nulls=(-32768,)),
            definition="from angular diameter and bolometric flux",
        ),
        "logg": with_error("logg", errors=["e_logg"], definition="from mass, radius and parallax"),
        "fe_h": with_error(
            "__Fe_H_", errors=["e__Fe_H_"], equilibrium="NLTE", definition="[Fe/H], corrected"
        ),
        **{
            f"{name}_h": with_error(
                f"__{SYMBOLS[name]}_H_",
                errors=[f"e__{SYMBOLS[name]}_H_"],
                equilibrium="LTE",
                solar_scale="the table's own abundances of the Sun",
            )
            for name in _BENCHMARK_ELEMENTS
        },
    },
    required=("StarID4", "SimbadName", "__Fe_H_"),
    checked_on="a real file",
)

REFERENCE_TABLES = (
    _BENCHMARKS,
    _LAMOST_APOGEE,
    _LAMOST_REFERENCE,
    _APOGEE_PAYNE,
    _APOGEE_LABELS,
)
