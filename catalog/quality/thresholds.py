"""The thresholds of all rules: what a user may change, and what their sources chose."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

from starledger.schema.errors import StarledgerError


class BadThreshold(StarledgerError):
    """A threshold that there is none of, or a value that it cannot have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where rules draw their lines.

    Parameters
    ----------
    giant_teff, giant_logg
        Stars below both (K, dex) are giants, all others dwarfs (Xiang et al. 2019).
    gradcorr
        A label's median gradient correlation in a bin must be above this.
    gradcorr_snr
        Only stars above this signal-to-noise ratio tell the medians.
    gradcorr_teff, gradcorr_fe_h
        Sizes of the bins in K and dex.
    gradcorr_stars
        A bin with fewer stars has no median: each star is judged by its own correlation.
    chi2ratio_200, chi2ratio_300, chi2ratio_400, chi2ratio_500, chi2ratio_more
        The largest chi2ratio of a good fit, for S/N below 200, 300, 400, 500, and above.
    binary_parallax
        Standard errors by which a spectroscopic parallax may exceed Gaia's.
    parallax_precision
        Parallaxes of so many standard errors tell the absolute magnitudes.
    edge_teff, edge_dex
        How near (K, dex) to the edge of the training grid is too near.
    training_distance
        How far the nearest training star may be, in units of 100 K, 0.2 dex in log g and 0.1 dex
        in [Fe/H].
    extrapolation
        Share of held-out stars whose labels are missed on the same side.
    upper_limit
        Lines weaker than so many times the noise tell an upper limit only.
    blend_radius, blend_light
        Neighbours within the radius (arcsec) may together have so much of the star's light in G.
    match_margin, match_magnitudes
        Another source could be the star if it is no more than the margin (arcsec) farther from the
        spectrum and no more than so many magnitudes fainter than the best match.
    ruwe
        The largest RUWE of a single star.

    Examples
    --------
    >>> Thresholds.given(["ruwe=1.6"]).ruwe
    1.6
    """

    giant_teff: float = 5500.0
    giant_logg: float = 4.1
    gradcorr: float = 0.5
    gradcorr_snr: float = 30.0
    gradcorr_teff: float = 250.0
    gradcorr_fe_h: float = 0.25
    gradcorr_stars: float = 5.0
    chi2ratio_200: float = 5.0
    chi2ratio_300: float = 7.5
    chi2ratio_400: float = 10.0
    chi2ratio_500: float = 12.5
    chi2ratio_more: float = 15.0
    binary_parallax: float = 3.0
    parallax_precision: float = 10.0
    edge_teff: float = 50.0
    edge_dex: float = 0.05
    training_distance: float = 3.0
    extrapolation: float = 0.9
    upper_limit: float = 2.0
    blend_radius: float = 3.0
    blend_light: float = 0.05
    match_margin: float = 1.0
    match_magnitudes: float = 2.0
    ruwe: float = 1.4

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise BadThreshold(
                    f"The threshold {name} is {value}.", remedy="Give a number above 0."
                )
        if self.gradcorr_teff < 10.0 or self.gradcorr_fe_h < 0.01:
            raise BadThreshold(
                "A bin of gradient correlations is too small.",
                remedy="Give 10 K or more, and 0.01 dex or more.",
            )
        if not 0.5 < self.extrapolation < 1:
            raise BadThreshold(
                f"The threshold extrapolation is {self.extrapolation}.",
                remedy="Give a share above 0.5 and below 1.",
            )

    @classmethod
    def given(cls, words: Sequence[str]) -> Self:
        """Return the thresholds with those changed that a user gave as ``name=value``.

        Raises
        ------
        BadThreshold
            There is none of that name, or the value cannot be.
        """
        return replace(cls(), **dict(_parsed(word) for word in words))


def _parsed(word: str) -> tuple[str, float]:
    name, _, value = word.partition("=")
    known = [field.name for field in fields(Thresholds)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise BadThreshold(
            f"There is no threshold {name!r}.",
            remedy=f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}.",
        )
    try:
        return name, float(value)
    except ValueError:
        raise BadThreshold(
            f"The threshold {name} cannot be {value!r}.", remedy=f"Write {name}=1.5."
        ) from None
