"""How the small ledger is made wrong: functions that insert or change one thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from starledger.schema.runs import close_run
from starledger.schema.tables import (
    Calibration,
    Combination,
    Fit,
    GaiaSource,
    ModelOutput,
    Neighbourhood,
    Release,
    ReleasePin,
    RunKind,
    Withdrawal,
)
from tests.schema.many_models import ManyModels
from tests.schema.small_survey import position, sha

Variant = Callable[[ManyModels], None]


def spectrum(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.ingest("wrong", "lamost_dr5", "spectra")
        many.spectrum("wrong", "lamost_lrs", "lamost_dr5", run, 99, **more)

    return wrong


def fit(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open_fit_run("wrong", "payne_lamost")
        many.fit("payne_lamost", "coadd", run, **more)

    return wrong


def combination(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open(
            "wrong",
            RunKind.COMBINATION,
            model_id=many.ids["payne_lamost"],
            fit_config_id=many.ids["config"],
            star_run_id=many.runs["stars"],
            as_of_run_id=many.runs["stars"],
            spectrum_kind="visit",
            arm="full",
            settings_sha256=sha("wrong"),
            settings={},
        )
        found = {name: many.ids.get(value, value) for name, value in more.items()
                 if isinstance(value, str)}  # fmt: skip
        lists = {
            name: [many.ids[item] for item in value]
            for name, value in more.items()
            if name.endswith("_ids")
        }
        many.add(Combination, **many.combination_values(run, **(more | found | lists)))

    return wrong


def calibration(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open(
            "wrong",
            RunKind.CALIBRATION,
            combination_run_id=many.runs["combination"],
            settings={},
        )
        many.add(Calibration, **(many.calibration_values(run, 2) | {"version": 3} | more))

    return wrong


def withdrawal(*subjects: str, **more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open("wrong", RunKind.WITHDRAWAL)
        ids = {"spectrum_id": many.ids["visit_1"], "model_id": many.ids["boss_net"]}
        chosen = {subject: ids[subject] for subject in subjects}
        many.add(
            Withdrawal, **({"run_id": run, "action": "withdrawn", "reason": "r"} | chosen | more)
        )

    return wrong


def gaia(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.ingest("wrong", "gaia_dr3")
        values = {
            "data_release_id": many.ids["gaia_dr3"],
            "external_id": "333",
            "source_id": 333,
            "valid_from_run_id": run,
            **position(1.0, 1.0),
        }
        many.add(GaiaSource, **(values | more))

    return wrong


def sql(statement: str) -> Variant:
    def wrong(many: ManyModels) -> None:
        many.connection.execute(text(statement), many.ids | many.runs)

    return wrong


def pin(run: str, kind: str, outcome: str = "done") -> Variant:
    def wrong(many: ManyModels) -> None:
        many.add(
            ReleasePin,
            release_id=many.ids["dr1"],
            pin=9,
            run_id=many.runs[run],
            kind=kind,
            outcome=outcome,
        )

    return wrong


def failed_run_pinned(many: ManyModels) -> None:
    close_run(many.connection, many.runs["fit_open"], "failed", message="no disk")
    pin("fit_open", "fit")(many)


def second_first_star_run(many: ManyModels) -> None:
    many.open("wrong", RunKind.STAR, linking_radius=3.0)


def branch_of_star_runs(many: ManyModels) -> None:
    many.open("wrong", RunKind.STAR, linking_radius=3.0, previous_run_id=many.runs["stars"])


def run_of_the_wrong_kind(many: ManyModels) -> None:
    run = many.open("wrong", RunKind.WITHDRAWAL)
    statement = (
        "INSERT INTO ledger.ingest_run (run_id, data_release_id, content)"
        " VALUES (:run, :release, 'catalog')"
    )
    many.connection.execute(text(statement), {"run": run, "release": many.ids["gaia_dr2"]})


def fit_of_another_models_run(many: ManyModels) -> None:
    run = many.open_fit_run("wrong", "boss_net")
    many.fit("payne_lamost", "coadd", run)


def fit_twice(many: ManyModels) -> None:
    run = many.open_fit_run("wrong", "payne_lamost")
    many.fit("payne_lamost", "visit_1", run)


def fit_in_a_closed_run(many: ManyModels) -> None:
    many.fit("payne_lamost", "coadd", many.runs["fit_payne_lamost"])


def fit_of_no_model(many: ManyModels) -> None:
    values = many.fit_values("payne_lamost", "coadd", many.runs["fit_open"])
    many.add(Fit, **(values | {"model_id": 32_000}))


def third_version_at_once(many: ManyModels) -> None:
    run = many.ingest("wrong", "lamost_dr5", "spectra")
    many.connection.execute(
        text("UPDATE ledger.spectrum SET valid_to_run_id = :run WHERE spectrum_id = :id"),
        {"run": run, "id": many.ids["visit_1_again"]},
    )
    many.spectrum("wrong", "lamost_lrs", "lamost_dr5", run, 99, external_id="visit_1", version=4)


def model_twice(many: ManyModels) -> None:
    many.model("payne_lamost")


def label_twice(many: ManyModels) -> None:
    many.add(
        ModelOutput,
        model_id=many.ids["boss_net"],
        output="label",
        position=9,
        name="teff",
        unit="K",
        ucd="phys.temperature",
        description="again",
    )


def neighbour(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open(
            "wrong",
            RunKind.CROSSMATCH,
            left_table="survey_visit",
            left_data_release_id=many.ids["lamost_dr5"],
            right_table="galah_star",
            right_data_release_id=many.ids["galah_dr2"],
            as_of_run_id=many.runs["stars"],
            radius=3.0,
            best_rule="nearest",
        )
        values = {
            "crossmatch_run_id": run,
            "left_row_id": 1,
            "right_row_id": 2,
            "origin": "position",
            "separation": 0.1,
            "rank": 1,
            "n_neighbours": 1,
            "n_mates": 1,
        }
        many.add(Neighbourhood, **(values | more))

    return wrong


def release_named(name: str) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open("wrong", RunKind.RELEASE, schema_revision="0001")
        many.add(
            Release,
            name=name,
            run_id=run,
            title="t",
            description="d",
            licence="l",
            manifest={},
        )

    return wrong
