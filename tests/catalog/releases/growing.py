"""The small ledger of many models as it was when nothing was published, and what came later."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from starledger.catalog.releases.draft import Draft
from starledger.schema.tables import Combination, CombinationInput, CombinationRun, RunKind
from tests.schema.many_models import ManyModels
from tests.schema.small_survey import sha


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
        """Withdraw a visit, re-reduce another, merge two stars, and combine what changed."""
        self.connection = connection
        super().load_withdrawals()
        about: dict[str, Any] = {
            column.name: getattr(self.combination_run(connection), column.name)
            for column in CombinationRun.__table__.columns
            if column.name not in ("run_id", "kind")
        }
        about |= {
            "star_run_id": self.runs["merge"],
            "as_of_run_id": self.runs["fit_again"],
            "previous_run_id": self.runs["combination"],
        }
        run = self.open("combination_2", RunKind.COMBINATION, **about)
        for fits in ("fit_payne_lamost", "fit_again"):
            self.add(CombinationInput, combination_run_id=run, fit_run_id=self.runs[fits])
        used = [self.ids["visit_1_again"], self.ids["visit_other"]]
        values = self.combination_values(
            run, spectrum_ids=used, best_spectrum_id=used[0], labels=[5900.0, 4.4, 0.0, 0.1]
        )
        self.add(
            Combination,
            **values,
        )
        self.close("combination_2")

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
