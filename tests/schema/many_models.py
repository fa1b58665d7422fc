"""A small ledger that a one-model toy could not hold.

Four models with different labels and further columns, three instruments, every kind of spectrum,
a re-reduced one, two stars that a later run merges, Gaia ids of two releases, a withdrawn visit
and a withdrawn model, two versions of a calibration, and a release that pins some of it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, insert, update

from starledger.schema.labels import label
from starledger.schema.runs import close_run, open_run
from starledger.schema.sky import healpix_cells
from starledger.schema.tables import (
    ApogeeStar,
    Calibration,
    CalibrationMember,
    CatalogLabel,
    Combination,
    CombinationInput,
    DataRelease,
    Fit,
    FitConfig,
    FitQuality,
    GaiaDr2Neighbour,
    GaiaSource,
    GalahStar,
    IngestFile,
    Instrument,
    Ledger,
    Model,
    ModelInstrument,
    ModelOutput,
    Neighbourhood,
    QualityOutput,
    ReferenceStar,
    RejectedRow,
    Release,
    ReleaseFlag,
    ReleaseLabel,
    ReleasePin,
    ReleaseView,
    RunKind,
    Shard,
    Spectrum,
    SpectrumParent,
    Star,
    StarEvent,
    StarMember,
    StarQuality,
    StarVersion,
    Survey,
    SurveyVisit,
    TrainingMember,
    TrainingSet,
    Withdrawal,
    Work,
)

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
SUN = {"teff": 5772.0, "logg": 4.44, "vmic": 1.1, "rv": 12.0}


def sha(text: str) -> str:
    """Return a SHA-256 to stand for some content."""
    return hashlib.sha256(text.encode()).hexdigest()


def position(ra: float, dec: float) -> dict[str, Any]:
    """Return the columns of a position."""
    return {"ra": ra, "dec": dec, "healpix": int(healpix_cells(ra, dec)[0]), "ref_epoch": 2000.0}


class ManyModels:
    """The small ledger: loads itself, and remembers the numbers of what it loaded by name."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.runs: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        self.load_surveys()
        self.load_catalogs()
        self.load_spectra()
        self.load_stars()
        self.load_models()
        self.load_fits()
        self.load_catalog()
        self.load_withdrawals()

    def add(self, table: type[Ledger], /, **values: Any) -> None:
        """Insert a row."""
        self.connection.execute(insert(table), values)

    def add_named(self, name: str, table: type[Ledger], /, **values: Any) -> int:
        """Insert a row and remember its number."""
        key = next(iter(table.__table__.primary_key))
        self.ids[name] = self.connection.execute(insert(table).returning(key), values).scalar_one()
        return self.ids[name]

    def open(self, name: str, kind: RunKind, /, **about: Any) -> int:
        """Open a run and remember its number."""
        self.runs[name] = open_run(self.connection, kind, **about)
        return self.runs[name]

    def close(self, name: str) -> None:
        """Close a run."""
        close_run(self.connection, self.runs[name])

    def load_surveys(self) -> None:
        for survey in ("lamost", "apogee", "sdss", "galah", "gaia"):
            self.add_named(survey, Survey, name=survey, title=survey.upper())
        for name, survey, low, high, power in (
            ("lamost_lrs", "lamost", 3700.0, 9000.0, 1800),
            ("apogee", "apogee", 15100.0, 17000.0, 22500),
            ("boss", "sdss", 3600.0, 10400.0, 2000),
        ):
            self.add_named(
                name,
                Instrument,
                survey_id=self.ids[survey],
                name=name,
                arms=["full"],
                wavelength_min=low,
                wavelength_max=high,
                wavelength_medium="vacuum",
                resolving_power=power,
            )
        for survey, name, version in (
            ("lamost", "dr5", "v1"),
            ("apogee", "dr14", "v1"),
            ("sdss", "dr16", "v1"),
            ("galah", "dr2", "v1"),
            ("galah", "dr3", "v2"),
            ("gaia", "dr2", "v1"),
            ("gaia", "dr3", "v1"),
        ):
            self.add_named(
                f"{survey}_{name}",
                DataRelease,
                survey_id=self.ids[survey],
                name=name,
                version=version,
            )

    def ingest(self, name: str, release: str, content: str = "catalog") -> int:
        """Open an ingest run that read one file."""
        run = self.open(name, RunKind.INGEST, data_release_id=self.ids[release], content=content)
        self.add(
            IngestFile,
            run_id=run,
            path=f"{name}.fits",
            sha256=sha(name),
            size=2880,
            n_read=3,
            n_inserted=2,
            n_new_version=0,
            n_unchanged=0,
            n_rejected=1,
        )
        self.add(
            RejectedRow, run_id=run, path=f"{name}.fits", row_number=2, reason="dec is -95 deg"
        )
        return run

    def load_catalogs(self) -> None:
        common = {**position(150.0, 2.0)}
        for release, source in (("gaia_dr2", 111), ("gaia_dr3", 222)):
            run = self.ingest(release, release)
            self.add(
                GaiaSource,
                data_release_id=self.ids[release],
                external_id=str(source),
                source_id=source,
                valid_from_run_id=run,
                pmra=-10.0,
                pmdec=3.0,
                parallax=5.0,
                err_parallax=0.02,
                **common,
            )
            self.close(release)
        run = self.ingest("neighbours", "gaia_dr3")
        self.add(
            GaiaDr2Neighbour,
            data_release_id=self.ids["gaia_dr3"],
            external_id="222-111",
            valid_from_run_id=run,
            gaia_dr2_source_id=111,
            gaia_dr3_source_id=222,
            separation=0.3,
        )
        self.close("neighbours")
        for release, ids in (
            ("galah_dr2", {"gaia_dr2_source_id": 111}),
            ("galah_dr3", {"gaia_dr3_source_id": 222}),
        ):
            run = self.ingest(release, release)
            for place, name in enumerate(("teff", "fe_h"), 1):
                self.add(
                    CatalogLabel,
                    data_release_id=self.ids[release],
                    position=place,
                    label=name,
                    source_column=name,
                    equilibrium="LTE",
                )
            self.add_named(
                f"{release}_row",
                GalahStar,
                data_release_id=self.ids[release],
                external_id="160101",
                sobject_id=160101,
                valid_from_run_id=run,
                labels=[5800.0, None],
                errors=[50.0, None],
                **ids,
                **common,
            )
            self.close(release)
        run = self.ingest("apogee_stars", "apogee_dr14")
        about = {"data_release_id": self.ids["apogee_dr14"], "valid_from_run_id": run, **common}
        self.add(ApogeeStar, external_id="a", apogee_id="2M10000000+0200000", **about)
        self.add(ReferenceStar, external_id="r", class_name="wide binary", **about)
        self.close("apogee_stars")
        run = self.ingest("lamost_list", "lamost_dr5")
        self.add_named(
            "lamost_row",
            SurveyVisit,
            data_release_id=self.ids["lamost_dr5"],
            external_id="101001",
            valid_from_run_id=run,
            snr_g=80.0,
            **common,
        )
        self.close("lamost_list")

    def load_spectra(self) -> None:
        run = self.ingest("lamost_spectra", "lamost_dr5", "spectra")
        self.shard("lamost_lrs", run)
        for row, (name, kind, snr) in enumerate(
            (
                ("exposure_1", "exposure", 40.0),
                ("exposure_2", "exposure", 45.0),
                ("visit_1", "visit", 60.0),
                ("visit_2", "visit", 90.0),
                ("visit_3", "visit", 30.0),
                ("coadd", "coadd", 110.0),
                ("visit_other", "visit", 70.0),
            )
        ):
            self.spectrum(name, "lamost_lrs", "lamost_dr5", run, row, kind=kind, snr=snr)
        for child, parent in (
            ("visit_1", "exposure_1"),
            ("visit_1", "exposure_2"),
            ("coadd", "visit_1"),
            ("coadd", "visit_2"),
        ):
            self.add(SpectrumParent, spectrum_id=self.ids[child], parent_id=self.ids[parent])
        self.close("lamost_spectra")
        for instrument, release in (("apogee", "apogee_dr14"), ("boss", "sdss_dr16")):
            run = self.ingest(f"{instrument}_spectra", release, "spectra")
            self.shard(instrument, run)
            self.spectrum(f"{instrument}_visit", instrument, release, run, 0, snr=100.0)
            self.close(f"{instrument}_spectra")

    def shard(self, instrument: str, run: int) -> None:
        """Add a shard."""
        self.add_named(
            f"shard_{instrument}_{run}",
            Shard,
            run_id=run,
            instrument_id=self.ids[instrument],
            path=f"{instrument}/{run}.shard",
            sha256=sha(f"{instrument}{run}"),
            n_spectra=8,
            n_pixels=3700,
            grid_kind="log10",
            grid_start=3700.0,
            grid_step=1e-4,
            wavelength_medium="vacuum",
        )
        self.ids[f"shard_{instrument}"] = self.ids[f"shard_{instrument}_{run}"]

    def spectrum(
        self, name: str, instrument: str, release: str, run: int, row: int, **more: Any
    ) -> int:
        """Add a spectrum."""
        values = {
            "data_release_id": self.ids[release],
            "external_id": name,
            "valid_from_run_id": run,
            "instrument_id": self.ids[instrument],
            "kind": "visit",
            "mjd_mid": 56000.25 + row,
            "time_scale": "utc",
            "night": 56000 + row,
            "frame": "barycentric",
            "shard_id": self.ids[f"shard_{instrument}"],
            "shard_row": row,
            "file_name": f"{name}.fits",
            **position(150.0, 2.0),
        }
        return self.add_named(name, Spectrum, **values | more)

    def load_stars(self) -> None:
        run = self.open(
            "crossmatch",
            RunKind.CROSSMATCH,
            left_table="survey_visit",
            left_data_release_id=self.ids["lamost_dr5"],
            right_table="galah_star",
            right_data_release_id=self.ids["galah_dr2"],
            as_of_run_id=self.runs["boss_spectra"],
            radius=3.0,
            best_rule="nearest",
        )
        self.add(
            Neighbourhood,
            crossmatch_run_id=run,
            left_row_id=self.ids["lamost_row"],
            right_row_id=self.ids["galah_dr2_row"],
            origin="position",
            separation=0.2,
            epoch=2015.5,
            rank=1,
            n_neighbours=1,
            n_mates=1,
        )
        self.close("crossmatch")
        run = self.open("stars", RunKind.STAR, linking_radius=3.0, crossmatch_run_id=run)
        for star in ("star", "twin"):
            self.star(star, run)
        for name in (
            "exposure_1", "exposure_2", "visit_1", "visit_2", "visit_3", "coadd",
            "apogee_visit", "boss_visit",
        ):  # fmt: skip
            self.member(name, "star", run)
        self.member("visit_other", "twin", run)
        self.close("stars")

    def star(self, name: str, run: int) -> None:
        """Add a star and what the run found it to be."""
        self.add_named(name, Star, created_run_id=run)
        self.add(
            StarVersion,
            star_id=self.ids[name],
            star_run_id=run,
            gaia_dr3_source_id=222,
            starid="S1500000+020000",
            **position(150.0, 2.0),
        )

    def member(self, spectrum: str, star: str, run: int) -> None:
        """Assign a spectrum to a star."""
        self.add(
            StarMember,
            spectrum_id=self.ids[spectrum],
            star_id=self.ids[star],
            star_run_id=run,
        )

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
            system=name.rsplit("_", 1)[0],
            sha256=sha(name),
            path=name,
            training_run_id=run,
            n_labels=len(LABELS[name]),
            n_extras=len(EXTRAS[name]),
            description="for tests",
        )
        self.add(
            ModelInstrument,
            model_id=self.ids[name],
            instrument_id=self.ids[INSTRUMENT_OF[name]],
        )
        for place, output in enumerate(LABELS[name], 1):
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
        for place, output in enumerate(EXTRAS[name], 1):
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
        n = len(LABELS[model])
        return {
            "model_id": self.ids[model],
            "spectrum_id": self.ids[spectrum],
            "fit_config_id": self.ids["config"],
            "fit_run_id": run,
            "outcome": "good",
            "labels": [SUN.get(name, 0.0) for name in LABELS[model]],
            "errors": [0.1] * n,
            "bounds": [0.05] * n,
            "label_flags": [0] * n,
            "covariance": [0.01] * (n * (n + 1) // 2),
            "extras": [1.0] * len(EXTRAS[model]),
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
