"""Ab-initio training spectra: synthesized, seen by an instrument and normalised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.simulate.observe.instruments import (
    APOGEE,
    APOGEE_COMBINED,
    BOSS,
    LAMOST,
    Instrument,
)
from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.simulate.observe.rest_spectra import Band
from starledger.compute.simulate.observe.training_grid import TrainingGrid, grid_source
from starledger.compute.simulate.processes import in_order
from starledger.compute.spectra.normalisation import continuum, normalise
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from starledger.compute.synthesis.labels import label_tensor
from starledger.compute.training.networks import TrainingSpectra
from starledger.compute.training.windows import BadWindow, within

Floats = NDArray[np.float64]

NORMALISATION = "gaussian_50_even"
"""Spectra are divided by themselves, smoothed with a Gaussian of 50 Å that knows no noise."""
SAME_WITHOUT_NOISE = (NORMALISATION, "gaussian_50")
"""Continua that are one and the same for synthesized spectra."""
AT_ONCE = 16
"""Stars that are synthesized at once."""
_PIXELS_BESIDE = 30
_WIDTHS_BESIDE = 25.0
"""Pixels of the band, and Å, that are synthesized beyond the ends of a window."""


@dataclass(frozen=True, slots=True)
class Spectrograph:
    """An instrument for which models can be trained.

    Parameters
    ----------
    instrument
        As it is simulated.
    wavelength
        Pixels of the spectra that are fitted, in vacuum in Å.
    labels
        What its models give if nothing else is said.
    """

    instrument: Instrument
    wavelength: Floats
    labels: tuple[str, ...]


_OPTICAL_LABELS = (
    "teff", "logg", "fe_h", "vmic", "c_fe", "n_fe", "o_fe", "na_fe", "mg_fe", "al_fe", "si_fe",
    "ca_fe", "sc_fe", "ti_fe", "v_fe", "cr_fe", "mn_fe", "co_fe", "ni_fe", "cu_fe", "sr_fe",
    "ba_fe",
)  # fmt: skip
_APOGEE_LABELS = (
    "teff", "logg", "fe_h", "vmic", "vmac", "c_fe", "n_fe", "o_fe", "na_fe", "mg_fe", "al_fe",
    "si_fe", "p_fe", "s_fe", "k_fe", "ca_fe", "ti_fe", "v_fe", "cr_fe", "mn_fe", "co_fe", "ni_fe",
    "cu_fe", "ge_fe",
)  # fmt: skip
SPECTROGRAPHS = {
    "apogee": Spectrograph(APOGEE, APOGEE_COMBINED, _APOGEE_LABELS),
    "boss": Spectrograph(BOSS, BOSS.wavelength, _OPTICAL_LABELS),
    "lamost_lrs": Spectrograph(LAMOST, LAMOST.wavelength, _OPTICAL_LABELS),
}
"""The instruments of the registry that are simulated."""


@dataclass(frozen=True)
class AbInitio:
    """Makes normalised spectra of stars with certain labels.

    Parameters
    ----------
    spectrograph
        Who sees them.
    names
        The labels that vary; all others are solar.
    quality
        See `TrainingGrid`.
    window
        Wavelengths in Å that are kept; all by default.
    processes
        How many share the work.
    """

    spectrograph: Spectrograph
    names: tuple[str, ...]
    quality: Quality = Quality.CLEAN
    window: tuple[float, float] | None = None
    processes: int = 1

    @cached_property
    def wavelength(self) -> Floats:
        """Wavelengths of the pixels in vacuum in Å."""
        return within(self.spectrograph.wavelength, self.window, self.spectrograph.instrument.name)

    @cached_property
    def unseen(self) -> NDArray[np.bool_]:
        """Which pixels fall between detectors."""
        return ~_exposed(self.spectrograph.instrument, self.wavelength)

    def flux(self, labels: Tensor, advance: Callable[[int], None] = lambda _: None) -> Tensor:
        """Return normalised flux: stars × pixels; 0 between detectors.

        Parameters
        ----------
        labels
            Stars × names.
        advance
            Called with how many more spectra there are.
        """
        parts = []
        for part in in_order(self._some, torch.split(labels, AT_ONCE), self.processes):
            parts.append(part)
            advance(len(part))
        return torch.cat(parts)

    def spectra(
        self, labels: Floats, advance: Callable[[int], None] = lambda _: None
    ) -> TrainingSpectra:
        """Return training spectra of stars with these labels, see `flux`."""
        wavelength, given = torch.from_numpy(self.wavelength), torch.from_numpy(labels)
        flux = self.flux(given, advance)
        return TrainingSpectra(self.names, given, wavelength, flux, NORMALISATION)

    @cached_property
    def _grid(self) -> TrainingGrid:
        instrument = self.spectrograph.instrument
        band = instrument.band if self.window is None else _cut(instrument.band, self.wavelength)
        source = grid_source(band, self.quality)
        return TrainingGrid(instrument, self.quality, source, self.wavelength)

    @cached_property
    def _ivar(self) -> Tensor:
        return torch.from_numpy(~self.unseen).float()

    def _some(self, labels: Tensor) -> Tensor:
        named = {name: labels[:, i].tolist() for i, name in enumerate(self.names)}
        flux = self._grid.flux(label_tensor(named)).double()
        level = flux.mean(dim=1, keepdim=True)
        smooth = continuum(NORMALISATION, self.wavelength, dtype=torch.float64)
        ivar = self._ivar.double().expand_as(flux)
        return normalise(Spectra(flux / level, ivar), smooth).flux.float()


def abinitio(
    instrument: str,
    names: Sequence[str] | None = None,
    quality: Quality = Quality.CLEAN,
    window: tuple[float, float] | None = None,
    processes: int = 1,
) -> AbInitio:
    """Return what makes the spectra of an instrument, by its name in the registry.

    Raises
    ------
    BadWindow
        It is not simulated.

    Examples
    --------
    >>> iron = abinitio("lamost_lrs", ["teff", "fe_h"], window=(5240.0, 5290.0))
    >>> iron.flux(torch.tensor([[5000.0, 0.0], [5000.0, -1.0]])).shape
    torch.Size([2, 41])
    """
    if instrument not in SPECTROGRAPHS:
        raise BadWindow(
            f"There are no ab-initio spectra for {instrument!r}.",
            remedy=f"Name one of {', '.join(SPECTROGRAPHS)}, or give training spectra of your own.",
        )
    chosen = SPECTROGRAPHS[instrument]
    return AbInitio(chosen, tuple(names or chosen.labels), quality, window, processes)


def _cut(band: Band, wavelength: Floats) -> Band:
    """Return the part of a band that such pixels are made of."""
    place = np.log(wavelength[[0, -1]] / band.first) * LIGHT_SPEED_KMS / band.step
    first = max(int(place[0]) - _PIXELS_BESIDE, 0)
    past = min(int(place[1]) + 1 + _PIXELS_BESIDE, band.pixels)
    start, end = band.wavelength[[first, past - 1]]
    return Band(
        f"{band.name} window",
        max(start - _WIDTHS_BESIDE, band.low),
        min(end + _WIDTHS_BESIDE, band.high),
        float(start),
        past - first,
        band.step,
        band.sigma,
    )


def _exposed(instrument: Instrument, wavelength: Floats) -> NDArray[np.bool_]:
    """Return which wavelengths lie on a detector, gaps between whose pixels are jumps."""
    pixels = instrument.wavelength
    step = np.diff(pixels)
    after = np.searchsorted(pixels, wavelength).clip(1, len(step))
    between = step[after - 1] > 10 * np.median(step)
    return np.asarray(~between & (wavelength >= pixels[0]) & (wavelength <= pixels[-1]))
