"""Models of a small survey, and their fits: the beginning of the small ledger of many models."""

from __future__ import annotations

from typing import Any

from starledger.schema.labels import label
from starledger.schema.tables import (
    Fit,
    FitConfig,
    Model,
    ModelInstrument,
    ModelOutput,
    RunKind,
    TrainingMember,
    TrainingSet,
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


class FittedModels(SmallSurvey):
    """The small survey with four models and their fits."""

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
