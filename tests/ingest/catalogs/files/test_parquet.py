from __future__ import annotations

import decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from starledger.ingest.catalogs.files.table import UnreadableTable
from tests.ingest.catalogs.files.small_tables import read


def test_identifiers_with_nulls_stay_exact(tmp_path: Path) -> None:
    ids = [4_611_686_018_427_387_905, None, 3]
    path = tmp_path / "stars.parquet"
    pq.write_table(pa.table({"id": pa.array(ids, pa.int64())}), path)
    assert read(path).columns == {"id": ids}


def test_other_types_become_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "stars.parquet"
    pq.write_table(
        pa.table(
            {
                "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
                "large": pa.array(["x", "y", None], pa.large_string()),
                "vector": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.float32(), 2)),
                "decimal": pa.array([decimal.Decimal(1 << 62)] * 3, pa.decimal128(20, 0)),
                "nothing": pa.nulls(3),
                "half": pa.array(np.array([0.5, 1, 2], np.float16)),
            }
        ),
        path,
    )
    assert read(path).columns == {
        "dictionary": ["a", None, "a"],
        "large": ["x", "y", None],
        "vector": [[1.0, 2.0], None, [3.0, 4.0]],
        "decimal": [str(1 << 62)] * 3,
        "nothing": [None] * 3,
        "half": [0.5, 1.0, 2.0],
    }


def test_structures_are_refused_when_wanted(tmp_path: Path) -> None:
    path = tmp_path / "stars.parquet"
    pq.write_table(pa.table({"n": [1], "s": [{"a": 1}], "list": [[1, 2]]}), path)
    assert read(path, ["n"]).columns == {"n": [1]}
    for name in ("s", "list"):
        with pytest.raises(UnreadableTable, match=f"in column '{name}'"):
            read(path, [name])


def test_units_are_found_where_astropy_puts_them(tmp_path: Path) -> None:
    table = Table({"ra": [1.0], "id": [1]})
    table["ra"].unit = "deg"
    path = tmp_path / "stars.parquet"
    table.write(path, format="parquet")
    assert read(path).about.units == {"ra": "deg"}


def test_units_are_found_where_the_virtual_observatory_puts_them(tmp_path: Path) -> None:
    table = Table({"ra": [1.0], "id": [1]})
    path = tmp_path / "stars.parquet"
    said = {"ra": {"unit": "deg"}, "id": {"unit": ""}}
    table.write(path, format="parquet.votable", metadata=said)
    assert read(path).about.units == {"ra": "deg"}
