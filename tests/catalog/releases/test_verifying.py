"""A release holds through all that happens later, and one changed byte under it is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Row, text

from starledger.catalog.releases import publishing
from starledger.catalog.releases.errors import NoSuchRelease
from starledger.catalog.releases.finding import find_release
from starledger.catalog.releases.publishing import publish
from starledger.catalog.releases.verifying import verify
from starledger.schema import migrate
from starledger.schema.database import Database
from starledger.schema.errors import SchemaMismatch
from tests.catalog.releases.growing import NEW_VISITS, RETRAINED, Growing, GrowingWithOpenIngest
from tests.catalog.releases.migrating import BAD, REWRITTEN, good_migration
from tests.schema.next_revision import HEAD, NEXT, Upgradable, next_revision

__all__ = ["next_revision"]

pytestmark = pytest.mark.integration


def broken(connection: Connection, name: str) -> dict[str, str]:
    """Return what a release is found to differ in."""
    return {one.subject: one.problem for one in verify(connection, name) if one.problem}


@pytest.mark.parametrize("name", ["dr1", "dr2"])
def test_what_was_published_holds(name: str, connection: Connection) -> None:
    assert broken(connection, name) == {}


def test_every_table_and_view_is_looked_at(connection: Connection) -> None:
    looked_at = {one.subject for one in verify(connection, "dr2")}
    manifest = find_release(connection, "dr2").manifest
    assert looked_at >= {f"ledger.{one['table']}" for one in manifest["tables"]}
    assert looked_at >= {f"dr2.{view}" for view in manifest["views"]}
    assert looked_at >= {"dr2_data.star", "dr2_data.visit", "dr2_data.fit", "dr2_data.crossmatch"}


def test_every_table_that_a_view_reads_is_pinned(connection: Connection) -> None:
    """PostgreSQL knows what its views depend on: no table is read whose rows are not summed up."""
    query = """
        SELECT DISTINCT t.relname FROM pg_class v
        JOIN pg_rewrite w ON w.ev_class = v.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid
        WHERE v.relnamespace = 'dr2'::regnamespace AND t.relnamespace = 'ledger'::regnamespace
    """
    read = set(connection.scalars(text(query)))
    pinned = {one["table"] for one in find_release(connection, "dr2").manifest["tables"]}
    assert {"combination", "fit", "spectrum", "star_version"} <= read <= pinned


CHANGES = {
    "calibration": "UPDATE {t} SET description = description || '.'",
    "calibration_member": "UPDATE {t} SET role = 'held_out'",
    "closed_run": "UPDATE {t} SET message = 'x' WHERE run_id = {combination}",
    "combination": "UPDATE {t} SET covariance[3] = 0.010000001 WHERE covariance IS NOT NULL",
    "combination_input": "INSERT INTO {t} VALUES ({combination}, {fit_boss_net})",
    "combination_run": "UPDATE {t} SET settings = '{{}}' WHERE run_id = {combination}",
    "crossmatch_run": "UPDATE {t} SET radius = 3.0000002",
    "data_release": "UPDATE {t} SET version = 'v9'",
    "fit": "UPDATE {t} SET worker = 'w2' WHERE fit_run_id = {fit_payne_lamost}",
    "fit_config": "UPDATE {t} SET settings = '{{}}'",
    "fit_quality": "UPDATE {t} SET outputs = '{{0.30000004}}'",
    "fit_run": "UPDATE {t} SET n_planned = 2",
    "galah_star": "UPDATE {t} SET errors[1] = 50.000004",
    "instrument": "UPDATE {t} SET resolving_power = 1801",
    "model": "UPDATE {t} SET path = path || '/'",
    "model_output": "UPDATE {t} SET high = high + 1",
    "neighbourhood": "UPDATE {t} SET separation = 0.20000000000000004",
    "quality_output": "UPDATE {t} SET description = 'other'",
    "quality_run": "UPDATE {t} SET definition = '{{}}'",
    "run": "UPDATE {t} SET operator = operator || ' '",
    "shard": "UPDATE {t} SET n_pixels = 3701",
    "spectrum": "UPDATE {t} SET rv = 1 WHERE kind = 'visit'",
    "star": "INSERT INTO {t} (created_run_id) VALUES ({stars})",
    "star_event": "INSERT INTO {t} VALUES ({stars}, {star}, {twin}, 'merge')",
    "star_member": "UPDATE {t} SET star_id = {twin} WHERE spectrum_id = {exposure_1}",
    "star_quality": "UPDATE {t} SET flags = 1",
    "star_run": "UPDATE {t} SET linking_radius = 3.0000002",
    "star_version": "UPDATE {t} SET ra = 150.00000000000003",
    "survey": "UPDATE {t} SET title = 'Lamost' WHERE name = 'lamost'",
    "survey_visit": "UPDATE {t} SET snr_g = 80.00001",
    "release": "UPDATE {t} SET licence = 'none' WHERE name = 'dr1'",
    "release_flag": "UPDATE {t} SET severity = 'warn'",
    "release_label": "DELETE FROM {t} WHERE label = 'fe_h'",
    "release_pin": "DELETE FROM {t} WHERE pin = 1",
    "release_run": "UPDATE {t} SET schema_revision = 'x'",
    "release_view": "UPDATE {t} SET row_count = 2 WHERE name = 'star'",
    "withdrawal": "INSERT INTO {t} (run_id, action, reason, spectrum_id)"
    " SELECT run_id, 'withdrawn', 'x', {visit_1} FROM ledger.run WHERE kind = 'release'",
}
"""A change of one table each, as the owner makes it behind the back of the triggers."""


def test_there_is_a_change_for_every_table(connection: Connection) -> None:
    release = find_release(connection, "dr1")
    tables = {one["table"] for one in (*release.manifest["tables"], *release.own_tables)}
    assert tables | {"release"} == set(CHANGES)


@pytest.mark.parametrize("table", sorted(set(CHANGES) - {"withdrawal"}))
def test_one_changed_byte_is_found_and_its_table_named(
    table: str, connection: Connection, growing: Growing
) -> None:
    connection.execute(text(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER"))
    statement = CHANGES[table].format(t=f"ledger.{table}", **growing.ids | growing.runs)
    assert connection.exec_driver_sql(statement).rowcount
    assert f"ledger.{table}" in broken(connection, "dr1")


def test_a_withdrawal_written_into_the_past_is_found(
    connection: Connection, growing: Growing
) -> None:
    connection.execute(text("ALTER TABLE ledger.withdrawal DISABLE TRIGGER USER"))
    connection.execute(text("ALTER TABLE ledger.run DISABLE TRIGGER USER"))
    connection.execute(
        text("INSERT INTO ledger.run (run_id, kind, software_version, command, operator)"
             " OVERRIDING SYSTEM VALUE VALUES (0, 'withdrawal', 'x', 'x', 'x')"),
    )  # fmt: skip
    connection.execute(
        text("INSERT INTO ledger.withdrawal (run_id, action, reason, spectrum_id)"
             " VALUES (0, 'withdrawn', 'x', :visit)"),
        {"visit": growing.ids["visit_1"]},
    )  # fmt: skip
    found = broken(connection, "dr1")
    assert found["ledger.withdrawal"] == "1 rows instead of 0"
    assert "dr1.visit" in found


def test_the_run_with_the_changed_row_is_named(connection: Connection, growing: Growing) -> None:
    connection.execute(text("ALTER TABLE ledger.fit DISABLE TRIGGER USER"))
    run = growing.runs["fit_payne_lamost"]
    connection.execute(text("UPDATE ledger.fit SET chi2 = 1 WHERE fit_run_id = :run"), {"run": run})
    found = broken(connection, "dr1")
    assert found["ledger.fit"].startswith(f"run {run}: the checksum of its 4 rows differs")
    assert "dr1.fit" in found


def test_a_view_made_anew_otherwise_is_found(connection: Connection) -> None:
    """Though it answers the same."""
    shown = connection.scalar(text("SELECT pg_get_viewdef('dr1.flag'::regclass)"))
    assert shown is not None
    connection.exec_driver_sql(
        f"CREATE OR REPLACE VIEW dr1.flag AS {shown.rstrip(';')} WHERE bit >= 0"
    )
    assert "not the one" in broken(connection, "dr1")["dr1.flag"]


def test_a_missing_view_is_found(connection: Connection) -> None:
    connection.execute(text("DROP VIEW dr1.crossmatch"))
    assert broken(connection, "dr1") == {"dr1.crossmatch": "it is missing"}


def test_a_changed_copy_is_found(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE dr2_data.fit DISABLE TRIGGER USER"))
    connection.execute(text("UPDATE dr2_data.fit SET teff = teff + 1"))
    assert set(broken(connection, "dr2")) == {"dr2_data.fit"}


def test_a_changed_manifest_is_found(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE ledger.release DISABLE TRIGGER USER"))
    connection.execute(
        text("UPDATE ledger.release SET manifest = jsonb_set(manifest, '{title}', '\"other\"')")
    )
    assert "manifest" in broken(connection, "dr1")["ledger.release"]


def test_columns_that_a_migration_adds_change_nothing(connection: Connection) -> None:
    """As every migration of ours may: new columns, new indexes, new words of comments."""
    tables = {one["table"] for one in find_release(connection, "dr1").manifest["tables"]}
    for table in sorted(tables | {"release", "release_view", "release_pin"}):
        connection.execute(
            text(f"ALTER TABLE ledger.{table} ADD COLUMN colour real NOT NULL DEFAULT 1.5")
        )
    connection.execute(text("COMMENT ON COLUMN ledger.fit.rv IS 'speed'"))
    connection.execute(text("CREATE INDEX ON ledger.combination (snr)"))
    assert broken(connection, "dr1") == {}
    assert broken(connection, "dr2") == {}


def test_a_restored_release_holds(later: tuple[Database, Growing]) -> None:
    """A backup keeps views as PostgreSQL writes them, which is not the text that made them."""
    query = "SELECT schemaname || '.' || viewname, definition FROM pg_views"
    with later[0].engine().connect() as connection:
        found = connection.execute(text(f"{query} WHERE schemaname IN ('dr1', 'dr2')")).all()
        assert len(found) > 10
        for view, written in found:
            connection.exec_driver_sql(f"DROP VIEW {view}")
            connection.exec_driver_sql(f"CREATE VIEW {view} AS {written}".replace("%", "%%"))
        for name in ("dr1", "dr2"):
            assert broken(connection, name) == {}


def test_there_must_be_such_a_release(connection: Connection) -> None:
    with pytest.raises(NoSuchRelease, match="dr7"):
        verify(connection, "dr7")


@pytest.fixture
def later(ledger: Database) -> tuple[Database, Growing]:
    """Return a ledger that grew after its first release, and published a second one."""
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    publish(ledger.engine(), growing.draft("dr1"))
    with ledger.engine().begin() as connection:
        growing.grow(connection)
    calibrated = (growing.ids["calibration_2"],)
    runs = (growing.runs["combination_2"],)
    publish(ledger.engine(), growing.draft("dr2", calibrations=calibrated, combinations=runs))
    return ledger, growing


def answers(connection: Connection, name: str) -> dict[str, Sequence[Row[Any]]]:
    """Return all rows of all views of a release."""
    views = find_release(connection, name).manifest["views"]
    return {
        view: connection.execute(text(f"SELECT * FROM {name}.{view} ORDER BY 1, 2")).all()
        for view in sorted(views)
    }


def files_of(connection: Connection) -> list[int]:
    """Return the numbers of the files that hold tables which a good migration rewrites."""
    query = text("SELECT pg_relation_filenode(CAST(:table AS regclass))")
    return [connection.scalars(query, {"table": f"ledger.{table}"}).one() for table in REWRITTEN]


def test_dr1_holds_through_all_that_happens_later(
    ledger: Database, next_revision: Upgradable
) -> None:
    engine = ledger.engine()
    with engine.begin() as connection:
        growing = Growing(connection)
    publish(engine, growing.draft("dr1"))
    with engine.connect() as connection:
        was = answers(connection, "dr1")
    assert len(was) > 5

    # More visits come, old ones are re-reduced, stars merged, a visit is withdrawn, a model is
    # trained anew, visits are combined and labels calibrated again: dr1 holds after each.
    happenings = growing.happenings()
    assert growing.retrain in happenings
    for happening in happenings:
        with engine.begin() as connection:
            growing.connection = connection
            happening()
            assert broken(connection, "dr1") == {}, happening.__name__

    publish(engine, growing.draft_of_retrained("dr2"))
    with engine.connect() as connection:
        tables = [one["table"] for one in find_release(connection, "dr2").manifest["tables"]]
        files = files_of(connection)
    next_revision(good_migration(tables))
    with pytest.raises(SchemaMismatch, match=f"2 published .* from {HEAD} to {NEXT}"):
        migrate.upgrade(engine)
    assert migrate.upgrade(engine, agreed=True).current == NEXT
    with engine.connect() as connection:
        assert all(now != then for now, then in zip(files_of(connection), files, strict=True))
        assert broken(connection, "dr1") == {}
        assert broken(connection, "dr2") == {}
        assert answers(connection, "dr1") == was
    _tells_of_what_happened(engine.connect(), growing)
    publish(engine, growing.draft_of_retrained("dr3"))
    with engine.connect() as connection:
        assert broken(connection, "dr3") == {}

    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE ledger.fit DISABLE TRIGGER USER"))
        run = growing.runs["fit_retrained"]
        changed = text("UPDATE ledger.fit SET chi2 = 2800.0002 WHERE fit_run_id = :run")
        assert connection.execute(changed, {"run": run}).rowcount == len(NEW_VISITS)
        assert broken(connection, "dr1") == {}
        assert broken(connection, "dr2")["ledger.fit"].startswith(f"run {run}:")


@pytest.mark.parametrize("done", sorted(BAD))
def test_a_migration_that_changes_what_is_stored_is_found(
    done: str, ledger: Database, next_revision: Upgradable
) -> None:
    table, script = BAD[done]
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    publish(ledger.engine(), growing.draft("dr1"))
    next_revision(script)
    migrate.upgrade(ledger.engine(), agreed=True)
    with ledger.engine().connect() as connection:
        found = broken(connection, "dr1")
        assert f"ledger.{table}" in found
        gone = "CASCADE" in script
        assert (found.get("dr1.star") == "it is missing") is gone


def _tells_of_what_happened(connection: Connection, growing: Growing) -> None:
    """Look whether the second release has the new visits by the new model, and no others."""
    with connection:
        query = "SELECT star_id, teff, n_visits FROM {}.star"
        (first,) = connection.execute(text(query.format("dr1"))).all()
        (second,) = connection.execute(text(query.format("dr2"))).all()
        assert (first.teff, second.teff) == (5772.0, 5900.0)
        assert (first.n_visits, second.n_visits) == (2, len(NEW_VISITS))
        seen = set(connection.scalars(text("SELECT spectrum_id FROM dr2.visit")))
        assert seen == {growing.ids[visit] for visit in NEW_VISITS}
        assert growing.ids["visit_2"] not in seen
        models = set(connection.scalars(text("SELECT DISTINCT model FROM dr2.fit")))
        assert models == {RETRAINED}


def test_what_an_open_ingest_closes_later_does_not_reach_back(ledger: Database) -> None:
    """A run that was open when the release was made may still end the validity of a spectrum."""
    with ledger.engine().begin() as connection:
        growing = GrowingWithOpenIngest(connection)
    publish(ledger.engine(), growing.draft())
    with ledger.engine().begin() as connection:
        connection.execute(
            text("UPDATE ledger.spectrum SET valid_to_run_id = :run WHERE spectrum_id = :visit"),
            {"run": growing.runs["left_open"], "visit": growing.ids["visit_1"]},
        )
    with ledger.engine().connect() as connection:
        assert broken(connection, "dr1") == {}


def test_of_many_rows_some_are_summed_up_and_all_are_counted(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    monkeypatch.setattr(publishing, "SAMPLED", 1)
    publish(ledger.engine(), growing.draft())
    with ledger.engine().connect() as connection:
        views = find_release(connection, "dr1").manifest["views"]
        rows = views["fit"]["rows"]
        assert views["fit"]["summed_rows"] < rows
        assert views["flag"]["summed_rows"] == views["flag"]["rows"]
        assert broken(connection, "dr1") == {}
        connection.execute(text("ALTER TABLE ledger.star_member DISABLE TRIGGER USER"))
        connection.execute(
            text("DELETE FROM ledger.star_member WHERE spectrum_id = :visit"),
            {"visit": growing.ids["visit_1"]},
        )
        found = broken(connection, "dr1")
        assert found["dr1.fit"] == f"{rows - 1} rows instead of {rows}"
        assert "ledger.star_member" in found
