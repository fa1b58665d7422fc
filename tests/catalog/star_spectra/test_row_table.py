"""Rows of a view as a table, missing values and no rows at all among them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from starledger.catalog.fields import Field
from starledger.catalog.star_spectra.row_table import rows_hdu
from starledger.catalog.star_spectra.rows import Rows
from starledger.schema.units import DIMENSIONLESS

KINDS = {
    "yes": "boolean", "few": "smallint", "many": "bigint", "x": "real", "y": "double precision",
    "word": "text", "at": "timestamp with time zone",
}  # fmt: skip
FIELDS = tuple(
    Field(name, kind, DIMENSIONLESS, "meta.note", f"χ² of {name}") for name, kind in KINDS.items()
)


def test_missing_values_have_their_null() -> None:
    noon = dt.datetime(2026, 1, 1, 13, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    rows = ((True, 1, 2**60, 1.5, 0.1, "ä", noon), (None,) * len(KINDS))
    hdu = rows_hdu("ROWS", Rows(FIELDS, rows), "odd rows")
    first, second = hdu.data
    assert list(first) == [1, 1, 2**60, 1.5, 0.1, "?", "2026-01-01T12:00:00+00:00"]
    assert [second[name] for name in ("yes", "few")] == [-32768, -32768]
    assert second["many"] == hdu.columns["many"].null == np.iinfo(np.int64).min
    assert np.isnan(second["x"])
    assert np.isnan(second["y"])
    assert second["word"] == ""
    assert hdu.header["TCOMM1"] == "chi2 of yes"


@pytest.mark.parametrize("rows", [(), ((None,) * len(KINDS),)])
def test_no_values_make_a_table_too(rows: tuple[tuple[None, ...], ...]) -> None:
    hdu = rows_hdu("ROWS", Rows(FIELDS, rows), "nothing")
    assert len(hdu.data) == len(rows)
    assert hdu.columns["word"].format == "1A"
