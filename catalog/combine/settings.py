"""How visits are combined: estimator, outlier rule, cuts and significances, named by their hash."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starledger.compute.models.stored import canonical_json
from starledger.schema.errors import StarledgerError

FEWEST = 3
"""Of two visits that differ, none can be told to be the wrong one."""

OUTLIER_RULE = (
    "a visit is left out if one of its labels is farther than sigmas times max(its own error,"
    " 1.4826 times the median absolute deviation) from the median, where the star has min_visits"
    " usable visits with this label; unless half of the visits or more would be left out: then"
    " none is"
)


class BadCombineSettings(StarledgerError):
    """Settings of a combination that make no sense."""


class Estimator(StrEnum):
    """How the visits are weighted."""

    INVERSE_VARIANCE = "inverse-variance"
    """By the inverse of their whole covariance: generalised least squares."""
    DIAGONAL = "diagonal"
    """Each label by the inverse square of its error."""
    SNR = "snr"
    """By their S/N in the z band, or over all wavelengths where a visit has none in z."""
    BEST = "best"
    """Only the visit of the highest S/N counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombineSettings:
    """How visits are combined.

    Parameters
    ----------
    estimator
        How they are weighted.
    outlier_sigmas
        By how many robust sigmas a visit must deviate to be left out; None keeps all.
    outlier_min_visits
        How many visits a star must have for that, 3 or more.
    min_snr
        Visits of a lower S/N a pixel (or of an unknown one) do not exist for the combination; 0
        takes all.
    disagree_p
        A label is flagged where the visits of different nights would differ so much by chance
        in less than this part of all stars.
    variable_p
        The same for the radial velocity.
    rv_floor
        Added in quadrature to the errors of velocities before they are compared, in km/s: what
        the instrument is not stable to from night to night.

    Examples
    --------
    >>> CombineSettings().as_json()["estimator"]
    'inverse-variance'
    >>> CombineSettings().sha256 == CombineSettings(min_snr=20).sha256
    False
    """

    estimator: Estimator = Estimator.INVERSE_VARIANCE
    outlier_sigmas: float | None = 5.0
    outlier_min_visits: int = FEWEST
    min_snr: float = 0.0
    disagree_p: float = 1e-3
    variable_p: float = 1e-4
    rv_floor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises
        ------
        BadCombineSettings
            A number is out of its range.
        """
        sigmas = self.outlier_sigmas
        _require(sigmas is None or 0 < sigmas < math.inf, "outlier_sigmas", sigmas, "above 0")
        least = self.outlier_min_visits
        _require(least >= FEWEST, "outlier_min_visits", least, f"of {FEWEST} or more")
        for name in ("min_snr", "rv_floor"):
            _require(0 <= getattr(self, name) < math.inf, name, getattr(self, name), "of 0 or more")
        for name in ("disagree_p", "variable_p"):
            _require(0 <= getattr(self, name) < 1, name, getattr(self, name), "from 0 to 1")

    def as_json(self) -> dict[str, Any]:
        """Return what is kept with the run, and hashed."""
        outliers: dict[str, Any] | None = None
        if self.outlier_sigmas is not None and self.estimator is not Estimator.BEST:
            outliers = {
                "rule": OUTLIER_RULE,
                "sigmas": float(self.outlier_sigmas),
                "min_visits": self.outlier_min_visits,
            }
        return {
            "estimator": str(self.estimator),
            "outliers": outliers,
            "min_snr": float(self.min_snr),
            "disagree_p": float(self.disagree_p),
            "variable_p": float(self.variable_p),
            "rv_floor": float(self.rv_floor),
        }

    @property
    def sha256(self) -> str:
        """SHA-256 of the settings in canonical form."""
        return hashlib.sha256(canonical_json(self.as_json()).encode()).hexdigest()


def _require(fits: bool, name: str, value: object, range_: str) -> None:
    if not fits:
        raise BadCombineSettings(f"{name} is {value}.", remedy=f"Give a number {range_}.")
