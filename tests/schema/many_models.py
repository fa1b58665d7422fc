"""A small ledger that a one-model toy could not hold.

Four models with different labels and further columns, three instruments, every kind of spectrum,
a re-reduced one, two stars that a later run merges, Gaia ids of two releases, a withdrawn visit
and a withdrawn model, two versions of a calibration, and a release that pins some of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, update

from starledger.schema.tables import (
    Calibration,
    CalibrationMember,
    Combination,
    CombinationInput,
    FitQuality,
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
    Withdrawal,
)
from tests.schema.fitted_models import FittedModels
from tests.schema.small_survey import sha


class ManyModels(FittedModels):
    """The small survey with models and fits, catalogs, and what was taken back later."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.load_models()
        self.load_fits()
        self.load_catalog()
        self.load_withdrawals()

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
