"""LAMOST's catalogs of visits at low resolution: general, stellar, A stars, M stars, white dwarfs.

Their columns are described with each data release (http://www.lamost.org/dr8/v2.0/doc and alike).
Up to DR8 v1.0 catalogs have magnitudes of the input catalog, and where they name a Gaia source it
is one of DR2. Since DR8 v2.0 they have ``uid``, the number of a group of visits, and the Gaia
source is one of DR3. So it is the columns that tell which Gaia identifiers are meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from starledger.ingest.catalogs.lamost_names import fiber_name, low_resolution_file
from starledger.ingest.catalogs.layout import (
    CatalogLayout,
    CheckedOn,
    Constant,
    Field,
    LabelSource,
    Made,
    Source,
)

LIGHT_SPEED = 299_792.458
"""In km/s."""

NULLS = (-9999, -9999.99)
LASP = "by LASP, with the empirical spectra of the ELODIE library (Luo et al. 2015)"
_OTHER_TABLES = ("mobsid", "lmjm", "teff", "kp12", "tio5", "hbeta_ew", "fe_uv_norm", "class_liter")
"""Columns of tables that have all that the general catalog has, and more."""


def velocity_of_star(redshift: pa.Array, kind: pa.Array) -> pa.Array:
    """Return the velocity in km/s of a redshift, of stars alone: that of a quasar is none.

    Examples
    --------
    >>> velocity_of_star(pa.array([1e-4, 3.2]), pa.array(["STAR", "QSO"])).to_pylist()
    [29.9792458, None]
    """
    nothing = pa.scalar(None, pa.float64())
    star = pc.equal(pc.utf8_upper(kind), "STAR")
    return pc.if_else(star, pc.multiply(redshift, LIGHT_SPEED), nothing)


def universal_day(night: pa.Array) -> pa.Array:
    """Return the modified Julian day of a local one, which LAMOST counts a day further.

    Not all data releases have the column ``mjd``; in those that have it, it is this.
    """
    return pc.subtract(night, 1.0)


def whole(*names: str) -> Field:
    """Return a column of whole numbers, whichever way they are written."""
    return Field(*names, nulls=NULLS, kind="whole")


def number(*names: str) -> Field:
    """Return a column of numbers that a catalog may leave out."""
    return Field(*names, nulls=NULLS, optional=True)


FILE_PARTS = (whole("lmjd"), Field("planid", kind="text"), whole("spid"), whole("fiberid"))

VISIT: Mapping[str, Source] = {
    "ra": Field("ra", "objra"),
    "dec": Field("dec", "objdec"),
    # Positions of the input catalogs, which are for J2000.0 whoever made them.
    "ref_epoch": Constant(2000.0),
    "survey_flags": number("fibermask"),
    "designation": Field("designation", "desig", optional=True),
    "mjd": Made(universal_day, Field("lmjd", nulls=NULLS, kind="number")),
    "plate": Field("planid"),
    "fiber": Made(fiber_name, whole("spid"), whole("fiberid")),
}
"""What all of LAMOST's lists of visits have, at low and medium resolution."""

_REDSHIFT = Field("z", nulls=NULLS, unit="dimensionless", kind="number")
_REDSHIFT_ERROR = Field("z_err", nulls=NULLS, unit="dimensionless", kind="number", optional=True)
_CLASS = Field("class", kind="text")
_BASE: Mapping[str, Source] = {
    "external_id": Field("obsid", kind="whole"),
    **VISIT,
    "rv": Made(velocity_of_star, _REDSHIFT, _CLASS),
    "err_rv": Made(velocity_of_star, _REDSHIFT_ERROR, _CLASS),
    **{f"snr_{band}": number(f"snr{band}") for band in "ugriz"},
    "class_name": Field("class"),
    "subclass": Field("subclass", nulls=("Non",)),
    "file_name": Made(low_resolution_file, *FILE_PARTS),
}
_OWN_VELOCITY: Mapping[str, Source] = {"rv": number("rv"), "err_rv": number("rv_err")}


def lasp(*names: str, definition: str = LASP, solar_scale: str | None = None) -> LabelSource:
    """Return a label whose error's column is named after it."""
    errors = [f"{name}_err" for name in names]
    return LabelSource(
        number(*names), error=number(*errors), definition=definition, solar_scale=solar_scale
    )


_PARAMETERS = {"teff": lasp("teff"), "logg": lasp("logg"), "fe_h": lasp("feh")}
_STELLAR_LABELS = {
    **_PARAMETERS,
    "alpha_m": lasp("alpha_m", definition="by matching MARCS spectra, as LAMOST tells it"),
}
_M_LABELS = {
    name: lasp(name, definition="of M stars, by matching BT-Settl spectra")
    for name in ("teff", "logg", "m_h")
}
_WHITE_DWARF_LABELS = {
    name: lasp(name, definition="of white dwarfs with hydrogen lines, from the Balmer lines")
    for name in ("teff", "logg")
}


@dataclass(frozen=True, slots=True)
class _Product:
    """A catalog in both generations; on what each is checked, the later one first."""

    name: str
    title: str
    labels: Mapping[str, LabelSource]
    columns: Mapping[str, Source]
    required: tuple[str, ...]
    absent: tuple[str, ...]
    checked_on: tuple[CheckedOn, CheckedOn]


_DESCRIBED: tuple[CheckedOn, CheckedOn] = ("its published description",) * 2
_PRODUCTS = (
    _Product(
        "mstars",
        "catalog of M stars",
        _M_LABELS,
        {},
        ("tio5", "cah2", "cah3"),
        (),
        _DESCRIBED,
    ),
    _Product(
        "astars", "catalog of the lines of A stars", {}, {}, ("kp12", "hdelta12"), (), _DESCRIBED
    ),
    _Product(
        "white_dwarfs",
        "catalog of white dwarfs",
        _WHITE_DWARF_LABELS,
        {"subclass": Field("wd_subclass")},
        ("wd_subclass",),
        (),
        _DESCRIBED,
    ),
    _Product(
        "stellar",
        "stellar parameters of A, F, G and K stars",
        _STELLAR_LABELS,
        _OWN_VELOCITY,
        ("teff", "logg", "feh"),
        ("mobsid", "lmjm", "tio5"),
        ("a simulated file", "a real file"),
    ),
    _Product(
        "general",
        "general catalog",
        {},
        {},
        (),
        (*_OTHER_TABLES, "wd_subclass"),
        ("a simulated file", "a simulated file"),
    ),
)


def gaia_id(release: str) -> Mapping[str, Source]:
    """Return where the identifier of a Gaia data release is told."""
    return {f"gaia_{release}_source_id": Field("gaia_source_id", nulls=NULLS, optional=True)}


def _in_both_generations(product: _Product) -> tuple[CatalogLayout, CatalogLayout]:
    shared = {
        "survey": "lamost",
        "product": product.name,
        "table": "survey_visit",
        "labels": product.labels,
    }
    columns = {**_BASE, **product.columns}
    later = CatalogLayout(
        **shared,  # type: ignore[arg-type]
        name=f"lamost_{product.name}",
        title=f"LAMOST LRS {product.title}, with groups of visits (since DR8 v2.0)",
        columns={**columns, **gaia_id("dr3")},
        required=("uid", *product.required),
        absent=product.absent,
        checked_on=product.checked_on[0],
    )
    earlier = CatalogLayout(
        **shared,  # type: ignore[arg-type]
        name=f"lamost_{product.name}_early",
        title=f"LAMOST LRS {product.title}, without groups of visits (up to DR8 v1.0)",
        columns={**columns, **gaia_id("dr2")},
        required=product.required,
        absent=("uid", *product.absent),
        checked_on=product.checked_on[1],
    )
    return later, earlier


LAMOST_LAYOUTS = tuple(one for product in _PRODUCTS for one in _in_both_generations(product))
