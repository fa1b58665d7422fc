"""A survey of the simulated population whose labels are wrong in a known way.

Combinations of one or two visits, with wide binaries, an M67, and a reference catalog of part of
the field. Trends in Teff and log g and a zero point are injected, and errors are too small.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import psycopg
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from starledger.catalog.calibrate.formula import FloatArray
from starledger.compute.simulate.population.clusters import CLUSTERS
from starledger.compute.simulate.population.stars import Stars
from starledger.compute.simulate.population.truth import Mixture, draw_stars
from starledger.schema.copying import copy_batch
from starledger.schema.flags import Scope, mask
from starledger.schema.partitions import ensure_partition
from starledger.schema.sky import healpix_cells
from starledger.schema.tables import (
    CatalogLabel,
    CombinationInput,
    DataRelease,
    RunKind,
)
from tests.schema import many_models
from tests.schema.small_survey import sha

LABELS = ("teff", "logg", "fe_h", "mg_fe")
DRAWN = 9000
FIRST_STAR, FIRST_SPECTRUM, FIRST_ROW = 100_000, 1_000_000, 5_000_000
FORMAL = np.array([15.0, 0.03, 0.015, 0.012])
"""Errors that a visit of signal-to-noise ratio 100 claims."""


def wanted(label: str, teff: FloatArray, logg: FloatArray) -> FloatArray:
    """Return the correction that the raw labels need: what the derived ones should find."""
    u = (teff - 5772.0) / 1000.0
    match label:
        case "teff":
            return np.where((teff < 5400) & (logg < 4), 80.0 - 20.0 * u, 40.0 + 50.0 * u)
        case "mg_fe":
            return 0.07 + 0.08 * u - 0.05 * u**2 + 0.05 * (logg - 4.44) + 0.015 * (logg - 4.44) ** 2
        case _:
            return np.zeros(len(teff))


def true_factor(snr: FloatArray, teff: FloatArray) -> FloatArray:
    """Return how much larger the errors of a visit are than it claims: 1.3 at 20, 3 at 200."""
    return 1.1 + 0.95 * snr / 100.0 + 0.1 * (teff - 5772.0) / 1000.0


class Sky(many_models.ManyModels):
    """The survey; arrays are in the order of `star_id`.

    Parameters
    ----------
    connection
        An empty ledger, to which all is written.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.rng = np.random.default_rng(20)
        self.stars = self._drawn()
        self.star_id = FIRST_STAR + np.arange(len(self.stars))
        self.truth = np.stack([self.stars.label(name) for name in LABELS], axis=1)
        self.n_visits = np.where(self.rng.random(len(self.stars)) < 0.5, 2, 1)
        self.flagged = np.arange(len(self.stars)) % 97 == 0
        self._observe()
        self._write_stars()
        self._write_fits()
        self._write_combinations()
        self._write_references()

    def _drawn(self) -> Stars:
        stars = draw_stars(DRAWN, seed=5, mixture=Mixture(clusters=0.07, wide=0.4))
        teff = stars.label("teff")
        kept = np.flatnonzero((teff > 4000) & (teff < 7000) & (stars.label("fe_h") > -1.5))
        return stars.take(kept)

    @property
    def partner(self) -> NDArray[np.int64]:
        """Place of each star's wide partner, -1 without."""
        place = np.full(DRAWN, -1)
        place[self.stars.number] = np.arange(len(self.stars))
        partner = self.stars.wide_partner
        return np.where(partner >= 0, place[partner], -1)

    @property
    def is_m67(self) -> NDArray[np.bool_]:
        """Which stars are of M67."""
        return np.asarray(self.stars.cluster == [one.name for one in CLUSTERS].index("M67"))

    def pairs(self) -> NDArray[np.int64]:
        """Return places of stars and partners, each pair once; of dwarfs with dwarfs."""
        here = np.arange(len(self.stars))
        pairs = np.stack([here, self.partner], axis=1)[(self.partner > here)]
        logg = self.truth[:, 1]
        return np.asarray(pairs[(logg[pairs] > 4.0).all(axis=1)])

    def _observe(self) -> None:
        count = len(self.stars)
        self.snr = np.clip(60.0 * np.exp(0.5 * self.rng.standard_normal(count)), 15.0, 250.0)
        teff, logg = self.truth[:, 0], self.truth[:, 1]
        bias = np.stack([wanted(name, teff, logg) for name in LABELS], axis=1)
        self.visit_error = FORMAL * (100.0 / self.snr)[:, None]
        width = self.visit_error * true_factor(self.snr, teff)[:, None]
        noise = self.rng.standard_normal((2, count, len(LABELS)))
        self.visits = (self.truth - bias + width * noise).astype(np.float32)
        both = (self.n_visits == 2)[:, None]
        self.labels = np.where(both, self.visits.mean(axis=0), self.visits[0])
        self.errors = self.visit_error / np.sqrt(self.n_visits)[:, None]
        self.total_snr = self.snr * np.sqrt(self.n_visits)

    def _copy(self, table: str, **columns: Any) -> None:
        count = max(len(one) for one in columns.values() if isinstance(one, np.ndarray | pa.Array))
        batch = pa.record_batch(
            {
                name: one
                if isinstance(one, pa.Array)
                else pa.array(one)
                if isinstance(one, np.ndarray)
                else pa.array([one] * count)
                for name, one in columns.items()
            }
        )
        driver = cast("psycopg.Connection[object]", self.connection.connection.driver_connection)
        with driver.cursor() as cursor:
            copy_batch(cursor, ("ledger", table), batch)

    def _place(self, rows: NDArray[np.int64]) -> dict[str, Any]:
        ra, dec = self.stars.ra[rows] % 360.0, self.stars.dec[rows]
        return {"ra": ra, "dec": dec, "healpix": healpix_cells(ra, dec)}

    def _write_stars(self) -> None:
        self.load_shard()
        run = self.open(
            "sky_stars", RunKind.STAR, linking_radius=3.0, previous_run_id=self.runs["merge"]
        )
        everyone = np.arange(len(self.stars))
        self._copy("star", star_id=self.star_id, created_run_id=run)
        self._copy(
            "star_version",
            star_id=self.star_id,
            star_run_id=run,
            gaia_dr3_source_id=self.stars.gaia_dr3_source_id,
            starid="S0000000+000000",
            ref_epoch=2016.0,
            pmra=self.stars.pmra,
            pmdec=self.stars.pmdec,
            **self._place(everyone),
        )
        self._copy(
            "star_member",
            spectrum_id=self.spectrum_id,
            star_run_id=run,
            star_id=self.star_id[self.of_star],
        )
        self.close("sky_stars")

    def load_shard(self) -> None:
        """Add the spectra: one a visit, those of a star on different nights."""
        run = self.ingest("sky_spectra", "lamost_dr5", "spectra")
        self.shard("lamost_lrs", run)
        first = np.arange(len(self.stars))
        second = np.flatnonzero(self.n_visits == 2)
        self.of_star = np.concatenate([first, second])
        self.visit = np.repeat([0, 1], [len(first), len(second)])
        count = len(self.of_star)
        self.spectrum_id = FIRST_SPECTRUM + np.arange(count)
        self._copy(
            "spectrum",
            spectrum_id=self.spectrum_id,
            data_release_id=pa.array([self.ids["lamost_dr5"]] * count, pa.int32()),
            external_id=pa.array([f"sky_{number}" for number in range(count)]),
            version=pa.array([1] * count, pa.int16()),
            valid_from_run_id=run,
            instrument_id=pa.array([self.ids["lamost_lrs"]] * count, pa.int32()),
            kind="visit",
            arm="full",
            mjd_mid=57000.25 + self.visit,
            time_scale="utc",
            night=(57000 + self.visit).astype(np.int32),
            frame="barycentric",
            snr=self.snr[self.of_star].astype(np.float32),
            shard_id=pa.array([self.ids["shard_lamost_lrs"]] * count, pa.int32()),
            shard_row=np.arange(count, dtype=np.int32),
            file_name="sky.fits",
            sha256=sha("sky"),
            ref_epoch=2016.0,
            **self._place(self.of_star),
        )
        self.close("sky_spectra")

    def _write_fits(self) -> None:
        run = self.open_fit_run("sky_fits", "payne_lamost")
        count = len(self.of_star)
        self._copy(
            "fit",
            model_id=pa.array([self.ids["payne_lamost"]] * count, pa.int32()),
            spectrum_id=self.spectrum_id,
            fit_config_id=pa.array([self.ids["config"]] * count, pa.int32()),
            fit_run_id=run,
            outcome="good",
            labels=_arrays(self.visits[self.visit, self.of_star]),
            errors=_arrays(self.visit_error[self.of_star]),
            n_pixels=np.full(count, 3000, np.int32),
            worker="sky",
            software_version="0",
        )
        self.close("sky_fits")

    def _write_combinations(self) -> None:
        run = self.open(
            "sky_combination",
            RunKind.COMBINATION,
            model_id=self.ids["payne_lamost"],
            fit_config_id=self.ids["config"],
            star_run_id=self.runs["sky_stars"],
            as_of_run_id=self.runs["sky_fits"],
            spectrum_kind="visit",
            arm="full",
            settings_sha256=sha("sky"),
            settings={},
        )
        self.add(CombinationInput, combination_run_id=run, fit_run_id=self.runs["sky_fits"])
        second = np.full(len(self.stars), -1)
        second[self.of_star[self.visit == 1]] = self.spectrum_id[self.visit == 1]
        used = np.stack([self.spectrum_id[self.visit == 0], second], axis=1)
        for number in (1, 2):
            mine = self.n_visits == number
            count = int(mine.sum())
            self._copy(
                "combination",
                combination_run_id=pa.array([run] * count),
                star_id=self.star_id[mine],
                labels=_arrays(self.labels[mine]),
                errors=_arrays(self.errors[mine]),
                rv=self.stars.rv[mine].astype(np.float32),
                snr=self.total_snr[mine].astype(np.float32),
                n_visits=np.full(count, number, np.int16),
                n_nights=np.full(count, number, np.int16),
                n_rejected=np.zeros(count, np.int16),
                flags=np.where(self.flagged[mine], mask(Scope.STAR, "double_lined"), 0),
                best_spectrum_id=used[mine, 0],
                spectrum_ids=_arrays(used[mine, :number], pa.int64()),
            )
        self.close("sky_combination")

    def _write_references(self) -> None:
        self._write_galah()
        self._write_crossmatch()
        self._write_pairs()

    def _release(self, name: str, survey: str) -> int:
        number = self.add_named(
            f"{survey}_{name}",
            DataRelease,
            survey_id=self.ids[survey],
            name=name,
            version="v1",
        )
        for place, label in enumerate(LABELS, 1):
            self.add(
                CatalogLabel,
                data_release_id=number,
                position=place,
                label=label,
                source_column=label,
                equilibrium="NLTE",
            )
        return number

    def _write_galah(self) -> None:
        """Write true labels of a third of the field, neither of M67 nor of wide pairs."""
        number = self._release("dr4", "galah")
        run = self.ingest("galah_dr4", "galah_dr4")
        free = ~self.is_m67 & (self.partner < 0)
        rows = np.flatnonzero(free & (self.rng.random(len(free)) < 0.33))
        count = len(rows)
        error = np.broadcast_to(np.array([40.0, 0.05, 0.03, 0.04]), (count, 4))
        values = self.truth[rows] + error * self.rng.standard_normal((count, 4))
        values[:20, 3] += 2.0  # outliers
        # Every eighth of the other stars has a row that GALAH itself calls bad.
        bad = np.setdiff1d(np.flatnonzero(free), rows)[::8]
        self.in_galah, self.bad_in_galah = rows, self.star_id[bad]
        off = self.truth[bad] + np.array([300.0, 0.3, 0.2, 0.3])
        rows, values = np.concatenate([rows, bad]), np.concatenate([values, off])
        count = len(rows)
        error = np.broadcast_to(error[0], (count, 4))
        ensure_partition(self.connection, "galah_star", number)
        self._copy(
            "galah_star",
            row_id=FIRST_ROW + rows,
            data_release_id=pa.array([number] * count, pa.int32()),
            external_id=pa.array([str(row) for row in rows]),
            sobject_id=rows,
            valid_from_run_id=run,
            gaia_dr3_source_id=self.stars.gaia_dr3_source_id[rows],
            labels=_arrays(values),
            errors=_arrays(error),
            survey_flags=np.isin(rows, bad).astype(np.int64),
            ref_epoch=2016.0,
            **self._place(rows),
        )
        self.close("galah_dr4")

    def _write_crossmatch(self) -> None:
        """Match the first spectrum of each star with its row of the catalog."""
        run = self.open(
            "sky_match",
            RunKind.CROSSMATCH,
            left_table="spectrum",
            left_data_release_id=self.ids["lamost_dr5"],
            right_table="galah_star",
            right_data_release_id=self.ids["galah_dr4"],
            as_of_run_id=self.runs["galah_dr4"],
            radius=3.0,
            best_rule="nearest",
        )
        count = len(self.in_galah)
        self._copy(
            "neighbourhood",
            crossmatch_run_id=run,
            left_row_id=self.spectrum_id[self.in_galah],
            right_row_id=FIRST_ROW + self.in_galah,
            origin="position",
            separation=np.full(count, 0.1),
            **{name: np.ones(count, np.int16) for name in ("rank", "n_neighbours", "n_mates")},
        )
        self.close("sky_match")

    def _write_pairs(self) -> None:
        """Write a catalog of wide pairs that names partners: all but each third pair."""
        number = self._release("pairs", "gaia")
        run = self.ingest("gaia_pairs", "gaia_pairs")
        pairs = self.pairs()
        held_out = np.arange(len(pairs)) % 3 == 0
        self.held_out_pairs = pairs[held_out]
        rows, partners = np.concatenate([pairs[~held_out], pairs[~held_out][:, ::-1]]).T
        ensure_partition(self.connection, "reference_star", number)
        self._copy(
            "reference_star",
            row_id=2 * FIRST_ROW + rows,
            data_release_id=pa.array([number] * len(rows), pa.int32()),
            external_id=pa.array([str(row) for row in rows]),
            partner_external_id=pa.array([str(row) for row in partners]),
            valid_from_run_id=run,
            gaia_dr3_source_id=self.stars.gaia_dr3_source_id[rows],
        )
        self.close("gaia_pairs")


def _arrays(values: NDArray[Any], kind: Any = None) -> pa.Array:
    plain = (
        pa.array(np.ascontiguousarray(values).ravel(), kind)
        if kind
        else pa.array(np.ascontiguousarray(values, np.float32).ravel())
    )
    return pa.FixedSizeListArray.from_arrays(plain, values.shape[1])
