"""Every wrong variant of the small ledger that the database must refuse, and right ones.

Each is a function that inserts or changes one thing, with the words of the refusal.
"""

from __future__ import annotations

from starledger.schema.tables import (
    SpectrumParent,
    StarEvent,
)
from tests.schema.variants import (
    Variant,
    branch_of_star_runs,
    calibration,
    combination,
    failed_run_pinned,
    fit,
    fit_in_a_closed_run,
    fit_of_another_models_run,
    fit_of_no_model,
    fit_twice,
    gaia,
    label_twice,
    model_twice,
    neighbour,
    pin,
    release_named,
    run_of_the_wrong_kind,
    second_first_star_run,
    spectrum,
    sql,
    third_version_at_once,
    withdrawal,
)

NAN, INFINITY = float("nan"), float("inf")

WRONG: dict[str, tuple[Variant, str]] = {
    "ra of 360": (spectrum(ra=360.0), "ck_spectrum_ra_range"),
    "ra NaN": (spectrum(ra=NAN), "ck_spectrum_ra_range"),
    "dec below the pole": (spectrum(dec=-90.1), "ck_spectrum_dec_range"),
    "dec NaN": (spectrum(dec=NAN), "ck_spectrum_dec_range"),
    "no position": (spectrum(ra=None), "not-null"),
    "negative S/N": (spectrum(snr=-1.0), "ck_spectrum_snr_non_negative"),
    "S/N NaN": (spectrum(snr_g=NAN), "ck_spectrum_snr_g_non_negative"),
    "RV infinite": (spectrum(rv=INFINITY), "ck_spectrum_rv_finite"),
    "RV error of zero": (spectrum(err_rv=0.0), "ck_spectrum_err_rv_positive"),
    "RV error NaN": (spectrum(err_rv=NAN), "ck_spectrum_err_rv_positive"),
    "unknown kind": (spectrum(kind="mixed"), "ck_spectrum_kind_known"),
    "visit without time": (spectrum(mjd_mid=None), "ck_spectrum_time"),
    "time without scale": (spectrum(time_scale=None), "ck_spectrum_time_with_scale"),
    "unknown time scale": (spectrum(time_scale="bjd"), "ck_spectrum_time_scale_known"),
    "shifted by nobody knows what": (spectrum(frame="shifted"), "ck_spectrum_shift"),
    "unknown instrument": (spectrum(instrument_id=9999), "fk_spectrum_instrument_id"),
    "row of a shard used twice": (spectrum(shard_id=1, shard_row=0), "uq_spectrum_shard_row"),
    "two current versions": (spectrum(external_id="visit_3"), "uq_spectrum"),
    "version 2 of nothing": (spectrum(version=2), "does not follow a closed version 1"),
    "version skipped": (third_version_at_once, "does not follow a closed version 3"),
    "version zero": (spectrum(version=0), "ck_spectrum_version_ordinal"),
    "closed before it began": (
        sql("UPDATE ledger.spectrum SET valid_to_run_id = 1 WHERE spectrum_id = :visit_3"),
        "ck_spectrum_valid_to_later",
    ),
    "version closed twice": (
        sql("UPDATE ledger.spectrum SET valid_to_run_id = :merge WHERE spectrum_id = :visit_1"),
        "may only be closed, once",
    ),
    "version reopened": (
        sql("UPDATE ledger.spectrum SET valid_to_run_id = NULL WHERE spectrum_id = :visit_1"),
        "may only be closed, once",
    ),
    "spectrum changed in place": (
        sql("UPDATE ledger.spectrum SET snr = 1000 WHERE spectrum_id = :visit_3"),
        "may only be closed, once",
    ),
    "spectrum changed while closed": (
        sql(
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
    "Gaia id that is not the row's": (gaia(source_id=334), "external_id_is_source_id"),
    "parallax error NaN": (gaia(err_parallax=NAN), "ck_gaia_source_err_parallax_positive"),
    "epoch of a modified Julian date": (gaia(ref_epoch=57388.0), "ck_gaia_source_ref_epoch"),
    "HEALPix cell off the sky": (gaia(healpix=-1), "ck_gaia_source_healpix_range"),
    "second first star run": (second_first_star_run, "uq_star_run_previous_run_id"),
    "branch of star runs": (branch_of_star_runs, "uq_star_run_previous_run_id"),
    "run of the wrong kind": (run_of_the_wrong_kind, "fk_ingest_run_run_id_kind"),
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
    "separation NaN": (neighbour(separation=NAN), "ck_neighbourhood_separation"),
    "rank beyond the neighbours": (neighbour(rank=2), "ck_neighbourhood_rank_within"),
    "model registered twice": (model_twice, "uq_model"),
    "label given twice": (label_twice, "uq_model_output_model_id_name"),
    "too few labels": (fit(labels=[1.0, 2.0]), "ck_fit_lengths"),
    "covariance of another model": (fit(covariance=[0.1] * 6), "ck_fit_lengths"),
    "extras of another model": (fit(extras=[]), "ck_fit_lengths"),
    "label NaN": (fit(labels=[NAN, 4.0, 0.0, 0.0]), "ck_fit_labels_finite"),
    "label infinite": (fit(labels=[5000.0, -INFINITY, 0.0, 0.0]), "ck_fit_labels_finite"),
    "error of zero": (fit(errors=[0.0, 1.0, 1.0, 1.0]), "ck_fit_errors_positive"),
    "error NaN": (fit(errors=[NAN, 1.0, 1.0, 1.0]), "ck_fit_errors_positive"),
    "covariance NaN": (fit(covariance=[NAN] * 10), "ck_fit_covariance_finite"),
    "χ² NaN": (fit(chi2=NAN), "ck_fit_chi2_non_negative"),
    "failed fit with labels": (fit(outcome="failed", reason="r"), "ck_fit_labels_unless"),
    "good fit without labels": (fit(labels=None), "ck_fit_labels_unless_failed"),
    "failed without a reason": (
        fit(outcome="failed", labels=None, errors=None),
        "ck_fit_failed_with_reason",
    ),
    "fit of another model's run": (fit_of_another_models_run, "there is no fit run"),
    "fit twice": (fit_twice, "fit_of_.*_pkey"),
    "fit in a closed run": (fit_in_a_closed_run, "is closed"),
    "fit by no model": (fit_of_no_model, "no partition"),
    "fit of no spectrum": (fit(spectrum_id=-5), "there is no spectrum -5"),
    "work aside without a reason": (
        sql("UPDATE ledger.work SET state = 'aside'"),
        "ck_work_aside_with_reason",
    ),
    "combination of too few labels": (
        combination(labels=[1.0], errors=[1.0], covariance=[1.0], scatter=None),
        "has 1 labels, but the model payne_lamost gives 4",
    ),
    "errors of another length": (combination(errors=[1.0]), "ck_combination_lengths_agree"),
    "coadd among visits": (
        combination(spectrum_ids=["visit_1", "coadd"], best_spectrum_id="visit_1"),
        "cannot be combined in a run over the visit",
    ),
    "count of visits wrong": (combination(n_visits=3), "ck_combination_counts_agree"),
    "best visit not among them": (
        combination(best_spectrum_id="visit_3"),
        "ck_combination_best_is_one_of_them",
    ),
    "calibration version without its predecessor": (
        calibration(supersedes_id=None),
        "ck_calibration_supersedes_by_version",
    ),
    "calibration superseded twice": (calibration(), "uq_calibration_supersedes_id"),
    "calibration range upside down": (
        calibration(valid_low=8000.0),
        "ck_calibration_range_in_order",
    ),
    "coefficient NaN": (calibration(coefficients=[NAN, 1.0, 1.0]), "ck_calibration_coefficients"),
    "covariance of coefficients too short": (
        calibration(coefficient_covariance=[1.0]),
        "ck_calibration_covariance_length",
    ),
    "withdrawal of nothing": (withdrawal(), "ck_withdrawal_one_subject"),
    "withdrawal of two things": (
        withdrawal("spectrum_id", "model_id"),
        "ck_withdrawal_one_subject",
    ),
    "withdrawal without a reason": (
        withdrawal("model_id", reason=""),
        "ck_withdrawal_reason_not_empty",
    ),
    "release pins an open run": (pin("fit_open", "fit"), "fk_release_pin_run_id_outcome"),
    "release pins a failed run": (failed_run_pinned, "fk_release_pin_run_id_outcome"),
    "release pins a run as another kind": (pin("stars", "fit"), "fk_release_pin_run_id_kind"),
    "release pins a failure as such": (
        pin("stars", "star", "failed"),
        "ck_release_pin_outcome_known",
    ),
    "release named as our schema": (release_named("ledger"), "ck_release_name_schema_name"),
    "release named like SQL": (release_named("dr1; drop"), "ck_release_name_schema_name"),
}

RIGHT: list[Variant] = [
    spectrum(snr=0.0, rv=-500.0),
    spectrum(kind="coadd", mjd_mid=None, time_scale=None),
    spectrum(frame="shifted", frame_shift=-31.5),
    fit(errors=[0.1, None, 0.1, 0.1], outcome="flagged"),
    fit(bounds=None, covariance=None, rv=12.5, err_rv=0.4),
    combination(),
    withdrawal("model_id", action="restored"),
    gaia(),
    neighbour(),
]
