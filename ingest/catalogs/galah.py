"""GALAH's catalogs of stars and spectra, DR2 to DR4."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from starledger.ingest.catalogs.layout import CatalogLayout, Constant, Field, LabelSource, Source
from starledger.schema.labels import ELEMENTS

_NO_ID = (0, -1, -9999, 999999)
_BROADENING = "rotation and macroturbulence together, fitted as vsini with vmac = 0"


def _labels(solar: str, nlte: Collection[str]) -> dict[str, LabelSource]:
    """Return the labels of a data release; of the elements, those that are there count.

    Parameters
    ----------
    solar
        The solar scale of the abundances.
    nlte
        Symbols of the elements that were not fitted in LTE.
    """
    labels = {
        "teff": LabelSource(Field("teff"), Field("e_teff")),
        "logg": LabelSource(Field("logg"), Field("e_logg")),
        "vmic": LabelSource(Field("vmic"), Field("e_vmic")),
        "vsini": LabelSource(
            Field("vsini", "vbroad"), Field("e_vsini", "e_vbroad"), definition=_BROADENING
        ),
        "fe_h": _abundance("fe_h", solar, "Fe" in nlte),
        "alpha_fe": replace(
            _abundance("alpha_fe", solar, False),
            equilibrium="unknown",
            definition="weighted mean of Mg, Si, Ca and Ti",
        ),
    }
    for element in ELEMENTS:
        if element.symbol != "Fe":
            name = f"{element.symbol.lower()}_fe"
            labels[name] = _abundance(name, solar, element.symbol in nlte)
    return labels


def _abundance(name: str, solar: str, nlte: bool) -> LabelSource:
    return LabelSource(
        Field(name),
        Field(f"e_{name}"),
        Field(f"flag_{name}"),
        solar_scale=solar,
        equilibrium="NLTE" if nlte else "LTE",
    )


_IDENTITY: Mapping[str, Source] = {
    "external_id": Field("sobject_id", kind="whole"),
    "sobject_id": Field("sobject_id"),
    "tmass_id": Field("star_id", "tmass_id", optional=True),
}

DR2 = CatalogLayout(
    name="galah_dr2",
    survey="galah",
    product="allstar",
    table="galah_star",
    title="GALAH DR2 (Buder et al. 2018)",
    columns={
        **_IDENTITY,
        "gaia_dr2_source_id": Field("gaia_id", nulls=_NO_ID, optional=True),
        "ra": Field("raj2000"),
        "dec": Field("dej2000"),
        "ref_epoch": Constant(2000.0),
        "survey_flags": Field("flag_cannon", optional=True),
        "snr": Field("snr_c2", optional=True),
        "chi2": Field("chi2_cannon", optional=True),
        "rv": Field("rv_synt", optional=True),
        "err_rv": Field("e_rv_synt", optional=True),
    },
    labels=_labels("Buder et al. (2018)", {"Li", "O", "Na", "Mg", "Al", "Si", "Fe"}),
    required=("teff", "flag_cannon"),
    checked_on="a simulated file",
)

_DR3_COLUMNS: Mapping[str, Source] = {
    **_IDENTITY,
    # Taken over from Gaia DR2, in version 1 under its own names.
    "ra": Field("ra_dr2", "ra"),
    "dec": Field("dec_dr2", "dec"),
    "ref_epoch": Constant(2015.5),
    "survey_flags": Field("flag_sp"),
    "snr": Field("snr_c3_iraf", optional=True),
    "chi2": Field("chi2_sp", optional=True),
    "rv": Field("rv_galah", optional=True),
    "err_rv": Field("e_rv_galah", optional=True),
}

DR3 = CatalogLayout(
    name="galah_dr3",
    survey="galah",
    product="allstar",
    table="galah_star",
    title="GALAH DR3 version 2, main_allstar (Buder et al. 2021)",
    columns={
        **_DR3_COLUMNS,
        "gaia_dr2_source_id": Field("dr2_source_id", nulls=_NO_ID),
        "gaia_dr3_source_id": Field("dr3_source_id", nulls=_NO_ID),
    },
    labels=_labels(
        "zero points of Buder et al. (2021)",
        {"Li", "C", "O", "Na", "Mg", "Al", "Si", "K", "Ca", "Mn", "Fe", "Ba"},
    ),
    required=("teff",),
    checked_on="a simulated file",
)

# Version 1 came before Gaia EDR3: its source_id is that of DR2.
DR3_V1 = replace(
    DR3,
    name="galah_dr3_v1",
    title="GALAH DR3 version 1, main_allstar (Buder et al. 2021)",
    columns={**_DR3_COLUMNS, "gaia_dr2_source_id": Field("source_id", nulls=_NO_ID)},
    required=("teff", "flag_fe_h"),
    absent=("dr2_source_id", "dr3_source_id"),
    checked_on="its published description",
)


def _of_spectra(stars: CatalogLayout) -> CatalogLayout:
    """Return the layout of all spectra, repeats included: it has the single lines besides."""
    return replace(
        stars,
        name=f"{stars.name}_allspec",
        product="allspec",
        title=stars.title.replace("allstar", "allspec"),
        required=(*stars.required, "ind_Mg5711_fe"),
        checked_on="its published description",
    )


DR3_STRUCTURE = replace(
    DR3_V1,
    name="galah_dr3_structure",
    # Its one row is made up, and no star of the survey: it must not come among them.
    product="structure",
    title="GALAH DR3, the structure of the pipeline's output",
    required=("teff", "A_Fe", "flag_A_Fe"),
    absent=("flag_fe_h",),
    checked_on="a real file",
)

DR4 = CatalogLayout(
    name="galah_dr4",
    survey="galah",
    product="allstar",
    table="galah_star",
    title="GALAH DR4, allstar and allspec (Buder et al. 2024)",
    columns={
        **_IDENTITY,
        "gaia_dr3_source_id": Field("gaiadr3_source_id", nulls=_NO_ID),
        "ra": Field("ra"),
        "dec": Field("dec"),
        "ref_epoch": Constant(2016.0),
        "survey_flags": Field("flag_sp"),
        "snr": Field("snr_px_ccd3", optional=True),
        "chi2": Field("chi2_sp", optional=True),
        "rv": Field("rv_comp_1", optional=True),
        "err_rv": Field("e_rv_comp_1", optional=True),
    },
    labels=_labels(
        "Buder et al. (2024)",
        {"Li", "C", "N", "O", "Na", "Mg", "Al", "Si", "K", "Ca", "Mn", "Fe", "Ba"},
    ),
    required=("teff",),
)

LAYOUTS = (
    DR4,
    _of_spectra(DR3),
    DR3,
    _of_spectra(DR3_V1),
    DR3_V1,
    DR3_STRUCTURE,
    DR2,
)
