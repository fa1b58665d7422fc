"""A simulated survey whose truth is known, and a reference catalog that drifts by known curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from starledger.compute.simulate.observe.rest_spectra import RestSpectra
from starledger.compute.simulate.population.truth import Mixture
from starledger.compute.simulate.survey import simulate_survey

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LABELS = ("teff", "logg", "fe_h", "mg_fe", "ca_fe")
MIXTURE = Mixture(clusters=0.15, wide=0.40, binaries=0.10)
VISIT_SHARES = (0.25, 0.45, 0.30)
"""More wide pairs, members of clusters and repeats than surveys have: fewer stars tell as much."""
HELD_OUT_PAIRS = 1 / 3
APOGEE = Path("apogee", "catalogs", "allStar-r12-l33.fits")
M67 = 0
"""The place of M67 among the simulated clusters."""

_Curve = Callable[[Floats, Floats], Floats]


def _hot(teff: Floats) -> Floats:
    return (teff - 5772.0) / 1000.0


DRIFT: dict[str, _Curve] = {
    "teff": lambda teff, _logg: 60.0 + 40.0 * _hot(teff),
    "logg": lambda _teff, logg: -0.08 + 0.03 * (logg - 4.44),
    "fe_h": lambda teff, _logg: 0.06 + 0.05 * _hot(teff),
    "mg_fe": lambda teff, logg: (
        0.07
        + 0.09 * _hot(teff)
        + 0.05 * _hot(teff) ** 2
        - 0.03 * _hot(teff) ** 3
        + 0.04 * (logg - 4.44)
    ),
    "ca_fe": lambda teff, logg: (
        -0.05 - 0.10 * _hot(teff) + 0.04 * _hot(teff) ** 2 - 0.03 * (logg - 4.44)
    ),
}
"""By how much the labels of the training catalog are off, at true Teff in K and log g."""


@dataclass(frozen=True)
class Sky:
    """A simulated survey in a folder.

    Parameters
    ----------
    folder
        Where its files are.
    stars
        The truth about the stars.
    held_out
        Which stars no reference catalog and no derivation knows: M67 and a third of the pairs.
    """

    folder: Path
    stars: NDArray[np.void]
    held_out: Flags

    def label(self, name: str) -> Floats:
        """Return the true values of a label."""
        return np.asarray(self.stars[name], float)

    @property
    def in_m67(self) -> Flags:
        """Which stars are members of M67."""
        return np.asarray(np.equal(self.stars["cluster"], M67), bool)

    @property
    def single(self) -> Flags:
        """Which stars have no unresolved companion."""
        return np.asarray(np.equal(self.stars["companion_exists"], 0), bool)

    @property
    def source_id(self) -> NDArray[np.int64]:
        """Gaia DR3's names of the stars."""
        return np.asarray(self.stars["gaia_dr3_source_id"], np.int64)

    def pairs(self, *, held_out: bool) -> NDArray[np.int64]:
        """Return the stars of wide pairs, each pair once: pairs × 2."""
        partner = np.asarray(self.stars["wide_partner"], np.int64)
        first = np.flatnonzero((partner > np.arange(len(partner))) & (self.held_out == held_out))
        return np.stack([first, partner[first]], axis=1)


def make_sky(folder: Path, n_stars: int, seed: int, spectra: RestSpectra) -> Sky:
    """Simulate LAMOST, Gaia, GALAH and APOGEE in the realistic quality, and let GALAH DR2 drift.

    GALAH DR3 and APOGEE stay right on the whole; none knows a star that is held out. One process
    makes LAMOST's spectra: others would have to find the tests, to which these belong, and might
    not.
    """
    simulate_survey(
        "lamost",
        n_stars,
        seed,
        folder / "lamost",
        mixture=MIXTURE,
        visit_shares=VISIT_SHARES,
        spectra=spectra,
    )
    for catalog in ("gaia", "galah"):
        simulate_survey(catalog, n_stars, seed, folder / catalog, mixture=MIXTURE)
    simulate_survey(
        "apogee",
        n_stars,
        seed,
        folder / "apogee",
        mixture=MIXTURE,
        catalogs_only=True,
        processes=2,
    )
    sky = read_sky(folder, seed)
    catalogs = folder / "galah" / "catalogs"
    _rewrite(catalogs / "GALAH_DR2_catalog.fits", partial(_galah, sky, DRIFT))
    _rewrite(catalogs / "GALAH_DR3_main_v2.fits", partial(_galah, sky, {}))
    _rewrite(folder / APOGEE, partial(_apogee, sky))
    return sky


def read_sky(folder: Path, seed: int) -> Sky:
    """Return the survey that was simulated in a folder."""
    with fits.open(folder / "lamost" / "truth" / "stars.fits") as file:
        stars = np.array(file[1].data)
    return Sky(folder, stars, _held_out(stars, seed))


def _held_out(stars: NDArray[np.void], seed: int) -> Flags:
    partner = np.asarray(stars["wide_partner"], np.int64)
    luck = np.random.default_rng([seed, 29]).random(len(stars))
    # Both stars of a pair share the luck of the first of them.
    first = np.where(partner >= 0, np.minimum(partner, np.arange(len(stars))), 0)
    held = (partner >= 0) & (luck[first] < HELD_OUT_PAIRS)
    return np.asarray(held | (np.asarray(stars["cluster"]) == M67))


def _rewrite(path: Path, change: Callable[[NDArray[np.void]], NDArray[np.void]]) -> None:
    with fits.open(path) as file:
        rows, header = np.array(file[1].data), file[1].header
    fits.BinTableHDU(change(rows), header).writeto(path, overwrite=True)


def _galah(sky: Sky, drift: dict[str, _Curve], rows: NDArray[np.void]) -> NDArray[np.void]:
    """Leave the stars that are held out out of GALAH's rows, and let their labels drift."""
    number = (np.asarray(rows["sobject_id"], np.int64) - 140_000_000_000_001) // 1000
    for label, curve in drift.items():
        rows[label] += curve(sky.label("teff"), sky.label("logg"))[number].astype(rows[label].dtype)
    return rows[~sky.held_out[number]]


def _apogee(sky: Sky, rows: NDArray[np.void]) -> NDArray[np.void]:
    """Leave the stars that are held out out of APOGEE's rows, which name Gaia DR2's sources."""
    names = np.asarray(sky.stars["gaia_dr2_source_id"])[sky.held_out]
    return rows[~np.isin(rows["GAIA_SOURCE_ID"], names)]
