"""LAMOST's catalogs of visits at medium resolution (MRS): general and stellar parameters.

A row is one spectrum: a coadd or a single exposure, of one band or both.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from starledger.ingest.catalogs.lamost import FILE_PARTS, VISIT, gaia_id, lasp, number
from starledger.ingest.catalogs.lamost_names import medium_resolution_file
from starledger.ingest.catalogs.layout import CatalogLayout, Field, LabelSource, Made

_BANDS = ("br", "b", "r")
_VELOCITIES = tuple(number(f"rv_{band}1") for band in _BANDS)
_ERRORS = tuple(number(f"rv_{band}1_err") for band in _BANDS)
_NETWORK = "by SPCANet, trained on APOGEE with The Payne's labels (Wang et al. 2020)"
_ABUNDANCES = ("c", "n", "o", "mg", "al", "si", "s", "ca", "ti", "cr", "ni", "cu")


def error_of_first(*columns: pa.Array) -> pa.Array:
    """Return the error that belongs to the first of some velocities that is there.

    Parameters
    ----------
    *columns
        The velocities, then their errors in the same order.

    Examples
    --------
    >>> none, some, error = pa.array([None], pa.float64()), pa.array([7.0]), pa.array([0.5])
    >>> error_of_first(none, some, error, none).to_pylist()
    [None]
    """
    half = len(columns) // 2
    found = pa.nulls(len(columns[0]), pa.float64())
    for velocity, error in reversed(list(zip(columns[:half], columns[half:], strict=True))):
        found = pc.if_else(pc.is_valid(velocity), error, found)
    return found


def name_of_spectrum(
    visit: pa.Array, band: pa.Array, minute: pa.Array, coadd: pa.Array
) -> pa.Array:
    """Return a name for a spectrum where early releases give none: several share an ``obsid``.

    Examples
    --------
    >>> parts = ([700101001], ["B"], [84242511], [0])
    >>> name_of_spectrum(*map(pa.array, parts)).to_pylist()
    ['700101001-B-84242511-0']
    """
    parts = (part.cast(pa.string()) for part in (visit, band, minute, coadd))
    return pc.binary_join_element_wise(*parts, "-")


_COLUMNS = {
    **VISIT,
    "snr": number("snr"),
    # The velocity after the zero point was corrected, of both bands together where there is one.
    "rv": Made(pc.coalesce, *_VELOCITIES),
    "err_rv": Made(error_of_first, *_VELOCITIES, *_ERRORS),
    "file_name": Made(medium_resolution_file, *FILE_PARTS),
}
_NAMED = {"external_id": Field("mobsid")}
_UNNAMED = {
    "external_id": Made(
        name_of_spectrum,
        Field("obsid", kind="whole"),
        Field("band"),
        Field("lmjm", kind="whole"),
        Field("coadd", kind="whole"),
    )
}
_LABELS = {
    "teff": lasp("teff_lasp", "teff"),
    "logg": lasp("logg_lasp", "logg"),
    "fe_h": lasp("feh_lasp", "feh"),
    "vsini": lasp("vsini_lasp", "vsini"),
    "alpha_m": lasp("alpha_m_lasp", "alpha_m"),
    **{
        f"{element}_fe": LabelSource(number(f"{element}_fe"), definition=_NETWORK)
        for element in _ABUNDANCES
    },
}

LAMOST_MEDIUM_LAYOUTS = (
    CatalogLayout(
        name="lamost_mrs_stellar",
        survey="lamost",
        product="mrs_stellar",
        table="survey_visit",
        title="LAMOST MRS stellar parameters, each spectrum named (since DR8 v2.0)",
        columns={**_NAMED, **_COLUMNS, **gaia_id("dr3")},
        labels=_LABELS,
        required=("mobsid", "uid", "teff_lasp"),
    ),
    CatalogLayout(
        name="lamost_mrs_stellar_early",
        survey="lamost",
        product="mrs_stellar",
        table="survey_visit",
        title="LAMOST MRS stellar parameters, spectra without a name (up to DR8 v1.0)",
        columns={**_UNNAMED, **_COLUMNS, **gaia_id("dr2")},
        labels=_LABELS,
        required=("teff_lasp",),
        absent=("mobsid", "uid"),
    ),
    CatalogLayout(
        name="lamost_mrs_general",
        survey="lamost",
        product="mrs_general",
        table="survey_visit",
        title="LAMOST MRS general catalog, each spectrum named (since DR8 v2.0)",
        columns={**_NAMED, **_COLUMNS, **gaia_id("dr3")},
        required=("mobsid", "uid"),
        absent=("teff_lasp",),
    ),
    CatalogLayout(
        name="lamost_mrs_general_early",
        survey="lamost",
        product="mrs_general",
        table="survey_visit",
        title="LAMOST MRS general catalog, spectra without a name (up to DR8 v1.0)",
        columns={**_UNNAMED, **_COLUMNS, **gaia_id("dr2")},
        absent=("mobsid", "uid", "teff_lasp"),
    ),
)
