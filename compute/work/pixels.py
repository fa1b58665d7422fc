"""From shards to what a model fits: the pixels of a lease on its grid, masked and normalised."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from starledger.compute.models.base import Spectra
from starledger.compute.spectra.doppler import Mover
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.masks import dropped_bits
from starledger.compute.spectra.normalisation import Continuum, normalise
from starledger.compute.spectra.stencils import Form
from starledger.compute.work.isolating import traceback_of
from starledger.compute.work.leases import Failure, Lease
from starledger.compute.work.lots import lengths
from starledger.ingest.pixels.shard_reading import (
    DamagedShard,
    Shard,
    ShardRow,
    open_shard,
    verify_shard,
)

OPEN_SHARDS = 8
"""So many stay open."""
AT_ONCE = 64
"""Spectra that are read, resampled and divided by their continuum together."""
MOVERS = 32
"""So many grids are remembered; spectra that list their wavelengths may each have their own."""
SAME = 1e-3
"""Pixels that lie apart by less than this part of one are the same."""
COARSER = 1.5
"""A model whose pixels are so much wider than the survey's gets means over them."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """The pixels of a lease.

    Parameters
    ----------
    spectra
        On the model's grid, of those that could be read.
    rows
        Which visits of the lease they are.
    failures
        Why the others could not be read.
    """

    spectra: Spectra
    rows: Rows
    failures: list[Failure]


class PixelReader:
    """Reads the pixels of leases for one model.

    Parameters
    ----------
    root
        The shard root.
    wavelength
        Of the model's pixels in vacuum in Å.
    continuum
        What spectra are divided by.
    masked
        Which pixels no fit of the model uses.
    """

    def __init__(
        self,
        root: Path,
        wavelength: NDArray[np.float64],
        continuum: Continuum,
        masked: NDArray[np.bool_] | None = None,
    ) -> None:
        self.root = root
        self.grid = PixelGrid.even(wavelength)
        self.continuum = continuum
        self.masked = None if masked is None else torch.from_numpy(masked)
        self._shards: OrderedDict[str, Shard] = OrderedDict()
        self._onto: OrderedDict[bytes, Callable[[Spectra], Spectra]] = OrderedDict()

    def read(self, lease: Lease, shards: Mapping[int, ShardRow]) -> ReadBatch:
        """Return the pixels of a lease; a shard that cannot be read costs only its own visits.

        Parameters
        ----------
        lease
            What was claimed.
        shards
            The rows of its shards in the ledger, by number.
        """
        parts: list[Spectra] = []
        rows: list[Rows] = []
        failures: list[Failure] = []
        for number in np.unique(lease.shard_ids).tolist():
            mine = np.flatnonzero(lease.shard_ids == number)
            try:
                parts.append(self._prepared(self._open(shards[number]), lease.shard_rows[mine]))
                rows.append(mine)
            except Exception as error:  # whatever a shard holds
                # Tried again in ever smaller batches, the visit to blame ends alone, and a shard
                # may be mended meanwhile.
                said = str(error) if isinstance(error, DamagedShard) else traceback_of(error)
                failures.extend(Failure(visit, said) for visit in lease.spectrum_ids[mine].tolist())
        n = len(self.grid)
        spectra = Spectra(
            torch.cat([part.flux for part in parts] or [torch.zeros(0, n)]),
            torch.cat([part.ivar for part in parts] or [torch.zeros(0, n)]),
        )
        return ReadBatch(spectra, np.concatenate(rows or [np.zeros(0, np.int64)]), failures)

    def _prepared(self, shard: Shard, rows: Rows) -> Spectra:
        """Return rows of a shard as they are fitted, few at a time: those stay in the cache."""
        out = Spectra(*(torch.empty(len(rows), len(self.grid)) for _ in range(2)))
        begin = 0
        for length in lengths(np.zeros_like(rows), rows):
            for first in range(begin, begin + length, AT_ONCE):
                some = slice(first, min(first + AT_ONCE, begin + length))
                part = normalise(self._read(shard, rows[some]), self.continuum)
                out.flux[some], out.ivar[some] = part.flux, part.ivar
            begin += length
        if self.masked is not None:
            out.ivar[:, self.masked] = 0.0
        return out

    def _open(self, row: ShardRow) -> Shard:
        if row.path in self._shards:
            self._shards.move_to_end(row.path)
            return self._shards[row.path]
        verify_shard(self.root, row)
        shard = open_shard(self.root, row)
        self._shards[row.path] = shard
        if len(self._shards) > OPEN_SHARDS:
            self._shards.popitem(last=False)
        return shard

    def _read(self, shard: Shard, rows: Rows) -> Spectra:
        """Return rows of a shard on the model's grid."""
        which = slice(rows[0], rows[-1] + 1) if rows[-1] - rows[0] + 1 == len(rows) else rows
        flux, ivar = np.array(shard.flux[which]), np.array(shard.ivar[which])
        ivar[(shard.mask[which] & dropped_bits(shard.about["instrument"])) != 0] = 0.0
        spectra = Spectra(torch.from_numpy(flux), torch.from_numpy(ivar))
        if shard.listed is None:
            key = repr(shard.grid).encode() + str(flux.shape[1]).encode()
            grid = shard.grid
            return self._brought(key, lambda: PixelGrid.of_survey(grid, flux.shape[1]))(spectra)
        return self._each_on_its_own(shard, rows, spectra)

    def _each_on_its_own(self, shard: Shard, rows: Rows, spectra: Spectra) -> Spectra:
        """Return spectra that list their wavelengths, those with the same ones together."""
        out = Spectra(*(torch.zeros(len(rows), len(self.grid)) for _ in range(2)))
        alike: dict[bytes, list[int]] = {}
        for place, row in enumerate(rows.tolist()):
            alike.setdefault(shard.wavelength(row).tobytes(), []).append(place)
        for key, places in alike.items():
            own = shard.own(int(rows[places[0]]))
            wavelength, medium = np.frombuffer(key, np.float64), shard.about["medium"]
            bring = self._brought(key, partial(PixelGrid.listed, wavelength, medium))
            part = bring(Spectra(spectra.flux[places, own], spectra.ivar[places, own]))
            out.flux[places], out.ivar[places] = part.flux, part.ivar
        return out

    def _brought(self, key: bytes, grid: Callable[[], PixelGrid]) -> Callable[[Spectra], Spectra]:
        """Return what brings spectra from a grid onto the model's."""
        if key not in self._onto:
            self._onto[key] = onto(grid(), self.grid)
            if len(self._onto) > MOVERS:
                self._onto.popitem(last=False)
        self._onto.move_to_end(key)
        return self._onto[key]


def onto(old: PixelGrid, new: PixelGrid) -> Callable[[Spectra], Spectra]:
    """Return what brings spectra from one grid onto another.

    Where the pixels are the same they are only picked. Else they are resampled, as little as
    there is to gain from a finer grid.

    Examples
    --------
    >>> bring = onto(PixelGrid.linear(5000.0, 1.0, 6), PixelGrid.linear(5002.0, 1.0, 5))
    >>> bring(Spectra(torch.arange(6.0)[None], torch.ones(1, 6))).ivar.tolist()
    [[1.0, 1.0, 1.0, 1.0, 0.0]]
    """
    nearest = np.searchsorted((old.wavelength[1:] + old.wavelength[:-1]) / 2, new.wavelength)
    width = np.gradient(new.wavelength)
    off = np.abs(old.wavelength[nearest] - new.wavelength) / width
    inside = (new.wavelength > old.wavelength[0] - width / 2) & (
        new.wavelength < old.wavelength[-1] + width / 2
    )
    if (off[inside] < SAME).all():
        place, there = torch.from_numpy(nearest), torch.from_numpy(inside)

        def picked(spectra: Spectra) -> Spectra:
            flux, ivar = spectra.flux.index_select(1, place), spectra.ivar.index_select(1, place)
            return Spectra(flux.where(there, 0.0), ivar.where(there, 0.0))

        return picked
    coarser = np.median(width) > COARSER * np.median(np.gradient(old.wavelength))
    mover = Mover(old, new, Form.CONSERVING if coarser else Form.CUBIC)

    def resampled(spectra: Spectra) -> Spectra:
        return mover.resample(spectra, torch.zeros(len(spectra)))

    return resampled
