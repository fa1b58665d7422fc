"""Spectra of an overlap as a model learns from them: at rest and divided by their continuum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sqlalchemy import Connection, select

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.training import BadTrainingSet, TrainingSet
from starledger.compute.spectra.doppler import Mover
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.normalisation import continuum, normalise
from starledger.compute.spectra.stencils import Form
from starledger.compute.training.overlap import Floats, Integers, Overlap
from starledger.compute.work.leases import Lease
from starledger.compute.work.pixels import PixelReader
from starledger.schema.tables import Shard

AT_ONCE = 1024
"""Spectra that are read and moved together."""
_BESIDE = 30
"""Pixels that are read beyond the ends of the grid, lest moving a spectrum leave gaps there."""


def at_rest(
    connection: Connection,
    shard_root: Path,
    found: Overlap,
    wavelength: Floats,
    normalisation: str,
    advance: Callable[[int], None] = lambda _: None,
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
    advance
        Called with how many more are read.

    Raises
    ------
    BadTrainingSet
        A shard cannot be read.
    UnknownContinuum
        There is no such continuum, or it needs more than its name.
    """
    by = continuum(normalisation, wavelength)
    ratio = wavelength[1] / wavelength[0]
    beside = ratio ** np.arange(1.0, _BESIDE + 1)
    wide = np.concatenate([wavelength[0] / beside[::-1], wavelength, wavelength[-1] * beside])
    reader = PixelReader(shard_root, wide, continuum("none", wide))
    # As fits read models, so that lines are as wide in these spectra as fits will find them.
    mover = Mover(PixelGrid.even(wide), PixelGrid.even(wavelength), Form.KRIGED)
    shards = _shards(connection, found)
    spectra = Spectra(*(torch.empty(len(found), len(wavelength)) for _ in range(2)))
    for some in _blocks(found):
        read = _read(reader, found, some, shards)
        moved = mover.resample(read, torch.from_numpy(-found.rv[some]))
        part = normalise(moved, by)
        spectra.flux[some], spectra.ivar[some] = part.flux, part.ivar
        advance(len(some))
    return TrainingSet(
        found.names, torch.from_numpy(found.labels), spectra, torch.from_numpy(wavelength)
    )


def _shards(connection: Connection, found: Overlap) -> dict[int, Any]:
    numbers = np.unique(found.shard_ids).tolist()
    query = select(Shard.shard_id, Shard.path, Shard.sha256).where(Shard.shard_id.in_(numbers))
    return {row.shard_id: row for row in connection.execute(query)}


def _blocks(found: Overlap) -> Iterator[Integers]:
    """Yield which spectra are read together: those that lie together."""
    order = np.lexsort((found.shard_rows, found.shard_ids))
    for first in range(0, len(order), AT_ONCE):
        yield order[first : first + AT_ONCE]


def _read(reader: PixelReader, found: Overlap, some: Integers, shards: dict[int, Any]) -> Spectra:
    lease = Lease(
        0, found.spectrum_ids[some], found.shard_ids[some], found.shard_rows[some]
    )  # no worker's: it only says which
    read = reader.read(lease, shards)
    if read.failures:
        raise BadTrainingSet(
            f"Spectrum {read.failures[0].spectrum_id} cannot be read: {read.failures[0].error}.",
            remedy="Restore its shard from a backup.",
        )
    order = np.argsort(read.rows)
    return Spectra(read.spectra.flux[order], read.spectra.ivar[order])
