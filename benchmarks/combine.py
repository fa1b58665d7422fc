"""Combine N fits of N/2 stars, beside a pandas pipeline with the same arithmetic and output.

    python benchmarks/combine.py                          # 10⁶ fits; needs pandas
    python benchmarks/combine.py --fits 10000000 --alone

Fits have 20 labels and their whole covariance; half of the stars have one visit, a quarter two,
and so on, and the visits of a star lie anywhere in the table. The pandas pipeline reads the same
columns of the same visits by ``read_sql``, in chunks sorted by star, makes arrays of its lists,
calls our own arithmetic (so that its speed is not in the comparison), makes a DataFrame of the
stars, and writes its rows to the same table by COPY.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from made_up_survey import PER_SHARD, fresh_ledger, untrained
from sqlalchemy import Connection, insert, text

from starledger.catalog.combine.combination import combine
from starledger.catalog.combine.packing import triangle
from starledger.catalog.combine.reading import _columns
from starledger.catalog.combine.selection import ordered
from starledger.catalog.combine.settings import CombineSettings
from starledger.catalog.combine.stars import Combined, combined
from starledger.catalog.combine.task import Choice, task_of
from starledger.catalog.combine.visits import Visits
from starledger.compute.models.fit_configs import ensure_fit_config
from starledger.compute.models.registry import Registration, register
from starledger.ingest.crossmatch.matching import driver_of
from starledger.ingest.surveys import Release, ensure_data_release, ensure_instrument
from starledger.schema.copying import copy_rows
from starledger.schema.database import Database
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import CombinationInput, CombinationRun, RunKind

N_LABELS = 20
BLOCK = 50_000
SURVEY = """
    INSERT INTO ledger.shard (run_id, instrument_id, path, sha256, n_spectra, n_pixels, grid_kind,
        grid_start, grid_step, wavelength_medium, mask_bits)
    SELECT {run}, {instrument}, 'made/up/' || n, md5(n::text) || md5(n::text), {each}, 3700,
        'log10', 3800.0, 1e-4, 'vacuum', '{{}}' FROM generate_series(0, {fits} / {each}) n;
    INSERT INTO ledger.spectrum (spectrum_id, data_release_id, external_id, version,
        valid_from_run_id, instrument_id, kind, arm, frame, shard_id, shard_row, file_name, sha256,
        snr, snr_z, ra, dec, healpix, ref_epoch, mjd_mid, time_scale, night)
    SELECT n, {release}, 'visit_' || n, 1, {run}, {instrument}, 'visit', 'full', 'barycentric',
        1 + n / {each}, n % {each}, n || '.fits', repeat('0', 64), 20 + n % 200, 20 + n % 190,
        (n % 3600) / 10.0, (n % 1000) / 100.0, n, 2000.0, 56000.0 + n / 5000, 'utc',
        56000 + n / 5000 FROM generate_series(1, {fits}) n;
    INSERT INTO ledger.star (star_id, created_run_id)
        SELECT n, {stars_run} FROM generate_series(1, {stars}) n
"""


def visits_of_stars(rng: np.random.Generator, fits: int) -> np.ndarray[Any, Any]:
    """Return the star of each fit: as many stars as half the fits, numbered from 1."""
    counts = rng.geometric(0.5, fits // 2)
    star = np.repeat(np.arange(1, len(counts) + 1), counts)
    short = fits - len(star)
    if short > 0:
        star = np.concatenate([star, rng.integers(1, len(counts) + 1, short)])
    return rng.permutation(star)[:fits]


def fill(database: Database, fits: int) -> None:
    """Enter spectra, stars and fits; their keys are right by the way they are made."""
    assert database.server is not None
    engine, rng = database.engine(), np.random.default_rng(1)
    model = register(
        engine,
        database.server.home / "models",
        untrained(N_LABELS, 64, 4),
        Registration(name="bench", description="a benchmark", instruments=("lamost_lrs",)),
    )
    star = visits_of_stars(rng, fits)
    with engine.begin() as connection:
        release = ensure_data_release(connection, Release("lamost", "dr5", "v1", "spectra"))
        config = ensure_fit_config(connection, {"bench": 1})
        ids = {
            "fits": fits, "stars": int(star.max()), "each": PER_SHARD, "release": release,
            "instrument": ensure_instrument(connection, "lamost_lrs"),
            "run": open_run(
                connection, RunKind.INGEST, data_release_id=release, content="spectra"
            ),
            "stars_run": open_run(connection, RunKind.STAR, linking_radius=3.0),
        }  # fmt: skip
        fit_run = open_run(
            connection, RunKind.FIT, model_id=model.model_id, fit_config_id=config,
            selection="all", n_planned=fits,
        )  # fmt: skip
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in SURVEY.format(**ids).split(";\n"):
            connection.exec_driver_sql(statement.replace("%", "%%"))
        with driver_of(connection) as own:
            members = _members(star, ids["stars_run"])
            copy_rows(own.cursor(), ("ledger", "star_member"), members)
            rows = _fits(rng, star, model.model_id, config, fit_run)
            copy_rows(own.cursor(), ("ledger", "fit"), rows)
        for run in (ids["run"], ids["stars_run"], fit_run):
            close_run(connection, run)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _members(star: np.ndarray[Any, Any], run: int) -> Iterator[pa.RecordBatch]:
    for first in range(0, len(star), BLOCK):
        some = star[first : first + BLOCK]
        yield pa.record_batch(
            {
                "spectrum_id": pa.array(np.arange(first + 1, first + 1 + len(some))),
                "star_run_id": pa.array(np.full(len(some), run)),
                "star_id": pa.array(some),
            }
        )


def _fits(
    rng: np.random.Generator, star: np.ndarray[Any, Any], model: int, config: int, run: int
) -> Iterator[pa.RecordBatch]:
    mixed = rng.normal(size=(N_LABELS, N_LABELS)) + 3 * np.eye(N_LABELS)
    product = mixed @ mixed.T
    scale = np.sqrt(np.diag(product))
    correlation = product / np.outer(scale, scale)
    root = np.linalg.cholesky(correlation)
    i, j = triangle(N_LABELS)
    for first in range(0, len(star), BLOCK):
        some = star[first : first + BLOCK]
        sigma = rng.uniform(0.02, 0.1, (len(some), N_LABELS))
        truth = np.sin(np.outer(some, np.arange(1, N_LABELS + 1)))
        labels = truth + sigma * (rng.normal(size=sigma.shape) @ root.T)
        covariance = correlation[i, j] * sigma[:, i] * sigma[:, j]
        yield pa.record_batch(
            {
                "model_id": pa.array(np.full(len(some), model, np.int32)),
                "spectrum_id": pa.array(np.arange(first + 1, first + 1 + len(some))),
                "fit_config_id": pa.array(np.full(len(some), config, np.int32)),
                "fit_run_id": pa.array(np.full(len(some), run)),
                "outcome": pa.array(["good"] * len(some)),
                "flags": pa.array(np.zeros(len(some), np.int64)),
                "labels": _lists(labels),
                "errors": _lists(sigma),
                "bounds": _lists(sigma),
                "label_flags": pa.FixedSizeListArray.from_arrays(
                    pa.array(np.zeros(labels.size, np.int32)), N_LABELS
                ),
                "covariance": _lists(covariance),
                "rv": pa.array((some % 100 + rng.normal(size=len(some))).astype(np.float32)),
                "err_rv": pa.array(np.ones(len(some), np.float32)),
                "chi2": pa.array(np.full(len(some), 3700, np.float32)),
                "n_pixels": pa.array(np.full(len(some), 3700, np.int32)),
                "worker": pa.array(["bench"] * len(some)),
                "software_version": pa.array(["0"] * len(some)),
            }
        )


def _lists(values: np.ndarray[Any, Any]) -> pa.Array:
    flat = pa.array(values.astype(np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def by_pandas(database: Database) -> int:
    """Combine all fits, and return how many stars they were of."""
    import pandas as pd

    engine = database.engine()
    with engine.begin() as connection:
        task = task_of(connection, "bench", CombineSettings(), Choice(), full=True)
        run = open_run(connection, RunKind.COMBINATION, **task.about())
        about = {"combination_run_id": run, "fit_run_id": task.fit_run_ids[0]}
        connection.execute(insert(CombinationInput), about)
    arrays = {name: f"f.{name}" for name in ("label_flags", "labels", "errors", "covariance")}
    names = [*_SCALARS.values(), *arrays]
    query = ordered(task, names, _columns(task) | arrays)
    written = 0
    rest = pd.DataFrame()
    with engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL work_mem = '256MB'")
        connection = connection.execution_options(stream_results=True)
        for chunk in pd.read_sql(text(query.replace(":", r"\:")), connection, chunksize=BLOCK):
            frame = pd.concat([rest, chunk], ignore_index=True)
            going_on = frame["star_id"] == frame["star_id"].iloc[-1]
            rest = frame[going_on]
            written += _combined_frame(engine, run, frame[~going_on])
    written += _combined_frame(engine, run, rest)
    with engine.begin() as connection:
        close_run(connection, run)
    return written


_SCALARS = {
    "star_id": "star_id",
    "spectrum_id": "spectrum_id",
    "clean": "clean",
    "double_lined": "double_lined",
    "night": "known_night",
    "snr": "known_snr",
    "snr_z": "known_snr_z",
    "rv": "known_rv",
    "err_rv": "known_err_rv",
    "topocentric": "topocentric",
}


def _combined_frame(engine: Any, run: int, frame: Any) -> int:
    if not len(frame):
        return 0
    stars = combined(
        Visits(
            **{name: frame[column].to_numpy() for name, column in _SCALARS.items()},
            label_flags=np.array(frame["label_flags"].tolist(), np.int64),
            labels=np.array(frame["labels"].tolist(), float),
            errors=np.array(frame["errors"].tolist(), float),
            covariance=np.array(frame["covariance"].tolist(), float),
        ),
        CombineSettings(),
    )
    rows = _frame_of(run, stars)
    columns = ", ".join(rows.columns)
    statement = f"COPY ledger.combination ({columns}) FROM STDIN"
    with (
        engine.begin() as connection,
        driver_of(connection) as own,
        own.cursor().copy(statement) as copy,
    ):
        for row in rows.itertuples(index=False, name=None):
            copy.write_row(row)
    return len(rows)


def _frame_of(run: int, stars: Combined) -> Any:
    import pandas as pd

    def lists(values: np.ndarray[Any, Any]) -> list[Any]:
        return np.where(np.isnan(values), None, values.astype(np.float32)).tolist()

    def whole_or_null(values: np.ndarray[Any, Any]) -> list[Any]:
        null = np.isnan(values).all(axis=1)
        return [None if none else row for none, row in zip(null, lists(values), strict=True)]

    used = np.split(stars.spectrum_ids, np.cumsum(stars.n_visits)[:-1])
    left = np.split(stars.rejected_ids, np.cumsum(stars.n_rejected)[:-1])
    velocity = stars.velocity
    frame = pd.DataFrame(
        {
            "combination_run_id": run,
            "star_id": stars.star_id,
            "labels": lists(stars.labels.values),
            "errors": lists(stars.labels.errors),
            "covariance": whole_or_null(stars.labels.covariance),
            "scatter": whole_or_null(stars.labels.repeats.scatter),
            "label_flags": stars.label_flags.tolist(),
            "flags": stars.flags,
            "rv": lists(velocity.values[:, 0]),
            "err_rv": lists(velocity.errors[:, 0]),
            "rv_scatter": lists(velocity.repeats.scatter[:, 0]),
            "chi2": lists(stars.labels.repeats.chi2),
            "snr": lists(stars.snr),
            "n_visits": stars.n_visits,
            "n_nights": stars.n_nights,
            "n_rejected": stars.n_rejected,
            "best_spectrum_id": stars.best_spectrum_id,
            "spectrum_ids": [one.tolist() for one in used],
            "rejected_ids": [one.tolist() for one in left],
        }
    )
    return frame.astype(object).where(frame.notna(), None)


def same(connection: Connection, runs: list[int]) -> bool:
    """Return whether two runs agree in visits and flags, and in labels but for rounding."""
    differing = connection.execute(
        text("""
            SELECT count(*) FROM ledger.combination a JOIN ledger.combination b USING (star_id)
            WHERE a.combination_run_id = :first AND b.combination_run_id = :second
            AND ((a.spectrum_ids, a.rejected_ids, a.flags) IS DISTINCT FROM
                (b.spectrum_ids, b.rejected_ids, b.flags)
                OR abs(a.labels[1] - b.labels[1]) > 1e-4 OR abs(a.rv - b.rv) > 1e-3)
        """),
        {"first": runs[0], "second": runs[1]},
    )
    return not differing.scalar_one()


def main() -> None:
    """Compare and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fits", type=int, default=1_000_000)
    arguments.add_argument("--alone", action="store_true", help="leave pandas out")
    options = arguments.parse_args()
    with fresh_ledger() as database:
        began = time.perf_counter()
        fill(database, options.fits)
        print(f"{options.fits} fits made in {time.perf_counter() - began:.0f} s", flush=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, busy = time.perf_counter(), time.process_time()
        first = combine(database, "bench")
        took, busy = time.perf_counter() - began, time.process_time() - busy
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rate = options.fits / took
        print(f"combined in {took:.1f} s: {rate:.0f} fits/s", flush=True)
        print(f"{busy:.1f} s of computing in this process, the server's not counted", flush=True)
        print(f"peak memory {before >> 10} MiB before, {after >> 10} MiB after", flush=True)
        began = time.perf_counter()
        combine(database, "bench")
        print(f"nothing new, found in {time.perf_counter() - began:.1f} s", flush=True)
        if options.alone:
            return
        began, busy = time.perf_counter(), time.process_time()
        stars = by_pandas(database)
        took, busy = time.perf_counter() - began, time.process_time() - busy
        pandas_rate = options.fits / took
        print(f"pandas: {options.fits} fits in {took:.1f} s: {pandas_rate:.0f} fits/s,")
        print(f"{busy:.1f} s of computing in this process")
        print(f"{rate / pandas_rate:.1f} times as fast; {stars} stars", flush=True)
        with database.engine().connect() as connection:
            runs = connection.execute(
                text(f"SELECT run_id FROM {CombinationRun.__table__} ORDER BY 1")
            ).scalars()
            found = list(runs)
            assert same(connection, [first, found[-1]])


if __name__ == "__main__":
    main()
