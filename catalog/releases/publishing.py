"""Publishing: views, checksums and pins of a release, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, text

from starledger.catalog.releases.building import build
from starledger.catalog.releases.checking import check
from starledger.catalog.releases.copies import copy_views
from starledger.catalog.releases.draft import Draft
from starledger.catalog.releases.errors import CopyDiffers
from starledger.catalog.releases.manifest import Answer, digest, manifest, tables
from starledger.catalog.releases.plan import Plan
from starledger.catalog.releases.sources import own_sources, sources
from starledger.catalog.releases.views import View
from starledger.schema.checksums import ALL, sum_query, sums
from starledger.schema.flags import FLAGS
from starledger.schema.migrate import require_head, schema_state
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import (
    Release,
    ReleaseFlag,
    ReleaseLabel,
    ReleasePin,
    ReleaseView,
    RunKind,
)

LOCK = 7_827_534
"""Key of the advisory lock that lets one process publish at a time."""

SHOWN = 5
"""Rows of each view that a preview shows."""

SAMPLED = 20_000
"""About so many rows of a view without a copy are summed up, if it has more than twice as many."""


@dataclass(frozen=True, slots=True)
class Published:
    """A release that was published.

    Parameters
    ----------
    name
        Its name.
    run_id
        The run that published it.
    rows
        Rows of each view.
    materialised
        Whether there are copies.
    manifest_sha256
        SHA-256 of its manifest in canonical form.
    """

    name: str
    run_id: int
    rows: dict[str, int]
    materialised: bool
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a view would be.

    Parameters
    ----------
    name
        Its name.
    definition
        Its SQL.
    rows
        How many rows it has.
    literal
        Whether its rows stand in its SQL.
    columns, sample
        Its columns, and a few rows.
    """

    name: str
    definition: str
    rows: int
    literal: bool
    columns: list[str]
    sample: list[list[Any]]


def preview(engine: Engine, draft: Draft) -> list[Previewed]:
    """Return what a draft would publish, and leave no trace of it.

    Raises
    ------
    DraftRefused
        The draft cannot be published.
    """
    with engine.connect() as connection:
        require_head(connection)
        views = build(connection, check(connection, draft))
        found = [_previewed(connection, draft.name, view) for view in views]
        connection.rollback()
    return found


def publish(engine: Engine, draft: Draft, *, materialise: bool = False) -> Published:
    """Publish a draft.

    Parameters
    ----------
    engine
        The ledger's, as its owner.
    draft
        What to publish.
    materialise
        Whether to store copies of the views, with indexes, in the schema ``<name>_data``.

    Raises
    ------
    DraftRefused
        The draft cannot be published.
    ReleaseExists
        The name is taken.
    """
    with engine.begin() as connection:
        require_head(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        plan = check(connection, draft)
        revision = schema_state(connection).head
        run_id = open_run(connection, RunKind.RELEASE, schema_revision=revision)
        views = build(connection, plan)
        copied = copy_views(connection, plan, views) if materialise else set()
        answers = [_answer(connection, plan, view, view.name in copied) for view in views]
        found = sources(connection, plan)
        document = manifest(connection, plan, revision, answers, found)
        release_id, sha256 = _insert(connection, plan, run_id, document, answers)
        own = own_sources(connection, release_id, run_id)
        close_run(
            connection,
            run_id,
            message=f"Published {plan.name}.",
            summary={"release": plan.name, "manifest_sha256": sha256, "tables": tables(own)},
        )
    rows = {one.view.name: one.rows for one in answers}
    return Published(plan.name, run_id, rows, materialise, sha256)


def _previewed(connection: Connection, schema: str, view: View) -> Previewed:
    counted = connection.scalar(text(f"SELECT count(*) FROM {schema}.{view.name}"))  # noqa: S608
    rows = connection.execute(text(f"SELECT * FROM {schema}.{view.name} LIMIT {SHOWN}"))  # noqa: S608
    columns = list(rows.keys())
    sample = [list(row) for row in rows]
    # What stands in the text needs no copy.
    return Previewed(view.name, view.definition, counted or 0, not view.copied, columns, sample)


def _answer(connection: Connection, plan: Plan, view: View, copied: bool) -> Answer:
    """Sum a view up: all of it, and its copy, which must be the same, or a sample."""
    name = f"{plan.name}.{view.name}"
    columns = [f"t.{column.name}" for column in view.columns]
    if not copied:
        rows = connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0  # noqa: S608
        query = sum_query(name, columns, sample_of(view, rows))
        return Answer(view, rows, sums(connection, query)[ALL], query, False)
    query = sum_query(name, columns)
    found = sums(connection, query)[ALL]
    stored = sums(connection, sum_query(f"{plan.data_schema}.{view.name}", columns))[ALL]
    if stored != found:
        raise CopyDiffers(
            f"The copy of {name} has {stored.rows} rows that are not those of the view"
            f" ({found.rows}); nothing was published.",
            remedy="Publish without --materialise, and report this.",
        )
    return Answer(view, found.rows, found, query, True)


def sample_of(view: View, rows: int) -> str:
    """Return the condition that some rows of a view obey, which are summed up for all.

    A view without a copy computes its rows whenever it is asked. What it reads is summed up to the
    last bit elsewhere, and how it computes them stands in its text: that PostgreSQL still computes
    as it did is seen from some rows as well as from all, and all would take minutes.
    """
    every = rows // SAMPLED
    if view.sampled_by is None or every < 2:
        return "true"
    return f"t.{view.sampled_by} % {every} = 0"


def _insert(
    connection: Connection,
    plan: Plan,
    run_id: int,
    document: dict[str, Any],
    answers: Sequence[Answer],
) -> tuple[int, str]:
    """Write the rows of a release; return its number, and the digest of its manifest as kept."""
    draft = plan.draft
    release_id, kept = connection.execute(
        insert(Release).returning(Release.release_id, Release.manifest),
        {
            "name": draft.name,
            "run_id": run_id,
            "title": draft.title,
            "description": draft.description,
            "citation": draft.citation,
            "doi": draft.doi,
            "licence": draft.licence,
            "manifest": document,
        },
    ).one()
    of_model = {part.name: part for part in plan.parts}
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (ReleasePin, _pin_rows(connection, plan)),
        (
            ReleaseLabel,
            [
                {
                    "label": label,
                    "model_id": of_model[model].model_id,
                    "combination_run_id": of_model[model].combination_run_id,
                }
                for label, model in plan.recommended.items()
            ],
        ),
        (ReleaseFlag, _flag_rows()),
        (ReleaseView, [_view_row(one) for one in answers]),
    ]
    for table, values in rows:
        connection.execute(insert(table), [{"release_id": release_id, **one} for one in values])
    return release_id, digest(kept)


def _pin_rows(connection: Connection, plan: Plan) -> list[dict[str, Any]]:
    query = text("SELECT run_id, kind FROM ledger.run WHERE run_id = ANY (:runs) ORDER BY run_id")
    pinned: list[dict[str, Any]] = [
        {"run_id": row.run_id, "kind": row.kind, "outcome": "done", "calibration_id": None}
        for row in connection.execute(query, {"runs": list(plan.runs)})
    ]
    pinned += [
        {"run_id": None, "kind": None, "outcome": None, "calibration_id": one.calibration_id}
        for one in plan.calibrations
    ]
    return [{"pin": number, **one} for number, one in enumerate(pinned, 1)]


def _flag_rows() -> list[dict[str, Any]]:
    return [
        {
            "scope": flag.scope.value,
            "bit": flag.bit,
            "name": flag.name,
            "severity": flag.severity.value,
            "meaning": flag.meaning,
        }
        for flag in FLAGS
    ]


def _view_row(answer: Answer) -> dict[str, Any]:
    columns = {
        column.name: {
            "position": position,
            "type": column.type,
            "unit": column.unit,
            "ucd": column.ucd,
            "description": column.description,
        }
        for position, column in enumerate(answer.view.columns, 1)
    }
    return {
        "name": answer.view.name,
        "definition": answer.view.definition,
        "columns": columns,
        "materialised": answer.materialised,
        "row_count": answer.rows,
        "checksum": answer.sum.checksum,
    }
