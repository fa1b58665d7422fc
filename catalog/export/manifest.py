"""The manifest beside exported files, and whether they still are what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starledger.catalog.export.arriving import arriving
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.formats import Format
from starledger.catalog.export.selecting import Selection
from starledger.catalog.export.telling import software
from starledger.catalog.export.writing import Written, sha256_of
from starledger.catalog.releases.finding import PublishedRelease

FORMAT = 1
"""Version of the manifest's own form."""

OF_FOLDER = "manifest.json"
"""Its name in a folder of exported files."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file with rows of a release.

    Parameters
    ----------
    path, format
        The file.
    selection
        What is in it.
    written
        What was written.
    """

    path: Path
    format: Format
    selection: Selection
    written: Written


@dataclass(frozen=True, slots=True)
class Checked:
    """A file of a manifest, and what is wrong with it.

    Parameters
    ----------
    path
        The file.
    problem
        What differs, if anything does.
    """

    path: Path
    problem: str | None


def beside(path: Path) -> Path:
    """Return where the manifest of one file is.

    Examples
    --------
    >>> beside(Path("stars.fits")).name
    'stars.fits.manifest.json'
    """
    return path.with_name(f"{path.name}.manifest.json")


def write_manifest(path: Path, release: PublishedRelease, exported: Sequence[Exported]) -> None:
    """Write the manifest of some files."""
    document = {
        "format": FORMAT,
        "release": release.name,
        "release_manifest_sha256": release.manifest_sha256,
        "software": software(),
        "files": [_entry(one) for one in exported],
    }
    with arriving(path) as file:
        file.write(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")


def _entry(one: Exported) -> dict[str, Any]:
    return {
        "file": one.path.name,
        "view": one.selection.table.name,
        "format": one.format.value,
        "columns": [field.name for field in one.selection.fields],
        "where": one.selection.where,
        "sorted_by": list(one.selection.order),
        "rows": one.written.rows,
        "bytes": one.written.bytes,
        "sha256": one.written.sha256,
    }


def verify(path: Path) -> list[Checked]:
    """Tell of exported files whether they are what their manifest says.

    Parameters
    ----------
    path
        A folder of them, one of them, or the manifest.

    Raises
    ------
    ExportError
        There is no manifest, or it is not one of ours.
    """
    manifest = _manifest_of(path)
    try:
        document = json.loads(manifest.read_bytes())
        files = [
            (str(one["file"]), int(one["bytes"]), str(one["sha256"])) for one in document["files"]
        ]
    except OSError as error:
        raise ExportError(
            f"There is no manifest {manifest}: {error.strerror}.",
            remedy="Name an exported file, or the folder of an export.",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ExportError(
            f"{manifest} is not the manifest of an export.", remedy="Export once more."
        ) from None
    return list(_checked(manifest.parent, files))


def _manifest_of(path: Path) -> Path:
    if path.is_dir():
        return path / OF_FOLDER
    if path.name == OF_FOLDER or path.name.endswith(".manifest.json"):
        return path
    own = beside(path)
    return own if own.exists() else path.parent / OF_FOLDER


def _checked(folder: Path, files: Sequence[tuple[str, int, str]]) -> Iterator[Checked]:
    for name, size, digest in files:
        # What stands in a manifest leads to no other folder.
        path = folder / Path(name).name
        yield Checked(path, _problem(path, size, digest))


def _problem(path: Path, size: int, digest: str) -> str | None:
    try:
        found = path.stat().st_size
        if found != size:
            return f"has {found} bytes, not {size}"
        with path.open("rb") as file:
            return None if sha256_of(file) == digest else "has another SHA-256"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
