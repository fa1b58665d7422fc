"""Text files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self, TextIO


class TextFile:
    """A text file written line by line, which gets its name when it is left.

    Parameters
    ----------
    path
        Where.
    head
        The first line or lines, without the last newline.
    """

    def __init__(self, path: Path, head: str) -> None:
        self.path = path
        self.rows = 0
        self._head = head
        self._part = path.with_name(f".{path.name}.part")
        self._file: TextIO

    def append(self, line: str) -> None:
        """Add a row."""
        self._file.write(line + "\n")
        self.rows += 1

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("w", encoding="utf-8", newline="\n")
        self._file.write(self._head + "\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink()
