"""APOGEE's apStar files: the visits of a star at rest, and combined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.files.apogee_names import REDUCTION, ApogeeRows
from starledger.compute.simulate.files.apogee_resampling import VisitSpectra, combine
from starledger.compute.simulate.files.apogee_visit_files import lsf_coefficients, magnitude_cards
from starledger.compute.simulate.files.fits_bytes import Card, image_hdu, table_hdu
from starledger.compute.simulate.observe.batch import Batch

Floats = NDArray[np.float64]
_JD = 2_400_000.5
_LAGS = 401
_FIRST, _STEP = 4.179, 6e-6
_LSF_PIXELS = 1.37
"""Standard deviation of the nominal line-spread function in combined pixels."""


def star_name(apogee_id: str) -> str:
    """Return the name of a star's file.

    Examples
    --------
    >>> star_name("2M03290406+3117075")
    'apStar-r12-2M03290406+3117075.fits'
    """
    return f"apStar-{REDUCTION}-{apogee_id}.fits"


def stacked(visits: VisitSpectra) -> VisitSpectra:
    """Return the rows of a file: two combinations, then the visits; one visit stands alone."""
    if len(visits.flux) == 1:
        return visits
    both = combine(visits)
    names = ("flux", "error", "mask", "sky")
    rows = [np.concatenate([getattr(part, name) for part in (both, visits)]) for name in names]
    return VisitSpectra(*rows)


def mean_velocity(batch: Batch, rows: ApogeeRows, here: NDArray[np.int64]) -> tuple[float, ...]:
    """Return the mean of a star's velocities, weighted by S/N², their scatter and error in km/s."""
    value, error = rows.velocity.value[here], rows.velocity.error[here]
    weight = batch.signal_to_noise["h"][here] ** 2
    mean = float((value * weight).sum() / weight.sum())
    scatter = float(value.std(ddof=1)) if len(here) > 1 else 0.0
    return mean, scatter, float(np.sqrt(1 / (error**-2.0).sum()))


def combined_signal(spectra: VisitSpectra) -> float:
    """Return the median S/N of a star's first row, where it has data."""
    flux, error = spectra.flux[0], spectra.error[0]
    seen = error < error.max()
    return float(np.median(flux[seen] / error[seen]))


def _visit_cards(batch: Batch, rows: ApogeeRows, here: NDArray[np.int64]) -> list[Card]:
    cards = []
    relative = rows.relative(batch)
    for n, i in enumerate(here, 1):
        cards += [
            Card(f"SFILE{n}", rows.visit_file[i], f"Visit #{n} spectrum file"),
            Card(f"DATE{n}", rows.observed[i], f"DATE-OBS of visit {n}"),
            Card(f"JD{n}", _JD + float(batch.visits.mjd[i]), f"Julian date of visit {n}"),
            Card(f"FIBER{n}", int(batch.visits.fibre[i]), f"Fiber, visit {n}"),
            Card(f"BC{n}", float(batch.visits.earth_velocity[i]), "Barycentric correction (km/s)"),
            Card(f"VTYPE{n}", 2, "RV type (1=chisq, 2=xcorr)"),
            Card(f"VRAD{n}", float(relative[i]), f"Doppler shift (km/s) of visit {n}"),
            Card(f"VERR{n}", float(rows.velocity.error[i]), f"error in VRAD{n} (km/s)"),
            Card(f"VHELIO{n}", float(rows.velocity.value[i]), "Heliocentric velocity (km/s)"),
            Card(f"SNRVIS{n}", float(batch.signal_to_noise["h"][i]), "Signal/Noise ratio"),
            Card(f"FLAG{n}", int(rows.flags[i]), f"STARFLAG for visit {n}"),
        ]
    return cards


def _primary(
    batch: Batch, rows: ApogeeRows, here: NDArray[np.int64], spectra: VisitSpectra
) -> list[Card]:
    i = int(here[0])
    mean, scatter, error = mean_velocity(batch, rows, here)
    flags = rows.flags[here]
    pixels = spectra.flux.shape[1]
    return [
        Card("OBJID", rows.apogee_id[i], "Object ID"),
        *magnitude_cards(batch, i),
        Card("SURVEY", "apogee", "Survey name (for targeting flags)"),
        Card("TELESCOP", "apo25m", "Telescope"),
        Card("LOCID", int(rows.location[i]), "LocationID"),
        Card("FIELD", rows.field[i], "Field name"),
        Card("RA", float(batch.ra[i]), "right ascension, deg, J2000"),
        Card("DEC", float(batch.dec[i]), "declination, deg, J2000"),
        Card("NVISITS", len(here), "number of visit spectra combined"),
        Card("COMMENT", None, "MEAN VALUES:"),
        Card("VRAD", 0.0, "Doppler shift (km/s) of this spectrum"),
        Card("VHELIO", mean, "mean heliocentric velocity (km/s)"),
        Card("VSCATTER", scatter, "STDEV of VHELIO (km/s)"),
        Card("VERR", error, "weighted error in VHELIO (km/s)"),
        Card("SNR", combined_signal(spectra), "final median Signal/Noise ratio"),
        Card("STARFLAG", int(np.bitwise_or.reduce(flags)), "bitwise OR of visit starflags"),
        Card("ANDFLAG", int(np.bitwise_and.reduce(flags)), "bitwise AND of visit starflags"),
        *_visit_cards(batch, rows, here),
        Card("NWAVE", pixels, "Number of wavelengths in subsequent HDUs"),
        *_grid_cards(),
        Card("HISTORY", None, "APSTAR: APOGEE Reduction Pipeline Version: simulated"),
        Card("HISTORY", None, " All image extensions have:"),
        Card("HISTORY", None, "  row 1: combined spectrum with individual pixel weighting"),
        Card("HISTORY", None, "  row 2: combined spectrum with global weighting"),
        Card("HISTORY", None, "  row 3-nvisits+2: individual resampled visit spectra"),
        Card("HISTORY", None, " unless nvisits=1, which only have a single row"),
        Card("HISTORY", None, " All spectra shifted to rest (vacuum) wavelength scale"),
    ]


def _grid_cards() -> list[Card]:
    return [
        Card("CRVAL1", _FIRST, "Start log10(wavelength) in subsequent HDUs"),
        Card("CDELT1", _STEP, "Dispersion in log10(wavelength)"),
        Card("CRPIX1", 1, "Pixel of starting wavelength"),
        Card("CTYPE1", "LOG-LINEAR", "Logarithmic wavelength scale"),
        Card("DC-FLAG", 1, "Logarithmic wavelength scale"),
    ]


def _table(batch: Batch, rows: ApogeeRows, here: NDArray[np.int64]) -> NDArray[np.void]:
    """Return the table of velocities, whose columns are vectors over the visits."""
    visits = () if len(here) == 1 else (len(here),)
    kind = np.dtype(
        [
            ("FILE", "S34", visits), ("FIBER", ">i2", visits), ("PLATE", "S5", visits),
            ("MJD", ">i4", visits), ("LOCID", ">i2", visits), ("JD", ">f8", visits),
            ("VREL", ">f4", visits), ("VRELERR", ">f4", visits), ("VHELIO", ">f4", visits),
            ("BC", ">f4", visits), ("CCF", ">f4", (*visits, _LAGS)), ("CCFW0", ">f8"),
            ("CCFDW", ">f8"),
        ]
    )  # fmt: skip
    lag = np.arange(_LAGS) - _LAGS // 2
    columns = (
        [rows.visit_file[i] for i in here], batch.visits.fibre[here],
        [str(rows.plate[i]) for i in here], batch.visits.night[here], rows.location[here],
        _JD + batch.visits.mjd[here], rows.relative(batch)[here], rows.velocity.error[here],
        rows.velocity.value[here], batch.visits.earth_velocity[here],
        np.tile(np.exp(-0.5 * (lag / 4.0) ** 2), (len(here), 1)),
    )  # fmt: skip
    table = np.zeros(1, dtype=kind)
    for name, values in zip(kind.names or (), columns, strict=False):
        given = np.asarray(values)
        table[name][0] = given if visits else given[0]
    table["CCFDW"] = _STEP
    return table


def star_file(
    batch: Batch, rows: ApogeeRows, here: NDArray[np.int64], visits: VisitSpectra
) -> bytes:
    """Return the apStar file of a star.

    Parameters
    ----------
    batch, rows
        Visits of several stars.
    here
        Which of them are of this star.
    visits
        Those at rest on the combined pixels.
    """
    spectra = stacked(visits)
    unit = " (10^-17 erg/s/cm^2/Ang)"
    ones = np.ones_like(spectra.flux)
    hdus = [image_hdu(None, _primary(batch, rows, here, spectra), primary=True)]
    for name, values, kind in (
        ("Flux" + unit, spectra.flux, ">f4"),
        ("Error" + unit, spectra.error, ">f4"),
        ("Flag Mask (bitwise)", spectra.mask, ">i2"),
        ("Sky" + unit, spectra.sky, ">f4"),
        ("Sky error" + unit, 0.1 * spectra.sky, ">f4"),
        ("Telluric", ones, ">f4"),
        ("Telluric error", 0.001 * ones, ">f4"),
    ):
        rows_of = values[0] if len(here) == 1 else values
        hdus.append(image_hdu(rows_of.astype(kind), [*_grid_cards(), ("BUNIT", name)]))
    scale = float(np.mean(batch.circumstances.lsf_scale[here]))
    hdus.append(image_hdu(lsf_coefficients(1.0, scale * _LSF_PIXELS).astype(">f8")))
    return b"".join([*hdus, table_hdu(_table(batch, rows, here))])
