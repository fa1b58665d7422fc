"""Checking a draft against the ledger: only closed runs that belong together make a release."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from starledger.catalog.calibrate.forms import Calibration, load
from starledger.catalog.fields import Field
from starledger.catalog.pinned_sql import chain_of
from starledger.catalog.releases.columns import Output
from starledger.catalog.releases.draft import Draft
from starledger.catalog.releases.errors import DraftRefused
from starledger.catalog.releases.plan import Matched, Part, Plan
from starledger.schema.labels import label
from starledger.schema.tables import SCHEMA

LONGEST_NAME = 63 - len("star_")
"""PostgreSQL cuts names at 63 bytes; a model's name stands behind ``star_``."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_TAKEN = frozenset({SCHEMA, "public", "information_schema"})

COMBINED = """
SELECT c.*, m.name AS model, m.system, m.sha256, coalesce((
    SELECT w.action FROM ledger.withdrawal w WHERE w.model_id = m.model_id
    ORDER BY w.run_id DESC LIMIT 1), 'restored') AS action
FROM ledger.combination_run c JOIN ledger.model m USING (model_id) WHERE c.run_id = ANY (:runs)
"""

FIT_RUNS = """
SELECT DISTINCT fit_run_id FROM ledger.combination_input
WHERE combination_run_id = ANY (:runs) ORDER BY fit_run_id
"""

KEPT_OUT_BY = """
SELECT DISTINCT quality_run_id FROM ledger.combination_run
WHERE run_id = ANY (:runs) AND quality_run_id IS NOT NULL ORDER BY quality_run_id
"""

OUTCOMES = """
SELECT r.run_id, r.kind, c.outcome FROM ledger.run r LEFT JOIN ledger.closed_run c USING (run_id)
WHERE r.run_id = ANY (:runs)
"""

UNFINISHED = """
SELECT r.run_id FROM ledger.run r LEFT JOIN ledger.closed_run c USING (run_id)
WHERE r.run_id <= :as_of AND r.kind IN ('ingest', 'withdrawal') AND c.run_id IS NULL ORDER BY 1
"""

MODEL_OUTPUTS = """
SELECT output, position, name, unit, ucd, description FROM ledger.model_output
WHERE model_id = :model ORDER BY output, position
"""

QUALITY_OUTPUTS = """
SELECT scope, position, name, unit, ucd, description FROM ledger.quality_output
WHERE quality_run_id = :run ORDER BY scope, position
"""

MATCHED = """
SELECT x.run_id, x.left_table, x.right_table, x.left_data_release_id, x.right_data_release_id,
    ls.name || '/' || l.name || '/' || l.version || ':' || l.product AS left_name,
    rs.name || '/' || r.name || '/' || r.version || ':' || r.product AS right_name,
    rs.name || '_' || r.name AS short
FROM ledger.crossmatch_run x
JOIN ledger.data_release l ON l.data_release_id = x.left_data_release_id
JOIN ledger.survey ls ON ls.survey_id = l.survey_id
JOIN ledger.data_release r ON r.data_release_id = x.right_data_release_id
JOIN ledger.survey rs ON rs.survey_id = r.survey_id
WHERE x.run_id = ANY (:runs) ORDER BY x.run_id
"""


def check(connection: Connection, draft: Draft) -> Plan:
    """Return what a draft stands for.

    Raises
    ------
    DraftRefused
        Something that it names is missing, not closed, withdrawn, or does not belong to the rest.
    """
    _check_words(draft)
    _refuse_keyword(connection, draft.name)
    heads = _combinations(connection, draft)
    star_runs = _star_runs(connection, heads)
    calibrations = _calibrations(connection, draft)
    quality = _quality(connection, draft, heads)
    parts = [_part(connection, head, quality, calibrations) for head in heads]
    _require_owned(calibrations, parts)
    recommended = _recommended(draft, parts)
    as_of = max(part.as_of_run_id for part in parts)
    plan = Plan(
        draft=draft,
        parts=tuple(_primary_first(parts, recommended)),
        star_runs=star_runs,
        crossmatches=_crossmatches(connection, draft, star_runs[0]),
        as_of=as_of,
        unfinished=tuple(connection.scalars(text(UNFINISHED), {"as_of": as_of})),
        recommended=recommended,
    )
    _require_done(connection, plan.runs)
    return plan


def calibration_ids(connection: Connection, names: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of calibrations that are named, as ``mg_fe_dwarfs`` or with ``:version``.

    Without a version the newest one is meant.
    """
    found = []
    for given in names:
        name, _, version = given.partition(":")
        query = (
            "SELECT calibration_id FROM ledger.calibration WHERE name = :name"
            " AND (:version = '' OR version::text = :version) ORDER BY version DESC LIMIT 1"
        )
        number = connection.scalar(text(query), {"name": name, "version": version})
        if number is None:
            raise DraftRefused(
                f"There is no calibration {given!r}.",
                remedy="`starledger calibrate show` lists names and versions.",
            )
        found.append(int(number))
    return tuple(found)


def _check_words(draft: Draft) -> None:
    reserved = draft.name in _TAKEN or draft.name.startswith("pg_") or draft.name.endswith("_data")
    if not _NAME.fullmatch(draft.name) or reserved:
        raise DraftRefused(
            f"A release cannot be called {draft.name!r}.",
            remedy="Choose lower case letters, digits and _, such as dr1, not ending in _data.",
        )
    for what in ("title", "licence"):
        if not getattr(draft, what).strip():
            raise DraftRefused(f"The release has no {what}.", remedy=f"Give one with --{what}.")
    _refuse_repeated(draft.models, "model")
    _refuse_repeated(draft.combinations, "combination run")
    _refuse_repeated(draft.calibrations, "calibration")


def _refuse_keyword(connection: Connection, name: str) -> None:
    query = "SELECT count(*) FROM pg_get_keywords() WHERE word = :name AND catcode <> 'U'"
    if connection.scalar(text(query), {"name": name}):
        raise DraftRefused(
            f"A release cannot be called {name}, which is a word of SQL.",
            remedy="Choose another name, such as dr1.",
        )


def _refuse_repeated(given: Iterable[object], what: str) -> None:
    twice = [one for one, n in Counter(given).items() if n > 1]
    if twice:
        raise DraftRefused(f"The {what} {twice[0]} is given twice.", remedy="Give it once.")


def _combinations(connection: Connection, draft: Draft) -> list[Row[Any]]:
    """Return the combination run of each model, in the order of the models."""
    rows = connection.execute(text(COMBINED), {"runs": list(draft.combinations)}).all()
    unknown = set(draft.combinations) - {row.run_id for row in rows}
    if unknown:
        raise DraftRefused(
            f"Run {min(unknown)} is no combination run.",
            remedy="`starledger status` lists the last runs.",
        )
    _require_done(connection, draft.combinations)
    by_model = {name: [row for row in rows if row.model == name] for name in draft.models}
    for row in rows:
        if row.model not in by_model:
            raise DraftRefused(
                f"Combination run {row.run_id} is of the model {row.model}, which is not named.",
                remedy=f"Add --model {row.model}, or leave the run out.",
            )
        if row.action == "withdrawn":
            raise DraftRefused(
                f"The model {row.model} was withdrawn.", remedy="Publish without it."
            )
    for name, found in by_model.items():
        if len(found) != 1:
            many = "no combination run" if not found else f"{len(found)} combination runs"
            raise DraftRefused(
                f"The model {name} has {many}.", remedy="Give one --combination for each --model."
            )
    return [found[0] for found in by_model.values()]


def _star_runs(connection: Connection, heads: Sequence[Row[Any]]) -> tuple[int, ...]:
    runs = {head.star_run_id for head in heads}
    if len(runs) > 1:
        raise DraftRefused(
            f"The combination runs are over different star runs: {sorted(runs)}.",
            remedy="Combine all models again over the newest one.",
        )
    return chain_of(connection, "star_run", runs.pop())


def _quality(
    connection: Connection, draft: Draft, heads: Sequence[Row[Any]]
) -> dict[tuple[int, int], int]:
    """Return the quality run of each model and configuration that has one."""
    given = {*draft.quality}
    named = given | {head.quality_run_id for head in heads if head.quality_run_id}
    rows = connection.execute(
        text("SELECT * FROM ledger.quality_run WHERE run_id = ANY (:runs) ORDER BY run_id"),
        {"runs": list(named)},
    ).all()
    unknown = named - {row.run_id for row in rows}
    if unknown:
        raise DraftRefused(
            f"Run {min(unknown)} is no quality run.", remedy="`starledger status` lists runs."
        )
    ours = {(head.model_id, head.fit_config_id): head for head in heads}
    found: dict[tuple[int, int], int] = {}
    for row in rows:
        key = (row.model_id, row.fit_config_id)
        if key not in ours:
            raise DraftRefused(
                f"Quality run {row.run_id} is not of a model of the release, as it was applied.",
                remedy="Leave it out, or judge the fits that the release combines.",
            )
        if row.run_id in given and found.get(key) in given:
            raise DraftRefused(
                f"The model {ours[key].model} has two quality runs.", remedy="Give one of them."
            )
        # One that is given stands before the one that the combination used.
        if row.run_id in given or found.get(key) not in given:
            found[key] = row.run_id
    return found


def _calibrations(connection: Connection, draft: Draft) -> list[Calibration]:
    found = load(connection, list(draft.calibrations)) if draft.calibrations else []
    missing = set(draft.calibrations) - {one.calibration_id for one in found}
    if missing:
        raise DraftRefused(
            f"There is no calibration with the number {min(missing)}.",
            remedy="`starledger calibrate show` lists names and versions.",
        )
    _refuse_repeated((one.name for one in found), "calibration")
    return found


def _calibrations_of(
    connection: Connection, model_id: int, among: Sequence[Calibration]
) -> tuple[Calibration, ...]:
    owned = set(
        connection.scalars(
            text(
                "SELECT calibration_id FROM ledger.calibration"
                " WHERE model_id = :model AND calibration_id = ANY (:ids)"
            ),
            {"model": model_id, "ids": [one.calibration_id for one in among]},
        )
    )
    return tuple(one for one in among if one.calibration_id in owned)


def _require_owned(calibrations: Sequence[Calibration], parts: Sequence[Part]) -> None:
    owned = {one.calibration_id for part in parts for one in part.calibrations}
    for one in calibrations:
        if one.calibration_id not in owned:
            raise DraftRefused(
                f"The calibration {one.name} is of a model that is not in the release.",
                remedy="Leave it out.",
            )


def _part(
    connection: Connection,
    head: Row[Any],
    quality: dict[tuple[int, int], int],
    calibrations: Sequence[Calibration],
) -> Part:
    if len(head.model) > LONGEST_NAME:
        raise DraftRefused(
            f"The name of the model {head.model} is too long for a view.",
            remedy=f"Register it under a name of up to {LONGEST_NAME} letters.",
        )
    chain = chain_of(connection, "combination_run", head.run_id)
    fit_runs = tuple(connection.scalars(text(FIT_RUNS), {"runs": list(chain)}))
    if not fit_runs:
        raise DraftRefused(
            f"Combination run {head.run_id} does not say which fit runs it used.",
            remedy="Combine again.",
        )
    outputs = connection.execute(text(MODEL_OUTPUTS), {"model": head.model_id}).all()
    labels = tuple(row.name for row in outputs if row.output == "label")
    for name in labels:
        label(name)
    quality_run = quality.get((head.model_id, head.fit_config_id))
    judged = connection.execute(text(QUALITY_OUTPUTS), {"run": quality_run}).all()
    return Part(
        model_id=head.model_id,
        name=head.model,
        system=head.system,
        sha256=head.sha256,
        fit_config_id=head.fit_config_id,
        combination_run_id=head.run_id,
        chain=chain,
        fit_runs=fit_runs,
        quality_run_id=quality_run,
        kept_out_by=tuple(connection.scalars(text(KEPT_OUT_BY), {"runs": list(chain)})),
        spectrum_kind=head.spectrum_kind,
        as_of_run_id=head.as_of_run_id,
        labels=labels,
        extras=tuple(_output(row) for row in outputs if row.output == "extra"),
        fit_outputs=tuple(_output(row) for row in judged if row.scope == "fit"),
        star_outputs=tuple(_output(row) for row in judged if row.scope == "star"),
        calibrations=_calibrations_of(connection, head.model_id, calibrations),
    )


def _output(row: Row[Any]) -> Output:
    return Output(row.position, Field(row.name, "real", row.unit, row.ucd, row.description))


def _recommended(draft: Draft, parts: Sequence[Part]) -> dict[str, str]:
    """Return the model recommended for each label: as given, or the only one that gives it."""
    by_name = {part.name: part for part in parts}
    for name, model in draft.recommended.items():
        if model not in by_name:
            raise DraftRefused(
                f"{name} cannot be recommended from {model}, which is not in the release.",
                remedy=f"Its models are {', '.join(by_name)}.",
            )
        if name not in by_name[model].labels:
            raise DraftRefused(
                f"The model {model} does not give {name}.",
                remedy=f"It gives {', '.join(by_name[model].labels)}.",
            )
    chosen = {}
    for name in dict.fromkeys(one for part in parts for one in part.labels):
        givers = [part.name for part in parts if name in part.labels]
        if name not in draft.recommended and len(givers) > 1:
            raise DraftRefused(
                f"Several models give {name}: {', '.join(givers)}.",
                remedy=f"Say which is recommended, as with --recommend {name}={givers[0]}.",
            )
        chosen[name] = draft.recommended.get(name, givers[0])
    return chosen


def _primary_first(parts: Sequence[Part], recommended: dict[str, str]) -> list[Part]:
    first = recommended.get("teff", parts[0].name)
    return sorted(parts, key=lambda part: part.name != first)


def _crossmatches(connection: Connection, draft: Draft, star_run: int) -> tuple[Matched, ...]:
    behind = connection.scalar(
        text("SELECT crossmatch_run_id FROM ledger.star_run WHERE run_id = :run"),
        {"run": star_run},
    )
    named = set(draft.crossmatch) | ({behind} if behind is not None else set())
    rows = connection.execute(text(MATCHED), {"runs": list(named)}).all()
    unknown = named - {row.run_id for row in rows}
    if unknown:
        raise DraftRefused(
            f"Run {min(unknown)} is no crossmatch run.", remedy="`starledger status` lists runs."
        )
    return tuple(Matched(*row) for row in rows)


def _require_done(connection: Connection, runs: Iterable[int]) -> None:
    for row in connection.execute(text(OUTCOMES), {"runs": list(runs)}):
        if row.outcome is None:
            raise DraftRefused(
                f"The {row.kind} run {row.run_id} is still open.",
                remedy="Let it end first: only what cannot grow any more is published.",
            )
        if row.outcome != "done":
            raise DraftRefused(
                f"The {row.kind} run {row.run_id} failed.", remedy="Use one that ended well."
            )
