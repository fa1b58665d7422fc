"""Where the embedded server lives: its folder, its data, its log, its locks and its socket."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starledger.schema.embedded.account import Account, account_for, can_enter, default_account
from starledger.schema.embedded.faults import writing_in
from starledger.schema.errors import FolderError

PORT = 5432
"""Only a part of the socket's name: nothing listens on the network."""

FOR_ROOT = Path("/var/lib")
TEMPORARY = Path("/tmp")  # noqa: S108 - new names are random, and owner and mode of others checked

# Neither XDG_RUNTIME_DIR nor TMPDIR: they differ between the logins of one user, whose processes
# must all find the same socket, and the first one vanishes at logout.
SOCKETS = TEMPORARY


@dataclass(frozen=True)
class Place:
    """The folder of an embedded server, and who runs it.

    Parameters
    ----------
    folder
        It belongs to whoever runs Starledger; only what the server writes belongs to the server.
    account
        The operating system's user that runs the server; None means ourselves.
    """

    folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    @property
    def start_lock(self) -> Path:
        """Held alone while the server is started or stopped."""
        return self.folder / "start.lock"

    @property
    def clients_lock(self) -> Path:
        """Held shared by each client."""
        return self.folder / "clients.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the processes of the server itself, all of them."""
        return self.folder / "server.lock"

    @property
    def socket_folder(self) -> Path:
        """The private folder of the socket: a name that fits into a socket's 100 bytes."""
        return SOCKETS / f"starledger-{_digest(self.data)}"

    @property
    def socket(self) -> Path:
        """The socket at which the server listens."""
        return self.socket_folder / f".s.PGSQL.{PORT}"

    def give_to_server(self, path: Path) -> None:
        """Make a new file or folder of ours the server's."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def make_folder(self) -> None:
        """Make the folder, if need be."""
        # As root, the server's user passes through, and sees only what it is given.
        mode = 0o700 if self.account is None else 0o711
        self.folder.mkdir(mode=mode, parents=True, exist_ok=True)
        found = self.folder.stat()
        if found.st_uid == os.geteuid() and found.st_mode & mode != mode:  # by a strict umask
            self.folder.chmod(stat.S_IMODE(found.st_mode) | mode)

    def make_socket_folder(self) -> None:
        """Make the socket's folder, or refuse one that others could listen in."""
        folder = self.socket_folder
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.give_to_server(folder)
        found = folder.lstat()
        owner = os.geteuid() if self.account is None else self.account.uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner}:
            raise FolderError(
                f"The folder of the database's socket, {folder}, belongs to somebody else.",
                remedy="Have it removed.",
            )
        self.give_to_server(folder)
        folder.chmod(0o700)


def find_place(home: Path) -> Place:
    """Tell where the server of a home lives, or would live, without making anything.

    It lives in ``<home>/postgres``, which may be a link: see `make_place`.

    Parameters
    ----------
    home
        The folder of `starledger.schema.settings.Settings.home`.

    Examples
    --------
    >>> str(find_place(Path("/nowhere/stars")).data)
    '/nowhere/stars/postgres/data'
    """
    folder = home / "postgres"
    with writing_in(home):
        if folder.is_symlink():
            folder = folder.resolve()
        return Place(folder, account_for(folder / "data"))


def make_place(home: Path) -> Place:
    """Make the folder of the server of a home, if need be, and return it.

    As root the server runs as another user, to whom root's own home is closed, and we do not open
    other people's folders. Then the server lives in a new folder ``/var/lib/starledger-…`` (below
    ``/tmp`` if the home is there), and ``<home>/postgres`` becomes a link to it. The link alone
    decides from then on: modes may change, and a home that was deleted does not come back.

    Parameters
    ----------
    home
        The folder of `starledger.schema.settings.Settings.home`.
    """
    inside = home / "postgres"
    with writing_in(home):
        home.mkdir(parents=True, exist_ok=True)
        fresh = not os.path.lexists(inside)
        if fresh and os.geteuid() == 0 and not can_enter(default_account(), home):
            _settle_outside(home, inside)
    place = find_place(home)
    with writing_in(place.folder):
        place.make_folder()
    return place


def _settle_outside(home: Path, link: Path) -> None:
    parent = TEMPORARY if home.resolve().is_relative_to(TEMPORARY) else FOR_ROOT
    folder = Path(tempfile.mkdtemp(prefix="starledger-", dir=parent))
    owner = folder / "home"
    owner.write_text(f"{home}\n", encoding="utf-8")
    try:
        link.symlink_to(folder)
    except FileExistsError:  # another process was faster
        owner.unlink()
        folder.rmdir()


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
