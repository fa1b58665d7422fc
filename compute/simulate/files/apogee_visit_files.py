"""APOGEE's apVisit files: one visit on the pixels of the three detectors, as observed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.files.apogee_names import ApogeeRows
from starledger.compute.simulate.files.apogee_resampling import NO_ERROR, pixel_mask
from starledger.compute.simulate.files.fits_bytes import Card, image_hdu, table_hdu
from starledger.compute.simulate.observe.batch import Batch
from starledger.compute.simulate.observe.instruments import APOGEE
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Floats = NDArray[np.float64]
_CHIPS = 3
_JD = 2_400_000.5

_TABLE = np.dtype(
    [
        ("APOGEE_ID", "S18"), ("TARGET_ID", "S18"), ("FILE", "S34"), ("FIBERID", ">i2"),
        ("PLATE", "S12"), ("MJD", ">i4"), ("TELESCOPE", "S6"), ("SURVEY", "S8"),
        ("FIELD", "S9"), ("LOCATION_ID", ">i2"), ("RA", ">f8"), ("DEC", ">f8"), ("J", ">f4"),
        ("H", ">f4"), ("K", ">f4"), ("SNR", ">f4"), ("STARFLAG", ">i4"), ("DATEOBS", "S23"),
        ("JD", ">f8"), ("BC", ">f4"), ("VTYPE", ">i2"), ("VREL", ">f4"), ("VRELERR", ">f4"),
        ("VHELIO", ">f4"),
    ]
)  # fmt: skip


def by_chip(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return pixels as APOGEE has them: red, green and blue rows, wavelengths decreasing.

    Examples
    --------
    >>> rows = by_chip(APOGEE.wavelength)
    >>> rows.shape, bool(rows[0, 0] > rows[0, 1] > rows[2, 0])
    ((3, 4096), True)
    """
    return np.ascontiguousarray(values[::-1].reshape(_CHIPS, -1))


def lsf_coefficients(step: float, sigma: float) -> Floats:
    """Return the 26 coefficients of a Gaussian line-spread function, as LSF_GH takes them.

    Parameters
    ----------
    step
        Size of a pixel in the unit of x.
    sigma
        Standard deviation in pixels.
    """
    head = [step, 2048.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, sigma]
    return np.array([*head, *[0.0] * 10, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0])


def _lsf(scale: float) -> Floats:
    """Return the coefficients of the three detectors, red first."""
    pixel = np.diff(APOGEE.wavelength, append=APOGEE.wavelength[-1] + 0.1)
    sigma = APOGEE.lsf_sigma(APOGEE.wavelength) / LIGHT_SPEED_KMS * APOGEE.wavelength / pixel
    middles = by_chip(sigma)[:, 2048]
    return np.array([lsf_coefficients(1.0, scale * float(sigma)) for sigma in middles])


def magnitude_cards(batch: Batch, i: int) -> list[Card]:
    """Return the cards of the 2MASS magnitudes of a visit's star."""
    names = (("J", "j"), ("H", "h"), ("K", "ks"))
    return [
        Card(name, round(float(batch.magnitude(band)[i]), 3), f"2MASS {name} magnitude")
        for name, band in names
    ]


def _primary(batch: Batch, rows: ApogeeRows, i: int) -> list[Card]:
    visits = batch.visits
    velocity, helio = float(rows.relative(batch)[i]), float(rows.velocity.value[i])
    return [
        Card("LOCID", int(rows.location[i]), "Location ID of field"),
        Card("PLATE", str(rows.plate[i]), "Plate ID"),
        Card("TELESCOP", "apo25m", "Telescope"),
        Card("MJD5", int(visits.night[i]), "MJD of observation"),
        Card("FIBERID", int(visits.fibre[i]), "APOGEE Fiber ID 1-300"),
        Card("DATE-OBS", rows.observed[i]),
        Card("EXPTIME", 4000.0, "Total visit exptime per dither pos"),
        Card("JD-MID", _JD + float(visits.mjd[i]), "JD at midpoint of visit"),
        Card("OBJID", rows.apogee_id[i], "Object ID"),
        Card("OBJTYPE", "STAR", "Object type"),
        Card("RA", float(batch.ra[i]), "targeting right ascension, deg, J2000"),
        Card("DEC", float(batch.dec[i]), "targeting declination, deg, J2000"),
        *magnitude_cards(batch, i),
        Card("SNR", round(float(batch.signal_to_noise["h"][i]), 4), "median S/N, middle chip"),
        Card("SURVEY", "apogee", "Survey definition (for targeting flags)"),
        Card("STARFLAG", int(rows.flags[i]), "Star data quality flag"),
        Card("V_APRED", "simulated", "apogeereduce software version"),
        Card("JD", _JD + float(visits.mjd[i])),
        Card("BC", float(visits.earth_velocity[i]), "barycentric correction (km/s)"),
        Card("VTYPE", 2, "RV type (1=chisq, 2=xcorr)"),
        Card("VRAD", velocity, "doppler shift (km/s)"),
        Card("VRADERR", float(rows.velocity.error[i]), "VRAD error (km/s)"),
        Card("VHELIO", helio, "heliocentric velocity (km/s)"),
        Card("HISTORY", None, "AP1DVISIT: APOGEE Reduction Pipeline Version: simulated"),
        Card("HISTORY", None, " HDU1 flux, HDU2 error (10^-17 ergs/s/cm^2/Ang)"),
        Card("HISTORY", None, " HDU3 mask, HDU4 wavelength (vacuum, observed frame, Ang)"),
        Card("HISTORY", None, " HDU5 sky, HDU6 sky error, HDU7 telluric, HDU8 its error"),
        Card("HISTORY", None, " HDU9 wavelength and HDU10 LSF coefficients"),
    ]


def _row(batch: Batch, rows: ApogeeRows, i: int) -> NDArray[np.void]:
    visits = batch.visits
    row = np.zeros(1, dtype=_TABLE)
    row[0] = (
        rows.apogee_id[i], rows.apogee_id[i], rows.visit_file[i], visits.fibre[i],
        str(rows.plate[i]), visits.night[i], "apo25m", "apogee", rows.field[i], rows.location[i],
        batch.ra[i], batch.dec[i],
        *(batch.magnitude(band)[i] for band in ("j", "h", "ks")),
        batch.signal_to_noise["h"][i], rows.flags[i], rows.observed[i], _JD + visits.mjd[i],
        visits.earth_velocity[i], 2, rows.relative(batch)[i], rows.velocity.error[i],
        rows.velocity.value[i],
    )  # fmt: skip
    return row


def visit_file(batch: Batch, rows: ApogeeRows, i: int) -> bytes:
    """Return the apVisit file of a visit."""
    seen = batch.exposure.visit(i)
    unit = " (10^-17 erg/s/cm^2/Ang)"
    error = np.where(seen.lost, NO_ERROR, seen.sigma)
    ones = np.ones(APOGEE.pixels)
    arrays: list[tuple[str, NDArray[np.generic]]] = [
        ("Flux" + unit, seen.flux.astype(">f4")),
        ("Flux Error" + unit, error.astype(">f4")),
        ("Flag Mask (bitwise)", pixel_mask(seen).astype(">i2")),
        ("Wavelength (Ang)", APOGEE.wavelength.astype(">f8")),
        ("Sky" + unit, seen.sky.astype(">f4")),
        ("Sky Error" + unit, (0.1 * seen.sky).astype(">f4")),
        ("Telluric", ones.astype(">f4")),
        ("Telluric Error", (0.001 * ones).astype(">f4")),
    ]
    hdus = [image_hdu(None, _primary(batch, rows, i), primary=True)]
    for name, values in arrays:
        cards = [("CTYPE1", "Pixel"), ("CTYPE2", "Chip"), ("BUNIT", name)]
        hdus.append(image_hdu(by_chip(values), cards))
    waves = by_chip(APOGEE.wavelength)
    fit = np.array([np.polyfit(np.arange(4096), chip, 2)[::-1] for chip in waves])
    coefficients = np.zeros((_CHIPS, 14))
    coefficients[:, 7:10] = fit
    lsf = _lsf(float(batch.circumstances.lsf_scale[i]))
    for name, table in (("Wavelength Coefficients", coefficients), ("LSF Coefficients", lsf)):
        cards = [("CTYPE1", "Fiber"), ("CTYPE2", "Parameters"), ("BUNIT", name)]
        hdus.append(image_hdu(table.astype(">f8"), cards))
    return b"".join([*hdus, table_hdu(_row(batch, rows, i))])
