"""A loader for specutils of the files that `starledger spectrum` writes; importing registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.nddata import InverseVariance
from specutils import Spectrum, SpectrumList
from specutils.io.registers import data_loader

FORMAT = "Starledger star spectra"
_TAKEN = ("wavelength", "flux", "uncertainty", "ivar")
"""Columns that are no metadata."""
_PRIORITY = 20
"""Above that of specutils' own loaders, which is 10."""


def _is_ours(_origin: str, *sources: object, **_options: object) -> bool:
    for source in sources:
        if isinstance(source, str | Path) and Path(source).is_file():
            try:
                header = fits.getheader(source)
            except OSError:
                return False
            return str(header.get("CREATOR", "")).startswith("Starledger") and "NVISITS" in header
    return False


def load_spectra(source: Any, hdu: str = "SPECTRUM", **_options: object) -> SpectrumList:
    """Return the visits of a star: as observed, or with ``hdu="FIT"`` as they were fitted."""
    with fits.open(source) as file:
        count = file[0].header["NVISITS"]
        return SpectrumList([_spectrum(file[f"{hdu}_{n}"]) for n in range(1, count + 1)])


def load_best(source: Any, hdu: str = "SPECTRUM_1", **_options: object) -> Spectrum:
    """Return one spectrum: by default that of the visit of the best S/N, as observed."""
    with fits.open(source) as file:
        return _spectrum(file[hdu])


def _spectrum(table: fits.BinTableHDU) -> Spectrum:
    rows, units = table.data, {one.name: one.unit for one in table.columns}
    unit = u.Unit(units["flux"] or "")
    ivar = np.array(rows["ivar"], float)
    unused = rows["mask"] != 0 if table.name.startswith("FIT_") else np.zeros(len(rows), bool)
    return Spectrum(
        flux=np.array(rows["flux"], float) * unit,
        spectral_axis=np.array(rows["wavelength"], float) * u.Unit(units["wavelength"]),
        uncertainty=InverseVariance(ivar / unit**2),
        mask=(ivar == 0) | unused,
        meta={"header": table.header.copy()}
        | {name: np.array(rows[name]) for name in rows.names if name not in _TAKEN},
    )


def _register() -> None:
    for load, dtype in ((load_spectra, SpectrumList), (load_best, Spectrum)):
        data_loader(
            label=FORMAT,
            identifier=_is_ours,
            dtype=dtype,
            extensions=["fits"],
            priority=_PRIORITY,
            autogenerate_spectrumlist=False,
            force=True,
        )(load)


_register()
