"""Labels of training stars: parameters inside hulls of isochrones, abundances in bins of [Fe/H]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from starledger.compute.simulate.population.isochrones import Phase, isochrone
from starledger.compute.synthesis.labels import RANGES
from starledger.compute.training.abundance_bins import AbundanceBins
from starledger.compute.training.hulls import Hull
from starledger.schema.errors import StarledgerError

Floats = NDArray[np.float64]

HULL_LABELS = ("teff", "logg", "fe_h")
"""What isochrones tell."""
GIANTS_BELOW = 4.0
"""log g that parts giants from dwarfs (Ting et al. 2019)."""
AGES = (3.0, 10.0)
FE_H = (-1.5, 0.5)
"""Ages in Gyr and [Fe/H] in dex of the isochrones (Ting et al. 2019)."""
MOTIONS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"vmic": (0.1, 3.0), "vmac": (0.0, 30.0), "vsini": (0.0, 30.0)}
)
"""Ranges in km/s; the first two are those of Ting et al. (2019), who had no rotation."""
_AGES, _METALLICITIES, _MASSES = 8, 11, 4000


class UnsampledLabel(StarledgerError):
    """A label that no training star can be given, or one that must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSampling:
    """Where training stars are drawn from.

    Parameters
    ----------
    names
        The labels, in the order of a draw's columns.
    hulls
        Bodies in `HULL_LABELS`: giants and dwarfs.
    shares
        Share of the stars that are drawn from each; they sum to 1.
    ranges
        Of labels that are drawn independently of all others.
    abundances
        Those that are drawn where [Fe/H] says.
    """

    names: tuple[str, ...]
    hulls: tuple[Hull, ...]
    shares: tuple[float, ...] = (0.5, 0.5)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    abundances: AbundanceBins

    def draw(self, count: int, seed: int) -> Floats:
        """Return labels of training stars: stars × `names`.

        They are spread more evenly than at random: over all labels at once they follow a scrambled
        Sobol sequence.

        Parameters
        ----------
        count
            How many.
        seed
            The same seed draws the same stars.
        """
        # One number says which hull, one more than there are dimensions say where in it.
        inside = len(HULL_LABELS) + 2
        even = _even(count, inside + len(self.names) - len(HULL_LABELS), seed)
        places, rest = self._places(even[:, :inside]), even[:, inside:]
        ends = np.array([*self.ranges.values()]).reshape(-1, 2)
        free = ends[:, 0] + rest[:, : len(ends)] * (ends[:, 1] - ends[:, 0])
        fe_h = places[:, HULL_LABELS.index("fe_h")]
        drawn = np.hstack([places, free, self.abundances.at(fe_h, rest[:, len(ends) :])])
        order = [*HULL_LABELS, *self.ranges, *self.abundances.names]
        return drawn[:, [order.index(name) for name in self.names]]

    def _places(self, even: Floats) -> Floats:
        past = np.cumsum(self.shares)
        which = np.searchsorted(past, even[:, 0] * past[-1], side="right")
        places = np.empty((len(even), len(HULL_LABELS)))
        for one, hull in enumerate(self.hulls):
            rows = which == one
            places[rows] = hull.at(even[rows, 1:])
        return places


def _even(count: int, dimensions: int, seed: int) -> Floats:
    sobol = qmc.Sobol(dimensions, rng=np.random.default_rng(seed))
    # A Sobol sequence is balanced in powers of two; its beginning is still even.
    points = sobol.random_base2(max(count - 1, 1).bit_length())[:count]
    return np.asarray(points, dtype=np.float64)


def isochrone_points(ages: tuple[float, float] = AGES, fe_h: tuple[float, float] = FE_H) -> Floats:
    """Return stars of isochrones from the main sequence to the red clump: stars × `HULL_LABELS`.

    Parameters
    ----------
    ages
        From and to, in Gyr.
    fe_h
        From and to, in dex.

    Examples
    --------
    >>> teff, logg, _ = isochrone_points(ages=(4.0, 5.0), fe_h=(-0.1, 0.1)).T
    >>> bool(((logg > 4) & (abs(teff - 5772) < 50)).any())
    True
    """
    grid = np.meshgrid(
        np.linspace(*ages, _AGES),
        np.linspace(*fe_h, _METALLICITIES),
        # Giants differ little in mass.
        np.geomspace(0.1, 3.0, _MASSES),
        indexing="ij",
    )
    age, metals, mass = (axis.ravel() for axis in grid)
    seen = isochrone(age, metals, mass)
    points = np.stack([seen.teff, seen.logg, metals], axis=1)
    alive = seen.phase < Phase.REMNANT
    for column, name in enumerate(HULL_LABELS[:2]):
        low, high = RANGES[name]
        alive &= (points[:, column] >= low) & (points[:, column] <= high)
    return points[alive]


def sparse_sampling(
    labels: Sequence[str], points: Floats | None = None, margin: float = 0.0
) -> LabelSampling:
    """Return the sampling of a first training, before anything is known of abundances.

    Giants and dwarfs, half of the stars each, have a hull of their own. Abundances are drawn within
    0.5 dex of the Sun's.

    Parameters
    ----------
    labels
        What is to vary; the labels of isochrones must be among them.
    points
        Of isochrones: stars × `HULL_LABELS`; by default `isochrone_points`.
    margin
        By which share of their sizes the hulls are widened.

    Raises
    ------
    UnsampledLabel
        A label can not be drawn, or one of the isochrones is missing.

    Examples
    --------
    >>> sampling = sparse_sampling(["teff", "logg", "fe_h", "vmic", "mg_fe"])
    >>> sampling.draw(100, seed=1).shape
    (100, 5)
    """
    _check(labels)
    known = isochrone_points() if points is None else points
    giant = known[:, HULL_LABELS.index("logg")] < GIANTS_BELOW
    hulls = tuple(Hull.of(known[some], margin) for some in (giant, ~giant))
    metals = known[:, HULL_LABELS.index("fe_h")]
    return LabelSampling(
        names=tuple(labels),
        hulls=hulls,
        ranges={name: MOTIONS[name] for name in labels if name in MOTIONS},
        abundances=AbundanceBins.sparse(
            [name for name in labels if name not in {*HULL_LABELS, *MOTIONS}],
            (float(metals.min()), float(metals.max())),
        ),
    )


def _check(labels: Sequence[str]) -> None:
    missing = [name for name in HULL_LABELS if name not in labels]
    if missing:
        raise UnsampledLabel(
            f"Training stars come from isochrones, but {missing[0]} is not among the labels.",
            remedy=f"Add {', '.join(missing)}.",
        )
    others = [name for name in labels if name not in {*HULL_LABELS, *MOTIONS}]
    unknown = [name for name in others if not name.endswith("_fe")]
    if unknown or len(set(labels)) != len(labels):
        what = f"{unknown[0]} cannot be drawn" if unknown else "A label is named twice"
        raise UnsampledLabel(
            f"{what}.",
            remedy=f"Name each once: {', '.join([*HULL_LABELS, *MOTIONS])} and [X/Fe] as x_fe.",
        )
