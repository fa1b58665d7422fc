from __future__ import annotations

import csv
from pathlib import Path

import pytest

from starledger.compute.simulate.files.lamost_files import Layout
from starledger.compute.simulate.observe.rest_spectra import OPTICAL
from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.catalogs.choosing import NoSuchLayout
from starledger.ingest.catalogs.lamost import LAMOST_LAYOUTS, LIGHT_SPEED
from tests.compute.simulate.pretend_spectra import PretendSpectra
from tests.ingest.catalogs.tables_in_memory import as_text, convert, convert_file
from tests.real_data import real_path

OLD = """
obsid|designation|obsdate|lmjd|mjd|planid|spid|fiberid|ra|dec|snru|snrg|snrr|snri|snrz|objtype|\
class|subclass|z|z_err|magtype|mag1
101001|J220848.54-020324.3|2011-10-24|55859|55858|F5902|1|1|332.2022740000|-2.0567670000|2.27|\
10.80|20.81|27.31|19.01|Star|STAR|K1|-0.0000784700|0.0000300|ugrizjh|18.78
101002|J220953.17-020506.0|2011-10-24|55859|55858|F5902|1|250|332.4715760000|-2.0850150000|\
-9999.0|2.27|5.00|7.06|3.93|Star|QSO|Non|1.2000000000|0.0001|ugrizjh|19.77
101003|J1|2011-10-24|55859|55858|F5902|16|9|360.0|-2.1|1.0|2.0|3.0|4.0|999.0|Star|STAR|G2|\
-9999.0|-9999.0|ugrizjh|99.0
101004|J2|2011-10-24|55859|55858|F5902|16|10|12.0|-92.1|1.0|2.0|3.0|4.0|5.0|Star|STAR|G2|0.0|0.0|x|1
"""

NEW = """
obsid|uid|gp_id|designation|obsdate|lmjd|mjd|planid|spid|fiberid|ra_obs|dec_obs|snru|snrg|snrr|\
snri|snrz|class|subclass|z|z_err|gaia_source_id|ra|dec|fibermask
1186901001|G16917574338041|33|J1|2022-09-01|59824|59823|HD0|2|17|9.0|9.0|1|2|3|4|5|STAR|F0|1e-4|\
1e-5|2738339472316713728|10.5|20.25|128
1186901002|G2|-9999|J2|2022-09-01|59824|59823|HD0|2|18|9.0|9.0|1|2|3|4|5|STAR|F0|1e-4|1e-5|-9999|\
10.6|20.26|0
1186901003|G3|-9999|J3|2022-09-01|59824|59823|HD0|2|18|9.0|9.0|1|2|3|4|5|STAR|F0|1e-4|1e-5|27x|\
10.6|20.26|0
"""


def test_general_catalog_of_early_releases() -> None:
    made = convert("lamost", as_text(OLD))
    assert made.layout.name == "lamost_general_early"
    assert made.layout.product == "general"
    first, quasar, third = made.rows
    assert first["external_id"] == "101001"
    assert first["designation"] == "J220848.54-020324.3"
    assert (first["ra"], first["dec"], first["ref_epoch"]) == (332.202274, -2.056767, 2000.0)
    assert (first["mjd"], first["plate"], first["fiber"]) == (55858.0, "F5902", "01-001")
    assert first["file_name"] == "spec-55859-F5902_sp01-001.fits"
    assert first["rv"] == pytest.approx(-7.84700e-5 * LIGHT_SPEED)
    assert first["err_rv"] == pytest.approx(3e-5 * LIGHT_SPEED)
    assert [first[f"snr_{band}"] for band in "ugriz"] == pytest.approx(
        [2.27, 10.80, 20.81, 27.31, 19.01]
    )
    assert (first["class_name"], first["subclass"]) == ("STAR", "K1")
    assert (quasar["class_name"], quasar["subclass"], quasar["rv"]) == ("QSO", None, None)
    assert quasar["snr_u"] is None
    assert (third["ra"], third["rv"], third["err_rv"], third["snr_z"]) == (0.0, None, None, 999.0)
    (refusal,) = made.refused
    assert (refusal.row_number, refusal.external_id) == (4, "101004")
    assert "dec is not within -90 to 90" in refusal.reason


def test_general_catalog_of_later_releases_names_sources_of_gaia_dr3() -> None:
    made = convert("lamost", as_text(NEW), release="dr10")
    assert made.layout.name == "lamost_general"
    first, second = made.rows
    assert first["gaia_dr3_source_id"] == 2738339472316713728
    assert "gaia_dr2_source_id" not in first
    assert second["gaia_dr3_source_id"] is None
    assert (first["ra"], first["dec"]) == (10.5, 20.25)
    assert (first["survey_flags"], second["survey_flags"]) == (128, 0)
    (refusal,) = made.refused
    assert refusal.reason.startswith("gaia_dr3_source_id cannot be read")


def test_gaia_sources_beside_the_old_columns_are_of_gaia_dr2() -> None:
    table = as_text(OLD) | {"gaia_source_id": ["2738339472316713728", "", "-9999", ""]}
    made = convert("lamost", table, release="dr8")
    assert [row["gaia_dr2_source_id"] for row in made.rows] == [2738339472316713728, None, None]
    assert "gaia_dr3_source_id" not in made.rows[0]


@pytest.mark.parametrize(("later", "suffix"), [(False, "_early"), (True, "")])
@pytest.mark.parametrize(
    ("product", "more", "labels"),
    [
        (
            "stellar",
            {"teff": "5800", "teff_err": "20", "logg": "4.4", "feh": "0.1", "alpha_m": "0.05"},
            {"teff": 5800.0, "logg": 4.4, "fe_h": 0.1, "alpha_m": 0.05},
        ),
        (
            "mstars",
            {"tio5": "1", "cah2": "1", "cah3": "1", "teff": "3500", "logg": "5", "m_h": "0"},
            {"teff": 3500.0, "logg": 5.0, "m_h": 0.0},
        ),
        ("mstars", {"tio5": "1", "cah2": "1", "cah3": "1"}, {}),
        ("astars", {"kp12": "1.0", "hdelta12": "2.0"}, {}),
        (
            "white_dwarfs",
            {"wd_subclass": "DA3", "teff": "17000", "logg": "8"},
            {"teff": 17000.0, "logg": 8.0},
        ),
    ],
)
def test_catalogs_of_kinds_of_stars(
    product: str, more: dict[str, str], labels: dict[str, float], later: bool, suffix: str
) -> None:
    table = {name: values[:1] for name, values in as_text(NEW if later else OLD).items()}
    made = convert("lamost", table | {name: [value] for name, value in more.items()})
    assert made.layout.name == f"lamost_{product}{suffix}"
    assert made.layout.product == product
    assert made.labels == list(labels)
    assert {name: made.label(0, name) for name in labels} == pytest.approx(labels)


def test_errors_flags_and_missing_labels() -> None:
    table = {name: values[:2] for name, values in as_text(OLD).items()} | {
        "teff": ["5800.5", "-9999.0"],
        "teff_err": ["-9999", "20"],
        "logg": ["4.4", "hot"],
        "feh": ["0.1", "-9999.00"],
        "rv": ["-12.5", "-9999.0"],
        "rv_err": ["3.5", "0"],
    }
    made = convert("lamost", table)
    assert made.label(0, "teff") == 5800.5
    assert made.label(0, "teff", "errors") is None
    assert made.rows[1]["labels"] is None
    assert (made.rows[0]["rv"], made.rows[0]["err_rv"]) == (-12.5, 3.5)
    assert (made.rows[1]["rv"], made.rows[1]["err_rv"]) == (None, None)
    assert made.repaired["logg cannot be read: taken as missing"] == 1
    assert made.repaired["err_rv is not positive: taken as missing"] == 1


@pytest.mark.parametrize("column", ["obsid", "ra", "lmjd", "planid", "spid", "class"])
def test_a_missing_column_is_named(column: str) -> None:
    table = as_text(OLD)
    del table[column]
    with pytest.raises(NoSuchLayout, match=rf"it lacks the columns {column}\b"):
        convert("lamost", table)


def test_tables_of_galaxies_are_not_taken_for_the_general_catalog() -> None:
    with pytest.raises(NoSuchLayout):
        convert("lamost", as_text(OLD) | {"hbeta_ew": ["1.0"] * 4})


def test_names_are_unique() -> None:
    names = [one.name for one in LAMOST_LAYOUTS]
    assert len(set(names)) == len(names)


@pytest.mark.real_data
def test_part_of_the_dr3_catalog() -> None:
    path = real_path("lamost", "dr3_catalog_part.csv")
    made = convert_file("lamost", path, release="dr3")
    assert made.layout.name == "lamost_stellar_early"
    assert (len(made.rows), made.refused, made.repaired) == (35, [], {})
    with path.open(newline="") as file:
        published = list(csv.DictReader(file))
    assert [row["external_id"] for row in made.rows] == [row["obsid"] for row in published]
    # Our day is made from the local one; this release tells both.
    assert [row["mjd"] for row in made.rows] == [float(row["mjd"]) for row in published]
    assert [row["ra"] for row in made.rows] == [float(row["ra"]) for row in published]
    assert made.labels == ["teff", "logg", "fe_h"]
    assert made.label(0, "teff") == pytest.approx(6285.58)
    assert made.rows[0]["rv"] == pytest.approx(2.63)
    assert made.rows[0]["file_name"] == "spec-56669-HD092600N030149B_sp01-225.fits"


@pytest.mark.real_data
def test_labels_of_the_pilot() -> None:
    path = real_path("lamost", "pilot_lasp_labels.csv")
    made = convert_file("lamost", path, release="pilot")
    assert made.layout.name == "lamost_stellar_early"
    assert (len(made.rows), made.refused) == (131, [])
    with path.open(newline="") as file:
        published = list(csv.DictReader(file))
    # Whoever joined labels to files took some stars' labels from a later visit.
    same = [(a["file_name"], b["filename"]) for a, b in zip(made.rows, published, strict=True)]
    same = [pair for pair in same if pair[0].split("_sp")[0] == pair[1].split("_sp")[0]]
    assert len(same) == 117
    assert all(ours == theirs for ours, theirs in same)
    assert sum(row["snr_z"] is None for row in made.rows) == sum(
        float(row["snrz"]) == -9999.0 for row in published
    )
    assert (made.label(0, "teff"), made.label(0, "teff", "errors")) == pytest.approx(
        (5456.41, 166.07)
    )
    assert (made.rows[0]["rv"], made.rows[0]["err_rv"]) == pytest.approx((-21.4, 13.98))
    assert made.rows[0]["mjd"] == 55861.0


@pytest.mark.parametrize(
    ("layout", "release", "suffix"), [("old", "dr5", "_early"), ("new", "dr10", "")]
)
def test_simulated_catalogs(tmp_path: Path, layout: Layout, release: str, suffix: str) -> None:
    spectra = PretendSpectra(OPTICAL)
    simulate_survey("lamost", 30, 4, tmp_path, quality="realistic", layout=layout, spectra=spectra)
    for product in ("general", "stellar"):
        path = tmp_path / "catalogs" / f"lamost_{release}_{product}.csv"
        made = convert_file("lamost", path, release=release)
        assert made.layout.name == f"lamost_{product}{suffix}"
        lines = path.read_text("utf-8").splitlines()
        assert len(made.rows) == len(lines) - 1 > 10
        published = as_text("\n".join(lines))
        assert [str(row["external_id"]) for row in made.rows] == published["obsid"]
        assert [row["mjd"] for row in made.rows] == [float(one) for one in published["mjd"]]
        files = {one.name.removesuffix(".gz") for one in tmp_path.rglob("*.fits.gz")}
        assert {row["file_name"] for row in made.rows} <= files
        if layout == "new":
            assert [row["gaia_dr3_source_id"] for row in made.rows] == [
                int(one) for one in published["gaia_source_id"]
            ]
        if product == "stellar":
            first = [made.label(0, name) for name in ("teff", "logg", "fe_h")]
            told = [float(published[name][0]) for name in ("teff", "logg", "feh")]
            assert first == pytest.approx(told)
            assert made.rows[0]["rv"] == pytest.approx(float(published["rv"][0]))
