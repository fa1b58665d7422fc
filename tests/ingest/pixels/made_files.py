"""Small files of every layout, made by hand: the same headers and HDUs, fewer pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.files.fits_bytes import Value, image_hdu, table_hdu

PIXELS = 48
CHIP = 20
Cards = dict[str, Value]


def cards_of(**changes: Value) -> Cards:
    """Return what headers of LAMOST say, with changes; None takes a card away."""
    cards: Cards = {
        "OBSID": 359910161, "EXTEN0": "Flux, Inverse, Wavelength, Andmask, Ormask",
        "TELESCOP": "LAMOST", "DATE-OBS": "2015-09-21T11:57:00", "LMJD": 57287,
        "PLANID": "KP193637N444141V03", "RA": 292.05872, "DEC": 43.925228, "FIBERID": 161,
        "FIBERMAS": 0, "EXPTIME": 1800.0, "SPID": 10, "HELIO": True, "VACUUM": True,
        "COEFF0": 3.5682, "COEFF1": 1e-4, "CLASS": "STAR", "SUBCLASS": "F5", "Z": -0.00017162,
        "Z_ERR": 0.00002725, "SNRU": 25.39, "SNRG": 87.63, "SNRR": 128.48, "SNRI": 158.11,
        "SNRZ": 119.56,
    }  # fmt: skip
    return _changed(cards, changes)


def _changed(cards: Cards, changes: Cards) -> Cards:
    return {name: value for name, value in (cards | changes).items() if value is not None}


def _headers(cards: Cards) -> list[tuple[str, Value]]:
    return list(cards.items())


def smooth(size: int = PIXELS) -> NDArray[Any]:
    """Return some flux."""
    return np.asarray(100.0 + np.arange(size) % 7)


def lamost_rows(first: float = 3.5682) -> NDArray[Any]:
    """Return the five rows of an image of LAMOST."""
    wavelength = 10 ** (first + 1e-4 * np.arange(PIXELS))
    bits = np.zeros(PIXELS)
    bits[3] = 1.0
    return np.stack([smooth(), np.full(PIXELS, 0.04), wavelength, 0 * bits, bits])


def lamost_image(rows: NDArray[Any] | None = None, kind: str = ">f4", **changes: Value) -> bytes:
    """Return an image of DR1 to DR7."""
    given = lamost_rows() if rows is None else rows
    return image_hdu(given.astype(kind), _headers(cards_of(**changes)), primary=True)


def lamost_pilot(**changes: Value) -> bytes:
    """Return an image of the pilot survey."""
    rows = lamost_rows()
    rows[2] = np.sin(np.arange(PIXELS))
    own: Cards = {
        "EXTEN0": "Flux Inverse Subcontinuum Andmask Ormask", "OBSID": None, "FIBERMAS": None,
        "SNRG": None, "SN_G": 71.41,
    }  # fmt: skip
    return lamost_image(rows, ">f4", **(own | changes))


def lamost_table(rows: NDArray[Any] | None = None, **changes: Value) -> bytes:
    """Return a table of DR8 and later."""
    given = lamost_rows() if rows is None else rows
    names = ("FLUX", "IVAR", "WAVELENGTH", "ANDMASK", "ORMASK", "NORMALIZATION")
    table = np.zeros(1, dtype=[(name, ">f4", (given.shape[1],)) for name in names])
    for name, values in zip(names, (*given, given[0] / 100), strict=True):
        table[name][0] = values
    head = image_hdu(None, _headers(cards_of(**changes)), primary=True)
    return head + table_hdu(table, "COADD")


def lamost_mrs(listed: str = "84420148-84420171", **changes: Value) -> bytes:
    """Return sums and exposures of both arms."""
    own: Cards = {"CLASS": None, "Z": None, "COEFF0": None, "COEFF1": None, "N_EXTEN": 7}
    parts = [image_hdu(None, _headers(cards_of(**(own | changes))), primary=True)]
    for arm, first in (("B", 3.69), ("R", 3.8)):
        loglam = np.float32(first) + 1e-5 * np.arange(PIXELS)
        parts.append(_mrs_table(f"COADD_{arm}", loglam, {"SNR": 44.0, "LMJMLIST": listed}))
    for arm, first in (("B", 3.69), ("R", 3.8)):
        loglam = first + 1.1e-5 * np.arange(PIXELS) + 1e-9 * np.arange(PIXELS) ** 2
        order = loglam if arm == "B" else loglam[::-1]
        cards: Cards = {"EXPTIME": 1200, "SNR": 12.0}
        parts += [_mrs_table(f"{arm}-{n}", order, cards) for n in (84420148, 84420171)]
    return b"".join(parts)


def _mrs_table(name: str, loglam: NDArray[Any], cards: Cards) -> bytes:
    masks = ("ANDMASK", "ORMASK") if name.startswith("COADD") else ("PIXMASK",)
    kinds = [*((column, ">f4") for column in ("FLUX", "IVAR", "LOGLAM"))]
    table = np.zeros(PIXELS, dtype=kinds + [(mask, ">i2") for mask in masks])
    table["FLUX"], table["IVAR"], table["LOGLAM"] = np.arange(1, PIXELS + 1), 0.5, loglam
    return table_hdu(table, name, cards=_headers(cards))


def apogee_visit(error: float = 2.0, **changes: Value) -> bytes:
    """Return three detectors of one visit."""
    cards: Cards = {
        "PLATE": "5095", "TELESCOP": "apo25m", "MJD5": 55844, "FIBERID": 128,
        "DATE-OBS": "2011-10-10T05:51:31.997", "EXPTIME": 2002.04, "JD-MID": 2455844.76737,
        "UT-MID": "2011-10-10T06:25:00.4", "OBJID": "2M01183798+8403419", "OBJTYPE": "STAR",
        "RA": 19.658251, "DEC": 84.061646, "SNR": 44.9672, "SURVEY": "apogee", "STARFLAG": 0,
        "VRADERR": 0.184171, "VHELIO": -33.1228,
    }  # fmt: skip
    wavelength = np.linspace(16950.0, 15140.0, 3 * CHIP).reshape(3, CHIP)
    flux = smooth(3 * CHIP).reshape(3, CHIP)
    sigma = np.full_like(flux, error)
    sigma[0, 0] = 1e10
    images = (
        flux.astype(">f4"), sigma.astype(">f4"), np.ones((3, CHIP), ">i2"),
        wavelength.astype(">f8"),
    )  # fmt: skip
    head = image_hdu(None, _headers(_changed(cards, changes)), primary=True)
    return head + b"".join(image_hdu(image) for image in images)


def apogee_star(visits: int = 2, **changes: Value) -> bytes:
    """Return the sum of some visits, and the visits; one visit stands alone."""
    cards: Cards = {
        "OBJID": "2M00452143+1634446", "TELESCOP": "apo25m", "LOCID": 4476, "RA": 11.339304,
        "DEC": 16.579082, "NVISITS": visits, "VHELIO": 6.73279, "VERR": 0.0676797,
        "SNR": 79.0154, "STARFLAG": 516, "CRVAL1": 4.179, "CDELT1": 6e-6, "CRPIX1": 1,
    }  # fmt: skip
    for n in range(1, visits + 1):
        cards |= {
            f"SFILE{n}": f"apVisit-r6-6561-565{86 + n}-131.fits", f"JD{n}": 2456587.73637 + n,
            f"VERR{n}": 0.1176, f"VHELIO{n}": 7.16206, f"SNRVIS{n}": 39.9, f"FLAG{n}": 4,
        }  # fmt: skip
    rows = 1 if visits == 1 else visits + 2
    flux = np.outer(np.arange(1, rows + 1), smooth())
    mask = np.outer(2 ** np.arange(rows), np.ones(PIXELS)).astype(">i2")
    images = [flux.astype(">f4"), np.ones_like(flux, dtype=">f4"), mask]
    images += [flux.astype(">f4")] * 4
    parts = [image_hdu(None, _headers(_changed(cards, changes)), primary=True)]
    parts += [image_hdu(image[0] if visits == 1 else image) for image in images]
    table = np.zeros(1, dtype=[("FIBER", ">i2"), ("CCFW0", ">f8")])
    return b"".join([*parts, image_hdu(np.zeros(26, ">f8")), table_hdu(table)])


def apogee_aspcap(**changes: Any) -> bytes:
    """Return the spectrum that ASPCAP fits, with the star's row of allStar."""
    grid: Cards = {"CRVAL1": 4.179, "CDELT1": 6e-6, "CRPIX1": 1, "CTYPE1": "LOG-LINEAR"}
    kinds = [
        ("APOGEE_ID", "S18"), ("TELESCOPE", "S8"), ("LOCATION_ID", ">i2"), ("RA", ">f8"),
        ("DEC", ">f8"), ("SNR", ">f4"), ("STARFLAG", ">i4"), ("VHELIO_AVG", ">f4"),
        ("VERR", ">f4"), ("GAIA_SOURCE_ID", ">i8"), ("FPARAM", ">f4", (9,)),
        ("ASPCAPFLAG", ">i4"),
    ]  # fmt: skip
    row = np.zeros(1, dtype=kinds)
    values = {
        "APOGEE_ID": b"2M00452143+1634446", "TELESCOPE": b"apo25m", "LOCATION_ID": 4476,
        "RA": 11.339304, "DEC": 16.579082, "SNR": 79.0, "VHELIO_AVG": 6.73, "VERR": 0.07,
        "GAIA_SOURCE_ID": 2781296410713456896,
    }  # fmt: skip
    for name, value in (values | changes).items():
        row[name] = value
    flux = np.ones(PIXELS, ">f4")
    images = (flux, 0.01 * flux, flux)
    parts = [image_hdu(None, [("VERSION", "r13")], primary=True)]
    parts += [image_hdu(image.astype(">f4"), _headers(grid)) for image in images]
    return b"".join([*parts, table_hdu(row)])


def spec(exposures: int = 2, night: int = 55181, **changes: Value) -> bytes:
    """Return a spec file of SDSS or BOSS, by its night."""
    cards: Cards = {
        "TELESCOP": "SDSS 2.5-M", "MJD": night, "EXPTIME": 1801.0, "PLATEID": 3586,
        "FIBERID": 220, "VACUUM": True, "COEFF0": 3.5516, "COEFF1": 1e-4,
        "PLUG_RA": 8.2489145, "PLUG_DEC": -0.70683742, "RA": 8.0, "DEC": 0.0,
        "MJDLIST": str(night), "NEXP": 2 * exposures,
    }  # fmt: skip
    head = image_hdu(None, _headers(_changed(cards, changes)), primary=True)
    loglam = 3.5516 + 1e-4 * (12 + np.arange(PIXELS))
    parts = [head, _spec_table("COADD", loglam, ("and_mask", "or_mask"), {})]
    parts.append(_measured("SPALL" if night > 55_100 else "SPECOBJ"))
    for camera, grid in (("B1", loglam), ("R1", loglam[::-1])):
        for n in range(exposures):
            own: Cards = {
                "TAI-BEG": 86400.0 * night + 4000.0 * n, "EXPTIME": 900.0, "MJD": night,
                "TAI-END": 86400.0 * night + 4000.0 * n + 900.0,
            }  # fmt: skip
            name = f"{camera}-{104927 + n:08d}-00104934-00104935"
            parts.append(_spec_table(name, grid + 1e-7 * n, ("mask",), own))
    return b"".join(parts)


def _spec_table(name: str, loglam: NDArray[Any], masks: tuple[str, ...], cards: Cards) -> bytes:
    kinds = [(column, ">f4") for column in ("flux", "loglam", "ivar")]
    kinds += [(mask, ">i4") for mask in masks] + [("wdisp", ">f4")]
    table = np.zeros(PIXELS, dtype=kinds)
    table["flux"], table["loglam"], table["ivar"] = np.arange(1, PIXELS + 1), loglam, 0.25
    table["wdisp"] = 1.1
    return table_hdu(table, name, cards=_headers(cards))


def _measured(name: str) -> bytes:
    kinds = [
        ("CLASS", "S6"), ("SUBCLASS", "S21"), ("Z", ">f4"), ("Z_ERR", ">f4"),
        ("ZWARNING", ">i4"), ("SN_MEDIAN", ">f4", (5,)), ("SN_MEDIAN_ALL", ">f4"),
    ]  # fmt: skip
    row = np.zeros(1, dtype=kinds)
    row["CLASS"], row["SUBCLASS"], row["Z"], row["Z_ERR"] = b"STAR", b"F9", 1e-4, 1e-5
    row["SN_MEDIAN"], row["SN_MEDIAN_ALL"] = (23.0, 60.0, 65.0, 64.0, 56.0), 61.0
    return table_hdu(row, name)


MADE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "lamost_lrs_image": ("lamost", lamost_image),
    "lamost_lrs_pilot": ("lamost", lamost_pilot),
    "lamost_lrs_table": ("lamost", lamost_table),
    "lamost_mrs": ("lamost", lamost_mrs),
    "apogee_apvisit": ("apogee", apogee_visit),
    "apogee_apstar": ("apogee", apogee_star),
    "apogee_aspcapstar": ("apogee", apogee_aspcap),
    "sdss_spec": ("sdss", lambda: spec(night=52672)),
    "boss_spec": ("sdss", spec),
}
"""A maker of a file of each layout, with its survey."""
