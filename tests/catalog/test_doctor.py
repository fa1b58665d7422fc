from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from email.message import Message
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from starledger.catalog import doctor
from starledger.catalog.doctor import GIB, Finding, Verdict, examine
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.roles import Role
from starledger.schema.settings import Loaded, load_settings
from tests.conftest import Command, address


def found(name: str, /, **flags: object) -> dict[str, Finding]:
    """Return the findings of a check under some settings, by the thing they are about."""
    return {finding.name: finding for finding in examine(name, load_settings(flags))}


def test_what_goes_wrong_in_a_check_is_a_finding_after_those_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(_loaded: Loaded) -> Iterator[Finding]:
        yield Finding("before", Verdict.OK, "fine")
        raise ZeroDivisionError("by zero\nsecond line")

    monkeypatch.setitem(doctor.CHECKS, "disk", failing)
    before, after = examine("disk", load_settings())
    assert before.verdict is Verdict.OK
    assert (after.name, after.verdict) == ("disk", Verdict.BROKEN)
    assert after.said == "ZeroDivisionError: by zero"
    assert after.remedy


def test_our_own_errors_bring_their_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_loaded: Loaded) -> Iterator[Finding]:
        raise StarledgerError("It is ill.", remedy="Heal it.")

    monkeypatch.setitem(doctor.CHECKS, "disk", failing)
    assert examine("disk", load_settings()) == [
        Finding("disk", Verdict.BROKEN, "It is ill.", "Heal it.")
    ]


def test_versions_of_what_we_stand_on() -> None:
    versions = found("versions")
    assert {"python", "starledger", *doctor.SHOWN} <= versions.keys()
    assert versions["numpy"].said == metadata.version("numpy")
    assert {finding.verdict for finding in versions.values()} == {Verdict.OK}


def test_packages_that_are_old_or_missing_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["rich>=13", "click>=999", "nowhere-to-be-found>=1", 'galpy>=1; extra == "dynamics"']
    monkeypatch.setattr(metadata, "requires", lambda _name: lines)
    versions = found("versions")
    assert versions.keys() == {"python", "starledger", "click", "nowhere-to-be-found"}
    old, missing = versions["click"], versions["nowhere-to-be-found"]
    assert old.verdict is missing.verdict is Verdict.BROKEN
    assert ">=999 is needed" in old.said
    assert old.remedy == "pip install 'click>=999'"
    assert missing.said == "not installed"


def test_extras_may_be_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    about = Message()
    about["Provides-Extra"] = "dynamics"
    about["Provides-Extra"] = "web"
    lines = ["numpy>=2", 'nowhere-to-be-found>=1; extra == "dynamics"', 'click>=8; extra == "web"']
    monkeypatch.setattr(metadata, "metadata", lambda _name: about)
    monkeypatch.setattr(metadata, "requires", lambda _name: lines)
    extras = found("extras")
    assert {finding.verdict for finding in extras.values()} == {Verdict.OK}
    assert extras["extra web"].said == "installed"
    assert "no nowhere-to-be-found" in extras["extra dynamics"].said
    assert "pip install 'starledger[dynamics]'" in extras["extra dynamics"].said


def test_settings_say_where_they_came_from_and_hide_passwords(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STARLEDGER_READER_URL", "postgresql://reader@h/s?password=hushhush")
    settings = found("settings", database_url="postgresql://me:hushhush@h/s", log_level="error")
    assert settings["database_url"].said == "postgresql+psycopg://me:***@h/s (command line)"
    assert settings["reader_url"].said == (
        "postgresql+psycopg://reader:***@h/s (STARLEDGER_READER_URL)"
    )
    assert settings["log_level"].said == "error (command line)"
    assert settings["dashboard_port"].said == "8787 (default)"
    assert "hushhush" not in str(settings)


def test_an_address_that_is_none_is_broken() -> None:
    finding = found("settings", database_url="stars")["database_url"]
    assert finding.verdict is Verdict.BROKEN
    assert "(command line)" in finding.said


def test_no_gpu_is_no_illness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor, "_gpu_is_there", lambda: False)
    assert found("torch")["gpu"] == Finding("gpu", Verdict.OK, "no GPU: the CPU is used")


def test_a_gpu_that_torch_cannot_use_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor, "_gpu_is_there", lambda: True)
    finding = found("torch")["gpu"]
    assert finding.verdict is Verdict.WARNING
    assert finding.remedy


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    about = SimpleNamespace(name="NVIDIA H200", total_memory=140 * GIB)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _number: about)


def test_a_gpu_is_named_with_its_memory(one_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "ones", lambda size, **_on: torch.zeros(size))
    assert found("torch")["gpu"] == Finding("gpu", Verdict.OK, "cuda:0 NVIDIA H200, 140 GiB")


def test_a_gpu_that_cannot_compute_is_broken(
    one_gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise RuntimeError("no kernel image is available")

    monkeypatch.setattr(torch, "ones", refuse)
    finding = found("torch")["gpu"]
    assert finding.verdict is Verdict.BROKEN
    assert "no kernel image" in finding.said


def test_without_torch_the_other_checks_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert found("torch")["gpu"].verdict is Verdict.BROKEN
    assert found("threads")["threads"].verdict is Verdict.BROKEN
    assert found("disk")


@pytest.mark.parametrize(("threads", "verdict"), [(1, Verdict.OK), (10_000, Verdict.WARNING)])
def test_more_threads_than_cores_are_a_warning(
    threads: int, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    finding = found("threads")["threads"]
    assert finding.verdict is verdict
    assert ("OMP_NUM_THREADS" in str(finding.remedy)) is (verdict is Verdict.WARNING)


@pytest.mark.parametrize(
    ("free_gib", "verdict"),
    [(0.9, Verdict.BROKEN), (1.0, Verdict.WARNING), (9.9, Verdict.WARNING), (10.0, Verdict.OK)],
)
def test_free_disk_space(
    free_gib: float, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=free_gib * GIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    disks = found("disk", home=tmp_path / "not" / "made", shard_root=tmp_path)
    assert {finding.verdict for finding in disks.values()} == {verdict}
    assert f"{free_gib:.1f} GiB free at {tmp_path} " in disks["disk of home"].said
    assert "warning below 10, broken below 1" in disks["disk of shard_root"].said


def test_a_folder_that_may_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=99 * GIB))
    monkeypatch.setattr(os, "access", lambda _folder, mode: mode != os.W_OK)
    finding = found("disk", shard_root=tmp_path)["disk of shard_root"]
    assert finding.verdict is Verdict.WARNING
    assert finding.said == f"{tmp_path} may only be read"


def test_the_port_of_the_dashboard() -> None:
    with closing(socket.create_server(("", 0))) as other:
        port = other.getsockname()[1]
        taken = found("dashboard", dashboard_port=port)["dashboard port"]
    free = found("dashboard", dashboard_port=port)["dashboard port"]
    assert (taken.verdict, free.verdict) == (Verdict.WARNING, Verdict.OK)
    assert "STARLEDGER_DASHBOARD_PORT" in str(taken.remedy)
    assert found("dashboard", dashboard_port=0)["dashboard port"].verdict is Verdict.OK


@pytest.mark.integration
def test_a_healthy_database(ledger: Database) -> None:
    database = found("database", database_url=address(ledger))
    assert {finding.verdict for finding in database.values()} == {Verdict.OK}
    assert database["database"].said.startswith("server PostgreSQL ")
    assert "up to date" in database["schema"].said
    assert database["worker"].said == "logs in as starledger_worker"
    assert database["reader"].said == "logs in as starledger_reader"


@pytest.mark.integration
def test_the_embedded_database_is_started() -> None:
    database = found("database")
    assert database["database"].said.startswith("embedded PostgreSQL ")
    assert database["schema"].verdict is Verdict.BROKEN
    assert database["reader"].verdict is Verdict.OK


@pytest.mark.integration
def test_an_empty_database_wants_the_tables(empty_database: Database) -> None:
    database = found("database", database_url=address(empty_database))
    assert database["schema"].verdict is Verdict.BROKEN
    assert "`starledger db upgrade`" in str(database["schema"].remedy)
    assert database["worker"].verdict is database["reader"].verdict is Verdict.OK


@pytest.mark.integration
def test_a_reader_who_is_let_in_as_the_owner_is_a_warning(ledger: Database) -> None:
    url = address(ledger)
    reader = found("database", database_url=url, reader_url=url)["reader"]
    assert reader.verdict is Verdict.WARNING
    assert "may do everything" in reader.said


@pytest.mark.integration
def test_a_worker_who_is_not_let_in_does_not_hide_the_reader(ledger: Database) -> None:
    stranger = ledger.urls[Role.WORKER].set(username="starledger_stranger", password="no")
    database = found(
        "database",
        database_url=address(ledger),
        worker_url=stranger.render_as_string(hide_password=False),
    )
    assert database["worker"].verdict is Verdict.BROKEN
    assert database["worker"].remedy
    assert database["reader"].verdict is Verdict.OK


@pytest.fixture
def healthy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the verdict hang on the database alone."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=99 * GIB))


@pytest.mark.integration
def test_the_command_prints_a_line_for_each_thing(
    ledger: Database, healthy_machine: None, starledger: Command
) -> None:
    answer = starledger("--database", address(ledger), "doctor")
    assert answer.code == 0
    assert answer.err == ""
    lines = answer.out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "warning"}
    for name in ("python", "database_url", "schema", "reader", "gpu", "threads", "disk of home"):
        assert sum(line[9:].startswith(f"{name} ") for line in lines) == 1


@pytest.mark.integration
def test_the_command_fails_where_something_is_broken(
    empty_database: Database, healthy_machine: None, starledger: Command
) -> None:
    answer = starledger("--database", address(empty_database), "doctor", "--json")
    assert answer.code == 1
    findings = json.loads(answer.out)
    broken = [finding for finding in findings if finding["verdict"] == "broken"]
    assert [finding["name"] for finding in broken] == ["schema"]
    assert all(finding.keys() == {"name", "verdict", "said", "remedy"} for finding in findings)


def test_the_command_goes_on_without_a_server(healthy_machine: None, starledger: Command) -> None:
    answer = starledger("--database", "postgresql://me@/x?host=/nowhere", "doctor")
    assert answer.code == 1
    broken = [line for line in answer.out.splitlines() if line.startswith("broken")]
    assert len(broken) == 1
    assert "cannot be reached" in broken[0]
    assert " → " in broken[0]
    assert "dashboard port" in answer.out
