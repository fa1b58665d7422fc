"""A small ledger that a one-model toy could not hold.

Four models with different labels and further columns, three instruments, every kind of spectrum,
a re-reduced one, two stars that a later run merges, Gaia ids of two releases, a withdrawn visit
and a withdrawn model, two versions of a calibration, and a release that pins some of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, update

from starledger.schema.labels import label
from starledger.schema.tables import (
    Calibration,
    CalibrationMember,
    Combination,
    CombinationInput,
    Fit,
    FitConfig,
    FitQuality,
    Model,
    ModelInstrument,
    ModelOutput,
    QualityOutput,
    Release,
    ReleaseFlag,
    ReleaseLabel,
    ReleasePin,
    ReleaseView,
    RunKind,
    Spectrum,
    StarEvent,
    StarQuality,
    TrainingMember,
    TrainingSet,
    Withdrawal,
    Work,
)
from tests.schema.small_survey import SmallSurvey, sha

LABELS = {
    "payne_lamost": ["teff", "logg", "fe_h", "mg_fe"],
    "dd_payne_lamost": ["teff", "logg", "vmic", "fe_h", "c_fe", "n_fe"],
    "cannon_apogee": ["teff", "logg", "fe_h"],
    "boss_net": ["teff", "logg", "fe_h", "rv"],
}
EXTRAS = {
    "payne_lamost": ["chi2_na"],
    "dd_payne_lamost": ["gradcorr_c_fe", "gradcorr_n_fe", "chi2ratio"],
    "cannon_apogee": [],
    "boss_net": ["noise_teff"],
}
INSTRUMENT_OF = {
    "payne_lamost": "lamost_lrs",
    "dd_payne_lamost": "lamost_lrs",
    "cannon_apogee": "apogee",
    "boss_net": "boss",
}
AGAIN = "_again"
"""At the end of the name of a model that was trained anew."""
SUN = {"teff": 5772.0, "logg": 4.44, "vmic": 1.1, "rv": 12.0}


def first_of(model: str) -> str:
    """Return the model that was trained anew, or the model itself."""
    return model.removesuffix(AGAIN)


class ManyModels(SmallSurvey):
    """The small survey with models, fits, catalogs, and what was taken back later."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.load_models()
        self.load_fits()
        self.load_catalog()
        self.load_withdrawals()

    def load_models(self) -> None:
        self.add_named(
            "training_set",
            TrainingSet,
            name="galah_overlap",
            sha256=sha("training"),
            source="observed",
            labels=["teff", "fe_h"],
            recipe={"snr_g": ">50"},
        )
        self.add(
            TrainingMember,
            training_set_id=self.ids["training_set"],
            spectrum_id=self.ids["visit_1"],
            source_row_id=self.ids["galah_dr2_row"],
            labels=[5800.0, None],
            fold=0,
            role="train",
        )
        for name in LABELS:
            self.model(name)
        self.add_named("config", FitConfig, sha256=sha("config"), settings={"seed": 1})

    def model(self, name: str) -> None:
        """Register a model."""
        first = first_of(name)
        run = self.open(
            f"training_{name}",
            RunKind.TRAINING,
            training_set_id=self.ids["training_set"],
            settings={"seed": 2},
        )
        self.add_named(
            name,
            Model,
            name=name,
            system=first.rsplit("_", 1)[0],
            sha256=sha(name),
            path=name,
            training_run_id=run,
            n_labels=len(LABELS[first]),
            n_extras=len(EXTRAS[first]),
            description="for tests",
        )
        self.add(
            ModelInstrument,
            model_id=self.ids[name],
            instrument_id=self.ids[INSTRUMENT_OF[first]],
        )
        for place, output in enumerate(LABELS[first], 1):
            known = label(output)
            self.add(
                ModelOutput,
                model_id=self.ids[name],
                output="label",
                position=place,
                name=output,
                unit=known.unit,
                ucd=known.ucd,
                description=known.description,
                low=known.low,
                high=known.high,
            )
        for place, output in enumerate(EXTRAS[first], 1):
            self.add(
                ModelOutput,
                model_id=self.ids[name],
                output="extra",
                position=place,
                name=output,
                unit="dimensionless",
                ucd="stat.value",
                description="a further column",
            )
        self.close(f"training_{name}")

    def open_fit_run(self, name: str, model: str) -> int:
        """Open a run of fits by a model."""
        return self.open(
            name,
            RunKind.FIT,
            model_id=self.ids[model],
            fit_config_id=self.ids["config"],
            selection="all",
            n_planned=1,
        )

    def fit_values(self, model: str, spectrum: str, run: int, **more: Any) -> dict[str, Any]:
        """Return the row of a good fit."""
        first = first_of(model)
        n = len(LABELS[first])
        return {
            "model_id": self.ids[model],
            "spectrum_id": self.ids[spectrum],
            "fit_config_id": self.ids["config"],
            "fit_run_id": run,
            "outcome": "good",
            "labels": [SUN.get(name, 0.0) for name in LABELS[first]],
            "errors": [0.1] * n,
            "bounds": [0.05] * n,
            "label_flags": [0] * n,
            "covariance": [0.01] * (n * (n + 1) // 2),
            "extras": [1.0] * len(EXTRAS[first]),
            "chi2": 3000.0,
            "n_pixels": 3000,
            "worker": "w1",
            "software_version": "0.1.0",
            **more,
        }

    def fit(self, model: str, spectrum: str, run: int, **more: Any) -> None:
        """Add a fit."""
        self.add(Fit, **self.fit_values(model, spectrum, run, **more))

    def load_fits(self) -> None:
        for model, spectra in (
            ("payne_lamost", ["visit_1", "visit_2", "visit_other"]),
            ("dd_payne_lamost", ["visit_1", "visit_2"]),
            ("cannon_apogee", ["apogee_visit"]),
            ("boss_net", ["boss_visit"]),
        ):
            run = self.open_fit_run(f"fit_{model}", model)
            for spectrum in spectra:
                self.fit(model, spectrum, run)
            if model == "payne_lamost":
                no_labels = dict.fromkeys(
                    ("labels", "errors", "bounds", "label_flags", "covariance", "extras", "chi2")
                )
                self.fit(
                    model, "visit_3", run, **no_labels, outcome="failed", reason="No convergence."
                )
            self.close(f"fit_{model}")
        run = self.open_fit_run("fit_open", "dd_payne_lamost")
        for place, spectrum in enumerate(("visit_3", "visit_other")):
            self.add(
                Work,
                model_id=self.ids["dd_payne_lamost"],
                fit_config_id=self.ids["config"],
                spectrum_id=self.ids[spectrum],
                fit_run_id=run,
                position=place,
            )

    def load_catalog(self) -> None:
        model, config = self.ids["payne_lamost"], self.ids["config"]
        last = self.runs["fit_open"]
        run = self.open(
            "quality",
            RunKind.QUALITY,
            model_id=model,
            fit_config_id=config,
            as_of_run_id=last,
            definition_sha256=sha("quality"),
            definition={"chi2ratio": 5},
        )
        self.add(
            QualityOutput,
            quality_run_id=run,
            scope="fit",
            position=1,
            name="chi2ratio",
            unit="dimensionless",
            ucd="stat.fit.goodness",
            description="chi squared against stars alike",
        )
        self.add(
            FitQuality,
            quality_run_id=run,
            spectrum_id=self.ids["visit_1"],
            model_id=model,
            fit_config_id=config,
            flags=0,
            outputs=[0.3],
        )
        self.add(StarQuality, quality_run_id=run, star_id=self.ids["star"], flags=0)
        self.close("quality")
        run = self.open(
            "combination",
            RunKind.COMBINATION,
            model_id=model,
            fit_config_id=config,
            star_run_id=self.runs["stars"],
            as_of_run_id=last,
            quality_run_id=run,
            spectrum_kind="visit",
            arm="full",
            settings_sha256=sha("combination"),
            settings={"estimator": "inverse variance"},
        )
        self.add(CombinationInput, combination_run_id=run, fit_run_id=self.runs["fit_payne_lamost"])
        self.add(Combination, **self.combination_values(run))
        self.close("combination")
        self.load_calibrations()
        self.load_release()

    def combination_values(self, run: int, **more: Any) -> dict[str, Any]:
        """Return the row of a combination of two visits."""
        used = [self.ids["visit_1"], self.ids["visit_2"]]
        return {
            "combination_run_id": run,
            "star_id": self.ids["star"],
            "labels": [5772.0, 4.44, 0.0, 0.0],
            "errors": [30.0, 0.05, 0.03, 0.05],
            "covariance": [0.01] * 10,
            "scatter": [20.0, 0.03, 0.02, 0.02],
            "n_visits": 2,
            "n_nights": 2,
            "n_rejected": 0,
            "best_spectrum_id": used[1],
            "spectrum_ids": used,
            "rejected_ids": [],
            **more,
        }

    def load_calibrations(self) -> None:
        for version in (1, 2):
            run = self.open(
                f"calibration_{version}",
                RunKind.CALIBRATION,
                combination_run_id=self.runs["combination"],
                settings={"seed": 3},
            )
            calibration = self.add_named(
                f"calibration_{version}",
                Calibration,
                **self.calibration_values(run, version),
            )
            self.add(
                CalibrationMember,
                calibration_id=calibration,
                member=1,
                star_id=self.ids["star"],
                partner_star_id=self.ids["twin"],
                role="fitted",
            )
            self.close(f"calibration_{version}")

    def calibration_values(self, run: int, version: int, **more: Any) -> dict[str, Any]:
        """Return the row of a calibration."""
        return {
            "name": "mg_fe_dwarfs",
            "version": version,
            "supersedes_id": self.ids["calibration_1"] if version > 1 else None,
            "run_id": run,
            "model_id": self.ids["payne_lamost"],
            "label": "mg_fe",
            "corrects": "label",
            "population": "dwarf",
            "form": "polynomial",
            "variables": ["teff"],
            "inputs": "raw",
            "application_order": 1,
            "coefficients": [1e-9, -1e-5, 0.05],
            "coefficient_covariance": [1e-20] * 6,
            "valid_low": 4500.0,
            "valid_high": 7000.0,
            "outside": "hold",
            "sample_sha256": sha("sample"),
            "validation": {"rms": 0.01},
            "description": "Trend with temperature from wide binaries.",
            **more,
        }

    def load_release(self) -> None:
        run = self.open("release", RunKind.RELEASE, schema_revision="0001")
        release = self.add_named(
            "dr1",
            Release,
            name="dr1",
            run_id=run,
            title="Data release 1",
            description="for tests",
            licence="CC BY 4.0",
            manifest={},
        )
        self.add(
            ReleasePin,
            release_id=release,
            pin=1,
            run_id=self.runs["combination"],
            kind="combination",
            outcome="done",
        )
        self.add(ReleasePin, release_id=release, pin=2, calibration_id=self.ids["calibration_1"])
        self.add(
            ReleaseLabel,
            release_id=release,
            label="mg_fe",
            model_id=self.ids["payne_lamost"],
            combination_run_id=self.runs["combination"],
        )
        self.add(
            ReleaseFlag,
            release_id=release,
            scope="fit",
            bit=0,
            name="failed",
            severity="bad",
            meaning="The fit gave no labels.",
        )
        self.add(
            ReleaseView,
            release_id=release,
            name="star",
            definition="SELECT 1",
            columns={},
            materialised=False,
            row_count=1,
            checksum=sha("star"),
        )
        self.close("release")

    def load_withdrawals(self) -> None:
        """Withdraw a visit and a model, re-reduce a visit, merge two stars: one run each."""
        for name, subject in (
            ("withdraw_visit", {"spectrum_id": self.ids["visit_2"]}),
            ("withdraw_model", {"model_id": self.ids["cannon_apogee"]}),
        ):
            run = self.open(name, RunKind.WITHDRAWAL)
            self.add(Withdrawal, run_id=run, action="withdrawn", reason="a test", **subject)
            self.close(name)
        self.re_reduce()
        self.merge()

    def re_reduce(self) -> None:
        """Bring a second version of visit_1, fit it, and see it belongs to the star."""
        run = self.ingest("re_reduced", "lamost_dr5", "spectra")
        self.shard("lamost_lrs", run)
        self.connection.execute(
            update(Spectrum)
            .where(Spectrum.spectrum_id == self.ids["visit_1"])
            .values(valid_to_run_id=run)
        )
        self.spectrum(
            "visit_1_again", "lamost_lrs", "lamost_dr5", run, 0,
            external_id="visit_1", version=2, snr=65.0,
        )  # fmt: skip
        self.close("re_reduced")

    def merge(self) -> None:
        """Merge the twin into the star."""
        run = self.open(
            "merge", RunKind.STAR, previous_run_id=self.runs["stars"], linking_radius=3.0
        )
        self.member("visit_1_again", "star", run)
        self.member("visit_other", "star", run)
        self.add(
            StarEvent,
            star_run_id=run,
            from_star_id=self.ids["twin"],
            to_star_id=self.ids["star"],
            event="merge",
        )
        self.close("merge")
        again = self.open_fit_run("fit_again", "payne_lamost")
        self.fit("payne_lamost", "visit_1_again", again, chi2=2900.0)
        self.close("fit_again")
