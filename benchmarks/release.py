"""A release of N stars: publishing it, verifying it, and asking it, against a table made by hand.

Each star has two visits, fitted by one model of 20 labels; six calibrations are applied. Publishing
and verifying run in a process of their own, whose peak memory is measured; the server's is not in
it. The table made by hand has the columns of the release's copy, and the same indexes.

    python benchmarks/release.py            # 10⁶ stars
    python benchmarks/release.py 5000000
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert, text

from starledger.catalog.releases.draft import Draft
from starledger.catalog.releases.publishing import publish
from starledger.catalog.releases.verifying import verify
from starledger.ingest.crossmatch.columns import write_columns
from starledger.ingest.crossmatch.matching import driver_of
from starledger.ingest.surveys import Release, ensure_data_release, ensure_instrument
from starledger.schema import migrate
from starledger.schema.database import Database, open_database
from starledger.schema.labels import label
from starledger.schema.runs import close_run, open_run
from starledger.schema.settings import Settings
from starledger.schema.sky import cone_ranges, healpix_cells
from starledger.schema.tables import (
    Calibration,
    CombinationInput,
    FitConfig,
    Model,
    ModelOutput,
    RunKind,
    Shard,
)

LABELS = (
    *("teff", "logg", "vmic", "fe_h", "c_fe", "n_fe", "o_fe", "na_fe", "mg_fe", "al_fe", "si_fe"),
    *("ca_fe", "ti_fe", "cr_fe", "mn_fe", "co_fe", "ni_fe", "cu_fe", "ba_fe", "eu_fe"),
)
CALIBRATED = ("c_fe", "mg_fe", "si_fe", "ca_fe", "ti_fe", "ni_fe")
ROUNDS = 15
MEMORY_GIB = 2.0


def load(database: Database, stars: int) -> Draft:
    """Fill a ledger, and return the draft of what shall be published of it."""
    with database.engine().begin() as connection:
        runs = _surveys(connection, stars)
        model, config = _model(connection)
        fits = open_run(
            connection, RunKind.FIT, model_id=model, fit_config_id=config,
            selection="all", n_planned=2 * stars,
        )  # fmt: skip
        connection.execute(text(FITS), {"model": model, "config": config, "run": fits})
        seal(connection, fits, "fits")
        combined = open_run(
            connection, RunKind.COMBINATION, model_id=model, fit_config_id=config,
            star_run_id=runs["stars"], as_of_run_id=fits, spectrum_kind="visit", arm="full",
            settings_sha256="0" * 64, settings={"estimator": "inverse-variance"},
        )  # fmt: skip
        about = {"combination_run_id": combined, "fit_run_id": fits}
        connection.execute(insert(CombinationInput), about)
        connection.execute(text(COMBINATIONS), {"run": combined})
        seal(connection, combined, "combinations")
        calibrations = tuple(_calibrations(connection, model, combined))
    with database.engine().connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("VACUUM ANALYZE"))
    return Draft(
        name="dr1",
        title="Made up",
        licence="CC0",
        models=("made",),
        combinations=(combined,),
        calibrations=calibrations,
    )


def _surveys(connection: Connection, stars: int) -> dict[str, int]:
    number = ensure_data_release(connection, Release.parse_whole("lamost/dr5", "spectra"))
    instrument = ensure_instrument(connection, "lamost_lrs")
    run = open_run(connection, RunKind.INGEST, data_release_id=number, content="spectra")
    shard = connection.execute(
        insert(Shard).returning(Shard.shard_id),
        {"run_id": run, "instrument_id": instrument, "path": "made.shard", "sha256": "0" * 64,
         "n_spectra": 1, "n_pixels": 1, "grid_kind": "log10", "grid_start": 3700.0,
         "grid_step": 1e-4, "wavelength_medium": "vacuum"},
    ).scalar_one()  # fmt: skip
    _positions(connection, stars)
    given = {"number": number, "run": run, "instrument": instrument, "shard": shard}
    connection.execute(text(SPECTRA), given)
    close_run(connection, run)
    seen = open_run(connection, RunKind.STAR, linking_radius=3.0)
    for statement in (STARS, VERSIONS, MEMBERS):
        connection.execute(text(statement), {"run": seen})
    close_run(connection, seen)
    return {"ingest": run, "stars": seen}


def _positions(connection: Connection, stars: int) -> None:
    """Write a temporary table of stars: where they are, and their main labels."""
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, stars), np.degrees(np.arcsin(rng.uniform(-1, 1, stars)))
    columns: dict[str, np.ndarray[Any, Any]] = {
        "star": np.arange(1, stars + 1),
        "ra": ra,
        "dec": dec,
        "healpix": healpix_cells(ra, dec),
        "teff": rng.uniform(4000, 7000, stars),
        "logg": rng.uniform(0.5, 5.0, stars),
        "fe_h": rng.normal(-0.3, 0.4, stars),
    }
    types = ", ".join(
        f"{name} {'bigint' if values.dtype.kind == 'i' else 'float8'}"
        for name, values in columns.items()
    )
    connection.execute(text(f"CREATE TEMP TABLE made ({types}) ON COMMIT DROP"))
    with driver_of(connection) as own:
        write_columns(own, "made", columns)
    connection.execute(text("ANALYZE made"))


def seal(connection: Connection, run: int, what: str) -> None:
    """Close a run, and print what summing its rows up took."""
    seconds, _ = timed(lambda: close_run(connection, run))
    print(f"closing the run of the {what}: {seconds:.1f} s", flush=True)


def _model(connection: Connection) -> tuple[int, int]:
    run = open_run(connection, RunKind.TRAINING, settings={})
    model = connection.execute(
        insert(Model).returning(Model.model_id),
        {"name": "made", "system": "payne", "sha256": "1" * 64, "path": "made",
         "training_run_id": run, "n_labels": len(LABELS), "n_extras": 0, "description": "made"},
    ).scalar_one()  # fmt: skip
    rows = [
        {"model_id": model, "output": "label", "position": place, "name": name,
         "unit": label(name).unit, "ucd": label(name).ucd, "description": label(name).description}
        for place, name in enumerate(LABELS, 1)
    ]  # fmt: skip
    connection.execute(insert(ModelOutput), rows)
    close_run(connection, run)
    config = connection.execute(
        insert(FitConfig).returning(FitConfig.fit_config_id), {"sha256": "2" * 64, "settings": {}}
    ).scalar_one()
    return model, config


def _calibrations(connection: Connection, model: int, combined: int) -> list[int]:
    run = open_run(connection, RunKind.CALIBRATION, combination_run_id=combined, settings={})
    rows = [
        {"name": f"{name}_trend", "version": 1, "run_id": run, "model_id": model, "label": name,
         "corrects": "label", "population": "dwarf", "form": "polynomial", "variables": ["teff"],
         "inputs": "raw", "application_order": 1, "coefficients": [0.1, -0.2, 0.05, 0.0],
         "definition": {"pivots": [5000.0], "scales": [1000.0]}, "valid_low": 4500.0,
         "valid_high": 6500.0, "outside": "hold", "sample_sha256": "3" * 64, "validation": {},
         "description": "made"}
        for name in CALIBRATED
    ]  # fmt: skip
    query = insert(Calibration).returning(Calibration.calibration_id)
    made = list(connection.scalars(query, rows))
    close_run(connection, run)
    return made


_VALUES = (
    "ARRAY[m.teff, m.logg, 1.2, m.fe_h] || array_fill((mod(m.star, 97) / 970.0)::float8, ARRAY[16])"
)
_ERRORS = "ARRAY[40, 0.1, 0.1, 0.05] || array_fill(0.07::float8, ARRAY[16])"
_N = len(LABELS)

SPECTRA = """
INSERT INTO ledger.spectrum (spectrum_id, data_release_id, external_id, valid_from_run_id, ra, dec,
    ref_epoch, healpix, instrument_id, kind, mjd_mid, time_scale, night, snr, frame, shard_id,
    shard_row, file_name, sha256)
SELECT 2 * star + visit, :number, (2 * star + visit)::text, :run, ra, dec, 2000, healpix,
    :instrument, 'visit', 56000 + visit, 'utc', 56000 + visit, 40 + 20 * visit, 'barycentric',
    :shard, 2 * star + visit, (2 * star + visit) || '.fits', repeat('0', 64)
FROM made, generate_series(0, 1) visit ORDER BY 1
"""
STARS = "INSERT INTO ledger.star (star_id, created_run_id) SELECT star, :run FROM made ORDER BY 1"
VERSIONS = """
INSERT INTO ledger.star_version (star_id, star_run_id, ra, dec, ref_epoch, healpix,
    gaia_dr3_source_id, starid)
SELECT star, :run, ra, dec, 2016, healpix, star * 1000003, 'S' || star FROM made ORDER BY star
"""
MEMBERS = """
INSERT INTO ledger.star_member (spectrum_id, star_id, star_run_id)
SELECT 2 * star + visit, star, :run FROM made, generate_series(0, 1) visit ORDER BY 1
"""
FITS = f"""
INSERT INTO ledger.fit (model_id, spectrum_id, fit_config_id, fit_run_id, outcome, labels, errors,
    bounds, label_flags, covariance, chi2, n_pixels, worker, software_version)
SELECT :model, 2 * m.star + visit, :config, :run, 'good', {_VALUES}, {_ERRORS}, {_ERRORS},
    array_fill(0, ARRAY[{_N}]), array_fill(0.01::float8, ARRAY[{_N * (_N + 1) // 2}]),
    3700, 3700, 'w', '0' FROM made m, generate_series(0, 1) visit ORDER BY 2
"""
COMBINATIONS = f"""
INSERT INTO ledger.combination (combination_run_id, star_id, labels, errors, scatter, label_flags,
    flags, snr, n_visits, n_nights, n_rejected, best_spectrum_id, spectrum_ids)
SELECT :run, m.star, {_VALUES}, {_ERRORS}, {_ERRORS}, array_fill(0, ARRAY[{_N}]), 0, 72, 2, 2, 0,
    2 * m.star + 1, ARRAY[2 * m.star, 2 * m.star + 1] FROM made m ORDER BY m.star
"""


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds something takes, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def step(home: str, name: str, draft: str) -> None:
    """Publish or verify in this process, and print what it took."""
    given = json.loads(draft)
    made = Draft(**{key: tuple(v) if isinstance(v, list) else v for key, v in given.items()})
    with open_database(Settings(home=Path(home))) as database:
        if name == "verify":
            with database.engine().connect() as connection:
                seconds, found = timed(lambda: verify(connection, made.name))
            assert not [one for one in found if one.problem], found
        else:
            copied = name == "materialise"
            seconds, _ = timed(lambda: publish(database.engine(), made, materialise=copied))
    print(json.dumps({"seconds": seconds, "peak_GiB": peak_memory()}))


def peak_memory() -> float:
    """Return the most memory that this process had, in GiB (Linux)."""
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    return int(kilobytes) / 2**20


def apart(home: Path, name: str, draft: Draft) -> None:
    """Do a step in a process of its own and print what it took."""
    said = json.dumps({key: getattr(draft, key) for key in draft.__dataclass_fields__})
    command = [sys.executable, __file__, "--step", str(home), name, said]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(
        f"{name} {draft.name}: {done['seconds']:.1f} s, peak {done['peak_GiB']:.2f} GiB", flush=True
    )
    assert done["peak_GiB"] < MEMORY_GIB


def asked(connection: Connection, query: str) -> tuple[float, int]:
    """Return the median seconds of some rounds of a query, and its rows."""
    rows = len(connection.exec_driver_sql(query).all())
    seconds = [timed(lambda: connection.exec_driver_sql(query).all())[0] for _ in range(ROUNDS)]
    return statistics.median(seconds), rows


def questions(database: Database, stars: int) -> None:
    """Print how long the questions take that people ask of a release."""
    columns = "star_id, gaia_dr3_source_id, ra, dec, teff, err_teff, logg, fe_h, mg_fe, flags"
    cells = " OR ".join(
        f"healpix BETWEEN {first} AND {last}" for first, last in cone_ranges(150.0, 2.0, 1.0)
    )
    # Logg and [Fe/H] let 62 per cent through.
    width = min(3000, 3000 * 1e5 / stars / 0.62)
    cut = f"teff BETWEEN 5000 AND {5000 + width} AND logg BETWEEN 1.2 AND 4.2 AND fe_h > -0.9"
    with database.engine().connect() as connection:
        connection.exec_driver_sql("CREATE TABLE public.hand AS SELECT * FROM dr2.star")
        for group in ("star_id", "gaia_dr3_source_id", "healpix", "teff, logg, fe_h"):
            connection.exec_driver_sql(f"CREATE INDEX ON public.hand ({group})")
        connection.exec_driver_sql("ANALYZE public.hand")
        connection.commit()
        for what, condition in (
            ("cone of 1 degree", f"({cells})"),
            ("star by Gaia id", f"gaia_dr3_source_id = {1000003 * (stars // 2)}"),
            ("cut", cut),
        ):
            taken = [
                asked(connection, f"SELECT {columns} FROM {table} WHERE {condition}")
                for table in ("dr2_data.star", "public.hand", "dr2_data.star", "public.hand")
            ]
            ours, hand = (min(taken[i][0], taken[i + 2][0]) for i in (0, 1))
            print(
                f"{what}: {ours * 1e3:.2f} ms for {taken[0][1]} rows;"
                f" by hand {hand * 1e3:.2f} ms, ratio {ours / hand:.2f}"
            )
        plain, rows = asked(
            connection,
            f"SELECT {columns} FROM dr2.star WHERE gaia_dr3_source_id = {1000003 * (stars // 2)}",
        )
        print(f"star by Gaia id in the plain view: {plain * 1e3:.2f} ms for {rows} row")


def main(stars: int) -> None:
    """Print what a release of so many stars takes."""
    with tempfile.TemporaryDirectory(prefix="starledger-bench-") as folder:
        home = Path(folder)
        # The embedded server has a user of its own where we are root.
        home.chmod(0o755)
        with open_database(Settings(home=home)) as database:
            migrate.upgrade(database.engine())
            seconds, draft = timed(lambda: load(database, stars))
            print(f"{stars} stars loaded in {seconds:.0f} s", flush=True)
            apart(home, "publish", draft)
            apart(home, "verify", draft)
            copied = Draft(**{**draft_fields(draft), "name": "dr2"})
            apart(home, "materialise", copied)
            apart(home, "verify", copied)
            questions(database, stars)


def draft_fields(draft: Draft) -> dict[str, Any]:
    """Return the fields of a draft by name."""
    return {name: getattr(draft, name) for name in draft.__dataclass_fields__}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        step(*sys.argv[2:5])
    else:
        for size in [int(given) for given in sys.argv[1:]] or [10**6]:
            main(size)
