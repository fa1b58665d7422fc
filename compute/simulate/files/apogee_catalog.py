"""APOGEE's catalogs: allVisit, and allStar with labels as ASPCAP would give them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.files.apogee_names import ApogeeRows
from starledger.compute.simulate.files.apogee_resampling import VisitSpectra
from starledger.compute.simulate.files.apogee_star_files import (
    combined_signal,
    mean_velocity,
    stacked,
    star_name,
)
from starledger.compute.simulate.observe.batch import Batch, measured

ELEMENTS = (
    "C", "N", "O", "NA", "MG", "AL", "SI", "P", "S", "K", "CA", "TI", "V", "CR", "MN", "CO", "NI",
    "CU",
)  # fmt: skip
MISSING = -9999.0
STAR_BAD, TEFF_BAD = 1 << 23, 1 << 16
DUPLICATE = 1 << 4
"""Bits of ASPCAPFLAG, and of EXTRATARG: a star that stands under another field as well."""
_PARAMETER_BAD = 1 << 0
_LEAST_SIGNAL = 20.0
_HOTTEST, _COOLEST = 7500.0, 3600.0
_JD = 2_400_000.5

ALL_VISIT = np.dtype(
    [
        ("APOGEE_ID", "S18"), ("FILE", "S34"), ("FIBERID", ">i2"), ("PLATE", "S12"),
        ("MJD", ">i4"), ("TELESCOPE", "S6"), ("FIELD", "S16"), ("LOCATION_ID", ">i2"),
        ("RA", ">f8"), ("DEC", ">f8"), ("J", ">f4"), ("H", ">f4"), ("K", ">f4"), ("SNR", ">f4"),
        ("STARFLAG", ">i4"), ("DATEOBS", "S23"), ("JD", ">f8"), ("BC", ">f4"), ("VTYPE", ">i2"),
        ("VREL", ">f4"), ("VRELERR", ">f4"), ("VHELIO", ">f4"),
    ]
)  # fmt: skip

ALL_STAR = np.dtype(
    [
        ("APSTAR_ID", "S48"), ("TARGET_ID", "S40"), ("ASPCAP_ID", "S48"), ("FILE", "S40"),
        ("APOGEE_ID", "S18"), ("TELESCOPE", "S8"), ("LOCATION_ID", ">i2"), ("FIELD", "S16"),
        ("J", ">f4"), ("J_ERR", ">f4"), ("H", ">f4"), ("H_ERR", ">f4"), ("K", ">f4"),
        ("K_ERR", ">f4"), ("RA", ">f8"), ("DEC", ">f8"), ("NVISITS", ">i4"), ("SNR", ">f4"),
        ("STARFLAG", ">i4"), ("ANDFLAG", ">i4"), ("VHELIO_AVG", ">f4"), ("VSCATTER", ">f4"),
        ("VERR", ">f4"), ("GAIA_SOURCE_ID", ">i8"), ("EXTRATARG", ">i2"), ("FPARAM", ">f4", (9,)),
        ("ASPCAPFLAG", ">i4"), ("TEFF", ">f4"), ("TEFF_ERR", ">f4"), ("LOGG", ">f4"),
        ("LOGG_ERR", ">f4"), ("VMICRO", ">f4"), ("VMACRO", ">f4"), ("VSINI", ">f4"),
        ("M_H", ">f4"), ("M_H_ERR", ">f4"), ("ALPHA_M", ">f4"), ("ALPHA_M_ERR", ">f4"),
        ("FE_H", ">f4"), ("FE_H_ERR", ">f4"), ("FE_H_FLAG", ">i4"),
        *(
            (f"{element}_FE{suffix}", kind)
            for element in ELEMENTS
            for suffix, kind in (("", ">f4"), ("_ERR", ">f4"), ("_FLAG", ">i4"))
        ),
    ]
)  # fmt: skip
UNITS = {"TEFF": "K", "TEFF_ERR": "K", "VHELIO_AVG": "km/s", "RA": "deg", "DEC": "deg"}


def visit_rows(batch: Batch, rows: ApogeeRows) -> NDArray[np.void]:
    """Return the rows of allVisit of the visits of a batch."""
    visits = batch.visits
    table = np.zeros(len(batch), dtype=ALL_VISIT)
    table["APOGEE_ID"], table["FILE"], table["FIELD"] = rows.apogee_id, rows.visit_file, rows.field
    table["FIBERID"], table["MJD"] = visits.fibre, visits.night
    table["PLATE"], table["LOCATION_ID"] = rows.plate.astype("S"), rows.location
    table["TELESCOPE"], table["VTYPE"] = b"apo25m", 2
    table["RA"], table["DEC"] = batch.ra, batch.dec
    for name, band in (("J", "j"), ("H", "h"), ("K", "ks")):
        table[name] = batch.magnitude(band)
    table["SNR"], table["STARFLAG"] = batch.signal_to_noise["h"], rows.flags
    table["DATEOBS"], table["JD"] = rows.observed, _JD + visits.mjd
    table["BC"], table["VREL"] = visits.earth_velocity, rows.relative(batch)
    table["VRELERR"], table["VHELIO"] = rows.velocity.error, rows.velocity.value
    return table


def star_row(
    batch: Batch, rows: ApogeeRows, here: NDArray[np.int64], visits: VisitSpectra
) -> NDArray[np.void]:
    """Return the row of allStar of the star whose visits in the batch are `here`."""
    i = int(here[0])
    row = np.zeros(1, dtype=ALL_STAR)
    row["FILE"], row["APOGEE_ID"] = star_name(rows.apogee_id[i]), rows.apogee_id[i]
    row["TELESCOPE"], row["FIELD"] = b"apo25m", rows.field[i]
    give_identity(row, int(rows.location[i]))
    for name, band in (("J", "j"), ("H", "h"), ("K", "ks")):
        row[name], row[f"{name}_ERR"] = batch.magnitude(band)[i], 0.025
    row["RA"], row["DEC"], row["NVISITS"] = batch.ra[i], batch.dec[i], len(here)
    row["SNR"] = combined_signal(stacked(visits))
    row["STARFLAG"] = np.bitwise_or.reduce(rows.flags[here])
    row["ANDFLAG"] = np.bitwise_and.reduce(rows.flags[here])
    row["VHELIO_AVG"], row["VSCATTER"], row["VERR"] = mean_velocity(batch, rows, here)
    row["GAIA_SOURCE_ID"] = batch.stars.gaia_dr2_source_id[batch.visits.star[i]]
    _give_labels(row, batch, i)
    return row


def give_identity(row: NDArray[np.void], location: int) -> None:
    """Fill in the location of a row of allStar, and the identifiers that name it."""
    identity = f"{location}.{row['APOGEE_ID'][0].decode()}"
    row["LOCATION_ID"], row["TARGET_ID"] = location, identity
    row["APSTAR_ID"] = f"apogee.apo25m.s.stars.{identity}"
    row["ASPCAP_ID"] = f"apogee.l31c.{identity}"


def _give_labels(row: NDArray[np.void], batch: Batch, i: int) -> None:
    """Fill in labels with errors, or the sentinel and flags where ASPCAP gives none."""
    signal = np.maximum(row["SNR"].astype(np.float64), 1.0)
    teff = batch.label("teff")[i]
    labels = ("TEFF", "LOGG", "M_H", "ALPHA_M", "FE_H", *(f"{x}_FE" for x in ELEMENTS))
    if signal[0] < _LEAST_SIGNAL or not _COOLEST < teff < _HOTTEST:
        for name in (*labels, *(f"{x}_ERR" for x in labels), "VMICRO", "VMACRO", "VSINI", "FPARAM"):
            row[name] = MISSING
        for name in ("FE_H", *(f"{x}_FE" for x in ELEMENTS)):
            row[f"{name}_FLAG"] = _PARAMETER_BAD
        row["ASPCAPFLAG"] = STAR_BAD | TEFF_BAD
        return
    alpha = np.mean([batch.label(f"{x}_fe")[i] for x in ("o", "mg", "si", "s", "ca", "ti")])
    truths = {
        "TEFF": (teff, 25.0, 80.0), "LOGG": (batch.label("logg")[i], 0.03, 0.1),
        "M_H": (batch.label("fe_h")[i], 0.01, 0.05), "ALPHA_M": (alpha, 0.01, 0.03),
        "FE_H": (batch.label("fe_h")[i], 0.01, 0.05),
        **{f"{x}_FE": (batch.label(f"{x.lower()}_fe")[i], 0.02, 0.1) for x in ELEMENTS},
    }  # fmt: skip
    for name, (truth, floor, at_ten) in truths.items():
        given = measured(np.array([truth]), floor, at_ten, signal, batch.rng)
        row[name], row[f"{name}_ERR"] = given.value, given.error
    for name in ("vmic", "vmac", "vsini"):
        row[{"vmic": "VMICRO", "vmac": "VMACRO", "vsini": "VSINI"}[name]] = batch.label(name)[i]
    row["FPARAM"][0, :4] = row["TEFF"][0], row["LOGG"][0], row["VMICRO"][0], row["M_H"][0]
    row["FPARAM"][0, 6] = row["ALPHA_M"][0]
