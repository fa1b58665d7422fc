"""Which pixels count: survey mask bits, wavelengths that models leave out, and bad predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.ingest.pixels import apogee_bits, boss_bits, lamost_header
from starledger.schema.errors import StarledgerError

TOLERANCE = 0.02
"""Of normalised flux: pixels where a model is off by more are not used (The Payne)."""
SIGNIFICANCE = 3.0
"""Differences below this many of their errors may be noise and condemn no pixel."""


class UnknownInstrument(StarledgerError):
    """Nobody chose which mask bits of an instrument matter."""


_LAMOST = ("BADCCD", "BADPROFILE", "NOSKY", "BADCENTER", "NODATA")
_SDSS = (
    "NOPLUG", "BADTRACE", "BADFLAT", "BADARC", "NEARBADPIXEL", "LOWFLAT", "FULLREJECT",
    "SCATTEREDLIGHT", "NOSKY", "NODATA", "COMBINEREJ", "BADFLUXFACTOR",
)  # fmt: skip
_APOGEE = (
    "BADPIX", "CRPIX", "SATPIX", "UNFIXABLE", "BADDARK", "BADFLAT", "BADERR", "NOSKY",
    "SIG_SKYLINE", "NOT_ENOUGH_PSF",
)  # fmt: skip
DROPPED = {
    "lamost_lrs": (_LAMOST, lamost_header.MASK_BITS),
    "lamost_mrs": (_LAMOST, lamost_header.MASK_BITS),
    "apogee": (_APOGEE, apogee_bits.MASK_BITS),
    "sdss": (_SDSS, boss_bits.MASK_BITS),
    "boss": (_SDSS, boss_bits.MASK_BITS),
}
"""Names of the bits that drop a pixel and of all bits, by instrument.

- LAMOST: all documented bits of the and-mask but ``BRIGHTSKY``, whose noise is in the errors.
  The or-mask is not used: it tells of single exposures that the sum has already left out. Bit 6,
  which LAMOST sets and does not document, drops nothing.
- APOGEE: whatever says that the flux itself is wrong, and ``SIG_SKYLINE``, since what bright sky
  lines leave behind can exceed the stated error. Persistence (which may hold thousands of pixels
  of a spectrum), the Littrow ghost and telluric lines that were divided out drop nothing.
- SDSS and BOSS: the and-mask's bits that say that the flux is wrong or made up. ``BRIGHTSKY``,
  ``BADSKYCHI`` and ``CROSSTALK`` only make noise; ``PARTIALREJECT`` left good rows to extract
  from; whether a pixel takes part in a redshift (``REDMONSTER``) is no matter here.
"""

DD_PAYNE_DROPPED = (
    (0.0, 3900.0), (5720.0, 5880.0), (5910.0, 6060.0), (6270.0, 6330.0), (6800.0, 6990.0),
    (7100.0, 7320.0), (7520.0, 7740.0), (8050.0, 8350.0), (8880.0, np.inf),
)  # fmt: skip
"""Wavelengths in Å that DD–Payne leaves out (Xiang et al. 2019).

They are compared with wavelengths in vacuum, as LAMOST's are on which they were chosen. The sodium
doublet (5891.6 and 5897.6 Å in vacuum) stays.
"""


def dropped_bits(instrument: str) -> int:
    """Return the mask bits of an instrument that drop a pixel.

    Raises
    ------
    UnknownInstrument
        None were chosen for it.

    Examples
    --------
    >>> dropped_bits("lamost_lrs")  # all but bit 3, bright sky
    55
    """
    if instrument not in DROPPED:
        raise UnknownInstrument(
            f"No mask bits were chosen for the instrument {instrument!r}.",
            remedy=f"Use one of {', '.join(DROPPED)}.",
        )
    names, known = DROPPED[instrument]
    return sum(1 << bit for bit, name in known if name in names)


def survey_mask(instrument: str, mask: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which pixels the survey's own mask drops.

    Parameters
    ----------
    instrument
        Name of the instrument.
    mask
        Mask bits as the survey published them (of LAMOST and SDSS the and-mask).

    Examples
    --------
    >>> survey_mask("apogee", np.array([0, 1, 1 << 9, 1 << 12])).tolist()
    [False, True, False, True]
    """
    return np.asarray((mask & dropped_bits(instrument)) != 0)


def wavelength_mask(
    wavelength: ArrayLike, dropped: Sequence[tuple[float, float]] = DD_PAYNE_DROPPED
) -> NDArray[np.bool_]:
    """Return which pixels lie inside ranges of wavelength, ends excluded.

    Parameters
    ----------
    wavelength
        Of the pixels in vacuum in Å.
    dropped
        Ranges in vacuum in Å.

    Examples
    --------
    >>> wavelength_mask([3899.0, 3900.0, 5800.0, 5891.6, 6300.0, 9000.0]).tolist()
    [True, False, True, False, True, True]
    """
    at = np.asarray(wavelength, dtype=np.float64)
    out = np.zeros(at.shape, dtype=bool)
    for low, high in dropped:
        out |= (low < at) & (at < high)
    return out


def standard_star_mask(
    observed: Spectra,
    predicted: Tensor,
    tolerance: float = TOLERANCE,
    significance: float = SIGNIFICANCE,
) -> Tensor:
    """Return which pixels a model predicts wrongly for standard stars.

    A pixel is dropped where any star's difference is larger than the tolerance and than what noise
    explains, and where no star was observed, so that nothing vouches for the model.

    Parameters
    ----------
    observed
        Spectra of the standard stars, normalised.
    predicted
        The model's for their known labels, of the same shape.
    tolerance
        Largest difference that is let pass, of normalised flux (DD–Payne uses 0.05).
    significance
        Differences below this many standard errors of the observed flux condemn no pixel.

    Examples
    --------
    >>> star = Spectra(torch.tensor([[1.0, 0.97, 5.0]]), torch.tensor([[1e6, 1e6, 0.0]]))
    >>> standard_star_mask(star, torch.ones(1, 3)).tolist()
    [False, True, True]
    """
    counts = torch.isfinite(observed.flux) & (observed.ivar > 0)
    difference = torch.where(counts, observed.flux - predicted, 0.0).abs()
    error = torch.where(counts, observed.ivar, 1.0).rsqrt()
    # A prediction that is not a number is as wrong as one can be.
    fine = (difference <= tolerance) | (difference <= significance * error)
    return (counts & ~fine).any(dim=0) | ~counts.any(dim=0)
