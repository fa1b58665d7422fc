"""Every wrong variant of the small ledger that the database must refuse, and right ones.

Each is a function that inserts or changes one thing, with the words of the refusal.
"""

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
    SpectrumParent,
    StarEvent,
    Withdrawal,
)
from tests.schema.many_models import ManyModels
from tests.schema.small_survey import position, sha

Variant = Callable[[ManyModels], None]


def _spectrum(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.ingest("wrong", "lamost_dr5", "spectra")
        many.spectrum("wrong", "lamost_lrs", "lamost_dr5", run, 99, **more)

    return wrong


def _fit(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open_fit_run("wrong", "payne_lamost")
        many.fit("payne_lamost", "coadd", run, **more)

    return wrong


def _combination(**more: Any) -> Variant:
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


def _calibration(**more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open(
            "wrong",
            RunKind.CALIBRATION,
            combination_run_id=many.runs["combination"],
            settings={},
        )
        many.add(Calibration, **(many.calibration_values(run, 2) | {"version": 3} | more))

    return wrong


def _withdrawal(*subjects: str, **more: Any) -> Variant:
    def wrong(many: ManyModels) -> None:
        run = many.open("wrong", RunKind.WITHDRAWAL)
        ids = {"spectrum_id": many.ids["visit_1"], "model_id": many.ids["boss_net"]}
        chosen = {subject: ids[subject] for subject in subjects}
        many.add(
            Withdrawal, **({"run_id": run, "action": "withdrawn", "reason": "r"} | chosen | more)
        )

    return wrong


def _gaia(**more: Any) -> Variant:
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


def _sql(statement: str) -> Variant:
    def wrong(many: ManyModels) -> None:
        many.connection.execute(text(statement), many.ids | many.runs)

    return wrong


def _pin(run: str, kind: str, outcome: str = "done") -> Variant:
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


def _failed_run_pinned(many: ManyModels) -> None:
    close_run(many.connection, many.runs["fit_open"], "failed", message="no disk")
    _pin("fit_open", "fit")(many)


def _second_first_star_run(many: ManyModels) -> None:
    many.open("wrong", RunKind.STAR, linking_radius=3.0)


def _branch_of_star_runs(many: ManyModels) -> None:
    many.open("wrong", RunKind.STAR, linking_radius=3.0, previous_run_id=many.runs["stars"])


def _run_of_the_wrong_kind(many: ManyModels) -> None:
    run = many.open("wrong", RunKind.WITHDRAWAL)
    statement = (
        "INSERT INTO ledger.ingest_run (run_id, data_release_id, content)"
        " VALUES (:run, :release, 'catalog')"
    )
    many.connection.execute(text(statement), {"run": run, "release": many.ids["gaia_dr2"]})


def _fit_of_another_models_run(many: ManyModels) -> None:
    run = many.open_fit_run("wrong", "boss_net")
    many.fit("payne_lamost", "coadd", run)


def _fit_twice(many: ManyModels) -> None:
    run = many.open_fit_run("wrong", "payne_lamost")
    many.fit("payne_lamost", "visit_1", run)


def _fit_in_a_closed_run(many: ManyModels) -> None:
    many.fit("payne_lamost", "coadd", many.runs["fit_payne_lamost"])


def _fit_of_no_model(many: ManyModels) -> None:
    values = many.fit_values("payne_lamost", "coadd", many.runs["fit_open"])
    many.add(Fit, **(values | {"model_id": 32_000}))


def _third_version_at_once(many: ManyModels) -> None:
    run = many.ingest("wrong", "lamost_dr5", "spectra")
    many.connection.execute(
        text("UPDATE ledger.spectrum SET valid_to_run_id = :run WHERE spectrum_id = :id"),
        {"run": run, "id": many.ids["visit_1_again"]},
    )
    many.spectrum("wrong", "lamost_lrs", "lamost_dr5", run, 99, external_id="visit_1", version=4)


def _model_twice(many: ManyModels) -> None:
    many.model("payne_lamost")


def _label_twice(many: ManyModels) -> None:
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


def _neighbour(**more: Any) -> Variant:
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


def _release_named(name: str) -> Variant:
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


NAN, INFINITY = float("nan"), float("inf")

WRONG: dict[str, tuple[Variant, str]] = {
    "ra of 360": (_spectrum(ra=360.0), "ck_spectrum_ra_range"),
    "ra NaN": (_spectrum(ra=NAN), "ck_spectrum_ra_range"),
    "dec below the pole": (_spectrum(dec=-90.1), "ck_spectrum_dec_range"),
    "dec NaN": (_spectrum(dec=NAN), "ck_spectrum_dec_range"),
    "no position": (_spectrum(ra=None), "not-null"),
    "negative S/N": (_spectrum(snr=-1.0), "ck_spectrum_snr_non_negative"),
    "S/N NaN": (_spectrum(snr_g=NAN), "ck_spectrum_snr_g_non_negative"),
    "RV infinite": (_spectrum(rv=INFINITY), "ck_spectrum_rv_finite"),
    "RV error of zero": (_spectrum(err_rv=0.0), "ck_spectrum_err_rv_positive"),
    "RV error NaN": (_spectrum(err_rv=NAN), "ck_spectrum_err_rv_positive"),
    "unknown kind": (_spectrum(kind="mixed"), "ck_spectrum_kind_known"),
    "visit without time": (_spectrum(mjd_mid=None), "ck_spectrum_time"),
    "time without scale": (_spectrum(time_scale=None), "ck_spectrum_time_with_scale"),
    "unknown time scale": (_spectrum(time_scale="bjd"), "ck_spectrum_time_scale_known"),
    "shifted by nobody knows what": (_spectrum(frame="shifted"), "ck_spectrum_shift"),
    "unknown instrument": (_spectrum(instrument_id=9999), "fk_spectrum_instrument_id"),
    "row of a shard used twice": (_spectrum(shard_id=1, shard_row=0), "uq_spectrum_shard_row"),
    "two current versions": (_spectrum(external_id="visit_3"), "uq_spectrum"),
    "version 2 of nothing": (_spectrum(version=2), "does not follow a closed version 1"),
    "version skipped": (_third_version_at_once, "does not follow a closed version 3"),
    "version zero": (_spectrum(version=0), "ck_spectrum_version_ordinal"),
    "closed before it began": (
        _sql("UPDATE ledger.spectrum SET valid_to_run_id = 1 WHERE spectrum_id = :visit_3"),
        "ck_spectrum_valid_to_later",
    ),
    "version closed twice": (
        _sql("UPDATE ledger.spectrum SET valid_to_run_id = :merge WHERE spectrum_id = :visit_1"),
        "may only be closed, once",
    ),
    "version reopened": (
        _sql("UPDATE ledger.spectrum SET valid_to_run_id = NULL WHERE spectrum_id = :visit_1"),
        "may only be closed, once",
    ),
    "spectrum changed in place": (
        _sql("UPDATE ledger.spectrum SET snr = 1000 WHERE spectrum_id = :visit_3"),
        "may only be closed, once",
    ),
    "spectrum changed while closed": (
        _sql(
            "UPDATE ledger.spectrum SET snr = 1000, valid_to_run_id = :merge"
            " WHERE spectrum_id = :visit_3"
        ),
        "may only be closed, once",
    ),
    "its own parent": (
        lambda many: many.add(
            SpectrumParent, spectrum_id=many.ids["visit_1"], parent_id=many.ids["visit_1"]
        ),
        "ck_spectrum_parent_not_itself",
    ),
    "Gaia id that is not the row's": (_gaia(source_id=334), "external_id_is_source_id"),
    "parallax error NaN": (_gaia(err_parallax=NAN), "ck_gaia_source_err_parallax_positive"),
    "epoch of a modified Julian date": (_gaia(ref_epoch=57388.0), "ck_gaia_source_ref_epoch"),
    "HEALPix cell off the sky": (_gaia(healpix=-1), "ck_gaia_source_healpix_range"),
    "second first star run": (_second_first_star_run, "uq_star_run_previous_run_id"),
    "branch of star runs": (_branch_of_star_runs, "uq_star_run_previous_run_id"),
    "run of the wrong kind": (_run_of_the_wrong_kind, "fk_ingest_run_run_id_kind"),
    "star merged into itself": (
        lambda many: many.add(
            StarEvent,
            star_run_id=many.runs["merge"],
            from_star_id=many.ids["star"],
            to_star_id=many.ids["star"],
            event="merge",
        ),
        "ck_star_event_two_stars",
    ),
    "separation NaN": (_neighbour(separation=NAN), "ck_neighbourhood_separation"),
    "rank beyond the neighbours": (_neighbour(rank=2), "ck_neighbourhood_rank_within"),
    "model registered twice": (_model_twice, "uq_model"),
    "label given twice": (_label_twice, "uq_model_output_model_id_name"),
    "too few labels": (_fit(labels=[1.0, 2.0]), "ck_fit_lengths"),
    "covariance of another model": (_fit(covariance=[0.1] * 6), "ck_fit_lengths"),
    "extras of another model": (_fit(extras=[]), "ck_fit_lengths"),
    "label NaN": (_fit(labels=[NAN, 4.0, 0.0, 0.0]), "ck_fit_labels_finite"),
    "label infinite": (_fit(labels=[5000.0, -INFINITY, 0.0, 0.0]), "ck_fit_labels_finite"),
    "error of zero": (_fit(errors=[0.0, 1.0, 1.0, 1.0]), "ck_fit_errors_positive"),
    "error NaN": (_fit(errors=[NAN, 1.0, 1.0, 1.0]), "ck_fit_errors_positive"),
    "covariance NaN": (_fit(covariance=[NAN] * 10), "ck_fit_covariance_finite"),
    "χ² NaN": (_fit(chi2=NAN), "ck_fit_chi2_non_negative"),
    "failed fit with labels": (_fit(outcome="failed", reason="r"), "ck_fit_labels_unless"),
    "good fit without labels": (_fit(labels=None), "ck_fit_labels_unless_failed"),
    "failed without a reason": (
        _fit(outcome="failed", labels=None, errors=None),
        "ck_fit_failed_with_reason",
    ),
    "fit of another model's run": (_fit_of_another_models_run, "there is no fit run"),
    "fit twice": (_fit_twice, "fit_of_.*_pkey"),
    "fit in a closed run": (_fit_in_a_closed_run, "is closed"),
    "fit by no model": (_fit_of_no_model, "no partition"),
    "fit of no spectrum": (_fit(spectrum_id=-5), "there is no spectrum -5"),
    "work aside without a reason": (
        _sql("UPDATE ledger.work SET state = 'aside'"),
        "ck_work_aside_with_reason",
    ),
    "combination of too few labels": (
        _combination(labels=[1.0], errors=[1.0], covariance=[1.0], scatter=None),
        "has 1 labels, but the model payne_lamost gives 4",
    ),
    "errors of another length": (_combination(errors=[1.0]), "ck_combination_lengths_agree"),
    "coadd among visits": (
        _combination(spectrum_ids=["visit_1", "coadd"], best_spectrum_id="visit_1"),
        "cannot be combined in a run over the visit",
    ),
    "count of visits wrong": (_combination(n_visits=3), "ck_combination_counts_agree"),
    "best visit not among them": (
        _combination(best_spectrum_id="visit_3"),
        "ck_combination_best_is_one_of_them",
    ),
    "calibration version without its predecessor": (
        _calibration(supersedes_id=None),
        "ck_calibration_supersedes_by_version",
    ),
    "calibration superseded twice": (_calibration(), "uq_calibration_supersedes_id"),
    "calibration range upside down": (
        _calibration(valid_low=8000.0),
        "ck_calibration_range_in_order",
    ),
    "coefficient NaN": (_calibration(coefficients=[NAN, 1.0, 1.0]), "ck_calibration_coefficients"),
    "covariance of coefficients too short": (
        _calibration(coefficient_covariance=[1.0]),
        "ck_calibration_covariance_length",
    ),
    "withdrawal of nothing": (_withdrawal(), "ck_withdrawal_one_subject"),
    "withdrawal of two things": (
        _withdrawal("spectrum_id", "model_id"),
        "ck_withdrawal_one_subject",
    ),
    "withdrawal without a reason": (
        _withdrawal("model_id", reason=""),
        "ck_withdrawal_reason_not_empty",
    ),
    "release pins an open run": (_pin("fit_open", "fit"), "fk_release_pin_run_id_outcome"),
    "release pins a failed run": (_failed_run_pinned, "fk_release_pin_run_id_outcome"),
    "release pins a run as another kind": (_pin("stars", "fit"), "fk_release_pin_run_id_kind"),
    "release pins a failure as such": (
        _pin("stars", "star", "failed"),
        "ck_release_pin_outcome_known",
    ),
    "release named as our schema": (_release_named("ledger"), "ck_release_name_schema_name"),
    "release named like SQL": (_release_named("dr1; drop"), "ck_release_name_schema_name"),
}

RIGHT: list[Variant] = [
    _spectrum(snr=0.0, rv=-500.0),
    _spectrum(kind="coadd", mjd_mid=None, time_scale=None),
    _spectrum(frame="shifted", frame_shift=-31.5),
    _fit(errors=[0.1, None, 0.1, 0.1], outcome="flagged"),
    _fit(bounds=None, covariance=None, rv=12.5, err_rv=0.4),
    _combination(),
    _withdrawal("model_id", action="restored"),
    _gaia(),
    _neighbour(),
]
