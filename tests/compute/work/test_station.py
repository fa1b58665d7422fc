from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from sqlalchemy import text

from starledger.compute.models.base import Fits, Spectra
from starledger.compute.models.fit_configs import ensure_fit_config
from starledger.compute.work.planning import Selection, plan
from starledger.compute.work.recipe import Recipe
from starledger.compute.work.station import Station
from starledger.schema.database import Database
from starledger.schema.settings import Settings
from tests.compute.work.made_up import make_survey
from tests.compute.work.test_leases import EXPIRE

VISITS = 200
BAD = 77.0

Open = Callable[[], Any]


@pytest.fixture
def station(ledger: Database, tmp_path: Path) -> Open:
    """Return what opens a station for a run over made-up visits, one of which is marked."""
    model, _ = make_survey(ledger, tmp_path, VISITS, marked={150: BAD})
    with ledger.engine().begin() as connection:
        config = ensure_fit_config(connection, Recipe(continuum="none", rv_range=100.0).settings())
        run = plan(connection, model.model_id, config, Selection()).fit_run_id
    assert run is not None
    settings = Settings(home=tmp_path, retry_seconds=0.0)

    @contextmanager
    def opened() -> Iterator[Station]:
        made = Station(ledger, settings, run, "ann", torch.device("cpu"))
        made.queue.sizes[0] = 64
        try:
            yield made
        finally:
            made.close()

    return opened


def one(database: Database, query: str) -> object:
    with database.engine().connect() as connection:
        return connection.execute(text(query)).scalar_one()


def test_a_turn_fits_all_that_waits(station: Open, ledger: Database) -> None:
    with station() as here:
        done = here.turn(60.0)
    assert done.empty
    assert done.counts.total() == VISITS
    assert one(ledger, "SELECT count(*) FROM ledger.fit") == VISITS
    assert one(ledger, "SELECT count(*) FROM ledger.work") == 0
    assert one(ledger, "SELECT good + flagged + failed FROM ledger.fit_tally") == VISITS


def test_the_width_of_lines_is_kept_where_it_is_free(ledger: Database, tmp_path: Path) -> None:
    model, _ = make_survey(ledger, tmp_path, 20)
    found = []
    for recipe in (Recipe(continuum="none"), Recipe(continuum="none", free_width=True)):
        with ledger.engine().begin() as connection:
            config = ensure_fit_config(connection, recipe.settings())
            run = plan(connection, model.model_id, config, Selection()).fit_run_id
        assert run is not None
        here = Station(ledger, Settings(home=tmp_path), run, "ann", torch.device("cpu"))
        assert here.turn(60.0).counts.total() == 20
        here.close()
        counted = f"SELECT count(line_variance) FROM ledger.fit WHERE fit_run_id = {run}"
        found.append(one(ledger, counted))
    assert found == [0, 20]


def test_what_is_claimed_ahead_is_given_back(station: Open, ledger: Database) -> None:
    with station() as here:
        assert not here.turn(0.0).empty
        assert one(ledger, "SELECT count(*) FROM ledger.lease") == 1
    assert one(ledger, "SELECT count(*) FROM ledger.lease") == 0
    assert one(ledger, "SELECT count(*) FROM ledger.work WHERE attempts > 0") == 0
    fitted = one(ledger, "SELECT count(*) FROM ledger.fit")
    assert one(ledger, "SELECT count(*) FROM ledger.work") == VISITS - int(str(fitted))


def test_a_spectrum_that_breaks_the_fitter_is_set_aside_alone(
    station: Open, ledger: Database
) -> None:
    with station() as here:
        fit: Callable[..., Fits] = here.fitter.fit

        def breaking(spectra: Spectra, lots: list[int] | None) -> Fits:
            if bool((spectra.flux[:, 0] == BAD).any()):
                raise ZeroDivisionError("the marked one")
            return fit(spectra, lots)

        here.fitter.fit = breaking
        # What failed waits again when that is written: for this turn, or the next one if the next
        # batch was looked for before.
        failed = [here.turn(60.0).counts["tried again"] for _ in range(4)]
    assert (sum(failed), failed[-1]) == (3, 0)
    assert one(ledger, "SELECT count(*) FROM ledger.fit") == VISITS - 1
    said = str(one(ledger, "SELECT last_error FROM ledger.work WHERE state = 'aside'"))
    assert "ZeroDivisionError: the marked one" in said


def test_who_lost_a_lease_goes_on_with_the_next(station: Open, ledger: Database) -> None:
    with station() as here:
        fit: Callable[..., Fits] = here.fitter.fit

        def slow(spectra: Spectra, lots: list[int] | None) -> Fits:
            with ledger.engine().begin() as connection:
                connection.execute(text(EXPIRE))
            here.fitter.fit = fit
            return fit(spectra, lots)

        here.fitter.fit = slow
        done = here.turn(60.0)
    assert done.counts["lost"] >= 1
    assert one(ledger, "SELECT count(*) FROM ledger.fit") == VISITS
    assert one(ledger, "SELECT good + flagged + failed FROM ledger.fit_tally") == VISITS


def test_a_turn_that_failed_does_not_spoil_the_next(station: Open, ledger: Database) -> None:
    with station() as here:
        read = here.reader.read

        def failing(*given: object) -> object:
            here.reader.read = read
            raise MemoryError("for once")

        here.reader.read = failing
        with pytest.raises(MemoryError, match="for once"):
            here.turn(60.0)
        # Nobody keeps what it claimed alive.
        with ledger.engine().begin() as connection:
            connection.execute(text(EXPIRE))
        assert here.turn(60.0).counts.total() == VISITS
    assert one(ledger, "SELECT count(*) FROM ledger.fit") == VISITS
