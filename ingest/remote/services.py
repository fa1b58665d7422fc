"""The services that we know by name, and their tables whose columns we want."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

GAIA_ID_SHIFT = 35
"""A Gaia id holds its nested HEALPix cell of order 12 above so many bits."""


@dataclass(frozen=True, slots=True)
class RemoteTable:
    """A table of a service.

    Parameters
    ----------
    name
        As the service spells it, with its schema.
    columns
        The columns to fetch.
    key
        A column of integers, by ranges of which the table is fetched.
    ra, dec
        Columns of the position (ICRS, degrees), where it has one.
    ledger_ids
        Columns of identifiers that the ledger knows, and under which name it knows them.
    release
        The data release of Gaia that the table belongs to.
    key_is_healpix
        Whether the key is a Gaia id, whose high bits tell the place on the sky.
    """

    name: str
    columns: tuple[str, ...]
    key: str
    ra: str | None = None
    dec: str | None = None
    ledger_ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    release: str | None = None
    key_is_healpix: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A TAP service.

    Parameters
    ----------
    name
        As commands spell it.
    url
        Its address, without ``/sync`` and ``/async``; none where the user gives it.
    upload_rows
        How many rows of a table of our own we send with a query; 0: none, lists stand in the query.
    sync_rows
        Rows that it gives at most to a query without a job, whatever it says of them.
    tables
        Its tables that we know, by name; others are described by the user.
    key
        The column of integers that every table of the service has, if so.
    """

    name: str
    url: str | None
    upload_rows: int = 0
    sync_rows: int | None = None
    tables: Mapping[str, RemoteTable] = field(default_factory=lambda: MappingProxyType({}))
    key: str | None = None


_ASTROMETRY = (
    "source_id", "ref_epoch", "ra", "ra_error", "dec", "dec_error", "parallax", "parallax_error",
    "pmra", "pmra_error", "pmdec", "pmdec_error", "pmra_pmdec_corr",
    "phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag",
)  # fmt: skip
_VELOCITY = ("radial_velocity", "radial_velocity_error")
_EARLY_VELOCITY = ("dr2_radial_velocity", "dr2_radial_velocity_error")
_PAIRS = (
    "dr2_source_id", "dr3_source_id", "angular_distance", "magnitude_difference",
    "proper_motion_propagation",
)  # fmt: skip


def _sources(schema: str, release: str, more: tuple[str, ...], known_as: str) -> RemoteTable:
    return RemoteTable(
        f"{schema}.gaia_source",
        (*_ASTROMETRY, *more),
        "source_id",
        "ra",
        "dec",
        MappingProxyType({"source_id": known_as}),
        release,
        key_is_healpix=True,
    )


def _pairs(schema: str, release: str) -> RemoteTable:
    ids = {"dr2_source_id": "gaia_dr2_source_id", "dr3_source_id": "gaia_dr3_source_id"}
    name = f"{schema}.dr2_neighbourhood"
    return RemoteTable(name, _PAIRS, "dr2_source_id", None, None, ids, release, key_is_healpix=True)


_GAIA_TABLES = (
    # DR2 keeps RUWE in a table of its own.
    _sources("gaiadr2", "dr2", _VELOCITY, "gaia_dr2_source_id"),
    # EDR3 has the sources of DR3 under the same ids, with the velocities of DR2.
    _sources("gaiaedr3", "edr3", ("ruwe", *_EARLY_VELOCITY), "gaia_dr3_source_id"),
    _sources("gaiadr3", "dr3", ("ruwe", *_VELOCITY), "gaia_dr3_source_id"),
    _pairs("gaiaedr3", "edr3"),
    _pairs("gaiadr3", "dr3"),
)

SERVICES = {
    service.name: service
    for service in (
        Service(
            "gaia",
            "https://gea.esac.esa.int/tap-server/tap",
            20_000,
            2000,
            {table.name: table for table in _GAIA_TABLES},
        ),
        Service("vizier", "https://tapvizier.cds.unistra.fr/TAPVizieR/tap", 20_000, key="recno"),
        Service("tap", None),
    )
}
"""The services by name. ``tap`` is any other, whose address and columns the user gives."""
