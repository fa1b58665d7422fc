"""Taking a release back: a row that says why; its views stay as they were published."""

from __future__ import annotations

from sqlalchemy import Engine, insert

from starledger.catalog.releases.errors import DraftRefused
from starledger.catalog.releases.finding import find_release
from starledger.schema.runs import running
from starledger.schema.tables import RunKind, Withdrawal


def withdraw(engine: Engine, name: str, reason: str) -> int:
    """Take a release back and return the run that says so.

    Raises
    ------
    NoSuchRelease
        There is no such release.
    DraftRefused
        It was withdrawn already, or there is no reason.
    """
    with engine.connect() as connection:
        release = find_release(connection, name)
    if release.withdrawn is not None:
        raise DraftRefused(
            f"{name} was withdrawn already: {release.withdrawn}", remedy="Nothing is to be done."
        )
    if not reason.strip():
        raise DraftRefused("There is no reason given.", remedy="Give one with --reason.")
    with running(engine, RunKind.WITHDRAWAL) as run:
        with engine.begin() as connection:
            row = {"run_id": run.run_id, "action": "withdrawn", "reason": reason}
            connection.execute(insert(Withdrawal), {**row, "release_id": release.release_id})
        run.summary = {"action": "withdrawn", "release": name}
    return run.run_id
