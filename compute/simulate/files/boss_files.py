"""BOSS spectra as files (spec-PLATE-MJD-FIBER.fits, lite and full) and the spAll catalog."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.files.fits_bytes import Card, image_hdu, table_hdu
from starledger.compute.simulate.observe.batch import Batch, Measured, measured, spectral_class
from starledger.compute.simulate.observe.instruments import BOSS
from starledger.compute.simulate.observe.noise import Exposure
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Floats = NDArray[np.float64]

NEAR_BAD_PIXEL, PARTIAL_REJECT, BRIGHT_SKY, NO_DATA = 1 << 16, 1 << 19, 1 << 23, 1 << 24
"""Bits of SPPIXMASK."""
_FIRST_PLATE = 3500
_ARMS = (("B1", 3600.0, 6350.0), ("R1", 5650.0, 10_400.0))
_PIXEL_KMS = LIGHT_SPEED_KMS * np.log(10.0) * 1e-4

SPALL = np.dtype(
    [
        ("PLATE", ">i4"), ("MJD", ">i4"), ("FIBERID", ">i4"), ("RUN2D", "S7"), ("RUN1D", "S7"),
        ("OBJTYPE", "S16"), ("PLUG_RA", ">f8"), ("PLUG_DEC", ">f8"), ("CLASS", "S6"),
        ("SUBCLASS", "S21"), ("Z", ">f4"), ("Z_ERR", ">f4"), ("RCHI2", ">f4"), ("DOF", ">i4"),
        ("ZWARNING", ">i4"), ("SN_MEDIAN_ALL", ">f4"), ("SN_MEDIAN", ">f4", (5,)),
        ("ANYANDMASK", ">i4"), ("ANYORMASK", ">i4"), ("SPECOBJID", ">i8"), ("RA", ">f8"),
        ("DEC", ">f8"), ("THING_ID", ">i4"), ("PSFMAG", ">f4", (5,)), ("NSPECOBS", ">i2"),
        ("SPECPRIMARY", "u1"),
    ]
)  # fmt: skip
_ZLINE = np.dtype(
    [
        ("PLATE", ">i4"), ("MJD", ">i4"), ("FIBERID", ">i4"), ("LINENAME", "S13"),
        ("LINEWAVE", ">f8"), ("LINEZ", ">f4"), ("LINEZ_ERR", ">f4"), ("LINEEW", ">f4"),
        ("LINEEW_ERR", ">f4"),
    ]
)  # fmt: skip


def plate_number(plate: int) -> int:
    """Return the number of a plate as BOSS writes it."""
    return _FIRST_PLATE + plate


def spec_name(batch: Batch, i: int) -> str:
    """Return the name of the file of a visit."""
    visits = batch.visits
    plate = plate_number(int(visits.plate[i]))
    return f"spec-{plate:04d}-{visits.night[i]}-{visits.fibre[i]:04d}.fits"


def boss_velocity(batch: Batch) -> Measured:
    """Measure the velocities of a batch in km/s."""
    truth = batch.velocity + batch.circumstances.zero_point
    return measured(truth, 2.0, 12.0, batch.signal_to_noise["g"], batch.rng)


def masks(seen: Exposure) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the and-mask and the or-mask."""
    both = seen.bad * NEAR_BAD_PIXEL + (seen.lost & ~seen.bad) * NO_DATA
    either = both | (seen.struck * PARTIAL_REJECT) | (seen.bright * BRIGHT_SKY)
    return both.astype(np.int32), either.astype(np.int32)


def spall_rows(batch: Batch, velocity: Measured) -> NDArray[np.void]:
    """Return the rows of spAll of the visits."""
    visits = batch.visits
    both, either = masks(batch.exposure)
    rows = np.zeros(len(batch), dtype=SPALL)
    rows["PLATE"] = [plate_number(int(p)) for p in visits.plate]
    rows["MJD"], rows["FIBERID"] = visits.night, visits.fibre
    rows["RUN2D"] = rows["RUN1D"] = b"v5_13_2"
    rows["OBJTYPE"] = b"STD"
    rows["PLUG_RA"] = rows["RA"] = batch.ra
    rows["PLUG_DEC"] = rows["DEC"] = batch.dec
    rows["CLASS"] = b"STAR"
    rows["SUBCLASS"] = spectral_class(batch.label("teff"))
    rows["Z"] = velocity.value / LIGHT_SPEED_KMS
    rows["Z_ERR"] = velocity.error / LIGHT_SPEED_KMS
    rows["RCHI2"], rows["DOF"] = 1.0, BOSS.pixels - 5
    rows["SN_MEDIAN"] = np.stack([batch.signal_to_noise[b] for b in "ugriz"], axis=1)
    rows["SN_MEDIAN_ALL"] = batch.signal_to_noise["r"]
    rows["ZWARNING"] = np.where(batch.signal_to_noise["g"] < 3.0, 4, 0)
    rows["ANYANDMASK"] = np.bitwise_or.reduce(both, axis=1)
    rows["ANYORMASK"] = np.bitwise_or.reduce(either, axis=1)
    rows["SPECOBJID"] = (visits.plate_visit + 1) * 1_000_000 + visits.fibre
    rows["THING_ID"] = batch.stars.number[visits.star] + 1
    sloan = np.stack([*batch.sloan], axis=1)
    rows["PSFMAG"] = np.concatenate([sloan[:, :1] + 1.2, sloan, sloan[:, 2:] - 0.1], axis=1)
    rows["NSPECOBS"], rows["SPECPRIMARY"] = visits.of_star, visits.sequence == 1
    return rows


def _primary(batch: Batch, i: int, exposures: int) -> bytes:
    visits = batch.visits
    names = [f"{arm}-{n:08d}" for arm, *_ in _ARMS for n in _exposure_numbers(batch, i, exposures)]
    cards = [
        Card("TELESCOP", "SDSS 2.5-M", "Sloan Digital Sky Survey"),
        Card("ORIGIN", "SIMULATION"),
        Card("FLAVOR", "science", "exposure type, SDSS spectro style"),
        Card("MJD", int(visits.night[i]), "APO MJD day at start of exposure"),
        Card("RADECSYS", "FK5"),
        Card("EQUINOX", 2000.0),
        Card("PLATEID", plate_number(int(visits.plate[i])), "The currently loaded plate"),
        Card("HELIO_RV", float(visits.earth_velocity[i]), "Heliocentric correction"),
        Card("VACUUM", value=True, comment="Wavelengths are in vacuum"),
        Card("RUN2D", "v5_13_2", "Spectro-2D reduction name"),
        Card("VERS2D", "v5_13_2", "Version of idlspec2d for 2D reduction"),
        Card("NWORDER", 2, "Linear-log10 coefficients"),
        Card("WFITTYPE", "LOG-LINEAR", "Linear-log10 dispersion"),
        Card("COEFF0", BOSS.first, "Central wavelength (log10) of first pixel"),
        Card("COEFF1", BOSS.step, "Log10 dispersion per pixel"),
        Card("DC-FLAG", 1, "Log-linear flag"),
        Card("BUNIT", "1E-17 erg/cm^2/s/Ang"),
        Card("PLUG_RA", float(batch.ra[i]), "RA of object [deg]"),
        Card("PLUG_DEC", float(batch.dec[i]), "dec of object [deg]"),
        Card("THING_ID", int(batch.stars.number[visits.star[i]]) + 1, "Unique object identifier"),
        Card("FIBERID", int(visits.fibre[i]), "Fiber number (1-1000)"),
        Card("NEXP", len(names), "Number of individual exposures"),
        *(Card(f"EXPID{n:02d}", name) for n, name in enumerate(names, 1)),
    ]
    return image_hdu(None, cards, primary=True)


def _exposure_numbers(batch: Batch, i: int, exposures: int) -> list[int]:
    first = 10_000 + 8 * int(batch.visits.plate_visit[i])
    return [first + n for n in range(exposures)]


def _wdisp(batch: Batch, i: int) -> Floats:
    """Return the standard deviation of the line-spread function in pixels."""
    scale = float(batch.circumstances.lsf_scale[i])
    return np.asarray(scale * BOSS.lsf_sigma(BOSS.wavelength) / _PIXEL_KMS)


def _coadd(batch: Batch, i: int) -> bytes:
    seen = batch.exposure.visit(i)
    both, either = masks(seen)
    columns: dict[str, tuple[str, NDArray[np.generic]]] = {
        "flux": (">f4", seen.flux),
        "loglam": (">f4", BOSS.first + BOSS.step * np.arange(BOSS.pixels)),
        "ivar": (">f4", seen.ivar),
        "and_mask": (">i4", both),
        "or_mask": (">i4", either),
        "wdisp": (">f4", _wdisp(batch, i)),
        "sky": (">f4", seen.sky),
        "model": (">f4", _smooth(seen.flux, seen.ivar)),
    }
    return _columns(columns, "COADD")


def _columns(columns: dict[str, tuple[str, NDArray[np.generic]]], name: str) -> bytes:
    kind = np.dtype([(column, code) for column, (code, _) in columns.items()])
    rows = np.zeros(len(next(iter(columns.values()))[1]), dtype=kind)
    for column, (_, values) in columns.items():
        rows[column] = values
    return table_hdu(rows, name)


def _smooth(flux: Floats, ivar: Floats) -> Floats:
    """Return a smooth model of a spectrum: the weighted mean of nine pixels."""
    window = np.ones(9)
    total = np.convolve(ivar, window, "same")
    return np.asarray(np.convolve(flux * ivar, window, "same") / np.where(total > 0, total, 1.0))


def _lines(batch: Batch, i: int, velocity: Measured) -> bytes:
    lines = (("[O_II] 3725", 3727.09), ("H_beta", 4862.68), ("H_alpha", 6564.61))
    rows = np.zeros(len(lines), dtype=_ZLINE)
    visits = batch.visits
    rows["PLATE"], rows["MJD"] = plate_number(int(visits.plate[i])), visits.night[i]
    rows["FIBERID"] = visits.fibre[i]
    rows["LINENAME"], rows["LINEWAVE"] = zip(*lines, strict=True)
    rows["LINEZ"] = velocity.value[i] / LIGHT_SPEED_KMS
    rows["LINEEW_ERR"] = rows["LINEZ_ERR"] = -1.0
    return table_hdu(rows, "SPZLINE")


def _exposures(batch: Batch, i: int) -> list[bytes]:
    """Return the tables of two exposures in each arm, whose mean is the coadd."""
    seen = batch.exposure.visit(i)
    half = seen.sigma * batch.rng.standard_normal(BOSS.pixels)
    loglam = BOSS.first + BOSS.step * np.arange(BOSS.pixels)
    tables = []
    for arm, low, high in _ARMS:
        inside = (BOSS.wavelength > low) & (BOSS.wavelength < high)
        for sign, number in zip((1.0, -1.0), _exposure_numbers(batch, i, 2), strict=True):
            columns: dict[str, tuple[str, NDArray[np.generic]]] = {
                "flux": (">f4", (seen.flux + sign * half)[inside]),
                "loglam": (">f4", loglam[inside]),
                "ivar": (">f4", 0.5 * seen.ivar[inside]),
                "mask": (">i4", (seen.bad * NEAR_BAD_PIXEL)[inside]),
                "wdisp": (">f4", _wdisp(batch, i)[inside]),
                "sky": (">f4", seen.sky[inside]),
                "calib": (">f4", np.ones(int(inside.sum()))),
                "x": (">f4", np.arange(int(inside.sum()))),
            }
            tables.append(_columns(columns, f"{arm}-{number:08d}"))
    return tables


def spec_file(
    batch: Batch, velocity: Measured, rows: NDArray[np.void], i: int, *, full: bool = False
) -> bytes:
    """Return the file of a visit.

    Parameters
    ----------
    batch, velocity
        The visits, and their velocities as measured.
    rows
        Their rows of spAll.
    i
        Which visit.
    full
        Add the single exposures, as the full files have them.
    """
    row = rows[i : i + 1]
    parts = [_primary(batch, i, 2 if full else 0), _coadd(batch, i), table_hdu(row, "SPALL")]
    parts.append(_lines(batch, i, velocity))
    return b"".join(parts + (_exposures(batch, i) if full else []))
