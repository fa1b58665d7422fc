"""What tells which correction is wanted, star by star, whatever it comes from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from starledger.catalog.calibrate.formula import BoolArray, FloatArray

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A correction that is wanted for each star, or pair, of a sample.

    Parameters
    ----------
    star_id
        The stars.
    at
        The variables of the correction, stars × variables.
    wanted
        The correction that would make all well, in the label's unit. For a pair it is the
        correction of the star less that of its partner; in a group it is known but for a constant.
    error
        Its standard error, in the same unit.
    partner_star_id, partner_at
        The other star of each pair, and its variables.
    reference_row_id
        The catalog row that gave the reference value.
    group
        Number of the group whose stars can be compared only with each other.
    """

    star_id: Integers
    at: FloatArray
    wanted: FloatArray
    error: FloatArray
    partner_star_id: Integers | None = None
    partner_at: FloatArray | None = None
    reference_row_id: Integers | None = None
    group: Integers | None = None

    def __len__(self) -> int:
        return len(self.star_id)

    def take(self, rows: BoolArray | Integers) -> Evidence:
        """Return some of its rows."""
        there = {one.name: getattr(self, one.name) for one in fields(self)}
        return replace(
            self, **{name: values[rows] for name, values in there.items() if values is not None}
        )

    def whole(self) -> BoolArray:
        """Return which rows have all that is needed of them."""
        parts = [self.at, self.partner_at, self.wanted[:, None], self.error[:, None]]
        numbers = np.hstack([part for part in parts if part is not None])
        return np.asarray(np.isfinite(numbers).all(axis=1) & (self.error > 0))

    def within(self, low: float, high: float) -> BoolArray:
        """Return which rows lie within a range of the first variable, partners included."""
        inside = (self.at[:, 0] >= low) & (self.at[:, 0] <= high)
        if self.partner_at is not None:
            inside &= (self.partner_at[:, 0] >= low) & (self.partner_at[:, 0] <= high)
        return np.asarray(inside)


def in_order(evidence: Evidence) -> Evidence:
    """Return evidence in the order of its stars, lest the database's order decide anything."""
    second = evidence.partner_star_id
    keys = (evidence.star_id,) if second is None else (second, evidence.star_id)
    return evidence.take(np.lexsort(keys))


def sha256_of(evidence: Evidence, held_out: BoolArray) -> str:
    """Return the SHA-256 of members and values, and of which were held out."""
    digest = hashlib.sha256()
    for name in sorted(one.name for one in fields(evidence)):
        values = getattr(evidence, name)
        if values is not None:
            digest.update(f"{name} {values.shape} ".encode())
            digest.update(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).data)
    digest.update(np.packbits(held_out).data)
    return digest.hexdigest()
