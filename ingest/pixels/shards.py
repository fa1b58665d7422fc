"""Shards: thousands of spectra in one file of tensors, named after its own content."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from starledger.ingest.pixels.shard_groups import Group
from starledger.schema.errors import DiskFull, FolderReadOnly, StarledgerError

SUFFIX = ".safetensors"
METADATA_KEY = "starledger"
FORMAT = 1
"""Counted up when what a shard holds changes its meaning."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class WrittenShard:
    """A shard as its row in the ledger tells of it.

    Parameters
    ----------
    name
        Of its file, which holds the first characters of ``sha256``.
    sha256
        Of its bytes.
    instrument
        Name of the instrument.
    n_spectra, n_pixels
        Rows, and pixels of each.
    grid_kind, grid_start, grid_step, wavelength_medium, mask_bits
        As of the table ``shard``.
    """

    name: str
    sha256: str
    instrument: str
    n_spectra: int
    n_pixels: int
    grid_kind: str
    grid_start: float
    grid_step: float | None
    wavelength_medium: str
    mask_bits: dict[str, str]


def shard_folder(survey: str, release: str, version: str) -> str:
    """Return the folder of a data release's shards below the shard root.

    Examples
    --------
    >>> shard_folder("lamost", "dr5", "v3")
    'lamost/dr5/v3'
    """
    return f"{survey}/{release}/{version}"


def arrays_of(group: Group) -> Arrays:
    """Return the arrays of a shard: each spectrum in its row, at its place of the common grid.

    Around a spectrum's own pixels, whose extent ``first`` and ``count`` tell, there is padding
    of no weight.
    """
    shape = (len(group.members), group.n_pixels)
    likeness = group.likeness
    arrays: Arrays = {
        "flux": np.zeros(shape, np.float32),
        "ivar": np.zeros(shape, np.float32),
        "mask": np.zeros(shape, np.int32),
        "first": np.asarray(group.offsets, np.int32) - np.int32(group.first),
        "count": np.array([len(one.pixels.flux) for _, one in group.members], np.int32),
    }
    if likeness.has_or_mask:
        arrays["or_mask"] = np.zeros(shape, np.int32)
    if likeness.grid_kind == "explicit":
        arrays["wavelength"] = np.zeros(shape, np.float64)
    for row, (_, spectrum) in enumerate(group.members):
        first = int(arrays["first"][row])
        past = first + int(arrays["count"][row])
        for name in ("flux", "ivar", "mask", "or_mask"):
            if name in arrays:
                arrays[name][row, first:past] = getattr(spectrum.pixels, name)
        if spectrum.grid.listed is not None:
            arrays["wavelength"][row, :past] = spectrum.grid.listed
            # So that wavelengths never fall: who searches among them need not know of padding.
            arrays["wavelength"][row, past:] = spectrum.grid.listed[-1]
    return arrays


def shard_bytes(group: Group, origin: dict[str, Any]) -> bytes:
    """Return the bytes of a shard's file; the same spectra always give the same.

    Parameters
    ----------
    group
        The spectra.
    origin
        Where they are from, kept in the file beside their identifiers.
    """
    about = {
        **asdict(group.likeness),
        **origin,
        "format": FORMAT,
        "start": group.start,
        "external_ids": [spectrum.external_id for _, spectrum in group.members],
    }
    # One key: the order of several is left to chance.
    return save(arrays_of(group), {METADATA_KEY: json.dumps(about, sort_keys=True)})


def write_shard(folder: Path, group: Group, origin: dict[str, Any]) -> WrittenShard:
    """Write a shard into a folder, which is made where it is missing.

    It is written under another name, brought to the disk and renamed: under its own name there
    is all of it or nothing.

    Raises
    ------
    DiskFull, FolderReadOnly, StarledgerError
        It cannot be written.
    """
    contents = shard_bytes(group, origin)
    likeness = group.likeness
    sha256 = hashlib.sha256(contents).hexdigest()
    name = f"{likeness.instrument}-{likeness.kind}-{likeness.arm}-{sha256[:16]}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / name, contents)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return WrittenShard(
        name,
        sha256,
        likeness.instrument,
        len(group.members),
        group.n_pixels,
        likeness.grid_kind,
        group.start,
        likeness.step,
        likeness.medium,
        {str(bit): meaning for bit, meaning in likeness.mask_bits},
    )


def _write(path: Path, contents: bytes) -> None:
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        with beside.open("xb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _unwritable(folder: Path, error: OSError) -> StarledgerError:
    said = f"A shard cannot be written in {folder}: {error.strerror}."
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(said, remedy="Free some space and run the same command again to go on.")
    remedy = "Mend that, or name another folder with STARLEDGER_SHARD_ROOT; then run it again."
    return FolderReadOnly(said, remedy=remedy)
