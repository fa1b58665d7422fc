"""Loaders for specutils, on top of our readers; importing this module registers them.

specutils knows no file of LAMOST, and fails on APOGEE's stars of one visit.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from astropy import units as u
from astropy.nddata import InverseVariance
from specutils import Spectrum
from specutils.io.registers import data_loader

from starledger.ingest.pixels.fits_file import open_fits
from starledger.ingest.pixels.inflate import LARGEST
from starledger.ingest.pixels.layouts import LAYOUTS, Layout, read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum

_PRIORITY = 20
"""Above that of specutils' own loaders, which is 10."""
_RELATIVE = u.dimensionless_unscaled
_ABSOLUTE = u.Unit("1e-17 erg / (Angstrom s cm2)")
_UNITS = {
    "lamost_lrs_image": _RELATIVE,
    "lamost_lrs_pilot": _RELATIVE,
    "lamost_lrs_table": _RELATIVE,
    "apogee_apstar": _ABSOLUTE,
}
"""Layouts with their unit of flux: LAMOST's is relative."""


def _contents(source: object) -> bytes | None:
    """Return the bytes of a path or of an open file, which is left where it was.

    None where it is neither, or larger than any spectrum.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        return path.read_bytes() if path.is_file() and path.stat().st_size <= LARGEST else None
    if not (hasattr(source, "read") and hasattr(source, "seek")):
        return None
    file = cast("BinaryIO", source)
    at = file.tell()
    file.seek(0)
    contents = file.read(LARGEST)
    file.seek(at)
    return contents if isinstance(contents, bytes) else None


def _identifier(layout: Layout) -> Callable[..., bool]:
    def identify(_origin: str, *sources: object, **_options: object) -> bool:
        contents = next((read for s in sources if (read := _contents(s)) is not None), None)
        if contents is None:
            return False
        try:
            file = open_fits(contents)
            return next((known for known in LAYOUTS if known.recognises(file)), None) is layout
        except UnreadableSpectrum:
            return False

    return identify


def _loader(layout: Layout, unit: u.UnitBase) -> Callable[..., Spectrum]:
    def load(source: object, **_options: object) -> Spectrum:
        contents = _contents(source)
        if contents is None:
            raise UnreadableSpectrum(f"{source} is no file.", remedy="Give a path or a file.")
        _, (spectrum, *_) = read_spectra(layout.survey, str(source), contents)
        return _as_specutils(spectrum, unit)

    return load


def _as_specutils(spectrum: ReadSpectrum, unit: u.UnitBase) -> Spectrum:
    """Return a spectrum with errors as inverse variances; pixels without weight are masked."""
    seen = spectrum.pixels
    meta: dict[str, Any] = {
        "external_id": spectrum.external_id,
        "kind": spectrum.kind,
        "frame": spectrum.frame,
        "wavelength_medium": spectrum.grid.medium,
        "rv": None if spectrum.rv is None else spectrum.rv * u.km / u.s,
        "native_mask": seen.mask,
    }
    return Spectrum(
        flux=seen.flux.astype(np.float64) * unit,
        spectral_axis=spectrum.wavelength * u.AA,
        uncertainty=InverseVariance(seen.ivar.astype(np.float64) / unit**2),
        mask=seen.ivar == 0,
        meta=meta,
    )


def _register() -> None:
    for layout in LAYOUTS:
        if layout.name in _UNITS:
            data_loader(
                label=f"Starledger {layout.title}",
                identifier=_identifier(layout),
                extensions=["fits", "fits.gz"],
                priority=_PRIORITY,
                force=True,
            )(_loader(layout, _UNITS[layout.name]))


_register()
