"""What publishing leaves: views, comments, rights, rows, copies; or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from starledger.catalog.releases import publishing
from starledger.catalog.releases.checking import check
from starledger.catalog.releases.copies import copy_views
from starledger.catalog.releases.errors import CopyDiffers, DraftRefused, ReleaseExists
from starledger.catalog.releases.publishing import preview, publish
from starledger.schema.database import Database
from starledger.schema.roles import Role
from starledger.schema.tables import Calibration, RunKind
from starledger.schema.units import checked_ucd, checked_unit
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration

VIEWS = {"star", "visit", "fit", "crossmatch", "flag", "provenance", "column_info"}
OF_MODELS = {"star_payne_lamost", "star_dd_payne_lamost"}


def test_a_release_has_the_views_that_it_should(connection: Connection) -> None:
    """Those of single models where there are several."""
    query = "SELECT viewname FROM pg_views WHERE schemaname = :name"
    for name, expected in (("dr1", VIEWS), ("dr2", VIEWS | OF_MODELS)):
        assert set(connection.scalars(text(query), {"name": name})) == expected


def test_a_star_tells_who_it_is_and_its_labels(connection: Connection, growing: Growing) -> None:
    (star,) = connection.execute(text("SELECT * FROM dr1.star")).mappings()
    assert star["star_id"] == growing.ids["star"]
    assert (star["starid"], star["gaia_dr3_source_id"]) == ("S1500000+020000", 222)
    assert (star["teff"], star["raw_teff"], star["err_teff"]) == (5772.0, 5772.0, 30.0)
    assert star["scatter_teff"] == 20.0
    assert (star["n_visits"], star["n_nights"]) == (2, 2)
    assert star["best_spectrum_id"] == growing.ids["visit_2"]
    assert star["chi2"] == pytest.approx(3000 / 2996)
    assert (star["flags"], star["quality_flag"]) == (0, "good")
    assert (star["flag_bad"], star["flag_warn"], star["double_lined"]) == (False, False, False)
    assert (star["flag_teff"], star["bits_teff"]) == (1, 0)


def test_a_calibration_is_inline_and_applied(connection: Connection) -> None:
    """1e-9·T² − 1e-5·T + 0.05, at 5772 K."""
    (star,) = connection.execute(text("SELECT mg_fe, raw_mg_fe FROM dr1.star")).mappings()
    expected = 1e-9 * 5772**2 - 1e-5 * 5772 + 0.05
    assert star["raw_mg_fe"] == 0
    assert star["mg_fe"] == pytest.approx(expected, rel=1e-6)
    shown = connection.scalar(text("SELECT pg_get_viewdef('dr1.star'::regclass)"))
    assert shown is not None
    assert "1e-09" in shown


class GrowingWithSignal(Growing):
    """The ledger with combinations whose S/N is known."""

    def combination_values(self, run: int, **more: Any) -> dict[str, Any]:
        return super().combination_values(run, **{"snr": 100.0} | more)


def test_errors_are_scaled_by_the_signal_of_one_visit(ledger: Database) -> None:
    """Half, and a hundredth more for each of S/N: what one visit has, not all of a star."""
    with ledger.engine().begin() as connection:
        growing = GrowingWithSignal(connection)
        run = growing.open(
            "errors", RunKind.CALIBRATION, combination_run_id=growing.runs["combination"],
            settings={},
        )  # fmt: skip
        values = growing.calibration_values(
            run, 1, name="scale", label="teff", corrects="error", population="all",
            variables=["visit_snr"], coefficients=[0.01, 0.5], coefficient_covariance=None,
            valid_low=0.0, valid_high=1000.0,
        )  # fmt: skip
        number = growing.add_named("scale", Calibration, **values)
        growing.close("errors")
    publish(ledger.engine(), growing.draft(calibrations=(number,)))
    with ledger.engine().connect() as connection:
        (star,) = connection.execute(text("SELECT * FROM dr1.star")).mappings()
        fits = connection.execute(
            text("SELECT f.err_teff, f.raw_err_teff, v.snr FROM dr1.fit f"
                 " JOIN dr1.visit v USING (spectrum_id) WHERE v.snr > 0 AND f.raw_err_teff > 0")
        ).all()  # fmt: skip
    factor = 0.5 + 0.01 * star["snr"] / star["n_visits"] ** 0.5
    assert star["n_visits"] == 2
    assert star["err_teff"] == pytest.approx(star["raw_err_teff"] * factor, rel=1e-6)
    assert fits
    for err, raw, snr in fits:
        assert err == pytest.approx(raw * (0.5 + 0.01 * snr), rel=1e-6)


def test_the_text_of_a_view_holds_its_pins(connection: Connection, growing: Growing) -> None:
    shown = connection.scalar(text("SELECT pg_get_viewdef('dr1.star'::regclass)"))
    assert f"combination_run_id = {growing.runs['combination']}" in str(shown)


def test_flags_of_labels_and_of_the_star_are_published(connection: Connection) -> None:
    query = "SELECT bits_c_fe, bits_n_fe, flag_c_fe, flag_n_fe, flags, c_fe FROM dr2.star"
    (star,) = connection.execute(text(query)).mappings()
    assert (star["bits_n_fe"], star["flag_n_fe"]) == (128, 0)
    assert star["c_fe"] is None
    assert star["flag_c_fe"] is None
    assert star["flags"] == 4


def test_labels_come_from_the_model_recommended(connection: Connection) -> None:
    query = "SELECT teff, logg, fe_h, vmic, mg_fe FROM dr2.star"
    (star,) = connection.execute(text(query)).all()
    assert tuple(star)[:3] == pytest.approx((5800.0, 4.44, 0.0))
    assert star.vmic == pytest.approx(1.1)
    teff = connection.scalars(text("SELECT teff FROM dr2.star_payne_lamost")).one()
    assert teff == 5772.0


def test_visits_are_ranked_by_signal(connection: Connection, growing: Growing) -> None:
    query = "SELECT * FROM dr1.visit WHERE star_id = :star ORDER BY uqflag"
    rows = connection.execute(text(query), {"star": growing.ids["star"]}).all()
    assert [row.spectrum_id for row in rows] == [
        growing.ids[name] for name in ("visit_2", "visit_1", "visit_3")
    ]
    assert [row.uqflag for row in rows] == [1, 2, 3]
    assert (rows[0].mjd, rows[0].time_scale, rows[0].file_name) == (56003.25, "utc", "visit_2.fits")


def test_fits_of_all_models_stand_together(connection: Connection, growing: Growing) -> None:
    query = text("SELECT * FROM dr2.fit ORDER BY model, spectrum_id")
    rows = connection.execute(query).mappings().all()
    assert [row["model"] for row in rows] == ["dd_payne_lamost"] * 2 + ["payne_lamost"] * 4
    good = rows[2]
    assert (good["teff"], good["crlb_teff"], good["chi2_na"]) == (5772.0, pytest.approx(0.05), 1.0)
    assert good["vmic"] is None
    assert good["combined"] == "used"
    failed = next(row for row in rows if row["outcome"] == "failed")
    assert (failed["reason"], failed["teff"], failed["combined"]) == (
        "No convergence.", None, "left out",
    )  # fmt: skip


def test_what_models_and_quality_runs_declare_appears(connection: Connection) -> None:
    (fit,) = connection.execute(
        text("SELECT chi2ratio, chi2_na FROM dr1.fit WHERE chi2ratio IS NOT NULL")
    ).all()
    assert tuple(fit) == pytest.approx((0.3, 1.0))
    star = text("SELECT gradcorr_c_fe FROM dr2.star")
    assert connection.scalars(star).one() == 1.0


def test_matches_stand_with_both_rows(connection: Connection) -> None:
    (pair,) = connection.execute(text("SELECT * FROM dr1.crossmatch")).mappings()
    assert (pair["left_external_id"], pair["right_external_id"]) == ("101001", "160101")
    assert pair["right_data_release"] == "galah/dr2/v1:main"


def test_every_column_is_described(connection: Connection) -> None:
    info = connection.execute(text("SELECT * FROM dr2.column_info")).mappings().all()
    query = """
        SELECT c.relname, a.attname, a.attnum, format_type(a.atttypid, NULL) AS kind,
            col_description(c.oid, a.attnum) AS comment
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'dr2'::regnamespace AND a.attnum > 0
    """
    columns = connection.execute(text(query)).all()
    assert {
        (row["table_name"], row["column_name"], row["position"], row["type"]) for row in info
    } == {(one.relname, one.attname, one.attnum, one.kind) for one in columns}
    assert all(one.comment for one in columns)
    for row in info:
        assert checked_unit(row["unit"])
        assert checked_ucd(row["ucd"])
        assert row["description"]


def test_the_reader_reads_releases_and_nothing_else(
    grown: tuple[Database, Growing], connection: Connection
) -> None:
    with grown[0].engine(Role.READER).connect() as reader:
        assert reader.scalar(text("SELECT count(*) FROM dr1.star")) == 1
        assert reader.scalar(text("SELECT count(*) FROM dr2_data.star")) == 1
        with pytest.raises(ProgrammingError, match="permission denied"):
            reader.execute(text("SELECT * FROM ledger.star"))


def test_provenance_names_all_that_went_in(connection: Connection, growing: Growing) -> None:
    rows = connection.execute(text("SELECT what, number, name FROM dr1.provenance")).all()
    assert ("combination run", growing.runs["combination"], None) in rows
    assert ("model", growing.ids["payne_lamost"], "payne_lamost") in rows
    assert ("calibration", growing.ids["calibration_1"], "mg_fe_dwarfs:1") in rows


def test_flags_stand_as_they_were_defined(connection: Connection) -> None:
    query = "SELECT bit FROM dr1.flag WHERE scope = 'star' AND name = 'rv_variable'"
    assert connection.scalars(text(query)).all() == [2]


def test_pins_labels_and_flags_are_kept(connection: Connection, growing: Growing) -> None:
    query = """
        SELECT p.kind, p.run_id, p.calibration_id FROM ledger.release_pin p
        JOIN ledger.release r USING (release_id) WHERE r.name = 'dr1' ORDER BY pin
    """
    pins = connection.execute(text(query)).all()
    named = ("crossmatch", "stars", "fit_payne_lamost", "quality", "combination")
    assert {pin.run_id for pin in pins if pin.run_id} == {growing.runs[one] for one in named}
    assert [pin.calibration_id for pin in pins if pin.calibration_id] == [
        growing.ids["calibration_1"]
    ]


def test_copies_are_indexed_and_never_change(connection: Connection) -> None:
    query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'dr2_data' AND tablename = 'star'"
    indexes = " ".join(connection.scalars(text(query)))
    for columns in ("(star_id)", "(gaia_dr3_source_id)", "(healpix)", "(teff, logg, fe_h)"):
        assert columns in indexes
    with pytest.raises(Exception, match="never changed"):
        connection.execute(text("UPDATE dr2_data.star SET teff = 1"))


def test_a_name_is_published_once(grown: tuple[Database, Growing]) -> None:
    database, growing = grown
    with pytest.raises(ReleaseExists, match="schema dr1"):
        publish(database.engine(), growing.draft())


def test_a_preview_leaves_nothing(grown: tuple[Database, Growing], connection: Connection) -> None:
    database, growing = grown
    found = preview(database.engine(), growing.draft("dr9"))
    assert {one.name for one in found} == VIEWS
    star = next(one for one in found if one.name == "star")
    assert (star.rows, len(star.sample)) == (1, 1)
    assert "ledger.combination" in star.definition
    assert connection.scalar(text("SELECT to_regnamespace('dr9')")) is None


@pytest.mark.parametrize("step", ["sources", "close_run", "_insert"])
def test_what_fails_on_the_way_leaves_nothing(
    step: str,
    grown: tuple[Database, Growing],
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError

    before = connection.scalar(text("SELECT count(*) FROM ledger.run"))
    monkeypatch.setattr(publishing, step, broken)
    database, growing = grown
    with pytest.raises(ZeroDivisionError):
        publish(database.engine(), growing.draft("dr9"), materialise=True)
    assert connection.scalar(text("SELECT to_regnamespace('dr9')")) is None
    assert connection.scalar(text("SELECT to_regnamespace('dr9_data')")) is None
    assert connection.scalar(text("SELECT count(*) FROM ledger.run")) == before
    assert connection.scalar(text("SELECT count(*) FROM ledger.release WHERE name = 'dr9'")) == 0


def test_two_columns_of_one_name_are_refused(
    grown: tuple[Database, Growing], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, growing = grown

    def colliding(connection: Connection, draft: object) -> object:
        plan = check(connection, draft)  # type: ignore[arg-type]
        part = plan.parts[0]
        output = replace(part.extras[0], column=part.extras[0].column.named("snr"))
        return replace(plan, parts=(replace(part, extras=(output,)),))

    monkeypatch.setattr(publishing, "check", colliding)
    with pytest.raises(DraftRefused, match="two columns snr"):
        preview(database.engine(), growing.draft("dr9"))


def test_a_copy_that_differs_is_not_published(
    grown: tuple[Database, Growing], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, growing = grown

    def tampering(connection: Connection, *given: object) -> object:
        names = copy_views(connection, *given)  # type: ignore[arg-type]
        connection.execute(text("ALTER TABLE dr9_data.star DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE dr9_data.star SET teff = teff + 1"))
        return names

    monkeypatch.setattr(publishing, "copy_views", tampering)
    with pytest.raises(CopyDiffers, match=r"dr9\.star"):
        publish(database.engine(), growing.draft("dr9"), materialise=True)
