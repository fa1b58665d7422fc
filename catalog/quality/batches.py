"""What rules look at: a batch of fits, or of stars with the fit of their best visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of the sample; what is not known is NaN.

    Parameters
    ----------
    ids
        Spectrum ids of fits, or star ids of stars.
    names
        Of the labels, in the model's order.
    labels
        Rows × labels, in label units.
    bounds
        Their Cramér–Rao bounds.
    columns
        What else is known of each row, by name.

    Examples
    --------
    >>> batch = Batch(np.array([7]), ("teff",), np.array([[5000.0]]), np.array([[np.nan]]))
    >>> batch.label("teff"), batch.label("logg"), batch.column("snr")
    (array([5000.]), array([nan]), array([nan]))
    """

    ids: Ids
    names: tuple[str, ...]
    labels: Floats
    bounds: Floats
    columns: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def label(self, name: str) -> Floats:
        """Return a label of all rows; NaN where the model has none of that name."""
        if name not in self.names:
            return np.full(len(self), np.nan)
        return np.asarray(self.labels[:, self.names.index(name)])

    def column(self, name: str) -> Floats:
        """Return a column of all rows; NaN where there is none."""
        found = self.columns.get(name)
        return np.full(len(self), np.nan) if found is None else found

    def parameters(self) -> Floats:
        """Return rows × (Teff in K, log g, [Fe/H])."""
        return np.stack([self.label(name) for name in PARAMETERS], 1)


PARAMETERS = ("teff", "logg", "fe_h")
"""The labels that tell what kind of star it is."""


def giants(parameters: Floats, teff: float, logg: float) -> Bools:
    """Return which stars, of rows × (Teff, log g, …), are giants: cooler and of lower gravity.

    Examples
    --------
    >>> giants(np.array([[4800.0, 2.5, 0.0], [5777.0, 4.4, 0.0]]), 5500.0, 4.1).tolist()
    [True, False]
    """
    return np.asarray((parameters[:, 0] < teff) & (parameters[:, 1] < logg))
