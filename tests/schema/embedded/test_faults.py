from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from starledger.schema.embedded import EmbeddedServer, cluster
from starledger.schema.embedded import server as server_module
from starledger.schema.embedded.account import run_as
from starledger.schema.embedded.faults import explained
from starledger.schema.embedded.locks import open_lock, try_alone
from starledger.schema.embedded.place import Place, find_place, make_place
from starledger.schema.errors import (
    DatabaseError,
    DiskFull,
    FolderError,
    FolderLocked,
    FolderReadOnly,
    HalfInitialised,
    StarledgerError,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can arrange it")
PREFIX = Path(sys.prefix)
ROOTS_OWN = os.geteuid() == 0 and not all(
    one.stat().st_mode & 0o001 for one in (PREFIX, *PREFIX.parents)
)
as_another = pytest.mark.skipif(
    ROOTS_OWN,
    reason="nobody but root may enter the folders of this environment, as in root's own home",
)

ORDINARY_USER = """
import os, sys
from pathlib import Path
from starledger.schema.embedded import EmbeddedServer
from starledger.schema.errors import StarledgerError

# Python is loaded by now: the user need not be able to reach it.
home, uid, gid = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
try:
    with EmbeddedServer(home) as server:
        print(server.is_running(), server.data_folder.stat().st_uid == uid)
except StarledgerError as error:
    print(type(error).__name__, error)
"""


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", folder], check=False
    )
    if tried.returncode != 0:
        pytest.skip("this machine lets us mount nothing")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def ordinary_user() -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def join_as(home: Path, uid: int, gid: int) -> str:
    return subprocess.run(
        [sys.executable, "-c", ORDINARY_USER, str(home), str(uid), str(gid)],
        env=os.environ | {"HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def joining(home: Path) -> StarledgerError:
    """Return the error of joining, after which nothing runs."""
    server = EmbeddedServer(home)
    with pytest.raises(StarledgerError) as raised:
        server.join()
    assert not server.is_running()
    assert "\n" not in str(raised.value)
    return raised.value


@as_another
@pytest.mark.integration
def test_an_ordinary_user_in_an_empty_private_home(server_home: Path) -> None:
    uid, gid = ordinary_user()
    server_home.chmod(0o700)
    os.chown(server_home, uid, gid)
    assert join_as(server_home, uid, gid) == "True True"
    assert join_as(server_home, uid, gid) == "True True"


@pytest.mark.integration
def test_a_home_that_may_only_be_read(server_home: Path) -> None:
    server_home.chmod(0o555)
    said = join_as(server_home, *ordinary_user())
    server_home.chmod(0o755)
    assert said.startswith(f"FolderReadOnly {server_home / 'postgres'} may not be read and written")
    assert said.endswith("or name another folder with STARLEDGER_HOME.")


@as_root
@as_another
@pytest.mark.integration
def test_a_user_without_a_name(server_home: Path) -> None:
    uid = 65533
    os.chown(server_home, uid, uid)
    assert "needs a name for the operating system's user 65533" in join_as(server_home, uid, uid)


@as_root
def test_a_home_on_a_read_only_disk(server_home: Path) -> None:
    with mounted(server_home, "ro", "mode=755"):
        error = joining(server_home)
    assert isinstance(error, FolderReadOnly)
    assert "Read-only file system" in str(error)


@as_root
@pytest.mark.integration
def test_a_disk_that_fills_up(server_home: Path) -> None:
    with mounted(server_home, "size=8m", "mode=755"):
        error = joining(server_home)
        left = {path.name for path in (server_home / "postgres").iterdir()}
    assert isinstance(error, DiskFull)
    # Where its user cannot reach ours, the server's programs are copied first.
    copies = {"binaries"} if ROOTS_OWN else set()
    assert left == {"clients.lock", "server.lock", "start.lock"} | copies


def test_a_home_that_is_a_file(server_home: Path) -> None:
    home = server_home / "home"
    home.touch()
    assert isinstance(joining(home), FolderError)


def test_a_half_initialised_data_folder(server_home: Path) -> None:
    data = make_place(server_home).data
    data.mkdir()
    (data / "PG_VERSION").write_text("18\n")
    error = joining(server_home)
    assert isinstance(error, HalfInitialised)
    assert str(data) in error.what
    assert error.remedy.startswith("Move it away")


def test_a_data_folder_of_a_version_that_is_gone(server_home: Path) -> None:
    data = make_place(server_home).data
    (data / "global").mkdir(parents=True)
    (data / "global" / "pg_control").touch()
    (data / "PG_VERSION").write_text("9.6\n")
    error = joining(server_home)
    assert isinstance(error, FolderError)
    assert error.what.startswith("The database was made by PostgreSQL 9,")
    assert "starledger db backup" in error.remedy


@pytest.mark.integration
def test_the_server_says_why_it_does_not_start(server_home: Path) -> None:
    with EmbeddedServer(server_home) as server:
        pass
    with (server.data_folder / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = nonsense\n")
    error = joining(server_home)
    assert isinstance(error, DatabaseError)
    assert 'invalid value for parameter "shared_buffers": "nonsense"' in error.what
    assert str(server.log_file) in error.remedy


@pytest.mark.integration
def test_a_server_of_others_on_our_data(server_home: Path) -> None:
    with EmbeddedServer(server_home) as server:
        pass
    place = find_place(server_home)
    pg_ctl = [str(server.binaries.tool("pg_ctl")), "-D", str(place.data), "-w"]
    options = ["-l", str(place.log_file), "-o", f"-k {place.data} -c listen_addresses="]
    started = run_as(place.account, [*pg_ctl, "start", *options])
    try:
        assert started.returncode == 0
        error = joining(server_home)
    finally:
        run_as(place.account, [*pg_ctl, "stop", "-m", "fast"])
    assert isinstance(error, FolderLocked)
    assert "postmaster.pid" in error.remedy


def test_processes_that_hold_the_data_and_do_not_answer(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SILENCE_PATIENCE_S", 0.1)
    with open_lock(make_place(server_home).server_lock) as lock:
        assert try_alone(lock)
        error = joining(server_home)
    assert isinstance(error, FolderLocked)
    assert "do not answer" in error.what


def test_a_start_of_others_that_does_not_end(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "LOCK_PATIENCE_S", 0.1)
    with open_lock(make_place(server_home).start_lock) as lock:
        assert try_alone(lock)
        error = joining(server_home)
    assert isinstance(error, FolderLocked)
    assert "start.lock" in error.what


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('initdb: error: could not write file "x": No space left on device', DiskFull),
        ("FATAL:  could not create lock file: Disk quota exceeded", DiskFull),
        ("FATAL:  could not create semaphores: No space left on device", DatabaseError),
        ("could not resize shared memory segment: No space left on device", DatabaseError),
        ('pg_ctl: could not open log file "y": Read-only file system', FolderReadOnly),
        ('FATAL:  lock file "postmaster.pid" already exists', FolderLocked),
        ("FATAL:  pre-existing shared memory block (key 1) is still in use", FolderLocked),
        ("", DatabaseError),
    ],
)
def test_what_the_server_said_becomes_the_error_for_it(
    said: str, kind: type[StarledgerError], tmp_path: Path
) -> None:
    assert type(explained("did not start", said, Place(tmp_path, None))) is kind


def test_the_last_words_are_without_routine(tmp_path: Path) -> None:
    when = "2026-01-02 03:04:05.678 UTC [90] "
    said = f"{when} FATAL:  no such setting.\n{when} LOG:  database system is shut down\n"
    error = explained("did not start", said, Place(tmp_path, None))
    assert error.what == "The embedded PostgreSQL did not start: FATAL:  no such setting."
