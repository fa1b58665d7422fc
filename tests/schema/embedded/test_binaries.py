from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import get_args

import pytest

from starledger.schema.embedded import EmbeddedServer, binaries
from starledger.schema.embedded.account import account_for, default_account, run_as
from starledger.schema.embedded.binaries import (
    Binaries,
    find_binaries,
    installed_folders,
    wheel_folders,
)
from starledger.schema.embedded.cluster import Cluster
from starledger.schema.embedded.place import Place
from starledger.schema.errors import FolderError, StarledgerError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can arrange it")


def fake(folder: Path, version: str) -> Path:
    """Make programs that only tell their version."""
    folder.mkdir(parents=True)
    for name in get_args(binaries.Tool):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
        program.chmod(0o755)
    return folder


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Give the folders that are found, to be filled."""
    found: dict[str, list[Path]] = {"wheel": [], "installed": []}
    monkeypatch.setattr(binaries, "wheel_folders", lambda: found["wheel"])
    monkeypatch.setattr(binaries, "installed_folders", lambda: found["installed"])
    return found


def test_the_wheel_has_all_programs() -> None:
    found = find_binaries()
    assert found.folder in wheel_folders()
    assert found.major == 18
    for name in ("initdb", "pg_ctl", "pg_dump", "pg_restore", "postgres", "psql"):
        assert os.access(found.folder / name, os.X_OK)


def test_the_newest_of_the_wheel_comes_first(
    folders: dict[str, list[Path]], tmp_path: Path
) -> None:
    folders["wheel"] = [fake(tmp_path / "9", "9.6.1"), fake(tmp_path / "10", "18.10")]
    folders["installed"] = [fake(tmp_path / "other", "19.1")]
    assert find_binaries() == Binaries(tmp_path / "10", "18.10")


def test_a_data_folder_has_its_own_version(folders: dict[str, list[Path]], tmp_path: Path) -> None:
    folders["wheel"] = [fake(tmp_path / "a", "18.4")]
    folders["installed"] = [fake(tmp_path / "b", "17.2"), fake(tmp_path / "c", "16.1")]
    assert find_binaries(major=16).version == "16.1"
    assert find_binaries(major=18).version == "18.4"
    with pytest.raises(FolderError, match=r"made by PostgreSQL 15, .* Install PostgreSQL 15"):
        find_binaries(major=15)


def test_an_installed_one_is_taken_when_there_is_no_wheel(
    folders: dict[str, list[Path]], tmp_path: Path
) -> None:
    folders["installed"] = [
        tmp_path / "missing",
        fake(tmp_path / "old", "14.9"),
        fake(tmp_path / "good", "15.8 (Debian 15.8-0+deb12u1)"),
    ]
    assert find_binaries() == Binaries(tmp_path / "good", "15.8", installed=True)


def test_a_server_of_installed_programs_says_so(
    folders: dict[str, list[Path]],
    tmp_path: Path,
    server_home: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folders["installed"] = [fake(tmp_path / "good", "15.8")]
    cluster = Cluster(Place(server_home, None))
    with caplog.at_level(logging.WARNING):
        assert cluster.binaries.installed
    assert f"using the installed 15.8 of {tmp_path / 'good'}" in caplog.text


@pytest.mark.usefixtures("folders")
def test_none_at_all_is_an_error_with_the_remedy() -> None:
    with pytest.raises(StarledgerError, match="STARLEDGER_DATABASE_URL"):
        find_binaries()


def test_the_search_path_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake(tmp_path / "bin", "17.0")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert installed_folders()[0] == folder


@pytest.mark.integration
def test_an_installed_one_serves_and_keeps_its_data_folder(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_wheel:
        without_wheel.setattr(binaries, "wheel_folders", list)
        try:
            version = find_binaries(account=account_for(server_home)).version
        except StarledgerError:
            pytest.skip("this machine has no PostgreSQL of its own")
        with EmbeddedServer(server_home) as server:
            assert server.is_running()
    with EmbeddedServer(server_home) as server:
        assert server.binaries.version == version


@as_root
def test_programs_that_the_server_cannot_reach_are_copied(
    folders: dict[str, list[Path]], server_home: Path
) -> None:
    closed = server_home / "closed"
    install = closed / "wheel" / "pginstall"
    folders["wheel"] = [fake(install / "bin", "18.4")]
    for part in (install / "lib", install / "share", closed / "wheel.libs"):
        part.mkdir()
    (install / "lib" / "libpq.so").symlink_to("libpq.so.5")
    account = default_account()
    copies = server_home / "binaries"
    assert find_binaries(account=account, copies=copies).folder == install / "bin"
    closed.chmod(0o700)
    for path in (install / "bin").iterdir():
        path.chmod(0o700)
    found = find_binaries(account=account, copies=copies)
    copy = copies / "18.4"
    assert found == Binaries(copy / "wheel" / "pginstall" / "bin", "18.4")
    assert run_as(account, [found.tool("initdb")]).returncode == 0
    assert (copy / "wheel" / "pginstall" / "lib" / "libpq.so").is_symlink()
    assert (copy / "wheel.libs").is_dir()
    assert [path.name for path in copies.iterdir()] == ["18.4"]
    assert find_binaries(account=account, copies=copies) == found


@as_root
@pytest.mark.integration
def test_a_copy_of_the_wheel_serves(server_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = find_binaries().folder.parents[1]
    closed = server_home / "closed"
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(folder, closed / folder.name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setattr(
        binaries, "wheel_folders", lambda: list((closed / wheel.name).glob("*/bin"))
    )
    with EmbeddedServer(server_home) as server:
        assert server.is_running()
        assert server.binaries.folder.is_relative_to(server_home / "postgres" / "binaries")


@as_root
def test_installed_programs_that_the_server_cannot_reach_are_passed_over(
    folders: dict[str, list[Path]], server_home: Path
) -> None:
    closed = server_home / "closed"
    folders["installed"] = [fake(closed / "bin", "17.0"), fake(server_home / "open", "15.8")]
    closed.chmod(0o700)
    assert find_binaries().version == "17.0"
    assert find_binaries(account=default_account()).version == "15.8"


def test_a_folder_without_all_programs_is_passed_over(
    folders: dict[str, list[Path]], tmp_path: Path
) -> None:
    folders["installed"] = [fake(tmp_path / "links", "17.5"), fake(tmp_path / "whole", "17.4")]
    (tmp_path / "links" / "pg_dump").unlink()
    assert find_binaries() == Binaries(tmp_path / "whole", "17.4", installed=True)
