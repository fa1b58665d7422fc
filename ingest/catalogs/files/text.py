"""Text tables: CSV and its relatives divided by bars, tabs or semicolons, and ECSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from starledger.ingest.catalogs.files.names import places
from starledger.ingest.catalogs.files.source import CHUNK, Source, Stream
from starledger.ingest.catalogs.files.table import About, RawBatch, Refusal
from starledger.ingest.catalogs.files.text_header import text_header
from starledger.ingest.catalogs.files.text_lines import Lines, numbered_lines

_PARSED_AT_ONCE = 1 << 19
"""Bytes that fit into a processor's cache."""
_CUT = "; the file may be cut off"


class TextTable:
    """A text file with a line of names.

    A line is a row: quotes may hold the delimiter but no line end. Every line that is not blank
    becomes a row or a refusal with its number.

    Parameters
    ----------
    source
        The file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._header = text_header(source)

    @property
    def about(self) -> About:
        """Names; units too where the file is ECSV."""
        return self._header.about

    def batches(self, wanted: Sequence[str]) -> Iterator[RawBatch]:
        """Yield the rows as text, of the wanted columns alone."""
        header = self._header
        at = places(self._source, header.about.names, wanted)
        parser = _Parser(
            [str(place) for place in range(len(header.about.names))],
            [str(place) for place in at],
            list(wanted),
            header.delimiter,
            header.empty_is_null,
        )
        with self._source.opened() as stream:
            _skip(stream, header.body)
            for lines in numbered_lines(stream):
                yield parser.parsed(lines)


def _skip(stream: Stream, size: int) -> None:
    while size > 0 and (passed := stream.read(min(size, CHUNK))):
        size -= len(passed)


@dataclass(frozen=True, slots=True)
class _Parser:
    """How lines become columns; within, columns are named by their places."""

    names: list[str]
    wanted: list[str]
    called: list[str]
    delimiter: str
    empty_is_null: bool

    def parsed(self, lines: Lines) -> RawBatch:
        """Return the rows of some lines, and those that are none."""
        faults = lines.faults(self.delimiter.encode())
        good = np.ones(len(lines), bool)
        good[list(faults)] = False
        at = np.flatnonzero(good)
        longest = int((lines.ends - lines.starts)[good].max(initial=0))
        columns, uneven = self._columns(lines.joined(good), longest)
        for row, fields in uneven.items():
            faults[int(at[row - 1])] = f"has {fields} fields where the header has {len(self.names)}"
        good[list(faults)] = False
        if lines.cut and (last := len(lines) - 1) in faults:
            faults[last] += _CUT
        refused = [
            Refusal(lines.first + line, faults[line], lines.content(line))
            for line in sorted(faults)
        ]
        return RawBatch(columns, lines.first + np.flatnonzero(good), refused)

    def _columns(self, data: bytes, longest: int) -> tuple[pa.RecordBatch, dict[int, int]]:
        """Return the wanted columns, and the fields of rows that have too many or too few."""
        uneven: dict[int, int] = {}

        def note(row: arrow_csv.InvalidRow) -> str:
            uneven[row.number] = row.actual_columns
            return "skip"

        table = arrow_csv.read_csv(
            pa.BufferReader(data or b"\n"),
            arrow_csv.ReadOptions(
                use_threads=False,
                column_names=self.names,
                block_size=max(_PARSED_AT_ONCE, longest + 2),
            ),
            arrow_csv.ParseOptions(delimiter=self.delimiter, invalid_row_handler=note),
            arrow_csv.ConvertOptions(
                include_columns=self.wanted or self.names[:1],
                column_types=dict.fromkeys(self.names, pa.string()),
                check_utf8=False,
                strings_can_be_null=self.empty_is_null,
                null_values=[""],
            ),
        )
        table = table.select(self.wanted).combine_chunks()
        schema = pa.schema([(name, pa.string()) for name in self.called])
        columns = [
            column.chunk(0) if column.num_chunks else pa.array([], pa.string())
            for column in table.columns
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema), uneven
