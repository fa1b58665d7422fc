"""The embedded data folder and the PostgreSQL that runs on it: made, started, furnished, stopped.

Only `starledger.schema.embedded` uses it, and holds ``start.lock`` while it does.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql

from starledger.schema.embedded.account import run_as
from starledger.schema.embedded.binaries import WHEEL, Binaries, find_binaries
from starledger.schema.embedded.faults import explained
from starledger.schema.embedded.locks import open_lock, try_alone
from starledger.schema.embedded.place import PORT, Place
from starledger.schema.embedded.tuning import memory_bytes, server_settings, settings_text
from starledger.schema.errors import FolderLocked, HalfInitialised, StarledgerError
from starledger.schema.roles import Role

log = logging.getLogger(__name__)

SUPERUSER = "postgres"
DATABASE = "starledger"

START_PATIENCE_S = 600
"""Seconds for a start or a stop: recovery after a crash, or a last checkpoint, may take long."""

SILENCE_PATIENCE_S = 60
"""Seconds for the last processes of a server that died to notice it and go."""

POLL_S = 0.02
LOG_LIMIT_BYTES = 16 << 20
OWN_SETTINGS = "starledger.conf"


class Cluster:
    """A data folder and its server.

    Parameters
    ----------
    place
        Where it lives and who runs it.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    @cached_property
    def binaries(self) -> Binaries:
        """The programs, of the version that made the data folder if there is one."""
        version = self.place.data / "PG_VERSION"
        major = int(version.read_text().split(".")[0]) if version.exists() else None
        found = find_binaries(
            account=self.place.account, copies=self.place.folder / "binaries", major=major
        )
        if found.installed:
            log.warning(
                "The wheel %s has no fitting PostgreSQL; using the installed %s of %s.",
                WHEEL.replace("_", "-"),
                found.version,
                found.folder,
            )
        return found

    def is_listening(self) -> bool:
        """Tell whether a server is there, in a fraction of a millisecond."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.place.socket))
            except (BlockingIOError, TimeoutError):
                return True  # its queue of new connections is full
            except OSError:
                return False
        return True

    def bring_up(self) -> None:
        """Return when the server answers and is furnished; start it if it is not there."""
        began = heard = time.monotonic()
        while not self._answers():
            now = time.monotonic()
            if self.is_listening():
                heard = now
            elif self._start_if_dead():
                continue
            if now - heard > SILENCE_PATIENCE_S or now - began > START_PATIENCE_S:
                raise self._silent()
            time.sleep(POLL_S)

    def stop(self) -> bool:
        """Stop the server, ending its sessions; tell whether there was one."""
        if not self.is_listening():
            return False
        done = self._pg_ctl("stop", "-m", "fast")
        if done.returncode != 0 and self.is_listening():
            raise self._failed("did not stop", done.stdout + done.stderr)
        with suppress(OSError):
            self.place.socket_folder.rmdir()
        return True

    def _answers(self) -> bool:
        if not self.is_listening():
            return False
        try:
            self._furnish()
        except psycopg.OperationalError as error:
            return self._survives(str(error))
        return True

    def _survives(self, refusal: str) -> bool:
        if "too many clients" in refusal or "connection slots" in refusal:
            return True
        passing = ("the database system is", "server closed the connection", "terminating connec")
        if any(text in refusal for text in passing) or not self.is_listening():
            return False
        raise self._failed("refuses connections", refusal)

    def _furnish(self) -> None:
        """Make the roles and the database that are missing."""
        with psycopg.connect(
            host=str(self.place.socket_folder),
            port=PORT,
            user=SUPERUSER,
            dbname="postgres",
            autocommit=True,
        ) as server:
            roles = {name for (name,) in server.execute("SELECT rolname FROM pg_roles")}
            for role in Role:
                if role not in roles:
                    server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            databases = {name for (name,) in server.execute("SELECT datname FROM pg_database")}
            if DATABASE not in databases:
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                server.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(Role.OWNER)))

    def _start_if_dead(self) -> bool:
        """Start the server unless processes of an earlier one, or of its start, still live."""
        with open_lock(self.place.server_lock) as lock:
            if not try_alone(lock):
                return False
            self._start(lock.fileno())
        return True

    def _start(self, server_lock: int) -> None:
        """Start the server, whose processes inherit the lock and so tell that they live."""
        if not self._is_made():
            self._make(server_lock)
        self._write_settings()
        self.place.make_socket_folder()
        self._clear_remains()
        old_log_bytes = self._prepare_log()
        options = f"-k {self.place.socket_folder} -p {PORT} -c listen_addresses="
        done = self._pg_ctl(
            "start", "-l", self.place.log_file, "-o", options, server_lock=server_lock
        )
        if done.returncode != 0 and not self.is_listening():
            said = self.place.log_file.read_bytes()[old_log_bytes:].decode(errors="replace")
            raise self._failed("did not start", said or done.stdout + done.stderr)

    def _pg_ctl(
        self, action: str, *options: str | Path, server_lock: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        pg_ctl = self.binaries.tool("pg_ctl")
        common = ["-D", str(self.place.data), "-w", "-t", str(START_PATIENCE_S)]
        return run_as(
            self.place.account,
            [pg_ctl, action, *common, *options],
            keep_fds=() if server_lock is None else (server_lock,),
        )

    def _is_made(self) -> bool:
        data = self.place.data
        if (data / "PG_VERSION").is_file() and (data / "global" / "pg_control").is_file():
            return True
        if not data.exists() or (data.is_dir() and not any(data.iterdir())):
            return False
        raise HalfInitialised(
            f"{data} is not empty and not a complete PostgreSQL data folder.",
            remedy="Move it away; the next command makes a new, empty database.",
        )

    def _make(self, server_lock: int) -> None:
        """Make the data folder under another name, so that under its own it is complete."""
        new = self.place.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        try:
            new.mkdir(mode=0o700)
            self.place.give_to_server(new)
            self._initdb(new, server_lock)
            with (new / "postgresql.conf").open("a", encoding="utf-8") as settings:
                settings.write(f"\ninclude_if_exists = '{OWN_SETTINGS}'\n")
                settings.flush()
                os.fsync(settings.fileno())
            new.rename(self.place.data)
            _sync_folder(self.place.folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _initdb(self, new: Path, server_lock: int) -> None:
        form = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "-k"]
        done = run_as(
            self.place.account,
            [self.binaries.tool("initdb"), "-D", new, *form, "--no-instructions"],
            keep_fds=[server_lock],
        )
        if done.returncode != 0:
            raise self._failed("could not make its data folder", done.stdout + done.stderr)

    def _write_settings(self) -> None:
        new = self.place.data / f"{OWN_SETTINGS}.new"
        new.unlink(missing_ok=True)
        with new.open("x", encoding="utf-8") as file:
            file.write(settings_text(server_settings(memory_bytes())))
        self.place.give_to_server(new)
        new.replace(self.place.data / OWN_SETTINGS)

    def _clear_remains(self) -> None:
        """Remove what a killed server left, lest a newcomer with its process id pass for it."""
        pid_file = self.place.data / "postmaster.pid"
        # Only Linux lets us ask; elsewhere PostgreSQL's own, coarser check decides.
        if pid_file.exists() and Path("/proc/self").exists():
            pid = pid_file.read_text().partition("\n")[0]
            if _works_in(pid, self.place.data):
                return
            pid_file.unlink()
            self.place.socket.with_name(self.place.socket.name + ".lock").unlink(missing_ok=True)

    def _prepare_log(self) -> int:
        """Make the log, which the server may write but not replace; return its size in bytes."""
        log = self.place.log_file
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.old"))
        if not log.exists():
            log.touch(mode=0o600)
            self.place.give_to_server(log)
        return log.stat().st_size

    def _silent(self) -> StarledgerError:
        return FolderLocked(
            f"The database in {self.place.folder} is held by processes that do not answer.",
            remedy="They may be of another machine or container with the same folder: stop them "
            f"there; or `fuser {self.place.server_lock}` tells which to end.",
        )

    def _failed(self, what: str, said: str) -> StarledgerError:
        return explained(what, said, self.place)


def _works_in(pid: str, data: Path) -> bool:
    # A server's working folder is its data folder; a dead process that nobody has reaped has none.
    try:
        return Path(f"/proc/{int(pid)}/cwd").samefile(data)
    except (OSError, ValueError):
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
