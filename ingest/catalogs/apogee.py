"""APOGEE's catalogs: allStar of DR12 to DR17, and allVisit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from starledger.ingest.catalogs.identifiers import dotted, padded
from starledger.ingest.catalogs.layout import CatalogLayout, Field, LabelSource, Made, Source
from starledger.schema.labels import ELEMENTS

_NULLS = (-9999, -9999.99)
_NO_ERROR = (*_NULLS, -1, 0)
_NO_VELOCITY = (*_NULLS, 999999, -999999)
_NO_ID = (0, -1, -9999)


def unsigned(flags: pa.Array) -> pa.Array:
    """Return flags of 32 bits without the sign that the highest one gives them."""
    return pc.if_else(pc.less(flags, 0), pc.add(flags, 2**32), flags)


def power_of_ten(logarithm: pa.Array) -> pa.Array:
    """Return what decimal logarithms are of."""
    return pc.power(10.0, logarithm)


def visit_identity(
    telescope: pa.Array, plate: pa.Array, night: pa.Array, fibre: pa.Array, star: pa.Array
) -> pa.Array:
    """Return telescope, plate, night and fibre, which name the file of a visit.

    The telescope of 1 m points one fibre at star after star: there the star stands for the fibre.
    """
    last = pc.if_else(pc.equal(telescope, "apo1m"), star, padded(fibre, 3))
    return dotted(telescope, plate, night, last)


def early_visit_identity(
    location: pa.Array, plate: pa.Array, night: pa.Array, fibre: pa.Array, star: pa.Array
) -> pa.Array:
    """Return the same of tables without the telescope; location 1 is that of the 1 m."""
    telescope = pc.if_else(pc.equal(location, 1), "apo1m", "apo25m")
    return visit_identity(telescope, plate, night, fibre, star)


@dataclass(frozen=True)
class _Analysis:
    """How the labels of some data releases were measured."""

    solar: str
    nlte: Collection[str] = ()


_STAR: Mapping[str, Source] = {
    # A star in two fields, or seen in commissioning too, has a row and an identifier for each.
    "external_id": Field("APSTAR_ID"),
    "apogee_id": Field("APOGEE_ID"),
    "ra": Field("RA"),
    "dec": Field("DEC"),
    "telescope": Field("TELESCOPE", optional=True),
    "field": Field("FIELD", optional=True),
    "n_visits": Field("NVISITS", optional=True),
    "star_flags": Made(unsigned, Field("STARFLAG", kind="whole", optional=True)),
    "survey_flags": Made(unsigned, Field("ASPCAPFLAG", kind="whole", optional=True)),
    "snr": Field("SNR", nulls=_NULLS, optional=True),
    "chi2": Field("ASPCAP_CHI2", "PARAM_CHI2", nulls=_NULLS, optional=True),
    "rv": Field("VHELIO_AVG", nulls=_NO_VELOCITY, optional=True),
    "err_rv": Field("VERR", nulls=(*_NO_VELOCITY, -1, 0), optional=True),
}


def _parameter(column: str, number: int | None = None) -> LabelSource:
    """Return a parameter of the star, whose flag is an element of PARAMFLAG."""
    flag = None if number is None else Field("PARAMFLAG", element=number)
    return LabelSource(Field(column, nulls=_NULLS), Field(f"{column}_ERR", nulls=_NO_ERROR), flag)


def _mean(column: str, number: int, how: _Analysis, definition: str) -> LabelSource:
    """Return an abundance of several elements, fitted with the parameters of the star."""
    return LabelSource(
        Field(column, nulls=_NULLS),
        Field(f"{column}_ERR", nulls=_NO_ERROR),
        Field("PARAMFLAG", element=number),
        solar_scale=how.solar,
        definition=definition,
    )


def _abundances(over: str, how: _Analysis) -> dict[str, LabelSource]:
    """Return [Fe/H] and the elements over hydrogen or iron; those that are there count."""
    labels = {}
    for element in ELEMENTS:
        column = f"{element.symbol.upper()}_{'H' if element.symbol == 'Fe' else over}"
        labels[column.lower()] = LabelSource(
            Field(column, nulls=_NULLS),
            Field(f"{column}_ERR", nulls=_NO_ERROR),
            Field(f"{column}_FLAG"),
            solar_scale=how.solar,
            equilibrium="NLTE" if element.symbol in how.nlte else "LTE",
        )
    return labels


_M_H = "all metals scaled together, from the fit of the whole spectrum"
_ALPHA_M = "O, Mg, Si, S, Ca and Ti scaled together, from the fit of the whole spectrum"


def _labels(how: _Analysis) -> dict[str, LabelSource]:
    """Return the labels as they are named since DR13."""
    return {
        "teff": _parameter("TEFF", 0),
        "logg": _parameter("LOGG", 1),
        "vmic": _parameter("VMICRO", 2),
        "vmac": _parameter("VMACRO"),
        "vsini": _parameter("VSINI"),
        "m_h": _mean("M_H", 3, how, _M_H),
        "alpha_m": _mean("ALPHA_M", 6, how, _ALPHA_M),
        **_abundances("FE", how),
    }


def _dr12_labels(how: _Analysis) -> dict[str, LabelSource]:
    """Return the labels of DR12: [X/H], and microturbulence as a logarithm in a vector alone."""
    log_vmic = Field("PARAM", element=2, nulls=_NULLS, kind="number", unit="km/s")
    return {
        "teff": _parameter("TEFF", 0),
        "logg": _parameter("LOGG", 1),
        "vmic": LabelSource(Made(power_of_ten, log_vmic), flag=Field("PARAMFLAG", element=2)),
        "m_h": _mean("PARAM_M_H", 3, how, _M_H),
        "alpha_m": _mean("PARAM_ALPHA_M", 6, how, _ALPHA_M),
        **_abundances("H", how),
    }


_ASPLUND = _Analysis("Asplund et al. (2005)")
_GREVESSE = _Analysis("Grevesse et al. (2007)")
_SYNSPEC = _Analysis("Grevesse et al. (2007)", ("Na", "Mg", "K", "Ca"))

ALL_STAR_DR17 = CatalogLayout(
    name="apogee_allstar_dr17",
    survey="apogee",
    product="allstar",
    table="apogee_star",
    title="APOGEE DR17, allStar (Abdurro'uf et al. 2022)",
    columns={**_STAR, "gaia_dr3_source_id": Field("GAIAEDR3_SOURCE_ID", nulls=_NO_ID)},
    labels=_labels(_SYNSPEC),
    required=("TEFF", "FE_H", "MG_FE"),
)

ALL_STAR_DR16 = CatalogLayout(
    name="apogee_allstar_dr16",
    survey="apogee",
    product="allstar",
    table="apogee_star",
    title="APOGEE DR16, allStar (Jönsson et al. 2020)",
    columns={**_STAR, "gaia_dr2_source_id": Field("GAIA_SOURCE_ID", nulls=_NO_ID)},
    labels=_labels(_GREVESSE),
    required=("TEFF", "FE_H", "MG_FE"),
    absent=("GAIAEDR3_SOURCE_ID",),
    checked_on="a simulated file",
)

ALL_STAR_DR13 = CatalogLayout(
    name="apogee_allstar_dr13",
    survey="apogee",
    product="allstar",
    table="apogee_star",
    title="APOGEE DR13 to DR15, allStar (Holtzman et al. 2018)",
    columns=_STAR,
    labels=_labels(_ASPLUND),
    required=("TEFF", "FE_H", "MG_FE"),
    absent=("GAIAEDR3_SOURCE_ID", "GAIA_SOURCE_ID"),
)

ALL_STAR_DR12 = CatalogLayout(
    name="apogee_allstar_dr12",
    survey="apogee",
    product="allstar",
    table="apogee_star",
    title="APOGEE DR12, allStar (Holtzman et al. 2015)",
    columns=_STAR,
    labels=_dr12_labels(_ASPLUND),
    required=("TEFF", "FE_H", "MG_H", "PARAM"),
    checked_on="a real file",
)

_VISIT: Mapping[str, Source] = {
    "ra": Field("RA"),
    "dec": Field("DEC"),
    "designation": Field("APOGEE_ID"),
    "mjd": Field("MJD"),
    "plate": Field("PLATE"),
    "fiber": Field("FIBERID", kind="whole"),
    "file_name": Field("FILE", optional=True),
    "survey_flags": Made(unsigned, Field("STARFLAG", kind="whole", optional=True)),
    "snr": Field("SNR", nulls=_NULLS, optional=True),
    "rv": Field("VHELIO", nulls=_NO_VELOCITY),
    "err_rv": Field("VRELERR", nulls=(*_NO_VELOCITY, -1, 0), optional=True),
}
_NAMES_OF_VISIT = (
    Field("PLATE", kind="text"),
    Field("MJD", kind="whole"),
    Field("FIBERID", kind="whole"),
    Field("APOGEE_ID", kind="text"),
)
_OF_RV = "of the template that the velocity was measured with"


def _rv_template() -> dict[str, LabelSource]:
    columns = {"teff": "RV_TEFF", "logg": "RV_LOGG", "fe_h": "RV_FEH"}
    return {
        label: LabelSource(Field(column, nulls=_NO_VELOCITY), definition=_OF_RV)
        for label, column in columns.items()
    }


ALL_VISIT = CatalogLayout(
    name="apogee_allvisit",
    survey="apogee",
    product="allvisit",
    table="survey_visit",
    title="APOGEE, allVisit",
    columns={
        "external_id": Made(visit_identity, Field("TELESCOPE", kind="text"), *_NAMES_OF_VISIT),
        **_VISIT,
    },
    labels=_rv_template(),
    checked_on="a simulated file",
)

ALL_VISIT_EARLY = CatalogLayout(
    name="apogee_allvisit_early",
    survey="apogee",
    product="allvisit",
    table="survey_visit",
    title="APOGEE before DR16, allVisit without the telescope",
    columns={
        "external_id": Made(
            early_visit_identity, Field("LOCATION_ID", kind="whole"), *_NAMES_OF_VISIT
        ),
        **_VISIT,
    },
    labels=_rv_template(),
    absent=("TELESCOPE",),
)

LAYOUTS = (
    ALL_STAR_DR17,
    ALL_STAR_DR16,
    ALL_STAR_DR13,
    ALL_STAR_DR12,
    ALL_VISIT,
    ALL_VISIT_EARLY,
)
