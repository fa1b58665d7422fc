from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from starledger.schema.embedded import EmbeddedServer
from starledger.schema.errors import FolderLocked
from starledger.schema.roles import Role

pytestmark = pytest.mark.integration

DEADLINE_S = 30

CLIENT = """
import sys
from pathlib import Path
from starledger.schema.embedded import EmbeddedServer

server = EmbeddedServer(Path(sys.argv[1]))
print("ready", flush=True)
for order in sys.stdin:
    getattr(server, order.strip())()
    print((server.data_folder / "postmaster.pid").read_text().split()[0], flush=True)
"""

ENDLESS_COPY = """
import sys
import psycopg

with psycopg.connect(sys.argv[1]) as connection:
    connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    connection.commit()
    with connection.cursor().copy("COPY kept FROM STDIN") as copy:
        copy.write("1001\\n" * 1_000_000)
        print("copying", flush=True)
        while True:
            copy.write("1002\\n" * 1_000_000)
"""

FORK = """
import os, sys
from pathlib import Path
from starledger.schema.embedded import EmbeddedServer

server = EmbeddedServer(Path(sys.argv[1]))
server.join()
child = os.fork()
if not child:
    server.leave()
    print("child left", server.is_running(), flush=True)
    sys.stdin.readline()
    server.ensure_running()
    print("child rejoined", server.is_running(), flush=True)
    sys.exit()
"""


class Client:
    """A process that joins and leaves as it is told."""

    def __init__(self, home: Path) -> None:
        self.process = start(CLIENT, home)

    def order(self, method: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{method}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def join(self) -> int:
        """Join, and return the postmaster's process id."""
        self.order("join")
        return int(self.hear())

    def end_input(self) -> None:
        """Let it leave and exit."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def go(self) -> int:
        """Let it leave, and return its exit code."""
        self.end_input()
        return self.process.wait(DEADLINE_S)

    def killed_by(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


def start(program: str, argument: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(argument)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def clients(home: Path, count: int) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        made = [Client(home) for _ in range(count)]
        for client in made:
            stack.enter_context(client.process)
            stack.callback(client.process.kill)
        assert {client.hear() for client in made} == {"ready"}
        yield made


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.01)


def address(server: EmbeddedServer, role: str = "starledger") -> str:
    return server.url(role).set(drivername="postgresql").render_as_string()


def postmaster(server: EmbeddedServer) -> int:
    return int((server.data_folder / "postmaster.pid").read_text().split()[0])


def kill_postmaster(server: EmbeddedServer) -> None:
    os.kill(postmaster(server), signal.SIGKILL)
    wait_until(lambda: not server.is_running())


def test_twenty_processes_starting_at_once_share_one_server(server_home: Path) -> None:
    with clients(server_home, 20) as twenty:
        for client in twenty:
            client.order("join")
        pids = {client.hear() for client in twenty}
        assert len(pids) == 1
        assert pids != {""}
        assert EmbeddedServer(server_home).is_running()
        for client in twenty:
            client.end_input()
        assert {client.process.wait(DEADLINE_S) for client in twenty} == {0}
    assert not EmbeddedServer(server_home).is_running()


def test_the_roles_and_the_settings_are_there(server_home: Path) -> None:
    with EmbeddedServer(server_home) as server:
        for role in Role:
            engine = create_engine(server.url(role))
            with engine.connect() as connection:
                rights = text("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user")
                assert connection.execute(rights).all() == [(role, False)]
            engine.dispose()
        with psycopg.connect(address(server)) as connection:
            shown = [
                connection.execute(f"SHOW {name}").fetchone()
                for name in ("max_wal_size", "listen_addresses", "synchronous_commit", "jit")
            ]
            owner = connection.execute(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'starledger'"
            ).fetchone()
            encoding = connection.execute("SHOW server_encoding").fetchone()
        assert shown == [("2GB",), ("",), ("on",), ("off",)]
        assert owner == ("starledger",)
        assert encoding == ("UTF8",)
        assert server.binaries.major >= 15
        with psycopg.connect(address(server, "postgres"), autocommit=True) as superuser:
            superuser.execute("DROP ROLE starledger_reader")
    with (
        EmbeddedServer(server_home) as server,
        psycopg.connect(address(server, "starledger_reader")),
    ):
        pass


def test_a_killed_client_does_not_leak_the_server(server_home: Path) -> None:
    with clients(server_home, 3) as (killed, only_witness, last):
        pid = killed.join()
        assert only_witness.join() == pid
        assert killed.killed_by(signal.SIGKILL) == -signal.SIGKILL
        assert EmbeddedServer(server_home).is_running()
        assert only_witness.killed_by(signal.SIGKILL) == -signal.SIGKILL
        assert EmbeddedServer(server_home).is_running()
        assert last.join() == pid
        assert last.go() == 0
    assert not EmbeddedServer(server_home).is_running()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_lets_the_client_leave(server_home: Path, number: int) -> None:
    with clients(server_home, 1) as (client,):
        client.join()
        code = client.killed_by(number)
    assert code == (-number if number == signal.SIGINT else 128 + number)
    assert not EmbeddedServer(server_home).is_running()


def test_a_handler_of_others_stays(server_home: Path) -> None:
    def mine(_number: int, _frame: object) -> None:
        pass

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with EmbeddedServer(server_home):
            assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_committed_rows_survive_the_death_of_the_postmaster_in_a_copy(server_home: Path) -> None:
    with EmbeddedServer(server_home) as server, start(ENDLESS_COPY, address(server)) as copying:
        assert copying.stdout is not None
        assert copying.stdout.readline() == "copying\n"
        kill_postmaster(server)
        with (
            EmbeddedServer(server_home) as again,
            psycopg.connect(address(again)) as connection,
        ):
            found = connection.execute("SELECT count(*), max(n) FROM kept").fetchone()
        assert found == (1000, 1000)
        assert copying.wait(DEADLINE_S) != 0
    assert not server.is_running()


def test_a_client_brings_a_dead_server_back(server_home: Path) -> None:
    with EmbeddedServer(server_home) as server:
        url = server.url()
        server.ensure_running()
        pid = postmaster(server)
        kill_postmaster(server)
        server.ensure_running()
        assert postmaster(server) != pid
        assert server.url() == url
        with psycopg.connect(address(server)):
            pass
    assert not server.is_running()


def test_a_stale_process_id_that_another_process_has_now_is_no_hindrance(
    server_home: Path,
) -> None:
    with EmbeddedServer(server_home) as server:
        kill_postmaster(server)
        pid_file = server.data_folder / "postmaster.pid"
        owner = pid_file.stat().st_uid
        with (
            subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=owner) as bystander,
            closing(bystander.stdin or pytest.fail("no pipe")),
        ):
            lines = pid_file.read_text().splitlines(keepends=True)
            pid_file.write_text("".join([f"{bystander.pid}\n", *lines[1:]]))
            server.ensure_running()
            assert server.is_running()
            assert bystander.poll() is None


def test_a_start_that_was_killed_is_done_again(server_home: Path) -> None:
    with clients(server_home, 1) as (first,):
        first.order("join")
        wait_until((server_home / "postgres" / "data.new" / "global").exists)
        first.killed_by(signal.SIGKILL)
    with EmbeddedServer(server_home) as server, psycopg.connect(address(server)):
        pass
    assert not (server_home / "postgres" / "data.new").exists()


def test_threads_share_one_hold(server_home: Path) -> None:
    server = EmbeddedServer(server_home)
    inside = threading.Barrier(4)
    seen = []

    def work() -> None:
        with server:
            inside.wait(DEADLINE_S)
            seen.append(server.is_running())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4
    assert not server.is_running()
    server.leave()


def test_a_forked_child_is_no_client_until_it_joins(server_home: Path) -> None:
    with start(FORK, server_home) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "child left True\n"
        assert parent.wait(DEADLINE_S) == 0
        assert not EmbeddedServer(server_home).is_running()
        said, _ = parent.communicate("go on\n", timeout=DEADLINE_S)
        assert said == "child rejoined True\n"
    wait_until(lambda: not EmbeddedServer(server_home).is_running())


def test_stop_spares_other_clients_unless_forced(server_home: Path) -> None:
    bystander = EmbeddedServer(server_home)
    assert not bystander.stop()
    with EmbeddedServer(server_home) as joined:
        with pytest.raises(FolderLocked, match="Other processes use the database"):
            bystander.stop()
        assert joined.stop()
        assert not joined.is_running()
        joined.ensure_running()
        with EmbeddedServer(server_home), pytest.raises(FolderLocked):
            joined.stop()
        assert bystander.stop(force=True)
        assert not joined.is_running()
        joined.ensure_running()
    assert not bystander.is_running()


def test_a_home_with_a_long_path_has_a_short_socket(server_home: Path) -> None:
    long = server_home.joinpath(*["a home with spaces and äöü"] * 8)
    with EmbeddedServer(long) as server, psycopg.connect(address(server)):
        assert len(str(long)) > 108
    assert not server.is_running()
    assert not server.socket_folder.exists()
