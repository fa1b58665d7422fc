from __future__ import annotations

from dataclasses import replace

import pytest

from starledger.ingest.remote.faults import (
    QueryRefused,
)
from starledger.ingest.remote.manner import Mode
from starledger.ingest.remote.patience import Patience
from tests.ingest.remote.conftest import (
    N_STARS,
    Fetch,
    NoWait,
    contents,
    gaia,
)
from tests.ingest.remote.tap_server import PAGE, Fault, Service

pytestmark = pytest.mark.integration


def test_where_a_result_is_kept_is_not_taken_for_the_job(tap: Service, fetch: Fetch) -> None:
    elsewhere = Fault("result", status=303, headers={"Location": "/tap/elsewhere"}, body=b"")
    tap.faults = [elsewhere] * 2
    with pytest.raises(QueryRefused, match="elsewhere answers 404"):
        fetch(gaia(tap), mode="async")
    assert tap.requests[-1].startswith("DELETE /tap/async/job")
    assert tap.jobs == {}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("sync", status=503),
        Fault("sync", status=429, body=PAGE),
        Fault("sync", status=500),
        Fault("sync", keep=0.6),
        Fault("sync", keep=0.0),
        Fault("sync", keep=0.6, broken="closed"),
        Fault("sync", keep=0.6, broken="reset"),
        Fault("sync", body=PAGE),
        Fault("create", status=503),
        Fault("create", broken="reset", body=b"x"),
        Fault("job", status=502),
        Fault("job", keep=0.5),
        Fault("job", body=b""),
        Fault("result", status=504),
        Fault("result", keep=0.99),
        Fault("result", keep=0.3, broken="reset"),
        Fault("result", body=PAGE),
    ],
    ids=lambda fault: f"{fault.where}-{fault.status or fault.broken}-{fault.keep}",
)
def test_a_passing_fault_changes_nothing(
    tap: Service, fetch: Fetch, waiting: NoWait, fault: Fault
) -> None:
    mode = "sync" if fault.where == "sync" else "async"
    undisturbed = fetch(gaia(tap), "undisturbed")
    tap.faults = [fault, fault, fault]
    waiting.waits.clear()
    disturbed = fetch(gaia(tap), "disturbed", mode=mode)
    assert not tap.faults
    assert contents(disturbed.folder) == contents(undisturbed.folder)
    assert not list(disturbed.folder.glob(".*.part"))
    if mode == "sync":
        assert waiting.waits == [2.0, 4.0, 8.0]
    assert tap.jobs == {}


def test_a_page_that_is_no_job_is_a_passing_fault(tap: Service, fetch: Fetch) -> None:
    tap.faults = [Fault("job", body=PAGE)]
    assert fetch(gaia(tap), mode="async").rows == N_STARS
    assert tap.jobs == {}


def test_a_silent_service_is_left_after_a_while(
    tap: Service, fetch: Fetch, patience: Patience
) -> None:
    tap.faults = [Fault("sync", silent=True)]
    done = fetch(gaia(tap), patience=replace(patience, timeout_s=0.5))
    assert done.rows == N_STARS


def test_it_comes_back_when_the_service_says(tap: Service, fetch: Fetch, waiting: NoWait) -> None:
    tap.faults = [
        Fault("sync", status=503, headers={"Retry-After": "77"}),
        Fault("sync", status=503, headers={"Retry-After": "Fri, 20 Nov 2015 08:00:00 GMT"}),
        Fault("sync", status=503, headers={"Retry-After": "999999"}),
    ]
    fetch(gaia(tap))
    assert waiting.waits == [77.0, 4.0, 3600.0]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_wrong_query_is_not_asked_again(
    tap: Service, fetch: Fetch, mode: Mode, waiting: NoWait
) -> None:
    if mode == "async":
        tap.ends = [("ERROR", "fatal", 'column "colour" does not exist')]
    with pytest.raises(QueryRefused, match=r'column "?colour"? does not exist'):
        fetch(gaia(tap, where="colour = 1"), mode=mode)
    assert len(tap.queries) + tap.made == 1
    assert tap.jobs == {}


def test_a_passing_error_of_a_job_is_tried_again(tap: Service, fetch: Fetch) -> None:
    tap.ends = [("ERROR", "transient", "no connection left")]
    assert fetch(gaia(tap), mode="async").rows == N_STARS


def test_an_aborted_job_is_asked_for_in_halves(tap: Service, fetch: Fetch) -> None:
    tap.ends = [("COMPLETED", "", ""), ("ABORTED", "", "")]
    done = fetch(gaia(tap), mode="async")
    assert done.rows == N_STARS
    assert done.files[0].name == "chunk-000001-1.parquet"


def test_a_job_without_end_is_asked_for_in_halves(
    tap: Service, fetch: Fetch, patience: Patience, waiting: NoWait
) -> None:
    tap.ends = [("COMPLETED", "", ""), *[("EXECUTING", "", "")] * 8]
    done = fetch(gaia(tap), mode="async", patience=replace(patience, job_s=100.0))
    assert done.rows == N_STARS
    assert done.files[0].name == "chunk-000001-1.parquet"
    assert waiting.waits[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
