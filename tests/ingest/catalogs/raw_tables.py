"""Tables as the readers of files give them, and what a layout makes of them, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from starledger.ingest.catalogs.choosing import choose
from starledger.ingest.catalogs.conversion import Conversion
from starledger.ingest.catalogs.files.opening import open_table
from starledger.ingest.catalogs.files.table import About, RawBatch, Refusal, TableFile
from starledger.ingest.catalogs.layout import CatalogLayout
from starledger.ingest.catalogs.layouts import LAYOUTS
from starledger.ingest.catalogs.resolving import labels_in


class Written:
    """A table that a test writes down, column by column."""

    def __init__(self, units: Mapping[str, str] | None = None, **columns: Any) -> None:
        arrays = {
            name: value if isinstance(value, pa.Array) else pa.array(value)
            for name, value in columns.items()
        }
        self._columns = pa.record_batch(arrays)
        self.about = About(tuple(columns), units or {})

    def batches(self, wanted: Sequence[str]) -> Iterator[RawBatch]:
        """Yield all rows at once."""
        numbers = np.arange(1, self._columns.num_rows + 1)
        yield RawBatch(self._columns.select(list(wanted)), numbers)


def vectors(*rows: Sequence[float]) -> pa.Array:
    """Return a column of vectors."""
    flat = pa.array([value for row in rows for value in row])
    return pa.FixedSizeListArray.from_arrays(flat, len(rows[0]))


@dataclass
class Result:
    """What a layout made of a table."""

    layout: CatalogLayout
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)


def convert(file: TableFile, survey: str, release: str = "dr1") -> Result:
    """Convert a table by the layout of its columns; labels get names in front of their values."""
    layout = choose(LAYOUTS, survey, release, "the table", file.about)
    labels = labels_in(layout, file.about)
    conversion = Conversion(layout, file.about, labels)
    result = Result(layout)
    for raw in file.batches(conversion.wanted):
        for converted in conversion.convert(raw):
            result.rows += [_named(row, labels) for row in converted.rows.to_pylist()]
            result.refused += converted.refused
            result.repaired += converted.repaired
    return result


def convert_file(path: Path, survey: str, release: str) -> Result:
    """Convert the table of a file."""
    with open_table(path) as file:
        return convert(file, survey, release)


def _named(row: dict[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    for column, prefix in (("labels", ""), ("errors", "err_"), ("label_flags", "flag_")):
        values = row.pop(column, None) or [None] * len(labels)
        row |= {f"{prefix}{name}": value for name, value in zip(labels, values, strict=True)}
    return row
