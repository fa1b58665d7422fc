from __future__ import annotations

from typing import Any

import pytest

from starledger.ingest.catalogs.choosing import NoSuchLayout
from tests.ingest.catalogs.tables_in_memory import convert, convert_file
from tests.real_data import real_path


@pytest.mark.real_data
def test_lamost_stars_with_labels_of_apogee() -> None:
    made = convert_file("value_added", real_path("catalogs", "lamost_apogee_labels.fits"))
    assert made.layout.name == "lamost_apogee"
    assert (len(made.rows), made.refused, made.repaired) == (1387, [], {})
    assert made.labels == ["teff", "logg", "m_h", "alpha_m"]
    first = made.rows[0]
    assert first["external_id"] == "spec-55932-GAC_090N33_V1_sp01-109.fits"
    assert (first["ra"], first["dec"]) == (90.357023, 31.084686)
    assert first["labels"] == pytest.approx([4985.4033, 2.9331567, 0.0418569, 0.0324467])
    assert first["errors"] is None


@pytest.mark.real_data
def test_reference_labels_without_positions() -> None:
    made = convert_file("value_added", real_path("catalogs", "reference_labels.csv"))
    assert made.layout.name == "lamost_reference"
    assert (len(made.rows), made.refused) == (11057, [])
    first = made.rows[0]
    assert first["external_id"] == "spec-56199-EG000313N173308V_1_sp01-229.fits"
    assert first["labels"] == pytest.approx([4907.47, 2.65943, -0.36318, 0.108453])
    assert "ra" not in first
    missing = [row for row in made.rows if row["labels"] is None or None in row["labels"]]
    assert len(missing) > 0
    assert all(value != -9999 for row in missing for value in row["labels"] or [])


@pytest.mark.real_data
def test_labels_of_apogee_dr12() -> None:
    made = convert_file("apogee", real_path("catalogs", "apogee_dr12_labels.csv"))
    assert made.layout.name == "apogee_dr12_labels"
    assert made.layout.table == "apogee_star"
    assert (len(made.rows), made.refused) == (9618, [])
    first = made.rows[0]
    assert first["apogee_id"] == "2M00003119+1516179"
    assert (first["ra"], first["dec"]) == pytest.approx((0.1299583, 15.2716389))
    assert first["healpix"] is not None
    assert len(made.labels) == 19
    assert made.label(0, "fe_h") == pytest.approx(-0.36317992)
    assert made.label(0, "v_h") == pytest.approx(-1.2993358)
    assert made.label(0, "al_h") == pytest.approx(-0.16359201)


@pytest.mark.real_data
def test_benchmark_stars_of_galah() -> None:
    made = convert_file("value_added", real_path("catalogs", "GALAH_GBS2.1.fits"))
    assert made.layout.name == "galah_benchmarks"
    assert (len(made.rows), made.refused) == (29, [])
    stars = {row["external_id"]: at for at, row in enumerate(made.rows)}
    leo, ara, sun = (
        stars[name] for name in ("131216002601003", "140708003401078", "150405000901378")
    )
    assert made.rows[leo]["gaia_dr2_source_id"] == 643819484616249984
    assert made.rows[leo]["ra"] == pytest.approx(148.190904167)
    assert made.label(leo, "teff") == 4474.0
    assert made.label(leo, "teff", "errors") == 60.0
    assert made.label(leo, "fe_h") == pytest.approx(0.25)
    assert made.label(leo, "mg_h") == pytest.approx(0.466)
    assert (made.label(ara, "teff"), made.label(ara, "logg")) == (None, pytest.approx(4.3))
    assert made.rows[sun]["ra"] is None
    assert made.rows[sun]["healpix"] is None
    assert made.rows[sun]["gaia_dr2_source_id"] is None


@pytest.mark.real_data
@pytest.mark.parametrize("survey", ["galah", "value_added"])
def test_a_description_of_columns_is_no_table_of_stars(survey: str) -> None:
    with pytest.raises(NoSuchLayout, match="describes the columns of a table"):
        convert_file(survey, real_path("catalogs", "galah_dr3_column_meta.txt"))


@pytest.mark.parametrize("spelling", ["[{}/H]", "__{}_H_", "{}_H"])
def test_apogee_by_the_payne(spelling: str) -> None:
    made = convert(
        "apogee",
        {
            "APOGEE ID": ["2M00000002+7417074", "2M1"],
            "RA": ["0.1", "0.2"],
            "DEC": ["74.3", "-1.5"],
            "Teff": ["4500.5", "-9999"],
            "logg": ["2.5", "-9999"],
            "vturb": ["1.5", "-9999"],
            "vmacro": ["6", "-9999"],
            "C12/C13": ["14", "-9999"],
            spelling.format("Fe"): ["-0.5", "-9999"],
            spelling.format("Ge"): ["0.25", "-9999"],
            spelling.format("O"): ["", "-9999"],
        },
    )
    assert made.layout.name == "apogee_payne"
    assert made.rows[0]["external_id"] == made.rows[0]["apogee_id"] == "2M00000002+7417074"
    told = {name: made.label(0, name) for name in made.labels}
    assert told == {
        "teff": 4500.5,
        "logg": 2.5,
        "vmic": 1.5,
        "vmac": 6.0,
        "c12_c13": 14.0,
        "o_h": None,
        "fe_h": -0.5,
        "ge_h": 0.25,
    }
    assert made.rows[1]["labels"] is None


def test_a_missing_column_is_named() -> None:
    table: dict[str, list[Any]] = {
        "LAMOST_ID": ["a"],
        "RA": [1.0],
        "Dec": [2.0],
        "APOGEE_ID": ["2M"],
    }
    with pytest.raises(NoSuchLayout, match="lamost_apogee, it lacks the columns PARAM_M_H"):
        convert("value_added", table)
