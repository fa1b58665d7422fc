from __future__ import annotations

from collections import Counter

import pytest

from starledger.ingest.catalogs.ingesting import ingest_catalog
from starledger.ingest.catalogs.layout import CatalogLayout
from starledger.ingest.catalogs.layouts import LAYOUTS
from starledger.ingest.surveys import SURVEYS
from starledger.schema.database import Database
from starledger.schema.labels import LABELS
from starledger.schema.tables import SCHEMA, metadata
from tests.real_data import real_path

REAL = [
    ("lamost", "dr3", ("lamost", "dr3_catalog_part.csv"), 35),
    ("lamost", "pilot", ("lamost", "pilot_lasp_labels.csv"), 131),
    ("apogee", "dr12", ("catalogs", "apogee_dr12_labels.csv"), 9618),
    ("value_added", "v1", ("catalogs", "lamost_apogee_labels.fits"), 1387),
    ("value_added", "v1", ("catalogs", "reference_labels.csv"), 11057),
    ("value_added", "v1", ("catalogs", "GALAH_GBS2.1.fits"), 29),
]


def test_each_layout_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(one.name for one in LAYOUTS).items() if times > 1] == []


@pytest.mark.parametrize("one", LAYOUTS, ids=lambda one: one.name)
def test_layouts_fill_columns_and_labels_that_there_are(one: CatalogLayout) -> None:
    there = set(metadata.tables[f"{SCHEMA}.{one.table}"].columns.keys())
    filled = set(one.columns).union(*one.members)
    assert one.survey in SURVEYS
    assert "external_id" in filled
    assert filled <= there
    assert set(one.labels) <= set(LABELS)
    assert not one.labels or "labels" in there


@pytest.mark.integration
@pytest.mark.real_data
@pytest.mark.parametrize(("survey", "release", "path", "rows"), REAL, ids=str)
def test_real_tables_come_in_whole(
    ledger: Database, survey: str, release: str, path: tuple[str, ...], rows: int
) -> None:
    for inserted in (rows, 0):
        (summary,) = ingest_catalog(ledger, survey, release, [real_path(*path)])
        assert (summary.n_read, summary.n_inserted, summary.n_rejected) == (rows, inserted, 0)
        assert summary.n_unchanged == rows - inserted
