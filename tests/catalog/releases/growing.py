"""The small ledger of many models as it was when nothing was published, and what came later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from starledger.catalog.releases.draft import Draft
from starledger.schema.tables import (
    Calibration,
    CalibrationMember,
    Combination,
    CombinationInput,
    CombinationRun,
    RunKind,
    TrainingMember,
    TrainingSet,
    Withdrawal,
)
from tests.schema.fitted_models import AGAIN
from tests.schema.many_models import ManyModels
from tests.schema.small_survey import sha

RETRAINED = f"payne_lamost{AGAIN}"
NEW_VISITS = ("visit_1_again", "visit_other", "visit_4")
"""Visits of the star after all that happened."""


class Growing(ManyModels):
    """The ledger before its first release; `grow` brings what happened later."""

    def load_catalog(self) -> None:
        super().load_catalog()
        self.combine_other()

    def load_release(self) -> None:
        """Publish nothing: the tests do."""

    def load_withdrawals(self) -> None:
        """Take nothing back yet."""

    def combine_other(self) -> None:
        """Combine the fits of the second model on the same spectra."""
        run = self.open(
            "combination_dd",
            RunKind.COMBINATION,
            model_id=self.ids["dd_payne_lamost"],
            fit_config_id=self.ids["config"],
            star_run_id=self.runs["stars"],
            as_of_run_id=self.runs["fit_open"],
            spectrum_kind="visit",
            arm="full",
            settings_sha256=sha("combination"),
            settings={"estimator": "inverse variance"},
        )
        fits = self.runs["fit_dd_payne_lamost"]
        self.add(CombinationInput, combination_run_id=run, fit_run_id=fits)
        values = self.combination_values(
            run,
            labels=[5800.0, 4.4, 1.1, 0.1, None, 0.2],
            errors=[40.0, 0.1, 0.1, 0.05, None, 0.1],
            covariance=None,
            scatter=None,
            label_flags=[0, 0, 0, 0, 0, 128],
            flags=4,
        )
        self.add(Combination, **values)
        self.close("combination_dd")

    def grow(self, connection: Connection) -> None:
        """Let all happen that `happenings` tells."""
        self.connection = connection
        for happening in self.happenings():
            happening()

    def happenings(self) -> tuple[Callable[[], None], ...]:
        """Return what happens after the first release, in its order; each is done with one call."""
        return (
            self.ingest_more,
            self.re_reduce,
            self.merge,
            self.withdraw,
            self.retrain,
            self.recombine,
            self.recalibrate,
        )

    def ingest_more(self) -> None:
        """Bring a further visit of the star."""
        run = self.ingest("more_visits", "lamost_dr5", "spectra")
        self.shard("lamost_lrs", run)
        self.spectrum("visit_4", "lamost_lrs", "lamost_dr5", run, 0, snr=80.0, night=56400)
        self.close("more_visits")

    def merge(self) -> None:
        """Merge the twin into the star, and give it the visit that came later."""
        super().merge()
        run = self.open(
            "stars_again", RunKind.STAR, previous_run_id=self.runs["merge"], linking_radius=3.0
        )
        self.member("visit_4", "star", run)
        self.close("stars_again")

    def withdraw(self) -> None:
        """Take a visit back."""
        run = self.open("withdraw_visit", RunKind.WITHDRAWAL)
        self.add(
            Withdrawal,
            run_id=run,
            action="withdrawn",
            reason="two stars in the fibre",
            spectrum_id=self.ids["visit_2"],
        )
        self.close("withdraw_visit")

    def retrain(self) -> None:
        """Train the model anew, on the re-reduced visit as well, and fit with it."""
        first = self.ids["training_set"]
        self.add_named(
            "training_set",
            TrainingSet,
            name="galah_overlap_again",
            sha256=sha("training again"),
            source="observed",
            labels=["teff", "fe_h"],
            recipe={"snr_g": ">50"},
        )
        assert self.ids["training_set"] != first
        self.add(
            TrainingMember,
            training_set_id=self.ids["training_set"],
            spectrum_id=self.ids["visit_1_again"],
            source_row_id=self.ids["galah_dr2_row"],
            labels=[5800.0, 0.1],
            fold=0,
            role="train",
        )
        self.model(RETRAINED)
        run = self.open_fit_run("fit_retrained", RETRAINED)
        for spectrum in NEW_VISITS:
            self.fit(RETRAINED, spectrum, run, labels=[5900.0, 4.4, 0.0, 0.1], chi2=2800.0)
        self.close("fit_retrained")

    def recombine(self) -> None:
        """Combine what the old model gives now, and what the new one gives."""
        old = self.combination_run(self.connection)
        about: dict[str, Any] = {
            column.name: getattr(old, column.name)
            for column in CombinationRun.__table__.columns
            if column.name not in ("run_id", "kind")
        }
        about |= {
            "star_run_id": self.runs["stars_again"],
            "as_of_run_id": self.runs["fit_retrained"],
        }
        again = about | {"previous_run_id": self.runs["combination"]}
        self._combined("combination_2", again, ("fit_payne_lamost", "fit_again"), NEW_VISITS[:2])
        new = about | {"model_id": self.ids[RETRAINED], "quality_run_id": None}
        self._combined("combination_retrained", new, ("fit_retrained",), NEW_VISITS)

    def _combined(
        self, name: str, about: dict[str, Any], inputs: Sequence[str], visits: Sequence[str]
    ) -> None:
        run = self.open(name, RunKind.COMBINATION, **about)
        for fits in inputs:
            self.add(CombinationInput, combination_run_id=run, fit_run_id=self.runs[fits])
        used = [self.ids[visit] for visit in visits]
        values = self.combination_values(
            run,
            spectrum_ids=used,
            best_spectrum_id=used[0],
            labels=[5900.0, 4.4, 0.0, 0.1],
            n_visits=len(used),
            n_nights=len(used),
        )
        self.add(Combination, **values)
        self.close(name)

    def recalibrate(self) -> None:
        """Derive a calibration of the new model's labels."""
        run = self.open(
            "calibration_retrained",
            RunKind.CALIBRATION,
            combination_run_id=self.runs["combination_retrained"],
            settings={"seed": 4},
        )
        values = self.calibration_values(
            run, 1, name="mg_fe_retrained", model_id=self.ids[RETRAINED]
        )
        number = self.add_named("calibration_retrained", Calibration, **values)
        self.add(
            CalibrationMember,
            calibration_id=number,
            member=1,
            star_id=self.ids["star"],
            role="fitted",
        )
        self.close("calibration_retrained")

    def draft_of_retrained(self, name: str = "dr2") -> Draft:
        """Return the draft of a release of the model that was trained anew."""
        return self.draft(
            name,
            title="The second",
            models=(RETRAINED,),
            combinations=(self.runs["combination_retrained"],),
            calibrations=(self.ids["calibration_retrained"],),
        )

    def combination_run(self, connection: Connection) -> Any:
        """Return the first combination run."""
        table = CombinationRun.__table__
        query = table.select().where(table.c.run_id == self.runs["combination"])
        return connection.execute(query).one()

    def draft(self, name: str = "dr1", **more: Any) -> Draft:
        """Return the draft of a release of one model."""
        given: dict[str, Any] = {
            "name": name,
            "title": "The first",
            "licence": "CC BY 4.0",
            "models": ("payne_lamost",),
            "combinations": (self.runs["combination"],),
            "calibrations": (self.ids["calibration_1"],),
        }
        return Draft(**given | more)

    def draft_of_two(self, name: str = "dr2", **more: Any) -> Draft:
        """Return the draft of a release of two models."""
        return self.draft(
            name,
            models=("payne_lamost", "dd_payne_lamost"),
            combinations=(self.runs["combination"], self.runs["combination_dd"]),
            recommended={
                "teff": "dd_payne_lamost", "logg": "payne_lamost", "fe_h": "payne_lamost",
            },
            **more,
        )  # fmt: skip


class GrowingWithOpenIngest(Growing):
    """The same, with an ingest that is still under way when its fits are combined."""

    def load_catalog(self) -> None:
        about = {"data_release_id": self.ids["lamost_dr5"], "content": "spectra"}
        self.open("left_open", RunKind.INGEST, **about)
        # Quality and combination look at the ledger as of a later run.
        self.open_fit_run("fit_open", "dd_payne_lamost")
        super().load_catalog()
