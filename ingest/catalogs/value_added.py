"""Tables that others made of surveys' spectra: labels of stars, wide pairs, hot and dense stars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starledger.ingest.catalogs.layout import (
    CatalogLayout,
    Constant,
    Field,
    LabelSource,
    Source,
)
from starledger.schema.labels import ELEMENTS

NULLS = (-9999, -999, -9.99e9)
GAIA_DR2, GAIA_DR3 = 2015.5, 2016.0
"""Reference epochs of Gaia's positions, Julian years; those of EDR3 and DR3 are the same."""
SYMBOLS = {element.symbol.lower(): element.symbol for element in ELEMENTS}
_ASPLUND_2009 = "Asplund et al. (2009)"


def some(*names: str, unit: str | None = None) -> Field:
    """Return a column of numbers that may be missing from the table."""
    return Field(*names, nulls=NULLS, unit=unit, optional=True)


def gaia(*names: str) -> Field:
    """Return a column of Gaia identifiers, which may come behind ``Gaia DR2`` or alike."""
    return Field(*names, nulls=NULLS, optional=True)


def with_error(*names: str, errors: Sequence[str], **about: str) -> LabelSource:
    """Return a label whose value and error have each one of some names."""
    return LabelSource(some(*names), error=some(*errors), **about)  # type: ignore[arg-type]


def member(number: int) -> Mapping[str, Source]:
    """Return what a row on two stars tells of one of them."""
    other = 3 - number
    return {
        "external_id": Field(f"source_id{number}", kind="whole"),
        "partner_external_id": Field(f"source_id{other}", kind="whole"),
        "gaia_dr3_source_id": Field(f"source_id{number}"),
        "ra": Field(f"ra{number}"),
        "dec": Field(f"dec{number}"),
        "pmra": some(f"pmra{number}"),
        "pmdec": some(f"pmdec{number}"),
        "rv": some(f"dr2_radial_velocity{number}"),
        "err_rv": some(f"dr2_radial_velocity_error{number}"),
    }


# Pairs that share a star were left out of the published table, so that a star is in it once.
_WIDE_BINARIES = CatalogLayout(
    name="wide_binaries",
    survey="value_added",
    product="wide_binaries",
    table="reference_star",
    title="Wide binaries of Gaia EDR3 (El-Badry et al. 2021), two stars a row",
    columns={"ref_epoch": Constant(GAIA_DR3), "class_name": Field("binary_type", optional=True)},
    members=(member(1), member(2)),
    required=("R_chance_align",),
)

_SUBGIANTS = CatalogLayout(
    name="subgiants",
    survey="value_added",
    product="subgiants",
    table="reference_star",
    title="Subgiants of LAMOST DR7 with ages (Xiang & Rix 2022)",
    columns={
        "external_id": Field("SPECID", "LAMOSTID", "LMID", "spec_id"),
        "ra": Field("RA", "RAdeg", "RA_ICRS"),
        "dec": Field("DEC", "DEdeg", "DE_ICRS"),
        "gaia_dr3_source_id": gaia("GAIA_SOURCE_ID", "SOURCE_ID", "GaiaEDR3", "GAIAEDR3_SOURCE_ID"),
        "snr": some("SNR_G", "snrg", "SNR"),
        "rv": some("VLOS", "RV", "HRV"),
        "err_rv": some("VLOS_ERR", "RV_ERR", "e_RV"),
        "class_name": Constant("subgiant"),
    },
    labels={
        "teff": with_error("TEFF", errors=["TEFF_ERR", "e_Teff"], equilibrium="LTE"),
        "logg": with_error("LOGG", errors=["LOGG_ERR", "e_logg"], equilibrium="LTE"),
        "fe_h": with_error("FEH", "FE_H", "[Fe/H]", errors=["FEH_ERR", "FE_H_ERR", "e_[Fe/H]"]),
        "alpha_fe": with_error("ALPHA_FE", "AFE", "[a/Fe]", errors=["ALPHA_FE_ERR", "AFE_ERR"]),
        "age": with_error("AGE", errors=["AGE_ERR", "e_Age"]),
    },
    required=("AGE", "TEFF"),
)

_HOT_PAYNE = CatalogLayout(
    name="hotpayne",
    survey="value_added",
    product="hotpayne",
    table="reference_star",
    title="Hot stars of LAMOST DR6 by HotPayne (Xiang et al. 2022)",
    columns={
        "external_id": Field("SpecID"),
        "ra": Field("RAdeg", "RA", "RA_ICRS", optional=True),
        "dec": Field("DEdeg", "DEC", "DE_ICRS", optional=True),
        "gaia_dr3_source_id": gaia("GaiaEDR3", "GAIA_EDR3", "SourceID"),
        "snr": some("S/Ng", "SNR_G", "snrg"),
        "rv": some("RV"),
        "err_rv": some("e_RV"),
        "chi2": some("chi2"),
        "class_name": Constant("hot star"),
    },
    labels={
        "teff": with_error("Teff", errors=["e_Teff"], equilibrium="LTE"),
        "logg": with_error("logg", errors=["e_logg"], equilibrium="LTE"),
        "vmic": with_error("vmic", errors=["e_vmic"], equilibrium="LTE"),
        "vsini": with_error("vsini", errors=["e_vsini"], equilibrium="LTE"),
        **{
            f"{name}_h": with_error(
                f"[{symbol}/H]",
                f"__{symbol}_H_",
                f"{symbol}_H",
                errors=[f"e_[{symbol}/H]", f"e__{symbol}_H_"],
                equilibrium="LTE",
                solar_scale=_ASPLUND_2009,
            )
            for name, symbol in SYMBOLS.items()
            if name in {"c", "n", "o", "mg", "si", "fe"}
        },
    },
    required=("SpecID", "Teff", "logg"),
)

_DD_PAYNE_ELEMENTS = (
    "c", "n", "o", "na", "mg", "al", "si", "ca", "ti", "cr", "mn", "co", "ni", "cu", "ba",
)  # fmt: skip


def _dd_payne(*names: str) -> LabelSource:
    return LabelSource(
        some(*names),
        error=some(*(f"{name}_err" for name in names)),
        flag=some(*(f"{kind.format(name)}" for name in names for kind in ("flag_{}", "{}_flag"))),
        equilibrium="LTE",
        definition="by DD–Payne, on the scale of its APOGEE or GALAH labels; flag 1 is reliable",
    )


_DD_PAYNE = CatalogLayout(
    name="dd_payne",
    survey="value_added",
    product="dd_payne",
    table="reference_star",
    title="Labels of LAMOST DR5 by DD–Payne (Xiang et al. 2019)",
    columns={
        "external_id": Field("specid"),
        "ra": Field("ra"),
        "dec": Field("dec"),
        "ref_epoch": Constant(2000.0),
        "snr": some("snr_g"),
        "rv": some("rv"),
        "err_rv": some("rv_err"),
        "chi2": some("chi2"),
    },
    labels={
        "teff": _dd_payne("teff"),
        "logg": _dd_payne("logg"),
        "vmic": _dd_payne("vmic"),
        "fe_h": _dd_payne("feh", "fe_h"),
        "alpha_fe": _dd_payne("alpha_fe"),
        **{f"{name}_fe": _dd_payne(f"{name}_fe", f"{name}fe") for name in _DD_PAYNE_ELEMENTS},
    },
    required=("specid", "qflag_chi2", "teff"),
)

MADE_OF_SPECTRA = (_WIDE_BINARIES, _SUBGIANTS, _DD_PAYNE, _HOT_PAYNE)
"""Layouts of tables that were made of surveys' spectra or positions."""
