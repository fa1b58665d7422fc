"""What the tests of work share: a ledger in which many visits wait for a model."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, text

from starledger.compute.work.planning import Plan, Selection, plan
from starledger.schema.database import Database
from starledger.schema.tables import RunKind
from tests.schema.many_models import ManyModels

N_VISITS = 1000
MORE_VISITS = text("""
    INSERT INTO ledger.spectrum (data_release_id, external_id, valid_from_run_id, instrument_id,
        kind, mjd_mid, time_scale, night, frame, shard_id, shard_row, file_name, sha256, snr,
        ra, dec, healpix, ref_epoch)
    SELECT data_release_id, 'more_' || n, :run, instrument_id, kind, mjd_mid, time_scale, night,
        frame, shard_id, n, 'more_' || n || '.fits', sha256, n % 100, ra, dec, healpix, ref_epoch
    FROM ledger.spectrum, generate_series(100, 99 + :count) n WHERE spectrum_id = :like
""")


@dataclass(frozen=True)
class Desk:
    """A ledger with visits, of which some are planned for a model."""

    database: Database
    many: ManyModels

    @property
    def model(self) -> int:
        return self.many.ids["payne_lamost"]

    @property
    def config(self) -> int:
        return self.many.ids["config"]

    def plan(self, selection: Selection | None = None, *, dry_run: bool = False) -> Plan:
        with self.database.engine().begin() as connection:
            chosen = selection or Selection()
            return plan(connection, self.model, self.config, chosen, dry_run=dry_run)

    def run(self) -> int:
        """Plan all visits that were added, and return their run."""
        run = self.plan().fit_run_id
        assert run is not None
        return run

    def states(self) -> dict[str, int]:
        """Return how many visits are in each state."""
        query = text(
            "SELECT state, count(*) AS visits FROM ledger.work WHERE model_id = :model GROUP BY 1"
            " UNION ALL SELECT 'leased', sum(cardinality(spectrum_ids)) FROM ledger.lease"
            " JOIN ledger.fit_run ON run_id = fit_run_id WHERE model_id = :model"
            " HAVING count(*) > 0"
        )
        with self.database.engine().begin() as connection:
            return {
                str(row.state): int(row.visits)
                for row in connection.execute(query, {"model": self.model})
            }

    def one(self, query: str, **named: object) -> object:
        """Return the one value of a query."""
        with self.database.engine().begin() as connection:
            return connection.execute(text(query), named).scalar_one()

    def do(self, statement: str, **named: object) -> None:
        """Change something behind the back of all."""
        with self.database.engine().begin() as connection:
            connection.execute(text(statement), named)


@pytest.fixture
def desk(ledger: Database) -> Desk:
    """Return a fresh ledger with a thousand visits that no model has fitted."""
    with ledger.engine().begin() as connection:
        many = ManyModels(connection)
        add_visits(connection, many)
    return Desk(ledger, many)


def add_visits(connection: Connection, many: ManyModels) -> None:
    run = many.open(
        "more", RunKind.INGEST, data_release_id=many.ids["lamost_dr5"], content="spectra"
    )
    like = many.ids["visit_2"]
    connection.execute(MORE_VISITS, {"run": run, "count": N_VISITS, "like": like})
    many.close("more")
