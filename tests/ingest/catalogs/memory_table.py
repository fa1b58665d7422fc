"""A catalog that stands in memory instead of a file, with a layout of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from starledger.ingest.catalogs.files.table import About, RawBatch, Refusal, UnreadableTable
from starledger.ingest.catalogs.layout import CatalogLayout, Field, LabelSource

LAYOUT = CatalogLayout(
    name="test_visits",
    survey="lamost",
    product="general",
    table="survey_visit",
    title="a small catalog",
    columns={
        "external_id": Field("obsid", kind="whole"),
        "designation": Field("desig", optional=True),
        "ra": Field("ra"),
        "dec": Field("dec"),
        "snr_g": Field("snrg", nulls=[-9999], optional=True),
        "gaia_dr3_source_id": Field("gaia", optional=True, nulls=[-9999]),
        "survey_flags": Field("mask", optional=True),
    },
    labels={
        "teff": LabelSource(Field("teff", nulls=[-9999]), Field("teff_err"), Field("teff_flag")),
        "fe_h": LabelSource(Field("feh", nulls=[-9999]), Field("feh_err")),
    },
)


class MemoryTable:
    """Rows in memory, as a reader would give them.

    Parameters
    ----------
    columns
        By name, all of one length.
    batch
        How many rows make a batch.
    cut_after
        The file turns out to be damaged behind so many batches.
    refused
        Rows that the reader could not read, given with the first batch.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[Any]],
        *,
        batch: int = 3,
        cut_after: int | None = None,
        refused: Sequence[Refusal] = (),
        units: Mapping[str, str] | None = None,
    ) -> None:
        self._columns = {name: pa.array(values) for name, values in columns.items()}
        self._batch, self._cut_after, self._refused = batch, cut_after, refused
        self.rows = len(next(iter(self._columns.values())))
        self.about = About(list(columns), units or {}, self.rows)

    def batches(self, wanted: Sequence[str]) -> Iterator[RawBatch]:
        """Yield the rows."""
        columns = {name: self._columns[name] for name in wanted}
        whole = pa.record_batch(columns)
        for number, start in enumerate(range(0, self.rows, self._batch)):
            if number == self._cut_after:
                raise UnreadableTable("The file is cut off.")
            part = whole.slice(start, self._batch)
            numbers = np.arange(start + 1, start + 1 + part.num_rows, dtype=np.int64)
            yield RawBatch(part, numbers, self._refused if number == 0 else ())


def visits(rows: int, **changed: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Return the columns of so many visits, some of them changed."""
    return {
        "obsid": [str(1000 + n) for n in range(rows)],
        "ra": [f"{n % 360}.5" for n in range(rows)],
        "dec": [f"{n % 90}.25" for n in range(rows)],
        "snrg": [f"{10 + n}" for n in range(rows)],
        **changed,
    }
