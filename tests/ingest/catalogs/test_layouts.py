from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.catalogs.conversion import target_columns
from starledger.ingest.catalogs.ingesting import ingest_catalog
from starledger.ingest.catalogs.layout import CatalogLayout
from starledger.ingest.catalogs.layouts import LAYOUTS
from starledger.ingest.surveys import SURVEYS
from starledger.schema.database import Database
from starledger.schema.labels import LABELS
from starledger.schema.tables import SCHEMA, metadata
from tests.compute.simulate.test_survey import pretend
from tests.real_data import real_path


def test_names_are_unique_and_hashes_too() -> None:
    assert len({one.name for one in LAYOUTS}) == len(LAYOUTS)
    assert len({one.sha256() for one in LAYOUTS}) >= len({one.table for one in LAYOUTS})


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_a_layout_fills_columns_and_labels_that_there_are(layout: CatalogLayout) -> None:
    assert layout.survey in SURVEYS
    assert set(layout.labels) <= set(LABELS)
    table = metadata.tables[f"{SCHEMA}.{layout.table}"]
    filled = set(layout.columns).union(*layout.members)
    assert filled <= set(table.columns.keys())
    assert set(layout.expected) <= filled
    assert "external_id" in target_columns(layout, [])
    needed = {
        column.name
        for column in table.columns
        if not column.nullable and column.server_default is None
    }
    given_by_the_loader = {"data_release_id", "valid_from_run_id", "healpix"}
    assert needed - given_by_the_loader <= filled


@pytest.mark.integration
@pytest.mark.parametrize(
    ("survey", "release", "name", "simulated"),
    [
        ("gaia", "dr2", "gaia_dr2_source.csv", "gaia"),
        ("gaia", "dr3", "gaia_dr3_source.ecsv", "gaia"),
        ("gaia", "dr3", "dr2_neighbourhood.csv", "gaia"),
        ("galah", "dr2", "GALAH_DR2_catalog.fits", "galah"),
        ("galah", "dr3/v2", "GALAH_DR3_main_v2.fits", "galah"),
        ("apogee", "dr16", "allStar-r12-l33.fits", "apogee"),
        ("apogee", "dr16", "allVisit-r12-l33.fits", "apogee"),
        ("sdss", "dr16", "spAll-v5_13_2.fits", "boss"),
    ],
)
def test_simulated_catalogs_go_in_whole(
    survey: str, release: str, name: str, simulated: str, ledger: Database, tmp_path: Path
) -> None:
    simulate_survey(simulated, 30, 3, tmp_path, spectra=pretend(simulated))
    path = tmp_path / "catalogs" / name
    (summary,) = ingest_catalog(ledger, survey, release, [path])
    assert summary.n_read == summary.n_inserted >= 30
    assert not summary.refused_files
    (again,) = ingest_catalog(ledger, survey, release, [path])
    assert (again.n_inserted, again.n_new_version, again.n_rejected) == (0, 0, 0)
    assert again.n_unchanged == summary.n_read


@pytest.mark.integration
def test_a_file_of_the_other_release_of_gaia_brings_nothing(
    ledger: Database, tmp_path: Path
) -> None:
    simulate_survey("gaia", 30, 3, tmp_path)
    path = tmp_path / "catalogs" / "gaia_dr2_source.csv"
    (summary,) = ingest_catalog(ledger, "gaia", "dr3", [path])
    assert summary.n_read == summary.n_rejected == 30
    with ledger.engine().connect() as connection:
        reason = connection.scalar(text("SELECT reason FROM ledger.rejected_row LIMIT 1"))
    assert reason == "ref_epoch is not 2016.0, as it is in Gaia (E)DR3, gaia_source"


@pytest.mark.integration
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("survey", "release", "name", "rows"),
    [
        ("apogee", "dr12", "APOGEE-allStar-v603-Hipparcos.fits.gz", 3244),
        ("galah", "dr3", "galah_dr3_output_structure.fits", 1),
    ],
)
def test_real_catalogs_go_in_whole(
    survey: str, release: str, name: str, rows: int, ledger: Database
) -> None:
    (summary,) = ingest_catalog(ledger, survey, release, [real_path("catalogs", name)])
    assert (summary.n_read, summary.n_inserted, summary.n_rejected) == (rows, rows, 0)
