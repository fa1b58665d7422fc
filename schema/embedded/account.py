"""The operating system's user that runs PostgreSQL, which refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starledger.schema.errors import StarledgerError

ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of the operating system, other than ourselves."""

    name: str
    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """Return the user that must run the server on a data folder.

    Parameters
    ----------
    data
        The data folder, which need not exist.

    Returns
    -------
    Account or None
        None means ourselves. As root: the folder's owner, so that a user ``postgres`` that
        appears later does not lock us out; for a new folder `default_account`.
    """
    if os.geteuid() != 0:
        return None
    try:
        owner = data.stat()
    except (FileNotFoundError, NotADirectoryError):
        return default_account()
    if owner.st_uid == 0:
        return default_account()
    return Account(_user_name(owner.st_uid), owner.st_uid, owner.st_gid)


def default_account() -> Account:
    """Return the first of `ACCOUNTS` that this machine has; we never create one."""
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StarledgerError(
        f"PostgreSQL does not run as root, and this machine has no user {' or '.join(ACCOUNTS)}.",
        remedy="Run as an ordinary user, or name a server with STARLEDGER_DATABASE_URL.",
    )


def run_as(
    account: Account | None, command: Sequence[str | Path], *, keep_fds: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    r"""Run a program as an account and capture what it says, in English.

    Parameters
    ----------
    account
        Who runs it; None means ourselves.
    command
        The program and its arguments.
    keep_fds
        File descriptors that stay open in the program and in what it starts.

    Examples
    --------
    >>> run_as(None, ["echo", "star"]).stdout
    'star\n'
    """
    # PGDATA, PGPORT and their like are meant for other servers.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",  # ours may be closed to the account
        env=environ | {"LC_ALL": "C"},
        pass_fds=tuple(keep_fds),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def can_enter(account: Account | None, folder: Path) -> bool:
    """Tell whether an account can pass through a folder and all its parents.

    Asked by trying, since access lists and mount options decide as well as modes.

    Examples
    --------
    >>> can_enter(None, Path("/"))
    True
    """
    return run_as(account, ["test", "-x", folder]).returncode == 0


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
