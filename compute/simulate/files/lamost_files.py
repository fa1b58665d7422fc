"""LAMOST low-resolution spectra as files: the layout up to DR7 and that since DR8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from starledger.compute.simulate.files.fits_bytes import Card, Value, gzipped, image_hdu, table_hdu
from starledger.compute.simulate.observe.batch import (
    Batch,
    Measured,
    measured,
    sexagesimal,
    spectral_class,
)
from starledger.compute.simulate.observe.instruments import LAMOST
from starledger.compute.simulate.observe.noise import Exposure
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Layout = Literal["old", "new"]
BAD_PIXEL, BRIGHT_SKY, NO_DATA = 1, 8, 32
_UNKNOWN_BELOW = 3.0
"""Signal-to-noise ratio in g below which the pipeline tells no class."""
_SATURATED = 999.0


@dataclass(frozen=True, slots=True)
class LamostRows:
    """What LAMOST says about the visits of a batch: its names for them and what it measures.

    Parameters
    ----------
    obsid, planid, designation, filename, observed
        Names of the visit, the plan, the star and the file, and the median UTC.
    spectral_class, subclass
        STAR or Unknown, and the spectral class.
    velocity
        Measured radial velocity in km/s.
    """

    obsid: NDArray[np.int64]
    planid: list[str]
    designation: list[str]
    filename: list[str]
    observed: list[str]
    spectral_class: list[str]
    subclass: list[str]
    velocity: Measured


def _designation(ra: float, dec: float) -> str:
    right = sexagesimal(ra, hours=True, digits=2)
    return f"J{right}{sexagesimal(dec, hours=False, digits=1)}"


def lamost_rows(batch: Batch) -> LamostRows:
    """Name the visits of a batch and measure their velocities."""
    visits = batch.visits
    fibres = list(zip(visits.spectrograph, visits.fibre, strict=True))
    plans = [f"SIM{p:05d}B{s:02d}" for p, s in zip(visits.plate, visits.sequence, strict=True)]
    signal = batch.signal_to_noise["g"]
    known = signal >= _UNKNOWN_BELOW
    classes = spectral_class(batch.label("teff"))
    truth = batch.velocity + batch.circumstances.zero_point
    return LamostRows(
        (visits.plate_visit + 1) * 100_000 + visits.spectrograph * 1000 + visits.fibre,
        plans,
        [_designation(float(ra), float(dec)) for ra, dec in zip(batch.ra, batch.dec, strict=True)],
        [
            f"spec-{night}-{plan}_sp{spectrograph:02d}-{fibre:03d}.fits"
            for night, plan, (spectrograph, fibre) in zip(visits.night, plans, fibres, strict=True)
        ],
        [str(t) for t in Time(visits.mjd, format="mjd", precision=0).isot],
        ["STAR" if k else "Unknown" for k in known],
        [c if k else "Non" for c, k in zip(classes, known, strict=True)],
        measured(truth, 3.0, 12.0, signal, batch.rng),
    )


def masks(seen: Exposure) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the and-mask and the or-mask."""
    both = seen.bad * BAD_PIXEL + (seen.lost & ~seen.bad) * NO_DATA
    either = both | (seen.struck * BAD_PIXEL) | (seen.bright * BRIGHT_SKY)
    return both.astype(np.int32), either.astype(np.int32)


def _information(rows: LamostRows, i: int, layout: Layout) -> list[Card]:
    extension = "Flux, Inverse, Wavelength, Andmask, Ormask" if layout == "old" else "COADD"
    release = "LAMOST DR5" if layout == "old" else "LAMOST DR10"
    return [
        Card("COMMENT", None, "--------FILE INFORMATION"),
        Card("FILENAME", rows.filename[i]),
        Card("OBSID", int(rows.obsid[i]), "Unique number ID of this spectrum"),
        Card("AUTHOR", "Starledger simulation", "Who compiled the information"),
        Card("DATA_V", release, "Data release version"),
        Card("EXTEN0", extension, "The extensions"),
        Card("N_EXTEN", 1, "The extension number"),
        *([Card("EXTNAME", "Flux", "The extension name")] if layout == "old" else []),
        Card("ORIGIN", "SIMULATION", "Organization responsible for creating this file"),
        Card("COMMENT", None, "--------TELESCOPE PARAMETERS"),
        Card("TELESCOP", "LAMOST", "GuoShouJing Telescope"),
        Card("LONGITUD", 117.58, "[deg] Longitude of site"),
        Card("LATITUDE", 40.39, "[deg] Latitude of site"),
    ]


def _observation(batch: Batch, rows: LamostRows, i: int) -> list[Card]:
    visits = batch.visits
    ra, dec = float(batch.ra[i]), float(batch.dec[i])
    magnitudes = [round(float(band[i]), 2) for band in batch.sloan]
    return [
        Card("COMMENT", None, "--------OBSERVATION PARAMETERS"),
        Card("DATE-OBS", rows.observed[i], "The observation median UTC"),
        Card("LMJD", int(visits.night[i]), "Local Modified Julian Day"),
        Card("MJD", int(visits.night[i]) - 1, "Modified Julian Day"),
        Card("PLANID", rows.planid[i], "Plan ID in use"),
        Card("RA", round(ra, 6), "[deg] Right ascension of object"),
        Card("DEC", round(dec, 6), "[deg] Declination of object"),
        Card("RA_OBS", round(ra, 6), "[deg] Right ascension during observing"),
        Card("DEC_OBS", round(dec, 6), "[deg] Declination during observing"),
        Card("OFFSET", value=False, comment="Whether there's a offset during observing"),
        Card("OFFSET_V", 0.0, "Offset value in arcsecond"),
        Card("DESIG", f"LAMOST {rows.designation[i]}", "Designation of LAMOST target"),
        Card("FIBERID", int(visits.fibre[i]), "Fiber ID of Object"),
        Card("OBJTYPE", "Star", "Object type from input catalog"),
        Card("TSOURCE", "SIM", "Name of input catalog"),
        Card("FIBERTYP", "Obj", "Fiber type of object"),
        Card("FIBERMAS", 0, "Bitmask of warning values, 0 means all is well"),
        Card("MAGTYPE", "gri", "Magnitude type of object"),
        *(Card(f"MAG{j}", m, f"[mag] Mag{j} of object") for j, m in enumerate(magnitudes, 1)),
        *(Card(f"MAG{j}", 99.0, f"[mag] Mag{j} of object") for j in range(4, 8)),
        Card("OBS_TYPE", "OBJ", "The type of target (OBJ, FLAT, ARC or BIAS)"),
        Card("RADECSYS", "FK5", "Equatorial coordinate system"),
        Card("EQUINOX", 2000.0, "Equinox in years"),
        Card("NEXP", 3, "Number of valid exposures"),
        Card("NEXP_B", 3, "Number of valid blue exposures"),
        Card("NEXP_R", 3, "Number of valid red exposures"),
        Card("EXPTIME", 4500.0, "[s] Minimum of exposure time for all cameras"),
        Card("SPID", int(visits.spectrograph[i]), "Spectrograph ID"),
        Card("SLIT_MOD", "x2/3", "Slit mode, x1, x2/3 or x1/2"),
    ]


def _reduction(batch: Batch, i: int) -> list[Card]:
    first, step = LAMOST.first, LAMOST.step
    helio = round(float(batch.visits.earth_velocity[i]), 5)
    return [
        Card("COMMENT", None, "--------DATA REDUCTION PARAMETERS"),
        Card("HELIO", value=True, comment="Heliocentric correction"),
        Card("HELIO_RV", helio, "[km/s] Heliocentric correction"),
        Card("VACUUM", value=True, comment="Wavelengths are in vacuum"),
        Card("NWORDER", 2, "Number of linear-log10 coefficients"),
        Card("WFITTYPE", "LOG-LINEAR", "Linear-log10 dispersion"),
        Card("COEFF0", first, "Central wavelength (log10) of first pixel"),
        Card("COEFF1", step, "Log10 dispersion per pixel"),
        Card("WAT0_001", "system=linear"),
        Card("WAT1_001", "wtype=linear label=Wavelength units=Angstroms"),
        Card("CRVAL1", first, "Central wavelength (log10) of first pixel"),
        Card("CD1_1", step, "Log10 dispersion per pixel"),
        Card("CRPIX1", 1, "Starting pixel (1-indexed)"),
        Card("CTYPE1", "LINEAR"),
        Card("DC-FLAG", 1, "Log-linear flag"),
    ]


def _analysis(batch: Batch, rows: LamostRows, i: int) -> list[Card]:
    known = rows.spectral_class[i] == "STAR"
    velocity = rows.velocity
    z: Value = round(float(velocity.value[i]) / LIGHT_SPEED_KMS, 8) if known else -9999.0
    error: Value = round(float(velocity.error[i]) / LIGHT_SPEED_KMS, 8) if known else -9999.0
    return [
        Card("COMMENT", None, "--------SPECTRA ANALYSIS RESULTS"),
        Card("VERSPIPE", "simulated", "Version of Pipeline"),
        Card("CLASS", rows.spectral_class[i], "Class of object"),
        Card("SUBCLASS", rows.subclass[i], "Subclass of object"),
        Card("Z", z, "Redshift of object"),
        Card("Z_ERR", error, "Redshift error of object"),
        Card("ZFLAG", "LASP" if known else "NULL", "Which method computes the redshift"),
        *(
            Card(f"SNR{band.upper()}", stated(batch, band, i), f"SNR of {band} filter")
            for band in "ugriz"
        ),
    ]


def stated(batch: Batch, band: str, i: int) -> float:
    """Return a signal-to-noise ratio as LAMOST states it, with two digits and an end."""
    return round(min(float(batch.signal_to_noise[band][i]), _SATURATED), 2)


def lamost_file(batch: Batch, rows: LamostRows, i: int, layout: Layout) -> bytes:
    """Return the gzipped FITS file of a visit.

    Parameters
    ----------
    batch, rows
        The visits, and LAMOST's names for them.
    i
        Which visit.
    layout
        ``old``: one image of five rows (flux, inverse variance, wavelength, and-mask, or-mask) in
        the primary HDU. ``new``: a table ``COADD`` of one row of arrays.
    """
    cards = _information(rows, i, layout) + _observation(batch, rows, i)
    cards += _reduction(batch, i) + _analysis(batch, rows, i)
    seen = batch.exposure.visit(i)
    flux, ivar = seen.flux, seen.ivar
    both, either = masks(seen)
    if layout == "old":
        image = np.stack([flux, ivar, LAMOST.wavelength, both, either]).astype(">f4")
        return gzipped(image_hdu(image, cards, primary=True))
    columns = {
        "FLUX": flux,
        "IVAR": ivar,
        "WAVELENGTH": LAMOST.wavelength,
        "ANDMASK": both,
        "ORMASK": either,
        "NORMALIZATION": _normalised(flux, ivar),
    }
    kind = np.dtype([(name, ">f4", (LAMOST.pixels,)) for name in columns])
    row = np.zeros(1, dtype=kind)
    for name, values in columns.items():
        row[name][0] = values
    return gzipped(image_hdu(None, cards, primary=True) + table_hdu(row, "COADD"))


def _normalised(flux: NDArray[np.float64], ivar: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return flux over its running mean of 301 pixels, as NORMALIZATION holds it."""
    window = np.ones(301)
    used = (ivar > 0).astype(np.float64)
    count = np.convolve(used, window, "same")
    mean = np.convolve(flux * used, window, "same") / np.maximum(count, 1.0)
    return np.asarray(flux / np.where(mean > 0, mean, 1.0))
