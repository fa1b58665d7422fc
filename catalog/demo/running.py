"""Run the demonstration: its folder, its settings, its stages, its report."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from starledger.catalog.demo.contents import contents_sha256
from starledger.catalog.demo.journal import Journal
from starledger.catalog.demo.own_settings import own_settings
from starledger.catalog.demo.report import Compared, Subject, write
from starledger.catalog.demo.sizes import SIZES
from starledger.catalog.demo.stages import CANNON, LABELS, PAYNE, RELEASE, STAGES, Demo
from starledger.catalog.demo.user import User
from starledger.catalog.demo.walking import walk
from starledger.catalog.query.asking import Asker
from starledger.compute.models.registry import list_models
from starledger.schema.database import Database, open_database
from starledger.schema.embedded.server import EmbeddedServer
from starledger.schema.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Ended:
    """What the demonstration made.

    Parameters
    ----------
    folder
        Where it is; also the home folder of its ledger.
    release
        The name of its release.
    contents
        What the release says, as a SHA-256: see `contents_sha256`.
    report
        The page.
    seconds
        All stages together took so long, before interruptions too.
    tables
        Recovered labels.
    answers
        Those of the queries, by what was asked.
    """

    folder: Path
    release: str
    contents: str
    report: Path
    seconds: float
    tables: Sequence[Compared]
    answers: dict[str, str]


def run(
    root: click.Command,
    folder: Path,
    *,
    size: str,
    quality: str,
    keep: bool,
    tell: Callable[[str], None],
) -> Ended:
    """Go the whole way, or what is left of it.

    Parameters
    ----------
    root
        The command line, whose commands are run.
    folder
        Where all of it lies.
    size, quality
        Of the survey; see `SIZES`.
    keep
        Keep the simulated files at the end, too.
    tell
        Called with a line on what goes on.
    """
    journal = Journal.opened(folder / "journal.json", {"size": size, "quality": quality})
    user = User(root, ("--home", str(folder)), tell)
    demo = Demo(folder, SIZES[size], quality, user, journal.facts)
    # One connection for all keeps the embedded server from being started by every command.
    with own_settings(folder), open_database(_settings(folder)) as database:
        walk(STAGES, demo, journal, tell)
        ended = _reported(demo, journal, database)
    if not keep:
        shutil.rmtree(demo.survey / "lamost" / "spectra", ignore_errors=True)
    return ended


def clear(folder: Path) -> bool:
    """Remove what a demonstration left; tell whether there was anything.

    Raises
    ------
    FolderLocked
        Somebody uses its database.
    """
    if not (folder / "journal.json").exists():
        return False
    server = EmbeddedServer(folder)
    server.stop()
    # As root the server's folder may lie elsewhere, behind a link.
    shutil.rmtree(server.data_folder.parent, ignore_errors=True)
    shutil.rmtree(folder)
    return True


def _reported(demo: Demo, journal: Journal, database: Database) -> Ended:
    began = time.monotonic()
    with Asker(database) as asker:
        with database.engine().connect() as connection:
            known = {one.name: one.labels for one in list_models(connection)}
        models = {name: known[name] for name in (PAYNE, CANNON)}
        subject = Subject(asker, demo.survey / "lamost", models, LABELS)
        folder = demo.folder / "report"
        said = [(stage.title, journal.done[stage.name]["said"]) for stage in STAGES]
        tables = write(folder, subject, demo.facts["answers"], said)
    with database.engine().connect() as connection:
        contents = contents_sha256(connection, RELEASE)
    spent = sum(one["seconds"] for one in journal.done.values())
    return Ended(
        demo.folder,
        RELEASE,
        contents,
        folder / "report.html",
        spent + time.monotonic() - began,
        tables,
        demo.facts["answers"],
    )


def _settings(folder: Path) -> Settings:
    return load_settings({"home": folder}).settings
