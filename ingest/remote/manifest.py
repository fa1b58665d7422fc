"""The manifest of a download: what was asked for, and which piece is in which file."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from starledger.ingest.remote.answers import AnswerColumn
from starledger.ingest.remote.faults import AnotherDownload

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class PieceRecord:
    """What became of a piece: a file, or two halves in its place.

    Parameters
    ----------
    told
        What the piece is.
    file, rows, sha256, fetched_at
        The file it is in, or none where the service cut the answer and its halves were asked for.
    """

    told: str
    file: str | None = None
    rows: int = 0
    sha256: str | None = None
    fetched_at: str | None = None


@dataclass(slots=True)
class Manifest:
    """What a folder holds of a download.

    Parameters
    ----------
    asked
        All that decides what the files hold; another download is recognised by it.
    query
        The query, but for what tells one piece from the others.
    counted
        Rows, lowest and highest key by the service's own count, where ranges were asked for.
    columns
        What the service says about the columns.
    pieces
        What became of every piece that was asked for, by its name.
    began_at, finished_at
        When; unfinished until every piece is there.
    """

    asked: dict[str, Any]
    query: str
    counted: dict[str, int | None] | None = None
    columns: list[dict[str, str | None]] = field(default_factory=list)
    pieces: dict[str, PieceRecord] = field(default_factory=dict)
    began_at: str = field(default_factory=lambda: now())
    finished_at: str | None = None
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(record.rows for record in self.pieces.values())

    def files(self) -> list[str]:
        """Return the names of the files, in order."""
        return sorted(record.file for record in self.pieces.values() if record.file)

    def describe(self, columns: tuple[AnswerColumn, ...]) -> None:
        """Keep what the service says about the columns, the first time."""
        self.columns = self.columns or [asdict(column) for column in columns]

    def save(self, folder: Path) -> None:
        """Write it beside and put it in place, so that it is always whole."""
        part = folder / f"{NAME}.part"
        with part.open("w", encoding="utf-8") as out:
            json.dump(asdict(self), out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        part.replace(folder / NAME)


def load(folder: Path) -> Manifest | None:
    """Return the manifest of a folder, or None where it has none.

    Raises
    ------
    AnotherDownload
        It is damaged, or of another version of this software.
    """
    try:
        said = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return _from_json(said)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise AnotherDownload(
            f"{folder / NAME} cannot be read: {error}.",
            remedy="Fetch it all again with --refresh, or into another folder with --to.",
        ) from error


def _from_json(said: Mapping[str, Any]) -> Manifest:
    if said["format"] != FORMAT:
        raise ValueError(f"its format is {said['format']}, ours is {FORMAT}")
    pieces = {name: PieceRecord(**record) for name, record in said["pieces"].items()}
    return Manifest(**{**said, "pieces": pieces})


def now() -> str:
    """Return the time (UTC)."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
