from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert

from starledger.catalog.combine.settings import CombineSettings
from starledger.catalog.combine.task import BadChoice, Choice, NothingToCombine, Task, task_of
from starledger.compute.models.registry import NoSuchModel
from starledger.schema.database import Database
from starledger.schema.tables import FitConfig, ModelInstrument
from tests.catalog.combine.sky import MODEL, Sky
from tests.schema.small_survey import sha

pytestmark = pytest.mark.integration


@pytest.fixture
def sky(ledger: Database) -> Any:
    with ledger.engine().connect() as connection:
        sky = Sky(connection)
        sky.observe({"a": ["a1"]})
        sky.fit_all(["a1"])
        yield sky


def found(connection: Connection, /, model: str = MODEL, **told: Any) -> Task:
    return task_of(connection, model, CombineSettings(), Choice(**told))


def test_what_is_not_told_is_found(sky: Sky) -> None:
    task = found(sky.connection)
    assert (task.spectrum_kind, task.arm, task.previous_run_id) == ("visit", "full", None)
    assert task.fit_run_ids == (sky.runs["fits"],)
    assert task.as_of_run_id == sky.runs["fits"]
    assert task.star_run_id == sky.runs["assign"]
    assert task.quality_run_id is None


def test_the_last_configuration_and_quality_run_count(sky: Sky) -> None:
    first = sky.ids["config"]
    sky.add_named("config", FitConfig, sha256=sha("other"), settings={"seed": 2})
    sky.observe({"a": ["a2"]})
    sky.fit_all(["a2"])
    quality = sky.judge()
    task = found(sky.connection)
    assert (task.fit_config_id, task.quality_run_id) == (sky.ids["config"], quality)
    assert task.fit_run_ids == (sky.runs["fits"],)
    assert found(sky.connection, fit_config_id=first).quality_run_id is None
    assert found(sky.connection, quality=None).quality_run_id is None


@pytest.mark.parametrize(
    ("told", "error", "said"),
    [
        ({"fit_config_id": 999}, NothingToCombine, "configuration 999"),
        ({"as_of": 10**6}, BadChoice, "no closed run"),
        ({"quality": 1}, BadChoice, "Run 1 is no quality run"),
        ({"model": "nobody"}, NoSuchModel, "nobody"),
        ({"model": "boss_net"}, NothingToCombine, "No closed run has fits by boss_net"),
    ],
)
def test_what_is_not_there_is_named(
    sky: Sky, told: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        found(sky.connection, **told)


def test_of_several_arms_one_must_be_named(sky: Sky) -> None:
    about = {"model_id": sky.ids[MODEL], "instrument_id": sky.ids["lamost_lrs"], "arm": "blue"}
    sky.connection.execute(insert(ModelInstrument), about)
    with pytest.raises(BadChoice, match="blue and full"):
        found(sky.connection)
    assert found(sky.connection, arm="full").arm == "full"


def test_a_withdrawn_model_is_refused(sky: Sky) -> None:
    before = sky.runs["fits"]
    sky.withdraw(model_id=sky.ids[MODEL])
    with pytest.raises(NothingToCombine, match="withdrawn"):
        found(sky.connection)
    assert found(sky.connection, as_of=before).as_of_run_id == before


def test_before_the_first_star_run_there_are_no_stars(sky: Sky) -> None:
    sky.connection.exec_driver_sql("SELECT 1")
    early = sky.runs["lamost_spectra"]
    with pytest.raises(NothingToCombine):
        found(sky.connection, as_of=early)
