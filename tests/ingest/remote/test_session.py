from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path

import pytest

from starledger.ingest.remote.faults import PassingFault, QueryRefused, RemoteError, TooMuch
from starledger.ingest.remote.session import PoliteSession, save_answer
from tests.ingest.remote.tap_server import Fault, Service

pytestmark = pytest.mark.integration


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def post(tap: Service, fault: Fault) -> None:
    tap.faults = [fault]
    with PoliteSession(20.0) as session:
        session.post(f"{tap.url}/sync", data={"QUERY": "SELECT 1 AS one"}, stream=True)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        (lambda: "120", 120.0, 120.0),
        (lambda: format_datetime(now() + dt.timedelta(hours=1)), 3000.0, 3600.0),
        (lambda: "Fri, 20 Nov 2015 08:00:00 GMT", 0.0, 0.0),
    ],
    ids=["seconds", "a time to come", "a time gone by"],
)
def test_it_hears_when_to_come_back(
    tap: Service, header: Callable[[], str], least: float, most: float
) -> None:
    with pytest.raises(PassingFault) as caught:
        post(tap, Fault("sync", status=503, headers={"Retry-After": header()}))
    assert caught.value.after_s is not None
    assert least <= caught.value.after_s <= most


def test_a_nonsense_retry_after_is_none(tap: Service) -> None:
    with pytest.raises(PassingFault) as caught:
        post(tap, Fault("sync", status=503, headers={"Retry-After": "soon"}))
    assert caught.value.after_s is None


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_busy_services_are_told_from_wrong_queries(tap: Service, status: int) -> None:
    with pytest.raises(PassingFault, match=f"answers {status}"):
        post(tap, Fault("sync", status=status, body=b"<h1>Sorry</h1>"))
    with pytest.raises(QueryRefused, match=r"answers 404 .*: No such table"):
        post(tap, Fault("sync", status=404, body=b"<h1>No such table</h1>"))


def test_a_refusal_that_looks_like_a_failure_is_known(tap: Service) -> None:
    said = b'<VOTABLE><INFO name="QUERY_STATUS" value="ERROR">unknown column</INFO></VOTABLE>'
    with pytest.raises(QueryRefused, match=r"500 .*: unknown column"):
        post(tap, Fault("sync", status=500, body=said))
    with pytest.raises(PassingFault):
        post(tap, Fault("sync", status=503, body=said))


def test_too_large_a_request_is_too_much(tap: Service) -> None:
    with pytest.raises(TooMuch):
        post(tap, Fault("sync", status=413))


def test_a_service_that_moved_is_not_followed(tap: Service) -> None:
    with pytest.raises(RemoteError, match=r"has moved to .*/new/sync"):
        post(tap, Fault("sync", status=301, headers={"Location": "/new/sync"}))


def test_no_address_at_all_is_told() -> None:
    with PoliteSession(20.0) as session, pytest.raises(RemoteError, match="cannot be asked"):
        session.get("gea.esac")


def test_nobody_there_is_a_passing_fault() -> None:
    with PoliteSession(20.0) as session, pytest.raises(PassingFault, match="refused"):
        session.get("http://127.0.0.1:9/tap")


def test_an_endless_answer_is_not_taken(tap: Service, tmp_path: Path) -> None:
    tap.faults = [Fault("sync", body=b"x" * 5000)]
    with PoliteSession(20.0) as session:
        response = session.post(f"{tap.url}/sync", data={"QUERY": "SELECT 1 AS one"}, stream=True)
        with pytest.raises(TooMuch):
            save_answer(response, tmp_path / "answer", largest=4000)
