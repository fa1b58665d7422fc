"""LAMOST catalogs: the general one, and that of the A, F, G and K stars with LASP's labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.files.lamost_files import LamostRows, Layout, stated
from starledger.compute.simulate.observe.batch import Batch, Measured, measured
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

DUPLICATE_SHARE = 0.004
MISSING_SHARE = 0.004
"""Shares of the visits that the catalog holds twice, and not at all, in the realistic quality."""
_LEAST_SIGNAL = 10.0
"""Signal-to-noise ratio in g from which LASP gives labels."""

_OLD = [
    "obsid", "designation", "obsdate", "lmjd", "mjd", "planid", "spid", "fiberid", "ra", "dec",
    "snru", "snrg", "snrr", "snri", "snrz", "objtype", "class", "subclass", "z", "z_err", "magtype",
    "mag1", "mag2", "mag3", "mag4", "mag5", "mag6", "mag7", "tsource", "fibertype", "tfrom",
    "tcomment", "offsets", "offset_v", "ra_obs", "dec_obs",
]  # fmt: skip
_NEW = [
    "obsid", "uid", "gp_id", "designation", "obsdate", "lmjd", "mjd", "planid", "spid", "fiberid",
    "ra_obs", "dec_obs", "snru", "snrg", "snrr", "snri", "snrz", "class", "subclass", "z", "z_err",
    "ps_id", "mag_ps_g", "mag_ps_r", "mag_ps_i", "mag_ps_z", "mag_ps_y", "gaia_source_id",
    "gaia_g_mean_mag", "fibertype", "offsets", "offset_v", "ra", "dec", "fibermask",
]  # fmt: skip
_STELLAR = ("teff", "teff_err", "logg", "logg_err", "feh", "feh_err", "rv", "rv_err")
GENERAL_COLUMNS: dict[Layout, list[str]] = {"old": _OLD, "new": _NEW}
STELLAR_COLUMNS: dict[Layout, list[str]] = {
    layout: [*columns, *_STELLAR] for layout, columns in GENERAL_COLUMNS.items()
}


@dataclass(frozen=True, slots=True)
class LaspLabels:
    """What LASP measures; which visits it has labels for."""

    given: NDArray[np.bool_]
    teff: Measured
    logg: Measured
    fe_h: Measured


def lasp_labels(batch: Batch) -> LaspLabels:
    """Measure the labels of the visits of a batch."""
    signal, rng = batch.signal_to_noise["g"], batch.rng
    teff = batch.label("teff")
    return LaspLabels(
        (signal >= _LEAST_SIGNAL) & (teff > 3850.0) & (teff < 8500.0),
        measured(teff, 30.0, 150.0, signal, rng),
        measured(batch.label("logg"), 0.04, 0.25, signal, rng),
        measured(batch.label("fe_h"), 0.03, 0.15, signal, rng),
    )


def copies(visits: int, rng: np.random.Generator, *, realistic: bool) -> NDArray[np.int64]:
    """Return how often a catalog holds each visit: once, but for slips of the survey."""
    if not realistic:
        return np.ones(visits, dtype=np.int64)
    luck = rng.random(visits)
    twice = luck > 1 - DUPLICATE_SHARE
    return np.where(luck < MISSING_SHARE, 0, 1 + twice.astype(np.int64))


def catalog_row(batch: Batch, rows: LamostRows, i: int, layout: Layout) -> dict[str, str]:
    """Return the fields of the general catalog for a visit."""
    visits, star = batch.visits, int(batch.visits.star[i])
    ra, dec = f"{batch.ra[i]:.10f}", f"{batch.dec[i]:.10f}"
    g, r, i_band = (f"{band[i]:.2f}" for band in batch.sloan)
    known = rows.spectral_class[i] == "STAR"
    z = f"{rows.velocity.value[i] / LIGHT_SPEED_KMS:.10f}" if known else "-9999.0"
    z_err = f"{rows.velocity.error[i] / LIGHT_SPEED_KMS:.10f}" if known else "-9999.0"
    shared = {
        "obsid": str(rows.obsid[i]),
        "designation": rows.designation[i],
        "obsdate": rows.observed[i][:10],
        "lmjd": str(visits.night[i]),
        "mjd": str(visits.night[i] - 1),
        "planid": rows.planid[i],
        "spid": str(visits.spectrograph[i]),
        "fiberid": str(visits.fibre[i]),
        "ra": ra,
        "dec": dec,
        "ra_obs": ra,
        "dec_obs": dec,
        **{f"snr{band}": f"{stated(batch, band, i):.2f}" for band in "ugriz"},
        "class": rows.spectral_class[i],
        "subclass": rows.subclass[i],
        "z": z,
        "z_err": z_err,
        "fibertype": "Obj",
        "offsets": "false" if layout == "old" else "0",
        "offset_v": "0.0",
    }
    if layout == "old":
        magnitudes = {"mag1": g, "mag2": r, "mag3": i_band}
        return {
            "objtype": "Star",
            "magtype": "gri",
            **dict.fromkeys((f"mag{j}" for j in range(4, 8)), "99.0"),
            "tsource": "SIM",
            "tfrom": "SIM",
            "tcomment": "",
            **shared,
            **magnitudes,
        }
    return {
        "uid": f"G{batch.stars.gaia_dr3_source_id[star]:x}",
        "gp_id": "-9999",
        "ps_id": "-9999",
        "mag_ps_g": g,
        "mag_ps_r": r,
        "mag_ps_i": i_band,
        "mag_ps_z": "-9999.0",
        "mag_ps_y": "-9999.0",
        "gaia_source_id": str(batch.stars.gaia_dr3_source_id[star]),
        "gaia_g_mean_mag": f"{batch.magnitude('g')[i]:.4f}",
        "fibermask": "0",
        **shared,
    }


def _label_fields(labels: LaspLabels, rows: LamostRows, i: int) -> dict[str, str]:
    return {
        "teff": f"{labels.teff.value[i]:.2f}",
        "teff_err": f"{labels.teff.error[i]:.2f}",
        "logg": f"{labels.logg.value[i]:.3f}",
        "logg_err": f"{labels.logg.error[i]:.3f}",
        "feh": f"{labels.fe_h.value[i]:.3f}",
        "feh_err": f"{labels.fe_h.error[i]:.3f}",
        "rv": f"{rows.velocity.value[i]:.2f}",
        "rv_err": f"{rows.velocity.error[i]:.2f}",
    }


def catalog_lines(
    batch: Batch, rows: LamostRows, often: NDArray[np.int64], layout: Layout
) -> Iterator[list[tuple[str, str | None]]]:
    """Yield for each visit its lines of the general catalog, each with that of the stellar one.

    Parameters
    ----------
    batch, rows
        The visits, and LAMOST's names for them.
    often
        How often each visit stands in the catalogs (see `copies`).
    layout
        Of the columns.
    """
    labels = lasp_labels(batch)
    for i in range(len(batch)):
        fields = catalog_row(batch, rows, i, layout)
        general = "|".join(fields[name] for name in GENERAL_COLUMNS[layout])
        stellar = None
        if labels.given[i]:
            fields |= _label_fields(labels, rows, i)
            stellar = "|".join(fields[name] for name in STELLAR_COLUMNS[layout])
        yield [(general, stellar)] * int(often[i])
