"""The pixels of visits as their shards hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from starledger.ingest.pixels.shard_reading import Shard, open_shard, verify_shard


@dataclass(frozen=True, slots=True)
class Observed:
    """A spectrum as the survey published it.

    Parameters
    ----------
    wavelength
        Of the pixels' centres in Å, in the medium and frame that are told beside.
    medium
        ``air`` or ``vacuum``.
    flux
        In the survey's unit.
    ivar
        Inverse variance of the flux; 0 where a pixel does not count.
    mask
        The survey's own bits.
    """

    wavelength: NDArray[np.float64]
    medium: str
    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _File:
    """What tells of a shard's file."""

    path: str
    sha256: str


def files_of(visits: Sequence[Row[Any]]) -> dict[int, _File]:
    """Return the shards of visits by their numbers."""
    return {visit.shard_id: _File(visit.path, visit.shard_sha256) for visit in visits}


def observed(root: Path, visits: Sequence[Row[Any]]) -> list[Observed]:
    """Return the pixels of visits, each shard opened once and compared with its checksum.

    Parameters
    ----------
    root
        The shard root.
    visits
        As `starledger.catalog.star_spectra.finding.visits_of` gives them.

    Raises
    ------
    DamagedShard
        A shard is missing, or is not what the ledger says.
    """
    shards: dict[int, Shard] = {}
    for number, file in files_of(visits).items():
        verify_shard(root, file)
        shards[number] = open_shard(root, file)
    return [_row(shards[visit.shard_id], visit.shard_row) for visit in visits]


def _row(shard: Shard, row: int) -> Observed:
    own = shard.own(row)
    return Observed(
        wavelength=np.array(shard.wavelength(row), np.float64),
        medium=shard.about["medium"],
        flux=np.array(shard.flux[row, own], np.float32),
        ivar=np.array(shard.ivar[row, own], np.float32),
        mask=np.array(shard.mask[row, own], np.int32),
    )
