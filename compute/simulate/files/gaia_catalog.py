"""Gaia's tables: sources of DR2 and DR3, which of the one is which of the other, and wide pairs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.simulate.observe.sky_motion import positions_at
from starledger.compute.simulate.population.stars import Stars
from starledger.compute.synthesis.labels import label_index

Floats = NDArray[np.float64]

EPOCHS = {"dr2": 2015.5, "dr3": 2016.0}
_SOLUTIONS = {"dr2": 1635721458409799680, "dr3": 1636148068921376768}
_WORSE = {"dr2": 1.4, "dr3": 1.0}
"""Errors of the data releases relative to DR3."""
_BRIGHT_ERROR = 0.015
_RV_FAINT = {"dr2": 12.5, "dr3": 14.0}
_TWO_PARAMETER_SHARE = 0.01
_SECOND_NEIGHBOUR_SHARE = 0.01
_CHANCE = 1e-4
"""How likely a pair is by chance, as its catalog says it: ours never are."""

UNITS: dict[str, str] = {
    "ref_epoch": "yr", "ra": "deg", "ra_error": "mas", "dec": "deg", "dec_error": "mas",
    "parallax": "mas", "parallax_error": "mas", "pmra": "mas / yr", "pmra_error": "mas / yr",
    "pmdec": "mas / yr", "pmdec_error": "mas / yr", "phot_g_mean_mag": "mag",
    "phot_bp_mean_mag": "mag", "phot_rp_mean_mag": "mag", "bp_rp": "mag",
    "radial_velocity": "km / s", "radial_velocity_error": "km / s", "angular_distance": "mas",
    "magnitude_difference": "mag",
}  # fmt: skip


def _error(magnitude: Floats, release: str) -> Floats:
    """Error of the parallax in mas."""
    faint = 10 ** (0.2 * np.maximum(magnitude - 14.0, 0.0))
    return np.asarray(_WORSE[release] * _BRIGHT_ERROR * faint)


def source_columns(
    stars: Stars, release: str, quality: Quality, rng: np.random.Generator
) -> dict[str, NDArray[np.generic]]:
    """Return columns of ``gaia_source``; what Gaia does not give is NaN.

    Parameters
    ----------
    stars
        The sources.
    release
        ``dr2`` or ``dr3``.
    quality
        Realistic: a hundredth of the sources has neither parallax nor proper motion, faint ones
        have no radial velocity, and RUWE tells binaries.
    rng
        Source of the errors.
    """
    magnitude = stars.magnitude("g")
    error = _error(magnitude, release)
    position = positions_at(stars, EPOCHS[release])
    scatter = rng.standard_normal((6, len(stars)))
    degrees = error / 3.6e6
    ids = getattr(stars, f"gaia_{release}_source_id")
    columns: dict[str, NDArray[np.generic]] = {
        "solution_id": np.full(len(stars), _SOLUTIONS[release]),
        "designation": np.array([f"Gaia {release.upper()} {i}" for i in ids]),
        "source_id": ids,
        "ref_epoch": np.full(len(stars), EPOCHS[release]),
        "ra": position.ra + scatter[0] * degrees / np.cos(np.radians(position.dec)),
        "ra_error": error,
        "dec": position.dec + scatter[1] * degrees,
        "dec_error": error,
    }
    motions = {"parallax": 1.0, "pmra": 1.1, "pmdec": 1.0}
    given = np.ones(len(stars), dtype=bool)
    if quality is Quality.REALISTIC:
        given = rng.random(len(stars)) >= _TWO_PARAMETER_SHARE
    for (name, size), noise in zip(motions.items(), scatter[2:5], strict=True):
        truth = getattr(stars, name)
        columns[name] = np.where(given, truth + noise * error * size, np.nan)
        columns[f"{name}_error"] = np.where(given, error * size, np.nan)
    columns |= _photometry(stars, release, quality, rng)
    return columns | _velocities(stars, release, quality, scatter[5])


def _photometry(
    stars: Stars, release: str, quality: Quality, rng: np.random.Generator
) -> dict[str, NDArray[np.generic]]:
    g, bp, rp = (stars.magnitude(band) for band in ("g", "bp", "rp"))
    noise = 0.001 * _WORSE[release] * rng.standard_normal((3, len(stars)))
    bp, rp = bp + 2 * noise[1], rp + 2 * noise[2]
    columns: dict[str, NDArray[np.generic]] = {
        "phot_g_mean_mag": g + noise[0],
        "phot_bp_mean_mag": bp,
        "phot_rp_mean_mag": rp,
        "bp_rp": bp - rp,
    }
    ruwe = 1.0 + 0.05 * np.abs(rng.standard_normal(len(stars)))
    if quality is Quality.REALISTIC:
        period = stars.companions.period
        wobbling = stars.companions.exists & (period > 100) & (period < 5000)
        ruwe = np.where(wobbling, ruwe + rng.exponential(1.0, len(stars)), ruwe)
    return columns | ({"ruwe": ruwe} if release == "dr3" else {})


def _velocities(
    stars: Stars, release: str, quality: Quality, scatter: Floats
) -> dict[str, NDArray[np.generic]]:
    magnitude = stars.magnitude("g")
    error = 0.3 * 10 ** (0.25 * np.maximum(magnitude - 10.0, 0.0))
    binary = np.where(stars.companions.exists, 0.3 * stars.companions.k1, 0.0)
    stated = np.hypot(error, binary)
    given = magnitude < _RV_FAINT[release]
    if quality is Quality.REALISTIC:
        given &= stars.labels[:, label_index("teff")] < 7000.0
    return {
        "radial_velocity": np.where(given, stars.rv + scatter * stated, np.nan),
        "radial_velocity_error": np.where(given, stated, np.nan),
    }


def neighbourhood_columns(
    stars: Stars, quality: Quality, rng: np.random.Generator
) -> dict[str, NDArray[np.generic]]:
    """Return columns of ``dr2_neighbourhood``: every DR2 source with its DR3 neighbours.

    In the realistic quality a hundredth of the sources has a second, fainter neighbour.
    """
    count = len(stars)
    second = np.zeros(count, dtype=bool)
    if quality is Quality.REALISTIC:
        second = rng.random(count) < _SECOND_NEIGHBOUR_SHARE
    row = np.sort(np.concatenate([np.arange(count), np.flatnonzero(second)]))
    other = np.concatenate([[False], row[1:] == row[:-1]])
    distance = np.where(other, rng.uniform(300, 2000, len(row)), rng.exponential(0.3, len(row)))
    fainter = np.where(other, -rng.uniform(1, 5, len(row)), 0.01 * rng.standard_normal(len(row)))
    return {
        "dr2_source_id": stars.gaia_dr2_source_id[row],
        # A neighbour of the same cell of the sky, with the next running number.
        "dr3_source_id": stars.gaia_dr3_source_id[row] + other,
        "angular_distance": distance,
        "magnitude_difference": fainter,
        "proper_motion_propagation": np.full(len(row), "true"),
    }


def wide_binary_columns(
    stars: Stars, sources: Mapping[str, NDArray[np.generic]]
) -> dict[str, NDArray[np.generic]]:
    """Return columns as the catalog of wide binaries (El-Badry et al. 2021) has them, a pair a row.

    Parameters
    ----------
    stars
        All stars, those without a partner too.
    sources
        The columns of their sources in DR3.
    """
    first = np.flatnonzero(stars.wide_partner > np.arange(len(stars)))
    of_pair = {1: first, 2: stars.wide_partner[first]}
    columns: dict[str, NDArray[np.generic]] = {}
    for name in ("source_id", "ra", "dec", "pmra", "pmdec", "parallax"):
        columns |= {f"{name}{member}": sources[name][rows] for member, rows in of_pair.items()}
    columns["R_chance_align"] = np.full(len(first), _CHANCE)
    columns["binary_type"] = np.full(len(first), "MSMS")
    return columns


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)


def csv_lines(columns: Mapping[str, NDArray[np.generic]]) -> list[str]:
    """Return the rows of columns as CSV; NaN is an empty field, as in Gaia's archive.

    Examples
    --------
    >>> csv_lines({"source_id": np.array([7]), "parallax": np.array([np.nan])})
    ['7,']
    """
    return [",".join(map(_text, row)) for row in zip(*columns.values(), strict=True)]


_ECSV_TYPES = {"i": "int64", "f": "float64", "U": "string", "b": "bool"}


def ecsv_head(columns: Mapping[str, NDArray[np.generic]]) -> str:
    """Return the header of an ECSV file of these columns, comma-separated, with units."""
    lines = ["# %ECSV 1.0", "# ---", "# delimiter: ','", "# datatype:"]
    for name, values in columns.items():
        unit = f", unit: {UNITS[name]}" if name in UNITS else ""
        lines.append(f"# - {{name: {name}{unit}, datatype: {_ECSV_TYPES[values.dtype.kind]}}}")
    return "\n".join([*lines, ",".join(columns)])
