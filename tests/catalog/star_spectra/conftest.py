"""A small survey from pixels to a release: made-up visits, fitted, combined and published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
import torch
from sqlalchemy import text

from starledger.catalog.combine.combination import combine
from starledger.catalog.releases.draft import Draft
from starledger.catalog.releases.publishing import publish
from starledger.catalog.star_spectra.spectra import StarSpectra, spectra_of
from starledger.compute.models.fit_configs import ensure_fit_config
from starledger.compute.work.leases import Lease
from starledger.compute.work.pixels import ReadBatch
from starledger.compute.work.planning import Selection, plan
from starledger.compute.work.recipe import Recipe
from starledger.compute.work.station import Station
from starledger.ingest.pixels.shard_reading import ShardRow
from starledger.ingest.stars.assignment import assign_stars
from starledger.schema.database import Database
from starledger.schema.runs import close_run
from starledger.schema.settings import Settings
from tests.compute.work.made_up import make_survey
from tests.conftest import Server

VISITS = 12
"""All of one star: they lie 0.4″ from each other."""
FAILED = 5
"""The place of the visit whose fit fails."""


@dataclass(frozen=True)
class Survey:
    """A release of one star."""

    database: Database
    settings: Settings


@pytest.fixture(scope="package", params=[False, True], ids=["as_taught", "free_width"])
def survey(
    server: Server,
    upgraded: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Survey]:
    home = tmp_path_factory.mktemp("survey")
    settings = Settings(home=home)
    with server.database(upgraded) as database:
        make_survey(database, home, VISITS)
        fit(database, settings, free_width=request.param)
        assign_stars(database)
        run = combine(database, "small")
        publish(
            database.engine(),
            Draft(
                name="dr1", title="The first ☆", licence="CC BY 4.0", models=("small",),
                combinations=(run,), citation="Nobody (2026)",
            ),
        )  # fmt: skip
        yield Survey(database, settings)


def fit(database: Database, settings: Settings, *, free_width: bool) -> None:
    """Fit all visits; one of them fails."""
    engine = database.engine()
    with engine.begin() as connection:
        model = connection.execute(text("SELECT model_id FROM ledger.model")).scalar_one()
        recipe = Recipe(continuum="none", rv_range=100.0, free_width=free_width)
        config = ensure_fit_config(connection, recipe.settings())
        run = plan(connection, model, config, Selection()).fit_run_id
    assert run is not None
    station = Station(database, settings, run, "ann", torch.device("cpu"))
    read = station.reader.read

    def without_one(lease: Lease, shards: Mapping[int, ShardRow]) -> ReadBatch:
        batch = read(lease, shards)
        batch.spectra.ivar[FAILED] = 0.0
        return batch

    # Shards are written only with pixels that can be fitted.
    station.reader.read = without_one  # type: ignore[method-assign]
    station.turn(60.0)
    station.close()
    with engine.begin() as connection:
        close_run(connection, run)


def spectra(
    survey: Survey, star: str, model: str | None = None, visit: str | None = None
) -> StarSpectra:
    """Return the spectra of a star of dr1."""
    roots = survey.settings.shard_root, survey.settings.model_root
    return spectra_of(survey.database, *roots, "dr1", star, model, visit=visit)
