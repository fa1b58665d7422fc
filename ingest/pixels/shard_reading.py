"""Reading shards: memory-mapped, so that a batch of rows comes at the speed of the disk."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels.shards import DTYPES, FORMAT, METADATA_KEY, Arrays
from starledger.ingest.pixels.spectrum import Grid
from starledger.schema.errors import StarledgerError

_DTYPES: dict[str, np.dtype[Any]] = {name: dtype for dtype, name in DTYPES.items()}
_LONGEST_HEADER = 100 * 2**20
"""Bytes: no shard's header is that long, and a damaged one must not fill the memory."""


class DamagedShard(StarledgerError):
    """A shard is missing, cut off, or not what the ledger says of it."""

    def __init__(self, what: str) -> None:
        remedy = "Restore the file from a backup of the shard root, or ingest its spectra again."
        super().__init__(what, remedy=remedy)

    def __reduce__(self) -> tuple[object, ...]:
        return (DamagedShard, (self.what,))


class ShardRow(Protocol):
    """What is needed of a row of the table ``shard``."""

    @property
    def path(self) -> str:
        """Path below the shard root."""

    @property
    def sha256(self) -> str:
        """Of the file's bytes."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard whose arrays are views of its file: rows are spectra, columns pixels.

    Parameters
    ----------
    about
        What all its spectra have in common, and their identifiers.
    flux, ivar, mask, or_mask
        As of `Pixels`; padding has an ``ivar`` of 0. No ``or_mask`` where the survey has none.
    first, count
        The extent of each spectrum's own pixels.
    listed
        Wavelengths in Å where the grid is explicit.
    """

    about: dict[str, Any]
    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.int32]
    first: NDArray[np.int32]
    count: NDArray[np.int32]
    or_mask: NDArray[np.int32] | None = None
    listed: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.flux)

    def own(self, row: int) -> slice:
        """Return the columns of a spectrum's own pixels."""
        first = int(self.first[row])
        return slice(first, first + int(self.count[row]))

    def wavelength(self, row: int) -> NDArray[np.float64]:
        """Return the wavelengths of a spectrum's own pixels in Å, in the shard's medium."""
        if self.listed is not None:
            return self.listed[row, self.own(row)]
        return self.grid.wavelength(self.flux.shape[1])[self.own(row)]

    @property
    def grid(self) -> Grid:
        """The common grid of all columns.

        Raises
        ------
        ValueError
            The wavelengths are listed, and each row has its own.
        """
        if self.listed is not None:
            raise ValueError("each spectrum of this shard has its own wavelengths")
        about = self.about
        return Grid(about["grid_kind"], about["medium"], about["start"], about["step"])


def open_shard(root: Path, row: ShardRow) -> Shard:
    """Open a shard without reading its pixels.

    Parameters
    ----------
    root
        The shard root.
    row
        The shard's row in the ledger, or anything with its ``path`` and ``sha256``.

    Raises
    ------
    DamagedShard
        There is no such file, or it is none of ours.
    """
    path = root / row.path
    try:
        about, arrays = _mapped(path)
    except FileNotFoundError:
        raise DamagedShard(f"The shard {path} is missing.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedShard(f"The shard {path} cannot be read: {error}.") from error
    if about.get("format") != FORMAT:
        raise DamagedShard(f"The shard {path} is of another format: {about.get('format')}.")
    return Shard(
        about,
        arrays["flux"],
        arrays["ivar"],
        arrays["mask"],
        arrays["first"],
        arrays["count"],
        or_mask=arrays.get("or_mask"),
        listed=arrays.get("wavelength"),
    )


def _mapped(path: Path) -> tuple[dict[str, Any], Arrays]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length < _LONGEST_HEADER:
            raise ValueError("it does not begin like a file of tensors")
        header = json.loads(file.read(length))
    bytes_ = np.memmap(path, np.uint8, "r", 8 + length)
    about = json.loads(header.pop("__metadata__")[METADATA_KEY])
    return about, {name: _view(bytes_, name, tensor) for name, tensor in header.items()}


def _view(bytes_: NDArray[np.uint8], name: str, tensor: dict[str, Any]) -> NDArray[Any]:
    begin, end = tensor["data_offsets"]
    dtype, shape = _DTYPES[tensor["dtype"]], tensor["shape"]
    if end > len(bytes_) or end - begin != dtype.itemsize * math.prod(shape):
        raise ValueError(f"it is cut off: {name} should end at byte {end} of {len(bytes_)}")
    return bytes_[begin:end].view(dtype).reshape(shape)


def verify_shard(root: Path, row: ShardRow) -> None:
    """Read a whole shard and compare it with its checksum.

    Raises
    ------
    DamagedShard
        It is missing, or its bytes are others.
    """
    path = root / row.path
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DamagedShard(f"The shard {path} cannot be read: {error.strerror}.") from error
    if found != row.sha256:
        raise DamagedShard(f"The shard {path} has changed: its SHA-256 is {found}.")
