"""Many rows of catalogs and spectra, loaded by COPY, for tests of what is done with positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import Connection, Engine, insert, text

from starledger.ingest.crossmatch.columns import write_columns
from starledger.ingest.crossmatch.matching import driver_of
from starledger.ingest.surveys import Release, ensure_data_release, ensure_instrument
from starledger.schema.partitions import ensure_partition, is_divided
from starledger.schema.runs import close_run, open_run
from starledger.schema.sky import healpix_cells
from starledger.schema.tables import RunKind, Shard, Withdrawal

NOTHING = -1
"""Stands for an identifier that a row does not have."""

_STAGE = """
CREATE TEMP TABLE arriving (n bigint, ra float8, dec float8, healpix bigint, epoch float8,
    pmra float8, pmdec float8, g float8, dr2 bigint, dr3 bigint, source_id bigint) ON COMMIT DROP
"""

_POSITION = "ra, dec, ref_epoch, healpix"
_POSITION_FROM = "nullif(ra, 'NaN'), nullif(dec, 'NaN'), nullif(epoch, 'NaN'), nullif(healpix, -1)"
_IDS = "gaia_dr2_source_id, gaia_dr3_source_id"
_IDS_FROM = "nullif(dr2, -1), nullif(dr3, -1)"
_MOTION = "pmra, pmdec"
_MOTION_FROM = "nullif(pmra, 'NaN'), nullif(pmdec, 'NaN')"

_OWN = {
    "gaia_source": (
        f"source_id, phot_g_mean_mag, {_MOTION}",
        f"source_id, nullif(g, 'NaN'), {_MOTION_FROM}",
    ),
    "galah_star": (f"sobject_id, {_IDS}", f"n, {_IDS_FROM}"),
    "survey_visit": (_IDS, _IDS_FROM),
    "reference_star": (f"{_IDS}, {_MOTION}", f"{_IDS_FROM}, {_MOTION_FROM}"),
    "spectrum": (
        f"{_IDS}, instrument_id, kind, mjd_mid, time_scale, frame, shard_id, shard_row, file_name,"
        " sha256",
        f"{_IDS_FROM}, :instrument, 'visit', 56000, 'utc', 'barycentric', :shard, n,"
        " n || '.fits', repeat('0', 64)",
    ),
}


class ManyRows:
    """A ledger that rows are loaded into, each call an ingest run."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._first = 0

    def load(
        self,
        table: str,
        release: str,
        ra: ArrayLike,
        dec: ArrayLike,
        *,
        names: list[str] | None = None,
        **more: ArrayLike,
    ) -> NDArray[np.int64]:
        """Load rows and return their row ids.

        Parameters
        ----------
        table, release
            Where they go, and of which data release they are (``gaia/dr3:source``).
        ra, dec
            In degrees.
        names
            External ids; source ids for Gaia, else running numbers, where not given.
        **more
            ``epoch``, ``pmra``, ``pmdec``, ``g`` (NaN is null), ``dr2``, ``dr3``, ``source_id``.
        """
        columns = self._columns(np.atleast_1d(ra), np.atleast_1d(dec), more)
        with self.engine.begin() as connection:
            number = ensure_data_release(connection, Release.parse_whole(release, "main"))
            if is_divided(table):
                ensure_partition(connection, table, number)
            content = "spectra" if table == "spectrum" else "catalog"
            run = open_run(
                connection, RunKind.INGEST, data_release_id=number, content=content, source="made"
            )
            connection.execute(text(_STAGE))
            with driver_of(connection) as own:
                write_columns(own, "arriving", columns)
            ids = self._insert(connection, table, number, run, names)
            close_run(connection, run)
        return ids

    def _columns(
        self, ra: NDArray[Any], dec: NDArray[Any], more: dict[str, ArrayLike]
    ) -> dict[str, NDArray[Any]]:
        placed = np.isfinite(ra)
        healpix = np.full(len(ra), NOTHING)
        healpix[placed] = healpix_cells(ra[placed], dec[placed])
        columns: dict[str, NDArray[Any]] = {
            "n": self._first + np.arange(len(ra)),
            "ra": np.asarray(ra, float),
            "dec": np.asarray(dec, float),
            "healpix": healpix,
        }
        self._first += len(ra)
        for name in ("epoch", "pmra", "pmdec", "g"):
            columns[name] = np.broadcast_to(np.asarray(more.pop(name, np.nan), float), ra.shape)
        for name in ("dr2", "dr3", "source_id"):
            columns[name] = np.broadcast_to(np.asarray(more.pop(name, NOTHING), int), ra.shape)
        assert not more
        return columns

    def _insert(
        self, connection: Connection, table: str, number: int, run: int, names: list[str] | None
    ) -> NDArray[np.int64]:
        into, values = _OWN[table]
        key = "spectrum_id" if table == "spectrum" else "row_id"
        external = "source_id::text" if table == "gaia_source" else "n::text"
        first = "(SELECT min(n) FROM arriving)"
        if names is not None:
            external = f"(CAST(:names AS text[]))[n - {first} + 1]"
        version = (
            f"1 + coalesce((SELECT max(t.version) FROM ledger.{table} t"
            f" WHERE t.data_release_id = :number AND t.external_id = {external}), 0)"
        )
        bound: dict[str, Any] = {"number": number, "run": run, "names": names}
        if table == "spectrum":
            bound |= self._shard(connection, run)
        query = text(
            f"INSERT INTO ledger.{table} (data_release_id, external_id, version,"
            f" valid_from_run_id, {_POSITION}, {into}) SELECT :number, {external},"
            f" {version}, :run, {_POSITION_FROM}, {values} FROM arriving ORDER BY arriving.n"
            f" RETURNING {key}"
        )
        wanted = {name: value for name, value in bound.items() if f":{name}" in query.text}
        return np.array(connection.execute(query, wanted).scalars().all(), np.int64)

    def _shard(self, connection: Connection, run: int) -> dict[str, int]:
        instrument = ensure_instrument(connection, "lamost_lrs")
        shard = {
            "run_id": run,
            "instrument_id": instrument,
            "path": f"{run}.shard",
            "sha256": "0" * 64,
            "n_spectra": 1,
            "n_pixels": 1,
            "grid_kind": "log10",
            "grid_start": 3700.0,
            "grid_step": 1e-4,
            "wavelength_medium": "vacuum",
        }
        made = connection.execute(insert(Shard).returning(Shard.shard_id), shard)
        return {"instrument": instrument, "shard": made.scalar_one()}

    def replace(self, table: str, row_id: int) -> None:
        """Close the current version of a row, as an ingest run that found it gone does."""
        key = "spectrum_id" if table == "spectrum" else "row_id"
        with self.engine.begin() as connection:
            number = connection.execute(
                text(f"SELECT data_release_id FROM ledger.{table} WHERE {key} = :row"),
                {"row": row_id},
            ).scalar_one()
            run = open_run(
                connection, RunKind.INGEST, data_release_id=number, content="catalog", source="made"
            )
            connection.execute(
                text(f"UPDATE ledger.{table} SET valid_to_run_id = :run WHERE {key} = :row"),
                {"run": run, "row": row_id},
            )
            close_run(connection, run)

    def bridge(self, dr2: ArrayLike, dr3: ArrayLike, separation: ArrayLike) -> None:
        """Load pairs of Gaia's table dr2_neighbourhood, separations in mas."""
        rows = np.broadcast_arrays(dr2, dr3, np.asarray(separation, float))
        with self.engine.begin() as connection:
            release = Release.parse("gaia", "dr3", "dr2_neighbourhood")
            number = ensure_data_release(connection, release)
            ensure_partition(connection, "gaia_dr2_neighbour", number)
            run = open_run(
                connection, RunKind.INGEST, data_release_id=number, content="catalog", source="made"
            )
            connection.execute(
                text(
                    "INSERT INTO ledger.gaia_dr2_neighbour (data_release_id, external_id,"
                    " valid_from_run_id, gaia_dr2_source_id, gaia_dr3_source_id, separation)"
                    " SELECT :number, a || '-' || b, :run, a, b, c FROM unnest(CAST(:a AS"
                    " bigint[]), CAST(:b AS bigint[]), CAST(:c AS real[])) AS given (a, b, c)"
                ),
                {"number": number, "run": run}
                | {name: row.ravel().tolist() for name, row in zip("abc", rows, strict=True)},
            )
            close_run(connection, run)

    def withdraw(self, **subject: int) -> None:
        """Take a spectrum (``spectrum_id``) or a data release (``data_release_id``) back."""
        with self.engine.begin() as connection:
            run = open_run(connection, RunKind.WITHDRAWAL)
            about = {"run_id": run, "action": "withdrawn", "reason": "a test", **subject}
            connection.execute(insert(Withdrawal), about)
            close_run(connection, run)
