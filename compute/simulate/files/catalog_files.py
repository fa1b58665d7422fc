"""The catalogs of a survey while it is written: rows come in batches and are counted."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from starledger.compute.simulate.files.fits_bytes import TableFile
from starledger.compute.simulate.files.text_file import TextFile


@dataclass(frozen=True, slots=True)
class BatchRows:
    """What a batch adds to the catalogs.

    Parameters
    ----------
    tables
        Rows by name of a FITS table.
    lines
        Lines by name of a text file.
    files
        How many files of spectra were written, by kind.
    """

    tables: dict[str, NDArray[Any]]
    lines: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)


class CatalogFiles:
    """Open catalogs.

    Parameters
    ----------
    tables, texts
        The files by the names that rows are given with; a name is also that of the count.
    """

    def __init__(self, tables: dict[str, TableFile], texts: dict[str, TextFile]) -> None:
        self._tables, self._texts = tables, texts
        self._files: dict[str, int] = {}
        self._stack = ExitStack()

    def append(self, rows: BatchRows) -> None:
        """Add the rows of a batch."""
        for name, table in rows.tables.items():
            self._tables[name].append(table)
        for name, lines in rows.lines.items():
            for line in lines:
                self._texts[name].append(line)
        for name, count in rows.files.items():
            self._files[name] = self._files.get(name, 0) + count

    def counts(self) -> dict[str, int]:
        """Return how many files and rows there are, by what they are."""
        tables = {name: file.rows for name, file in self._tables.items()}
        return self._files | tables | {name: file.rows for name, file in self._texts.items()}

    def __enter__(self) -> Self:
        for table in self._tables.values():
            self._stack.enter_context(table)
        for text in self._texts.values():
            self._stack.enter_context(text)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
