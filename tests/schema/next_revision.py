"""Software with one more migration than ours has: what the upgrade to a next version may do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from starledger.schema import migrate

HEAD = ScriptDirectory.from_config(migrate.config()).get_current_head() or ""
NEXT = f"{int(HEAD) + 1:04}"

_REVISION = """
from alembic import op

revision = {revision!r}
down_revision = {before!r}


def upgrade() -> None:
    # Straight to the driver, which takes several statements and leaves % and : alone.
    op.get_bind().connection.cursor().execute({script!r})
"""

Upgradable = Callable[[str], None]


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upgradable:
    """Return what lets the software have one more migration, made of SQL."""
    ours = Path(migrate.config().get_main_option("script_location") or "")
    newer = tmp_path / "migrations"
    config = migrate.config

    def newer_config(connection: Connection | None = None) -> Config:
        made = config(connection)
        made.set_main_option("script_location", str(newer))
        return made

    def add(script: str) -> None:
        shutil.copytree(ours, newer, ignore=shutil.ignore_patterns("__pycache__"))
        revision = _REVISION.format(revision=NEXT, before=HEAD, script=script)
        (newer / "versions" / f"{NEXT}_next.py").write_text(revision)
        monkeypatch.setattr(migrate, "config", newer_config)

    return add
