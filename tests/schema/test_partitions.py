from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from starledger.schema.database import Database
from starledger.schema.partitions import (
    attach_partition,
    ensure_partition,
    has_partition,
    is_divided,
    make_partition,
)
from starledger.schema.tables import metadata
from starledger.schema.triggers import versioned_tables
from tests.schema.small_survey import SmallSurvey

pytestmark = pytest.mark.integration

ROWS = """
INSERT INTO {} (data_release_id, external_id, valid_from_run_id, gaia_dr2_source_id,
    gaia_dr3_source_id, separation)
SELECT :release, n::text, :run, n, n, 0.1 FROM generate_series(1, 100) AS n
"""


def load(connection: Connection, survey: SmallSurvey, run: int) -> str:
    name = make_partition(connection, "gaia_dr2_neighbour", survey.ids["gaia_dr2"])
    connection.execute(text(ROWS.format(name)), {"release": survey.ids["gaia_dr2"], "run": run})
    attach_partition(connection, "gaia_dr2_neighbour", survey.ids["gaia_dr2"])
    return name


def test_all_versioned_tables_but_spectra_are_divided() -> None:
    assert {t for t in versioned_tables() if not is_divided(t)} == {"spectrum"}


def test_an_attached_partition_has_all_that_its_table_has(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        survey = SmallSurvey(connection)
        name = load(connection, survey, survey.ingest("more", "gaia_dr2"))
        table = metadata.tables["ledger.gaia_dr2_neighbour"]
        indexes = connection.scalar(
            text("SELECT count(*) FROM pg_index WHERE indrelid = CAST(:name AS regclass)"),
            {"name": name},
        )
        assert indexes == len(table.indexes) + 2  # the key, and the numbering of versions
        checks = "SELECT count(*) FROM pg_constraint WHERE conrelid = CAST(:name AS regclass)"
        of_table, of_partition = (
            connection.scalar(text(checks), {"name": one}) for one in (str(table), name)
        )
        assert of_partition == of_table
        ensure_partition(connection, "gaia_dr2_neighbour", survey.ids["gaia_dr2"])
        assert has_partition(connection, "gaia_dr2_neighbour", survey.ids["gaia_dr2"])


@pytest.mark.parametrize(
    "change", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET separation = 0"]
)
def test_rows_of_a_partition_are_never_changed(change: str, ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        survey = SmallSurvey(connection)
        name = load(connection, survey, survey.ingest("more", "gaia_dr2"))
        with pytest.raises(DBAPIError, match=r"never changed|may only be closed"):
            connection.execute(text(change.format(name)))


def test_a_partition_with_rows_of_no_run_is_not_attached(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        survey = SmallSurvey(connection)
        with pytest.raises(DBAPIError, match="fk_gaia_dr2_neighbour_valid_from_run_id"):
            load(connection, survey, 10_000)
