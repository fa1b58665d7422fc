"""Numbers as people read them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from starledger.catalog.fields import Field
from starledger.catalog.query.figures import shown_columns


def shown(**columns: tuple[str, str, list[object]]) -> list[list[str]]:
    """Return columns of some type and unit as they are shown."""
    kinds = {
        "real": pa.float32(), "double precision": pa.float64(), "bigint": pa.int64(),
        "text": pa.string(), "boolean": pa.bool_(), "bigint[]": pa.list_(pa.int64()),
    }  # fmt: skip
    fields = [Field(name, kind, unit, "", "") for name, (kind, unit, _) in columns.items()]
    arrays = [pa.array(values, kinds[kind]) for kind, _, values in columns.values()]
    return shown_columns(fields, pa.Table.from_arrays(arrays, list(columns)))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (("real", "K", [5772.44, 4000.0, None]), ["5772.4", "4000.0", "–"]),
        (("real", "dex", [-0.123456, 0.5]), ["-0.12346", "0.50000"]),
        (("double precision", "deg", [10.68470833, 359.0]), ["10.684708", "359.000000"]),
        (("double precision", "", [1.5e12, 2.0]), ["1.500000e+12", "2.000000e+00"]),
        (("real", "", [0.0, None]), ["0.0", "–"]),
        (("real", "", [None, None]), ["–", "–"]),
        (("real", "", [float("inf"), 1.0]), ["inf", "1.0"]),
        (("bigint", "", [2**53 + 1, None]), ["9007199254740993", "–"]),
        (("text", "", ["α [x]", None]), ["α [x]", "–"]),
        (("boolean", "", [True, False, None]), ["yes", "no", "–"]),
        (("bigint[]", "", [[1, 2], [], None]), ["1, 2", "", "–"]),
        (("text", "", []), []),
    ],
)
def test_a_column_is_shown(column: tuple[str, str, list[object]], said: list[str]) -> None:
    assert shown(x=column) == [said]


def test_a_number_is_rounded_by_its_error() -> None:
    teff, error = shown(
        teff=("real", "K", [5772.44, 4000.0, None]), err_teff=("real", "K", [31.0, 28.0, None])
    )
    assert teff == ["5772", "4000", "–"]
    assert error == ["31", "28", "–"]
    mg, error = shown(mg_fe=("real", "dex", [0.12345]), err_mg_fe=("real", "dex", [0.0312]))
    assert (mg, error) == (["0.123"], ["0.031"])
