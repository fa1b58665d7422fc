"""Shards on their way from where they were written to where the ledger knows them.

A process writes shards into a folder of unfinished ones. They take their places just before the
transaction that enters them is committed, each with a mark beside it until then: what is marked
after a crash and not in the ledger is taken away again. Nothing else below the shard root is
touched, since other ledgers may keep shards there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select, text

from starledger.schema.tables import Shard

_MARK = ".placing"
_DATABASE = """
SELECT to_hex(system_identifier) || '-' || (SELECT oid FROM pg_database
    WHERE datname = current_database()) FROM pg_control_system()
"""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of a data release's shards.

    Parameters
    ----------
    root
        The shard root.
    folder
        That of the data release's shards below it.
    database
        A name of the database that no other has.
    """

    root: Path
    folder: str
    database: str

    @property
    def unfinished(self) -> Path:
        """Where processes write."""
        return self.root / self.folder / f".unfinished-{self.database}"

    def path(self, name: str) -> str:
        """Return a shard's path below the root, as the ledger knows it."""
        return f"{self.folder}/{name}"

    def place(self, names: Iterable[str]) -> None:
        """Bring shards to their places, before the transaction that enters them is committed."""
        folder = self.root / self.folder
        for name in names:
            if not (folder / name).exists():
                (self.unfinished / f"{name}{_MARK}").touch()
            (self.unfinished / name).replace(folder / name)
        _to_disk(folder)

    def forget(self, names: Iterable[str]) -> None:
        """Remove the marks, and shards that were not needed, once all is committed."""
        for name in names:
            (self.unfinished / f"{name}{_MARK}").unlink(missing_ok=True)
            (self.unfinished / name).unlink(missing_ok=True)

    def tidy(self, connection: Connection) -> int:
        """Remove what an interrupted run left, and return the number of shards taken away."""
        if not self.unfinished.is_dir():
            return 0
        taken = 0
        for left in sorted(self.unfinished.iterdir()):
            name = left.name.removesuffix(_MARK)
            if name != left.name and not _entered(connection, self.path(name)):
                (self.root / self.folder / name).unlink(missing_ok=True)
                taken += 1
            left.unlink(missing_ok=True)
        with suppress(OSError):
            self.unfinished.rmdir()
        return taken


def _entered(connection: Connection, path: str) -> bool:
    return connection.scalar(select(Shard.shard_id).where(Shard.path == path)) is not None


def _to_disk(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def places_of(connection: Connection, root: Path, folder: str) -> Places:
    """Return the places of a data release's shards."""
    return Places(root, folder, str(connection.scalar(text(_DATABASE))))
