"""Shards: thousands of spectra in one file of tensors, named after its own content."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import uuid
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels.shard_groups import Group
from starledger.schema.errors import DiskFull, FolderReadOnly, StarledgerError

SUFFIX = ".safetensors"
METADATA_KEY = "starledger"
FORMAT = 1
"""Counted up when what a shard holds changes its meaning."""

DTYPES: dict[np.dtype[Any], str] = {
    np.dtype("<f4"): "F32",
    np.dtype("<f8"): "F64",
    np.dtype("<i4"): "I32",
}
"""Kinds of numbers and their names in the header."""

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


def shard_parts(group: Group, origin: dict[str, Any]) -> list[memoryview]:
    """Return the header and the arrays of a shard's file, one after the other.

    The same spectra always give the same. The layout is that of safetensors, whose library would
    copy all pixels once more: the length of a header of JSON, the header, then the arrays.

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
    header: dict[str, Any] = {
        "__metadata__": {METADATA_KEY: json.dumps(about, sort_keys=True)},
    }
    # Wider numbers first, so that all are aligned.
    arrays = sorted(arrays_of(group).items(), key=lambda item: (-item[1].itemsize, item[0]))
    end = 0
    for name, array in arrays:
        begin, end = end, end + array.nbytes
        offsets = {"data_offsets": [begin, end]}
        header[name] = {"dtype": DTYPES[array.dtype], "shape": list(array.shape), **offsets}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    head = memoryview(len(text).to_bytes(8, "little") + text)
    return [head, *(array.data.cast("B") for _, array in arrays)]


def write_shard(folder: Path, group: Group, origin: dict[str, Any]) -> WrittenShard:
    """Write a shard into a folder, which is made where it is missing.

    It is written under another name, brought to the disk and renamed: under its own name there
    is all of it or nothing.

    Raises
    ------
    DiskFull, FolderReadOnly, StarledgerError
        It cannot be written.
    """
    likeness = group.likeness
    beginning = f"{likeness.instrument}-{likeness.kind}-{likeness.arm}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name, sha256 = _write(folder, beginning, shard_parts(group, origin))
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


def _write(folder: Path, beginning: str, parts: list[memoryview]) -> tuple[str, str]:
    """Write a file that is named after its bytes, and return its name and their SHA-256."""
    beside = folder / f"{uuid.uuid4().hex}.part"
    digest = hashlib.sha256()
    try:
        with beside.open("xb", buffering=0) as file:
            for part in parts:
                digest.update(part)
                _write_all(file, part)
            os.fsync(file.fileno())
        name = f"{beginning}-{digest.hexdigest()[:16]}{SUFFIX}"
        beside.replace(folder / name)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return name, digest.hexdigest()


def _write_all(file: FileIO, part: memoryview) -> None:
    """Write all of a part: at once no more than 2 GiB are."""
    while part:
        part = part[file.write(part) or 0 :]


def _unwritable(folder: Path, error: OSError) -> StarledgerError:
    said = f"A shard cannot be written in {folder}: {error.strerror}."
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(said, remedy="Free some space and run the same command again to go on.")
    remedy = "Mend that, or name another folder with STARLEDGER_SHARD_ROOT; then run it again."
    return FolderReadOnly(said, remedy=remedy)
