"""A small survey: catalogs, spectra of every kind on three instruments, and two stars."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, insert

from starledger.schema.partitions import ensure_partition, is_divided
from starledger.schema.runs import close_run, open_run
from starledger.schema.sky import healpix_cells
from starledger.schema.tables import (
    ApogeeStar,
    CatalogLabel,
    DataRelease,
    GaiaDr2Neighbour,
    GaiaSource,
    GalahStar,
    IngestFile,
    Instrument,
    Ledger,
    Neighbourhood,
    ReferenceStar,
    RejectedRow,
    RunKind,
    Shard,
    Spectrum,
    SpectrumParent,
    Star,
    StarMember,
    StarVersion,
    Survey,
    SurveyVisit,
)


def sha(text: str) -> str:
    """Return a SHA-256 to stand for some content."""
    return hashlib.sha256(text.encode()).hexdigest()


def position(ra: float, dec: float) -> dict[str, Any]:
    """Return the columns of a position."""
    return {"ra": ra, "dec": dec, "healpix": int(healpix_cells(ra, dec)[0]), "ref_epoch": 2000.0}


class SmallSurvey:
    """What a small survey left in the ledger, and the numbers of its rows and runs by name."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.runs: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        self.load_surveys()
        self.load_catalogs()
        self.load_spectra()
        self.load_stars()

    def add(self, table: type[Ledger], /, **values: Any) -> None:
        """Insert a row."""
        self._make_room(table, values)
        self.connection.execute(insert(table), values)

    def add_named(self, name: str, table: type[Ledger], /, **values: Any) -> int:
        """Insert a row and remember its number."""
        self._make_room(table, values)
        key = next(iter(table.__table__.primary_key))
        self.ids[name] = self.connection.execute(insert(table).returning(key), values).scalar_one()
        return self.ids[name]

    def _make_room(self, table: type[Ledger], values: dict[str, Any]) -> None:
        if is_divided(table.__tablename__):
            ensure_partition(self.connection, table.__tablename__, values["data_release_id"])

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
        self._load_gaia(position(150.0, 2.0))
        self._load_surveys_of_stars(position(150.0, 2.0))

    def _load_gaia(self, common: dict[str, Any]) -> None:
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

    def _load_surveys_of_stars(self, common: dict[str, Any]) -> None:
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
            "sha256": sha(name),
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
