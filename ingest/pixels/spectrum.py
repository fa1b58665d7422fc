"""A spectrum as a survey's file gives it: what every reader returns and every shard takes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from starledger.schema.errors import StarledgerError

GridKind = Literal["log10", "linear", "explicit"]
Medium = Literal["air", "vacuum"]
Kind = Literal["exposure", "visit", "coadd"]
Frame = Literal["topocentric", "barycentric", "shifted"]
TimeScale = Literal["utc", "tai", "tt", "tdb"]


class UnreadableSpectrum(StarledgerError):
    """A file is damaged, cut off, of another kind, or holds values that cannot be."""

    def __init__(self, what: str, *, remedy: str = "Get the file again from the survey.") -> None:
        super().__init__(what, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Grid:
    """The wavelengths of a spectrum's pixels, as the survey states them.

    Parameters
    ----------
    kind
        Evenly in log10(wavelength/Å), evenly in wavelength, or listed one by one.
    medium
        Where the wavelengths are measured.
    start
        Wavelength of the first pixel's centre in Å.
    step
        Step of log10(wavelength/Å), or of the wavelength in Å; None where listed.
    listed
        Wavelengths in Å, increasing, where ``kind`` is explicit.
    """

    kind: GridKind
    medium: Medium
    start: float
    step: float | None = None
    listed: NDArray[np.float64] | None = None

    def wavelength(self, n_pixels: int) -> NDArray[np.float64]:
        """Return the wavelengths of the pixels' centres in Å.

        Examples
        --------
        >>> Grid("log10", "vacuum", 1000.0, 1e-4).wavelength(3).round(4).tolist()
        [1000.0, 1000.2303, 1000.4606]
        """
        if self.listed is not None:
            return self.listed
        pixel = np.arange(n_pixels) * (self.step or 0.0)
        if self.kind == "linear":
            return np.asarray(self.start + pixel)
        return np.asarray(10 ** (np.log10(self.start) + pixel))


@dataclass(frozen=True, slots=True)
class Pixels:
    """Flux and what is known of its errors, pixel by pixel.

    Parameters
    ----------
    flux
        In the survey's own unit; finite everywhere (0 where it was not, with no weight).
    ivar
        Inverse variance of the flux; 0 where the pixel is worth nothing, never negative.
    mask
        The survey's own mask bits, as published.
    or_mask
        A second mask where the survey has one (bits set in any exposure, not in all).
    """

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.int32]
    or_mask: NDArray[np.int32] | None = None

    def signal_to_noise(self) -> float | None:
        """Return the median over the pixels that count of flux over error, None without any.

        Examples
        --------
        >>> flux, ivar = np.array([[2, 3, 8], [25, 25, 0]], np.float32)
        >>> Pixels(flux, ivar, np.zeros(3, np.int32)).signal_to_noise()
        12.5
        """
        counts = self.ivar > 0
        if not counts.any():
            return None
        ratio = self.flux[counts] * np.sqrt(self.ivar[counts])
        return max(float(np.median(ratio)), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSpectrum:
    """One spectrum of a file. None means that the file does not say.

    Parameters
    ----------
    external_id
        The survey's own identifier, unique among the spectra of a data release.
    instrument
        Name of the instrument (`starledger.ingest.surveys.INSTRUMENTS`).
    kind, arm
        Exposure, visit or coadd; ``full`` where all arms are joined or there is one.
    ra, dec
        Position (ICRS) in degrees.
    mjd_mid, time_scale, night, exposure_time
        Middle of the exposure and its scale, the local night, seconds of light.
    snr_u, snr_g, snr_r, snr_i, snr_z, snr
        Signal-to-noise ratios a pixel, by band and over all wavelengths.
    rv, err_rv
        Barycentric radial velocity by the survey's pipeline in km/s.
    frame, frame_shift
        Rest frame of the wavelengths; the velocity already taken out, in km/s, where shifted.
    lsf_fwhm
        Width of the line-spread function as a polynomial (see ``spectrum.lsf_fwhm``).
    survey_flags, flags
        The survey's own bits of the spectrum, and ours of scope spectrum.
    mask_bits
        Names of the bits of ``mask`` by bit number, those of ``or_mask`` being the same.
    parents
        External ids of the spectra of the same data release that it is a sum of.
    """

    external_id: str
    instrument: str
    kind: Kind
    frame: Frame
    grid: Grid
    pixels: Pixels
    ra: float
    dec: float
    arm: str = "full"
    ref_epoch: float | None = 2000.0
    mjd_mid: float | None = None
    time_scale: TimeScale | None = None
    night: int | None = None
    exposure_time: float | None = None
    snr_u: float | None = None
    snr_g: float | None = None
    snr_r: float | None = None
    snr_i: float | None = None
    snr_z: float | None = None
    snr: float | None = None
    rv: float | None = None
    err_rv: float | None = None
    frame_shift: float | None = None
    lsf_fwhm: tuple[float, ...] | None = None
    class_name: str | None = None
    subclass: str | None = None
    gaia_dr2_source_id: int | None = None
    gaia_dr3_source_id: int | None = None
    survey_flags: int = 0
    flags: int = 0
    mask_bits: tuple[tuple[int, str], ...] = ()
    parents: tuple[str, ...] = ()

    @property
    def wavelength(self) -> NDArray[np.float64]:
        """Wavelengths of the pixels' centres in Å, in the grid's medium."""
        return self.grid.wavelength(len(self.pixels.flux))

    def sha256(self) -> str:
        """Return the SHA-256 of all that the file says of the spectrum, pixels included."""
        said = [
            (field.name, getattr(self, field.name))
            for field in fields(self)
            if field.name not in {"grid", "pixels"}
        ]
        grid = self.grid
        digest = hashlib.sha256(
            repr((said, grid.kind, grid.medium, grid.start, grid.step)).encode()
        )
        arrays = (grid.listed, self.pixels.flux, self.pixels.ivar, self.pixels.mask)
        for array in (*arrays, self.pixels.or_mask):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()
