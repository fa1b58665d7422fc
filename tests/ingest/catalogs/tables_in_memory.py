"""Tables that tests write out by hand, and the rows that layouts make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from starledger.ingest.catalogs.choosing import choose
from starledger.ingest.catalogs.conversion import Conversion
from starledger.ingest.catalogs.files.opening import open_table
from starledger.ingest.catalogs.files.table import About, RawBatch, Refusal
from starledger.ingest.catalogs.layout import CatalogLayout
from starledger.ingest.catalogs.layouts import LAYOUTS
from starledger.ingest.catalogs.resolving import labels_in


@dataclass(frozen=True)
class Rows:
    """What became of a table."""

    layout: CatalogLayout
    labels: list[str]
    rows: list[dict[str, Any]]
    refused: list[Refusal]
    repaired: dict[str, int]

    def label(self, row: int, name: str, kind: str = "labels") -> Any:
        values = self.rows[row][kind]
        return None if values is None else values[self.labels.index(name)]


def rows_of_batch(layout: CatalogLayout, about: About, batch: pa.RecordBatch) -> Rows:
    """Convert a batch by a layout."""
    labels = labels_in(layout, about)
    conversion = Conversion(layout, about, labels)
    wanted = batch.select(list(conversion.wanted))
    made = conversion.convert(RawBatch(wanted, np.arange(1, batch.num_rows + 1)))
    repaired: dict[str, int] = {}
    for one in made:
        repaired |= one.repaired
    return Rows(
        layout,
        labels,
        [row for one in made for row in one.rows.to_pylist()],
        [refusal for one in made for refusal in one.refused],
        repaired,
    )


def convert(
    survey: str,
    columns: Mapping[str, Sequence[Any]],
    *,
    release: str = "dr1",
    units: Mapping[str, str] | None = None,
    layouts: Sequence[CatalogLayout] = LAYOUTS,
) -> Rows:
    """Convert a table by the layout that is chosen for it."""
    batch = pa.record_batch({name: pa.array(values) for name, values in columns.items()})
    about = About(list(columns), units or {}, batch.num_rows)
    layout = choose(layouts, survey, release, "table.csv", about)
    return rows_of_batch(layout, about, batch)


def as_text(lines: str, delimiter: str = "|") -> dict[str, list[str]]:
    """Return the columns of a small text table, as a reader of text gives them."""
    head, *rows = [line.strip().split(delimiter) for line in lines.strip().splitlines()]
    return {name: [row[i].strip() for row in rows] for i, name in enumerate(head)}


def convert_file(survey: str, path: Path, *, release: str = "dr1") -> Rows:
    """Convert a file's rows by the layout that is chosen for it."""
    with open_table(path) as file:
        layout = choose(LAYOUTS, survey, release, str(path), file.about)
        wanted = Conversion(layout, file.about, labels_in(layout, file.about)).wanted
        batches = [batch.columns for batch in file.batches(wanted)]
        about = file.about
    whole = pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
    return rows_of_batch(layout, about, whole)
