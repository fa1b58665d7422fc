"""GALAH's catalogs DR2 and DR3, with errors and flags as they come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.observe.batch import measured
from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.simulate.observe.sky_motion import positions_at
from starledger.compute.simulate.population.stars import Stars

Floats = NDArray[np.float64]

ELEMENTS = {
    "dr2": (
        "Li", "C", "O", "Na", "Mg", "Al", "Si", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Co",
        "Ni", "Cu", "Zn", "Y", "Ba", "La", "Eu",
    ),
    "dr3": (
        "Li", "C", "O", "Na", "Mg", "Al", "Si", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Co",
        "Ni", "Cu", "Zn", "Sr", "Y", "Zr", "Ba", "La", "Ce", "Nd", "Sm", "Eu",
    ),
}  # fmt: skip
_SPARSE = {"Li", "C", "Sr", "Zr", "La", "Ce", "Nd", "Sm", "Eu", "Co", "V"}
"""Elements that many stars show no line of."""
NOT_DETECTED, BAD_FIT = 32, 1
_FLAGGED_SHARE = 0.08
_ALPHA = ("mg", "si", "ca", "ti")


def _element_columns(release: str) -> list[tuple[str, str]]:
    names = []
    for element in ELEMENTS[release]:
        shown = element if release == "dr3" else element.lower()
        names += [(f"{shown}_fe", ">f4"), (f"e_{shown}_fe", ">f4"), (f"flag_{shown}_fe", ">i4")]
    return names


GALAH_DTYPES = {
    "dr2": np.dtype(
        [
            ("star_id", "S18"), ("sobject_id", ">i8"), ("gaia_id", ">i8"), ("raj2000", ">f8"),
            ("dej2000", ">f8"), ("jmag", ">f4"), ("hmag", ">f4"), ("kmag", ">f4"),
            ("snr_c1", ">f4"), ("snr_c2", ">f4"), ("snr_c3", ">f4"), ("snr_c4", ">f4"),
            ("rv_synt", ">f4"), ("e_rv_synt", ">f4"), ("chi2_cannon", ">f4"),
            ("sp_label_distance", ">f4"), ("flag_cannon", ">i4"), ("teff", ">f4"),
            ("e_teff", ">f4"), ("logg", ">f4"), ("e_logg", ">f4"), ("fe_h", ">f4"),
            ("e_fe_h", ">f4"), ("vmic", ">f4"), ("e_vmic", ">f4"), ("vsini", ">f4"),
            ("e_vsini", ">f4"), ("alpha_fe", ">f4"), ("e_alpha_fe", ">f4"),
            *_element_columns("dr2"),
        ]
    ),
    "dr3": np.dtype(
        [
            ("star_id", "S18"), ("sobject_id", ">i8"), ("dr2_source_id", ">i8"),
            ("dr3_source_id", ">i8"), ("survey_name", "S12"), ("field_id", ">i4"),
            ("flag_repeat", ">i2"), ("flag_sp", ">i4"), ("teff", ">f8"), ("e_teff", ">f8"),
            ("logg", ">f8"), ("e_logg", ">f8"), ("fe_h", ">f8"), ("e_fe_h", ">f8"),
            ("flag_fe_h", ">i4"), ("vmic", ">f8"), ("vbroad", ">f8"), ("e_vbroad", ">f8"),
            ("chi2_sp", ">f8"), ("alpha_fe", ">f8"), ("e_alpha_fe", ">f8"),
            ("flag_alpha_fe", ">i4"), *_element_columns("dr3"), ("ra_dr2", ">f8"),
            ("dec_dr2", ">f8"), ("rv_galah", ">f8"), ("e_rv_galah", ">f8"),
            ("snr_c1_iraf", ">f8"), ("snr_c2_iraf", ">f8"), ("snr_c3_iraf", ">f8"),
            ("snr_c4_iraf", ">f8"), ("red_flag", ">i4"),
        ]
    ),
}  # fmt: skip
GALAH_UNITS = {
    "teff": "K", "e_teff": "K", "vmic": "km/s", "vbroad": "km/s", "vsini": "km/s",
    "rv_galah": "km/s", "e_rv_galah": "km/s", "rv_synt": "km/s", "e_rv_synt": "km/s",
    "raj2000": "deg", "dej2000": "deg", "ra_dr2": "deg", "dec_dr2": "deg",
}  # fmt: skip


def galah_rows(
    stars: Stars, release: str, quality: Quality, rng: np.random.Generator
) -> NDArray[np.void]:
    """Return rows of GALAH's catalog.

    Parameters
    ----------
    stars
        The stars.
    release
        ``dr2``, whose identifiers are of Gaia DR2, or ``dr3``, which has both.
    quality
        Realistic: a share is flagged and off, and elements without lines are missing.
    rng
        Source of errors.
    """
    rows = np.zeros(len(stars), dtype=GALAH_DTYPES[release])
    signal = np.clip(60.0 * 10 ** (0.12 * (13.0 - stars.magnitude("g"))), 8.0, 250.0)
    rows["star_id"] = [str(name).removeprefix("2M") for name in stars.apogee_id]
    rows["sobject_id"] = 140_000_000_000_000 + stars.number * 1000 + 1
    broken = np.zeros(len(stars), dtype=bool)
    if quality is Quality.REALISTIC:
        broken = rng.random(len(stars)) < _FLAGGED_SHARE
    for name, floor, at_ten in (("teff", 40, 120), ("logg", 0.06, 0.2), ("fe_h", 0.03, 0.12)):
        given = measured(stars.label(name), floor, at_ten, signal, rng)
        off = broken * (5 * given.error) * rng.standard_normal(len(stars))
        rows[name], rows[f"e_{name}"] = given.value + off, given.error
    alpha = np.mean([stars.label(f"{x}_fe") for x in _ALPHA], axis=0)
    given = measured(alpha, 0.02, 0.08, signal, rng)
    rows["alpha_fe"], rows["e_alpha_fe"] = given.value, given.error
    rows["vmic"] = stars.label("vmic")
    _abundances(rows, stars, release, quality, signal, rng)
    (_dr2_only if release == "dr2" else _dr3_only)(rows, stars, signal, broken, rng)
    return rows


def _abundances(
    rows: NDArray[np.void],
    stars: Stars,
    release: str,
    quality: Quality,
    signal: Floats,
    rng: np.random.Generator,
) -> None:
    for element in ELEMENTS[release]:
        shown = element if release == "dr3" else element.lower()
        given = measured(stars.label(f"{element.lower()}_fe"), 0.04, 0.18, signal, rng)
        missing = np.zeros(len(stars), dtype=bool)
        if quality is Quality.REALISTIC:
            missing = rng.random(len(stars)) < (0.35 if element in _SPARSE else 0.03)
        rows[f"{shown}_fe"] = np.where(missing, np.nan, given.value)
        rows[f"e_{shown}_fe"] = np.where(missing, np.nan, given.error)
        rows[f"flag_{shown}_fe"] = np.where(missing, NOT_DETECTED, 0)


def _dr2_only(
    rows: NDArray[np.void],
    stars: Stars,
    signal: Floats,
    broken: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    rows["gaia_id"] = stars.gaia_dr2_source_id
    rows["raj2000"], rows["dej2000"] = positions_at(stars, 2000.0)
    for name, band in (("jmag", "j"), ("hmag", "h"), ("kmag", "ks")):
        rows[name] = stars.magnitude(band)
    _signals(rows, "snr_c{}", signal)
    velocity = measured(stars.rv, 0.1, 0.4, signal, rng)
    rows["rv_synt"], rows["e_rv_synt"] = velocity.value, velocity.error
    rows["chi2_cannon"] = 1.0 + 0.1 * rng.standard_normal(len(stars)) + 3.0 * broken
    rows["vsini"], rows["e_vsini"] = stars.label("vsini") + 5.0, 1.0
    rows["flag_cannon"] = np.where(broken, BAD_FIT, 0)


def _dr3_only(
    rows: NDArray[np.void],
    stars: Stars,
    signal: Floats,
    broken: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    rows["dr2_source_id"] = stars.gaia_dr2_source_id
    rows["dr3_source_id"] = stars.gaia_dr3_source_id
    rows["survey_name"], rows["flag_repeat"] = b"galah_main", 0
    rows["ra_dr2"], rows["dec_dr2"] = positions_at(stars, 2015.5)
    _signals(rows, "snr_c{}_iraf", signal)
    velocity = measured(stars.rv, 0.1, 0.4, signal, rng)
    rows["rv_galah"], rows["e_rv_galah"] = velocity.value, velocity.error
    rows["vbroad"] = np.hypot(stars.label("vmac"), stars.label("vsini"))
    rows["e_vbroad"] = 0.5 + 0.1 * rows["vbroad"]
    rows["chi2_sp"] = 1.0 + 0.1 * rng.standard_normal(len(stars)) + 3.0 * broken
    rows["flag_sp"] = np.where(broken, BAD_FIT, 0)


def _signals(rows: NDArray[np.void], pattern: str, signal: Floats) -> None:
    """Fill in the signal-to-noise ratios of the four cameras."""
    for camera, share in enumerate((0.7, 1.0, 1.15, 1.1), 1):
        rows[pattern.format(camera)] = share * signal
