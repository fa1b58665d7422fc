"""NumPy archives (.npz) of numbers, read so that no file can run code."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.schema.errors import StarledgerError


class NotAnArchive(StarledgerError):
    """A file is no NumPy archive of numbers."""

    def __init__(self, path: Path, error: Exception) -> None:
        self.why = f"is no NumPy archive (.npz) of numbers: {error}"
        super().__init__(f"{path} {self.why}.", remedy="Write it with numpy.savez.")


def read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """Read a NumPy archive; one that holds objects, which could be code, is refused.

    Raises
    ------
    NotAnArchive
        It is something else, or damaged, or is not there.
    """
    try:
        with zipfile.ZipFile(path):
            pass  # Else NumPy would read a lone array, or take what is neither for a pickle.
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise NotAnArchive(path, error) from None
