"""A sky of stars with repeats: what their visits are, and what a model finds of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, update

from starledger.schema.tables import (
    Fit,
    FitQuality,
    RunKind,
    Spectrum,
    StarEvent,
    Withdrawal,
)
from tests.schema.fitted_models import LABELS
from tests.schema.many_models import ManyModels
from tests.schema.small_survey import SmallSurvey, sha

MODEL = "payne_lamost"
N = len(LABELS[MODEL])
TRUTH = np.array([5772.0, 4.44, 0.0, 0.1])
SIGMA = np.array([30.0, 0.05, 0.03, 0.04])
NO_LABELS = dict.fromkeys(("labels", "errors", "bounds", "label_flags", "covariance", "chi2"))


class Sky(ManyModels):
    """The small survey with models but no fits, and whatever a test puts beside it."""

    def __init__(self, connection: Connection) -> None:
        SmallSurvey.__init__(self, connection)
        self.load_models()
        self.rng = np.random.default_rng(7)
        self.row = 0
        self.last_star_run = self.runs["stars"]

    def observe(self, visits: dict[str, list[str]], **more: Any) -> None:
        """Take spectra of stars, by the stars' names, and assign them in a star run."""
        self.take([name for names in visits.values() for name in names], **more)
        run = self.open_star_run()
        for star, names in visits.items():
            if star not in self.ids:
                self.star(star, run)
            for name in names:
                self.member(name, star, run)
        self.close("assign")

    def take(self, names: list[str], **more: Any) -> int:
        """Take spectra that belong to no star yet, each in a night of its own."""
        run = self.ingest(f"spectra_{self.row}", "lamost_dr5", "spectra")
        self.shard("lamost_lrs", run)
        for name in names:
            self.row += 1
            about = {"snr": 40.0 + self.row % 7, **more}
            self.spectrum(name, "lamost_lrs", "lamost_dr5", run, self.row, **about)
        self.close(f"spectra_{self.row - len(names)}")
        return run

    def open_star_run(self) -> int:
        """Open the next star run."""
        run = self.open(
            "assign", RunKind.STAR, previous_run_id=self.last_star_run, linking_radius=3.0
        )
        self.last_star_run = run
        return run

    def move(self, names: list[str], origin: str, star: str, event: str) -> None:
        """Let spectra be of another star from now on."""
        run = self.open_star_run()
        if star not in self.ids:
            self.star(star, run)
        for name in names:
            self.member(name, star, run)
        self.add(
            StarEvent,
            star_run_id=run,
            from_star_id=self.ids[origin],
            to_star_id=self.ids[star],
            event=event,
        )
        self.close("assign")

    def replace(self, name: str, star: str) -> None:
        """Bring a second version of a spectrum, of the same star."""
        run = self.ingest(f"again_{name}", "lamost_dr5", "spectra")
        self.shard("lamost_lrs", run)
        old = Spectrum.spectrum_id == self.ids[name]
        self.connection.execute(update(Spectrum).where(old).values(valid_to_run_id=run))
        self.spectrum(
            f"{name}_again", "lamost_lrs", "lamost_dr5", run, 0,
            external_id=name, version=2, snr=65.0, night=56500 + self.row,
        )  # fmt: skip
        self.close(f"again_{name}")
        run = self.open_star_run()
        self.member(f"{name}_again", star, run)
        self.close("assign")

    def withdraw(self, action: str = "withdrawn", /, **subject: int) -> None:
        """Take something back, or restore it."""
        run = self.open("withdraw", RunKind.WITHDRAWAL)
        self.add(Withdrawal, run_id=run, action=action, reason="a test", **subject)
        self.close("withdraw")

    def fit_all(self, names: list[str], **more: Any) -> None:
        """Fit spectra in one run: each is the truth, with noise of the covariance that it tells."""
        run = self.open_fit_run("fits", MODEL)
        for name in names:
            self.fit(MODEL, name, run, **self.noisy() | more)
        self.close("fits")

    def noisy(self, times: float = 1.0) -> dict[str, Any]:
        """Return labels with noise, and the errors and covariance that the noise has."""
        covariance = correlated(self.rng) * np.outer(SIGMA, SIGMA) * times**2
        labels = self.rng.multivariate_normal(TRUTH, covariance)
        return {
            "labels": labels.tolist(),
            "errors": np.sqrt(np.diag(covariance)).tolist(),
            "covariance": covariance[np.tril_indices(N)].tolist(),
            "rv": float(self.rng.normal(20.0, 1.0)),
            "err_rv": 1.0,
            "label_flags": [0] * N,
        }

    def judge(self, **found: dict[str, Any]) -> int:
        """Let a quality run find something of fits, by the names of their spectra."""
        run = self.open(
            "judged",
            RunKind.QUALITY,
            model_id=self.ids[MODEL],
            fit_config_id=self.ids["config"],
            as_of_run_id=self.runs["fits"],
            definition_sha256=sha("judged"),
            definition={},
        )
        for name, flags in found.items():
            about = {"model_id": self.ids[MODEL], "fit_config_id": self.ids["config"]}
            self.add(
                FitQuality,
                quality_run_id=run,
                spectrum_id=self.ids[name],
                **about | {"flags": 0} | flags,
            )
        self.close("judged")
        return run

    def fits_of(self, *names: str) -> list[Any]:
        """Return the rows of fits by the names of their spectra, in their order."""
        ids = [self.ids[name] for name in names]
        table = Fit.__table__
        found = self.connection.execute(table.select().where(Fit.spectrum_id.in_(ids))).all()
        return [next(row for row in found if row.spectrum_id == one) for one in ids]


def correlated(rng: np.random.Generator, n: int = N) -> NDArray[np.float64]:
    """Return the correlations of labels that go together."""
    mixed = rng.normal(size=(n, n)) + 1.5 * np.eye(n)
    product = mixed @ mixed.T
    scale = np.sqrt(np.diag(product))
    return np.asarray(product / np.outer(scale, scale))


def whole(packed: list[float], n: int = N) -> NDArray[np.float64]:
    """Return a matrix from its lower triangle."""
    matrix = np.zeros((n, n))
    matrix[np.tril_indices(n)] = packed
    return matrix + np.tril(matrix, -1).T
