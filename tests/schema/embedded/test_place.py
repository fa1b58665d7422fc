from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from starledger.schema.embedded import EmbeddedServer
from starledger.schema.embedded import place as place_module
from starledger.schema.embedded.account import Account, account_for, default_account
from starledger.schema.embedded.place import Place, find_place, make_place
from starledger.schema.errors import FolderError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can arrange it")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_that_the_server_can_enter_holds_everything(server_home: Path) -> None:
    found = find_place(server_home)
    assert not found.folder.exists()
    assert found == make_place(server_home)
    assert found.folder == server_home / "postgres"
    assert found.folder.is_dir()
    assert mode(found.folder) == (0o711 if os.geteuid() == 0 else 0o700)


@as_root
def test_a_strict_umask_does_not_shut_out_the_server(server_home: Path) -> None:
    before = os.umask(0o077)
    try:
        assert mode(make_place(server_home).folder) == 0o711
    finally:
        os.umask(before)


@pytest.fixture
def closed_home(server_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home below a folder that only root enters, and a place for its server elsewhere."""
    monkeypatch.setattr(place_module, "FOR_ROOT", server_home)
    monkeypatch.setattr(place_module, "TEMPORARY", server_home / "temporary")
    closed = server_home / "closed"
    closed.mkdir(mode=0o700)
    return closed / "home"


@as_root
def test_a_home_that_is_closed_to_the_server_links_to_one_place_for_ever(
    server_home: Path, closed_home: Path
) -> None:
    place = make_place(closed_home)
    assert place.folder.parent == server_home
    assert mode(place.folder) == 0o711
    assert (place.folder / "home").read_text() == f"{closed_home}\n"
    assert (closed_home / "postgres").readlink() == place.folder
    closed_home.parent.chmod(0o755)
    assert find_place(closed_home) == make_place(closed_home) == place


@as_root
def test_a_closed_home_that_was_deleted_does_not_come_back(closed_home: Path) -> None:
    place = make_place(closed_home)
    shutil.rmtree(closed_home)
    assert make_place(closed_home).folder != place.folder


@as_root
def test_a_closed_temporary_home_has_a_temporary_server(
    server_home: Path, closed_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_module, "FOR_ROOT", Path("/nowhere"))
    monkeypatch.setattr(place_module, "TEMPORARY", server_home)
    assert make_place(closed_home).folder.parent == server_home


@as_root
def test_of_two_that_settle_a_closed_home_at_once_one_wins(
    server_home: Path, closed_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    winner = server_home / "winner"
    winner.mkdir()

    def settle_first(_account: Account, home: Path) -> bool:
        (home / "postgres").symlink_to(winner)
        return False

    monkeypatch.setattr(place_module, "can_enter", settle_first)
    assert make_place(closed_home).folder == winner
    assert sorted(path.name for path in server_home.iterdir()) == ["closed", "winner"]


@as_root
@pytest.mark.integration
def test_the_server_of_a_closed_home_runs(closed_home: Path) -> None:
    witness = EmbeddedServer(closed_home)
    assert not witness.is_running()
    with EmbeddedServer(closed_home) as server:
        assert witness.is_running()
        assert witness.url() == server.url()
        assert server.data_folder.stat().st_uid == default_account().uid
    assert mode(closed_home.parent) == 0o700


@as_root
def test_the_owner_of_the_data_runs_the_server(tmp_path: Path) -> None:
    assert account_for(tmp_path / "new") == default_account()
    assert account_for(tmp_path) == default_account()
    os.chown(tmp_path, 12345, 54321)
    owner = account_for(tmp_path)
    assert owner is not None
    assert (owner.name, owner.uid, owner.gid) == ("12345", 12345, 54321)


def test_the_socket_has_a_private_folder_and_a_short_name(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(str(Place(server_home.joinpath(*["long"] * 50), None).socket)) < 100
    monkeypatch.setattr(place_module, "SOCKETS", server_home)
    place = make_place(server_home)
    place.make_socket_folder()
    assert mode(place.socket_folder) == 0o700
    place.socket_folder.chmod(0o777)
    place.make_socket_folder()
    assert mode(place.socket_folder) == 0o700


def test_a_socket_folder_that_is_a_link_is_refused(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_module, "SOCKETS", server_home)
    place = make_place(server_home)
    place.socket_folder.symlink_to(server_home)
    with pytest.raises(FolderError, match="belongs to somebody else"):
        place.make_socket_folder()


@as_root
def test_a_socket_folder_of_somebody_else_is_refused(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_module, "SOCKETS", server_home)
    place = make_place(server_home)
    place.socket_folder.mkdir(mode=0o700)
    os.chown(place.socket_folder, 12345, 12345)
    with pytest.raises(FolderError, match="belongs to somebody else"):
        place.make_socket_folder()
