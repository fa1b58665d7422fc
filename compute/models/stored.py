"""Models as files: a folder of tensors and a configuration, named after their content.

``tensors.safetensors`` holds the tensors, ``model.json`` the configuration and the SHA-256 of both.
Neither can hold code. A folder whose content is not what its SHA-256 says is refused.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from starledger.schema.errors import DiskFull, FolderReadOnly, StarledgerError

TENSORS = "tensors.safetensors"
ABOUT = "model.json"
FORMAT = 1
"""Counted up when what the files hold changes its meaning."""

MAX_ABOUT_BYTES = 1 << 24
"""No configuration is longer; a file that is, is something else."""


class ModelRefused(StarledgerError):
    """A model's files are damaged, or are none of ours."""


@dataclass(frozen=True)
class StoredModel:
    """A model as its files hold it.

    Parameters
    ----------
    configuration
        What JSON can hold; the key ``system`` says what makes a model of it.
    tensors
        Weights, grid, label ranges: whatever decides what the model answers.

    Examples
    --------
    >>> stored = StoredModel({"system": "payne"}, {"low": torch.zeros(2)})
    >>> stored.identity[:12]
    '...'
    """

    configuration: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def system(self) -> str:
        """The system that it is of, such as ``payne``."""
        return str(self.configuration["system"])

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the configuration and of each tensor's name, kind, shape and bytes."""
        digest = hashlib.sha256()
        for part in self._parts():
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()

    def _parts(self) -> Iterator[bytes | memoryview]:
        yield canonical_json(self.configuration).encode()
        for name, tensor in sorted(self.tensors.items()):
            plain = tensor.detach().cpu().contiguous()
            kind = str(plain.dtype).removeprefix("torch.")
            yield canonical_json([name, kind, list(plain.shape)]).encode()
            yield plain.reshape(-1).view(torch.uint8).numpy().data


def canonical_json(value: Any) -> str:
    """Return the one spelling of a value, so that equal values have equal hashes.

    Examples
    --------
    >>> canonical_json({"b": [1.0, None], "a": "Å"})
    '{"a":"Å","b":[1.0,null]}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def write_model(root: Path, model: StoredModel) -> Path:
    """Write a model below a root and return its folder's path relative to it.

    It is written under another name, brought to the disk and renamed: under its own name there
    is all of it or nothing. A model that is there already is left alone.

    Raises
    ------
    DiskFull, FolderReadOnly, StarledgerError
        It cannot be written.
    """
    place = Path(model.system, model.identity)
    if not (root / place).exists():
        write_folder(root / place, model)
    return place


def write_folder(folder: Path, model: StoredModel) -> None:
    """Write a model into a new folder of any name.

    Raises
    ------
    DiskFull, FolderReadOnly, StarledgerError
        It cannot be written, or there is a folder of that name.
    """
    beside = folder.with_name(f"{uuid.uuid4().hex}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
        try:
            _write_files(beside, model)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise _unwritable(folder, error) from error


def _write_files(folder: Path, model: StoredModel) -> None:
    tensors = {name: one.detach().cpu().contiguous() for name, one in model.tensors.items()}
    save_file(tensors, folder / TENSORS)
    about = {"format": FORMAT, "sha256": model.identity, "configuration": model.configuration}
    text = json.dumps(about, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    (folder / ABOUT).write_text(text + "\n", encoding="utf-8")
    for path in (folder / TENSORS, folder / ABOUT, folder):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _unwritable(folder: Path, error: Exception) -> StarledgerError:
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
        return StarledgerError(f"There is something at {folder}.", remedy="Name a new folder.")
    if number in {errno.EACCES, errno.EROFS, errno.EPERM}:
        return FolderReadOnly(
            f"The folder {folder.parent} may not be written in.", remedy="Mend its rights."
        )
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"No space is left for the model {folder}.", remedy="Make room.")
    return StarledgerError(
        f"The model {folder} cannot be written: {error}.", remedy="Name another folder."
    )


def read_model(folder: Path) -> StoredModel:
    """Read a model and check that it is what its SHA-256 says.

    Raises
    ------
    ModelRefused
        It is damaged, or something else, or written by a newer version.
    """
    about = _read_about(folder / ABOUT)
    try:
        tensors = load_file(folder / TENSORS)
    except (OSError, SafetensorError) as error:
        raise _refused(folder / TENSORS, f"cannot be read: {error}") from None
    model = StoredModel(about["configuration"], tensors)
    if model.identity != about["sha256"]:
        raise _refused(folder, f"is damaged: its SHA-256 is {model.identity}")
    return model


def _read_about(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_ABOUT_BYTES)
        about = json.loads(text)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _refused(path, "is not JSON") from None
    if not isinstance(about, dict) or not {"format", "sha256", "configuration"} <= about.keys():
        raise _refused(path, "is no model's configuration")
    if about["format"] != FORMAT:
        raise ModelRefused(
            f"{path} has format {about['format']!r}, where this software reads {FORMAT}.",
            remedy="Read it with the version that wrote it.",
        )
    if not isinstance(about["configuration"], dict) or "system" not in about["configuration"]:
        raise _refused(path, "does not say of which system the model is")
    return about


def _refused(path: Path, why: str) -> ModelRefused:
    return ModelRefused(f"{path} {why}.", remedy="Fetch or export the model's folder again.")
