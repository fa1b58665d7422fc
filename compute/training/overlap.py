"""The overlap of two surveys: spectra of one, with the labels that the other gave their stars."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select, text

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.training import BadTrainingSet, TrainingSet
from starledger.compute.models.stored import canonical_json
from starledger.compute.spectra.doppler import Mover
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.normalisation import continuum, normalise
from starledger.compute.work.leases import Lease
from starledger.compute.work.pixels import PixelReader
from starledger.schema.tables import Shard, TrainingMember
from starledger.schema.tables import TrainingSet as TrainingSetRow

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CUTS = ("min_snr", "min_catalog_snr", "ranges")
_BESIDE = 30
"""Pixels that are read beyond the ends of the grid, lest moving a spectrum leave gaps there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Which spectra and labels are good enough to teach.

    Parameters
    ----------
    min_snr, min_catalog_snr
        Least signal-to-noise ratios a pixel of the spectra, and of the rows that give labels.
    ranges
        Least and greatest value of some labels, each in its own unit.
    """

    min_snr: float = 0.0
    min_catalog_snr: float = 0.0
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Spectra and the labels of their stars.

    Parameters
    ----------
    names
        Of the labels.
    spectrum_ids, source_row_ids
        The spectra, and the catalog rows that give their labels.
    labels, errors
        Spectra × labels, in label units; an error that is not told is NaN.
    rv
        Of the spectra, in km/s, as their survey measured them.
    shard_ids, shard_rows
        Where their pixels are.
    recipe
        How they were chosen.
    """

    names: tuple[str, ...]
    spectrum_ids: Integers
    source_row_ids: Integers
    labels: Floats
    errors: Floats
    rv: Floats
    shard_ids: Integers
    shard_rows: Integers
    recipe: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.spectrum_ids)


_OVERLAP = """
SELECT DISTINCT ON (g.row_id) s.spectrum_id, g.row_id, s.rv::float8 AS rv, s.shard_id, s.shard_row,
    {labels}, {errors}
FROM ledger.neighbourhood n
JOIN ledger.spectrum s ON s.spectrum_id = n.left_row_id
JOIN ledger.{table} g ON g.row_id = n.right_row_id
WHERE n.crossmatch_run_id = :run AND n.rank = 1 AND s.valid_to_run_id IS NULL
    AND g.valid_to_run_id IS NULL AND s.rv IS NOT NULL AND s.frame = 'barycentric'
    AND s.snr >= :snr AND g.snr >= :catalog_snr AND g.survey_flags = 0 AND {good}
ORDER BY g.row_id, s.snr DESC, s.spectrum_id
"""


def overlap(
    connection: Connection, crossmatch_run_id: int, names: Sequence[str], cuts: Cuts
) -> Overlap:
    """Find the overlap of spectra with a catalog that has labels: for each row the best spectrum.

    Parameters
    ----------
    connection
        To the ledger.
    crossmatch_run_id
        A crossmatch of a data release of spectra, on the left, with one of labels.
    names
        Of the labels; a row must have all of them, and no flag.
    cuts
        What is good enough.

    Raises
    ------
    BadTrainingSet
        The run is no such crossmatch, the catalog lacks a label, or nothing is good enough.
    """
    table, places = _catalog(connection, crossmatch_run_id, names)
    subscripts = [places[name] for name in names]
    good = [
        f"g.labels[{i}] IS NOT NULL AND coalesce(g.label_flags[{i}], 0) = 0" for i in subscripts
    ]
    bounds: dict[str, float] = {}
    for name in cuts.ranges.keys() - places.keys():
        raise BadTrainingSet(f"The catalog has no {name}.", remedy="Leave its range out.")
    for name, (low, high) in cuts.ranges.items():
        good.append(f"g.labels[{places[name]}] BETWEEN :low_{name} AND :high_{name}")
        bounds |= {f"low_{name}": low, f"high_{name}": high}
    query = _OVERLAP.format(
        table=table,
        labels=", ".join(f"g.labels[{i}]::float8" for i in subscripts),
        errors=", ".join(f"g.errors[{i}]::float8" for i in subscripts),
        good=" AND ".join(good),
    )
    about = {"run": crossmatch_run_id, "snr": cuts.min_snr, "catalog_snr": cuts.min_catalog_snr}
    rows = [tuple(row) for row in connection.execute(text(query), about | bounds)]
    if not rows:
        raise BadTrainingSet(
            f"No spectrum of crossmatch run {crossmatch_run_id} has all labels within the cuts.",
            remedy="Take fewer labels, or wider cuts.",
        )
    numbers = np.array(rows, float).reshape(len(rows), 5 + 2 * len(names))
    ids = np.array([(row[0], row[1], row[3], row[4]) for row in rows], np.int64).reshape(-1, 4)
    return Overlap(
        tuple(names),
        ids[:, 0],
        ids[:, 1],
        numbers[:, 5 : 5 + len(names)],
        numbers[:, 5 + len(names) :],
        numbers[:, 2],
        ids[:, 2],
        ids[:, 3],
        {"crossmatch_run_id": crossmatch_run_id, **asdict(cuts)},
    )


def _catalog(connection: Connection, run: int, names: Sequence[str]) -> tuple[str, dict[str, int]]:
    """Return the table of a crossmatch's right side, and the subscripts of its labels."""
    match = connection.execute(
        text("SELECT left_table, right_table, right_data_release_id FROM ledger.crossmatch_run"
             " WHERE run_id = :run"),
        {"run": run},
    ).one_or_none()  # fmt: skip
    if match is None or match.left_table != "spectrum":
        raise BadTrainingSet(
            f"Run {run} did not match spectra with a catalog.",
            remedy="`starledger crossmatch SPECTRA CATALOG` does.",
        )
    query = text("SELECT label, position FROM ledger.catalog_label WHERE data_release_id = :id")
    found = connection.execute(query, {"id": match.right_data_release_id})
    places = {row.label: int(row.position) for row in found}
    if missing := [name for name in names if name not in places]:
        raise BadTrainingSet(
            f"The catalog of crossmatch run {run} has no {missing[0]}.",
            remedy=f"It has {', '.join(sorted(places)) or 'no labels at all'}.",
        )
    return str(match.right_table), places


def at_rest(
    connection: Connection,
    shard_root: Path,
    found: Overlap,
    wavelength: Floats,
    normalisation: str,
) -> TrainingSet:
    """Read the spectra of an overlap, move them to rest and divide them by their continuum.

    Parameters
    ----------
    connection, shard_root
        The ledger and its shards.
    found
        The overlap.
    wavelength
        Of the pixels that are wanted, evenly spaced, in vacuum in Å.
    normalisation
        The name of the continuum.
    """
    grid = PixelGrid.even(wavelength)
    ratio = wavelength[1] / wavelength[0]
    beside = ratio ** np.arange(1.0, _BESIDE + 1)
    wide = np.concatenate([wavelength[0] / beside[::-1], wavelength, wavelength[-1] * beside])
    reader = PixelReader(shard_root, wide, continuum("none", wide))
    lease = Lease(0, found.spectrum_ids, found.shard_ids, found.shard_rows)
    shards: dict[int, Any] = {
        row.shard_id: row
        for row in connection.execute(
            select(Shard.shard_id, Shard.path, Shard.sha256).where(
                Shard.shard_id.in_(np.unique(found.shard_ids).tolist())
            )
        )
    }
    read = reader.read(lease, shards)
    if read.failures:
        raise BadTrainingSet(
            f"Spectrum {read.failures[0].spectrum_id} cannot be read: {read.failures[0].error}.",
            remedy="Restore its shard from a backup.",
        )
    order = np.argsort(read.rows)
    spectra = Spectra(read.spectra.flux[order], read.spectra.ivar[order])
    mover = Mover(PixelGrid.even(wide), grid)
    moved = mover.resample(spectra, torch.from_numpy(-found.rv))
    moved = normalise(moved, continuum(normalisation, wavelength))
    return TrainingSet(
        found.names, torch.from_numpy(found.labels), moved, torch.from_numpy(wavelength)
    )


def enter(connection: Connection, name: str, found: Overlap) -> int:
    """Enter an overlap as a training set and return its number; the same twice is one.

    Parameters
    ----------
    connection
        Of the owner.
    name
        In commands and SQL.
    found
        The overlap.
    """
    # By which crossmatch they were found does not belong to what they are.
    kept = {name: value for name, value in found.recipe.items() if name in _CUTS}
    digest = hashlib.sha256(canonical_json([list(found.names), kept]).encode())
    for values in (found.spectrum_ids, found.source_row_ids, found.labels, found.errors):
        digest.update(np.ascontiguousarray(values).tobytes())
    known = select(TrainingSetRow.training_set_id).where(
        TrainingSetRow.sha256 == digest.hexdigest()
    )
    if (number := connection.execute(known).scalar_one_or_none()) is not None:
        return int(number)
    taken = select(TrainingSetRow.training_set_id).where(TrainingSetRow.name == name)
    if connection.execute(taken).scalar_one_or_none() is not None:
        raise BadTrainingSet(
            f"Another training set is called {name}.", remedy="Choose another name."
        )
    about = {
        "name": name,
        "sha256": digest.hexdigest(),
        "source": "observed",
        "labels": list(found.names),
        "recipe": dict(found.recipe),
    }
    made = insert(TrainingSetRow).returning(TrainingSetRow.training_set_id)
    number = int(connection.execute(made, about).scalar_one())
    members = [
        {
            "training_set_id": number,
            "spectrum_id": int(spectrum),
            "source_row_id": int(row),
            "labels": labels,
            "errors": errors,
            "role": "train",
        }
        for spectrum, row, labels, errors in zip(
            found.spectrum_ids,
            found.source_row_ids,
            found.labels.tolist(),
            [[None if np.isnan(e) else e for e in row] for row in found.errors.tolist()],
            strict=True,
        )
    ]
    connection.execute(insert(TrainingMember), members)
    return number
