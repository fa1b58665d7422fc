"""The files that an ingest is given: folders, lists of files, and files themselves."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starledger.schema.errors import StarledgerError

_BEGINS_SPECTRUM = (b"\x1f\x8b", b"SIMPLE")
"""First bytes of a gzipped file and of a FITS file."""


class UnusableSources(StarledgerError):
    """What is to be ingested cannot be found out."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, and whether all files in it are meant, or which.

    Parameters
    ----------
    given
        The folder, the list or the file as it was given.
    root
        The folder that names of files are relative to.
    kind
        ``folder``, ``list`` or ``file``.
    """

    given: Path
    root: Path
    kind: str


@dataclass(frozen=True, slots=True)
class Found:
    """A file that was found: its name relative to the source's folder, size and last change.

    Size and time are none where the file is named in a list and is not there.
    """

    name: str
    size: int | None
    modified_ns: int | None


def find_sources(given: Sequence[Path]) -> list[Source]:
    """Return what the arguments of a command mean.

    Raises
    ------
    UnusableSources
        One does not exist or cannot be read.
    """
    return [_source(one) for one in given]


def _source(given: Path) -> Source:
    try:
        if given.is_dir():
            return Source(given, given, "folder")
        with given.open("rb") as file:
            begin = file.read(2048)
    except OSError as error:
        raise UnusableSources(
            f"{given} cannot be read: {error.strerror}.",
            remedy="Name a folder of spectra, a text file that lists them line by line, or files.",
        ) from None
    return Source(given, given.parent, "list" if _is_text(begin) else "file")


def _is_text(begin: bytes) -> bool:
    if begin.startswith(_BEGINS_SPECTRUM) or b"\0" in begin:
        return False
    try:
        begin.decode()
    except UnicodeDecodeError as error:
        # The last character may be cut in two.
        return error.start > len(begin) - 4
    return bool(begin)


def described(sources: Sequence[Source]) -> str:
    """Return the sources as one text, the same from whatever folder they were named."""
    return shlex.join(str(source.given.resolve()) for source in sources)


def list_files(source: Source) -> Iterator[Found]:
    """Yield the files of a source, in any order; hidden ones are left out.

    Raises
    ------
    UnusableSources
        A folder cannot be read, or a name is not UTF-8.
    """
    match source.kind:
        case "folder":
            yield from _files_below(source.root)
        case "list":
            yield from _listed(source)
        case _:
            yield _found(source.given.name, source.given)


def _files_below(root: Path) -> Iterator[Found]:
    """Yield all files below a folder; links are followed, but into no folder twice."""
    open_folders = [""]
    seen = {_identity(root)}
    while open_folders:
        prefix = open_folders.pop()
        for entry in _entries(root, prefix):
            name = prefix + entry.name
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                yield _found_entry(name, entry)
            elif not entry.is_symlink() or _identity(entry) not in seen:
                seen.add(_identity(entry))
                open_folders.append(f"{name}/")


def _identity(place: Path | os.DirEntry[str]) -> tuple[int, int]:
    about = place.stat()
    return about.st_dev, about.st_ino


def _entries(root: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
    folder = root / prefix
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        raise UnusableSources(
            f"The folder {folder} cannot be read: {error.strerror}.",
            remedy="Mend its rights, or name the folders beside it one by one.",
        ) from None


def _found_entry(name: str, entry: os.DirEntry[str]) -> Found:
    _require_utf8(name)
    try:
        about = entry.stat()
    except OSError:
        return Found(name, None, None)
    return Found(name, about.st_size, about.st_mtime_ns)


def _found(name: str, path: Path) -> Found:
    _require_utf8(name)
    try:
        about = path.stat()
    except (OSError, ValueError):
        return Found(name, None, None)
    return Found(name, about.st_size, about.st_mtime_ns)


def _require_utf8(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        raise UnusableSources(
            f"The name of the file {shown} is not UTF-8.",
            remedy="Rename the file, so that the ledger can name it.",
        ) from None


def _listed(source: Source) -> Iterator[Found]:
    """Yield the files that a list names; its paths are relative to its own folder."""
    try:
        with source.given.open(encoding="utf-8") as lines:
            for line in lines:
                name = line.strip()
                if name and not name.startswith("#"):
                    yield _found(name, source.root / name)
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableSources(
            f"The list {source.given} cannot be read: {error}.",
            remedy="Write it as UTF-8 text with the path of one file in each line.",
        ) from None
