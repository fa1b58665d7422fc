"""Training sets of observed spectra in the ledger: entered once, and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.compute.models.stored import canonical_json
from starledger.compute.training.overlap import Overlap
from starledger.schema.tables import TrainingMember, TrainingSet

_WHAT_THEY_ARE = ("min_snr", "min_catalog_snr", "ranges")
"""Of the recipe; by which crossmatch members were found does not belong to what they are."""


def enter(
    connection: Connection, name: str, found: Overlap, held_out: NDArray[np.bool_] | None = None
) -> int:
    """Enter an overlap as a training set and return its number; the same twice is one.

    Parameters
    ----------
    connection
        Of the owner.
    name
        In commands and SQL.
    found
        The overlap.
    held_out
        Which spectra test the model and did not teach it; none where not given.

    Raises
    ------
    BadTrainingSet
        Another training set has the name.
    """
    test = np.zeros(len(found), bool) if held_out is None else held_out
    sha256 = _sha256(found, test)
    known = select(TrainingSet.training_set_id).where(TrainingSet.sha256 == sha256)
    if (number := connection.execute(known).scalar_one_or_none()) is not None:
        return int(number)
    taken = select(TrainingSet.training_set_id).where(TrainingSet.name == name)
    if connection.execute(taken).scalar_one_or_none() is not None:
        raise BadTrainingSet(
            f"Another training set is called {name}.", remedy="Choose another name."
        )
    about: Mapping[str, Any] = {
        "name": name,
        "sha256": sha256,
        "source": "observed",
        "labels": list(found.names),
        "recipe": dict(found.recipe),
    }
    made = insert(TrainingSet).returning(TrainingSet.training_set_id)
    number = int(connection.execute(made, about).scalar_one())
    connection.execute(insert(TrainingMember), _members(number, found, test))
    return number


def _sha256(found: Overlap, test: NDArray[np.bool_]) -> str:
    kept = {name: value for name, value in found.recipe.items() if name in _WHAT_THEY_ARE}
    digest = hashlib.sha256(canonical_json([list(found.names), kept]).encode())
    for values in (found.spectrum_ids, found.source_row_ids, found.labels, found.errors):
        digest.update(np.ascontiguousarray(values).tobytes())
    if test.any():
        digest.update(test.tobytes())
    return digest.hexdigest()


def _members(number: int, found: Overlap, test: NDArray[np.bool_]) -> list[dict[str, Any]]:
    errors = [[None if np.isnan(e) else e for e in row] for row in found.errors.tolist()]
    return [
        {
            "training_set_id": number,
            "spectrum_id": spectrum,
            "source_row_id": row,
            "labels": labels,
            "errors": its_errors,
            "role": "test" if tests else "train",
        }
        for spectrum, row, labels, its_errors, tests in zip(
            found.spectrum_ids.tolist(),
            found.source_row_ids.tolist(),
            found.labels.tolist(),
            errors,
            test.tolist(),
            strict=True,
        )
    ]
