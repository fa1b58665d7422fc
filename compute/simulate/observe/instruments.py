"""The spectrographs: their pixels, resolution, throughput and night sky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.observe.rest_spectra import NEAR_INFRARED, OPTICAL, Band
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Floats = NDArray[np.float64]
_FWHM = 2.354820045


def log_grid(first: float, step: float, pixels: int) -> Floats:
    """Return wavelengths in Å in equal steps of log10.

    Examples
    --------
    >>> [round(float(end), 2) for end in log_grid(4.179, 6e-6, 8575)[[0, -1]]]
    [15100.8, 16999.81]
    """
    return np.asarray(10 ** (first + step * np.arange(pixels)))


@dataclass(frozen=True, eq=False)
class Instrument:
    """A spectrograph as its survey publishes it.

    Parameters
    ----------
    name
        For people.
    band
        The stretch that must be synthesized.
    wavelength
        Of the pixels in Å, vacuum, increasing.
    resolution
        λ/FWHM at wavelengths in Å; between them linear. A wavelength may stand twice where two
        arms meet.
    throughput
        Relative throughput at wavelengths in Å.
    signal_bands
        The bands (Å) in which the survey states a signal-to-noise ratio per pixel.
    reference_band
        The one whose signal-to-noise ratio a visit is drawn with.
    arms
        Ranges of the arms or chips in Å; pixels outside all of them are not exposed.
    """

    name: str
    band: Band
    wavelength: Floats
    resolution: tuple[tuple[float, float], ...]
    throughput: tuple[tuple[float, float], ...]
    signal_bands: Mapping[str, tuple[float, float]]
    reference_band: str
    arms: tuple[tuple[float, float], ...] = ()

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return len(self.wavelength)

    @property
    def first(self) -> float:
        """log10 of the first wavelength in Å."""
        return round(float(np.log10(self.wavelength[0])), 8)

    @property
    def step(self) -> float:
        """Step of log10 of the wavelength, where it is constant."""
        span = np.log10(self.wavelength[-1] / self.wavelength[0])
        return round(float(span) / (self.pixels - 1), 10)

    def lsf_sigma(self, wavelength: Floats) -> Floats:
        """Return the standard deviation of the line-spread function in km/s at wavelengths in Å."""
        at, power = zip(*self.resolution, strict=True)
        return np.asarray(LIGHT_SPEED_KMS / _FWHM / np.interp(wavelength, at, power))

    def efficiency(self, wavelength: Floats) -> Floats:
        """Return the relative throughput at wavelengths in Å."""
        at, share = zip(*self.throughput, strict=True)
        return np.asarray(np.interp(wavelength, at, share))

    def exposed(self, wavelength: Floats) -> NDArray[np.bool_]:
        """Return which wavelengths in Å fall on a detector."""
        if not self.arms:
            return np.ones(wavelength.shape, dtype=bool)
        inside = [(wavelength >= low) & (wavelength <= high) for low, high in self.arms]
        return np.asarray(np.any(inside, axis=0))

    def signal_to_noise(self, flux: Floats, ivar: Floats) -> dict[str, Floats]:
        """Return the median S/N per pixel of spectra in each of the survey's bands; 0 if none."""
        wavelength = self.wavelength
        ratio = flux * np.sqrt(ivar)
        return {
            name: np.maximum(np.median(ratio[:, (wavelength > a) & (wavelength < b)], axis=1), 0.0)
            for name, (a, b) in self.signal_bands.items()
        }


LAMOST = Instrument(
    "LAMOST low-resolution spectrographs",
    OPTICAL,
    log_grid(3.5682, 1e-4, 3909),
    ((3700, 1350), (5000, 1800), (5900, 2050), (5900.01, 1500), (7000, 1800), (9100, 2200)),
    (
        (3690, 0.02), (3800, 0.10), (3900, 0.20), (4300, 0.55), (4800, 0.80), (5400, 0.85),
        (5700, 0.70), (5850, 0.38), (5920, 0.36), (5980, 0.60), (6100, 0.90), (7000, 1.10),
        (8000, 1.00), (8800, 0.70), (9100, 0.40),
    ),
    {
        "u": (3700.0, 4000.0), "g": (4000.0, 5500.0), "r": (5600.0, 6900.0),
        "i": (6900.0, 8200.0), "z": (8200.0, 9090.0),
    },
    "g",
)  # fmt: skip

BOSS = Instrument(
    "BOSS spectrographs",
    OPTICAL,
    log_grid(3.5563, 1e-4, 4607),
    ((3600, 1560), (6000, 2270), (6300, 1850), (9000, 2650), (10400, 2250)),
    (
        (3590, 0.10), (4000, 0.50), (4800, 0.85), (5800, 0.70), (6050, 0.55), (6300, 0.80),
        (7500, 1.00), (9000, 0.80), (10000, 0.40), (10410, 0.20),
    ),
    {
        "u": (3600.0, 4000.0), "g": (4000.0, 5500.0), "r": (5600.0, 6900.0),
        "i": (6900.0, 8200.0), "z": (8200.0, 10000.0),
    },
    "g",
)  # fmt: skip

_CHIP_PIXELS = 4096


def _detector(first: float, last: float, step: float) -> Floats:
    """Return the pixels of a detector of APOGEE, whose step in Å shrinks evenly from `step`."""
    pixel = np.arange(_CHIP_PIXELS)
    curve = (last - first - step * pixel[-1]) / pixel[-1] ** 2
    return np.asarray(first + step * pixel + curve * pixel**2)


APOGEE = Instrument(
    "APOGEE spectrographs",
    NEAR_INFRARED,
    np.concatenate(
        [
            _detector(15142.260, 15809.867, 0.1722),
            _detector(15857.136, 16435.240, 0.1513),
            _detector(16472.609, 16954.533, 0.1288),
        ]
    ),
    ((15100, 22000), (15800, 23500), (15850, 21500), (16450, 23500), (17000, 22000)),
    ((15100, 0.9), (16000, 1.0), (17000, 0.85)),
    {"h": (15152.0, 16953.0)},
    "h",
)
"""The blue, the green and the red detector, one after the other, in the observed frame."""

APOGEE_COMBINED = log_grid(4.179, 6e-6, 8575)
"""Pixels in Å of APOGEE's combined spectra, at rest."""
