from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from starledger.ingest.catalogs.conversion import Conversion, Converted
from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.ingest.catalogs.layout import CatalogLayout, Constant, Field, Made
from starledger.schema.sky import healpix_cells
from tests.ingest.catalogs.memory_table import LAYOUT, MemoryTable, visits

LABELS = ("teff", "fe_h")


def converted(table: MemoryTable, layout: CatalogLayout = LAYOUT, labels: Any = ()) -> Converted:
    """Convert a table that is one batch."""
    conversion = Conversion(layout, table.about, labels)
    (raw,) = table.batches(conversion.wanted)
    (one,) = conversion.convert(raw)
    return one


def test_rows_become_ours() -> None:
    one = converted(MemoryTable(visits(2, mask=["3", ""], desig=[" J1 ", "null"])))
    first, second = one.rows.to_pylist()
    assert first == {
        "row_number": 1,
        "external_id": "1000",
        "ra": 0.5,
        "dec": 0.25,
        "healpix": int(healpix_cells(0.5, 0.25)[0]),
        "gaia_dr3_source_id": None,
        "survey_flags": 3,
        "snr_g": 10.0,
        "designation": "J1",
    }
    assert second["survey_flags"] == 0  # the column's default
    assert second["designation"] is None
    assert not one.refused
    assert not one.repaired


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("ra", "400", "ra is not within 0 to 360"),
        ("ra", "-0.1", "ra is not within 0 to 360"),
        ("ra", "", "ra: nothing there"),
        ("dec", "-90.1", "dec is not within -90 to 90"),
        ("dec", "north", "dec cannot be read"),
        ("dec", "inf", "dec is not within -90 to 90"),
        ("obsid", "", "external_id: nothing there"),
        ("obsid", "x", "external_id cannot be read"),
    ],
)
def test_a_row_without_its_identity_or_place_is_refused(
    column: str, value: str, reason: str
) -> None:
    table = MemoryTable(visits(3, **{column: ["7", value, "8"]}))
    one = converted(table)
    assert one.rows.column("row_number").to_pylist() == [1, 3]
    (refusal,) = one.refused
    assert refusal.row_number == 2
    assert reason in refusal.reason
    assert f"{column}={value}" in (refusal.content or "")


def test_a_wrong_measurement_is_left_out_and_counted() -> None:
    one = converted(MemoryTable(visits(3, snrg=["-1", "inf", "-9999"])))
    assert one.rows.column("snr_g").to_pylist() == [None, None, None]
    assert one.repaired == {"snr_g is negative: taken as missing": 2}


def test_right_ascension_of_360_is_0() -> None:
    assert converted(MemoryTable(visits(1, ra=["360.0"]))).rows.column("ra")[0].as_py() == 0.0


def test_labels_stand_in_the_order_of_the_data_release() -> None:
    columns = visits(
        3,
        teff=["5800", "-9999", "hot"],
        teff_err=["50", "0", "60"],
        teff_flag=["1", "", "0"],
        feh=["0.1", "-9999", "inf"],
    )
    one = converted(MemoryTable(columns), labels=("fe_h", "logg", "teff"))
    rows = one.rows.to_pylist()
    assert rows[0]["labels"] == [float(np.float32(0.1)), None, 5800.0]
    assert rows[0]["errors"] == [None, None, 50.0]
    assert rows[0]["label_flags"] == [None, None, 1]
    assert rows[1]["labels"] is None
    assert rows[1]["errors"] is None
    assert rows[2]["labels"] is None
    assert one.repaired == {
        "teff cannot be read: taken as missing": 1,
        "error of teff is not positive: taken as missing": 1,
        "fe_h is not finite: taken as missing": 1,
    }


def test_units_that_a_file_states_are_converted() -> None:
    table = MemoryTable(visits(1, ra=["1.0"]), units={"ra": "rad"})
    assert converted(table).rows.column("ra")[0].as_py() == pytest.approx(math.degrees(1.0))


def test_a_unit_of_another_kind_is_refused() -> None:
    with pytest.raises(UnreadableTable, match="The column ra is stated in mag"):
        converted(MemoryTable(visits(1), units={"ra": "mag"}))


def test_columns_are_made_of_others_and_of_constants() -> None:
    def joined(plan: pa.Array, fibre: pa.Array) -> pa.Array:
        return pa.array([f"{p}-{f}" for p, f in zip(plan, fibre, strict=True)])

    layout = dataclasses.replace(
        LAYOUT,
        columns={
            **LAYOUT.columns,
            "plate": Made(joined, Field("obsid", kind="text"), Field("fib", kind="whole")),
            "ref_epoch": Constant(2015.5),
        },
    )
    one = converted(MemoryTable(visits(1, fib=["7.0"])), layout)
    assert one.rows.column("plate")[0].as_py() == "1000-7"
    assert one.rows.column("ref_epoch")[0].as_py() == 2015.5


def test_a_row_of_two_stars_makes_two() -> None:
    layout = dataclasses.replace(
        LAYOUT,
        columns={"ra": Field("ra"), "dec": Field("dec")},
        members=(
            {"external_id": Field("id1"), "designation": Field("id2")},
            {"external_id": Field("id2"), "designation": Field("id1")},
        ),
    )
    table = MemoryTable({"id1": ["a", "b"], "id2": ["c", ""], "ra": [1.0, 2.0], "dec": [1.0, 2.0]})
    conversion = Conversion(layout, table.about, ())
    (raw,) = table.batches(conversion.wanted)
    one, two = conversion.convert(raw)
    assert one.rows.column("external_id").to_pylist() == ["a", "b"]
    assert two.rows.column("external_id").to_pylist() == ["c"]
    assert [refusal.row_number for refusal in two.refused] == [2]


def test_identifiers_of_any_length_are_exact() -> None:
    table = MemoryTable(visits(2, gaia=["4611686018427387905", "-9999"]))
    assert converted(table).rows.column("gaia_dr3_source_id").to_pylist() == [
        4611686018427387905,
        None,
    ]
