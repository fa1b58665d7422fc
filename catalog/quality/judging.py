"""A quality run: the sample is seen once and judged once, and what was found is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, text

from starledger import __version__
from starledger.catalog.quality.facts import Facts, SkyCounts, facts_of
from starledger.catalog.quality.rule import Case, Subject
from starledger.catalog.quality.rules import RULES
from starledger.catalog.quality.sample import Sample, sampled
from starledger.catalog.quality.thresholds import Thresholds
from starledger.catalog.quality.verdicts import (
    Judged,
    Tally,
    fit_rows,
    judged,
    output_rows,
    star_rows,
)
from starledger.compute.models.registry import Registered, find_model
from starledger.compute.models.stored import canonical_json
from starledger.ingest.crossmatch.sides import last_closed_run
from starledger.schema.copying import copy_batch
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.migrate import require_head
from starledger.schema.runs import running
from starledger.schema.tables import SCHEMA, QualityOutput, RunKind


class NothingToJudge(StarledgerError):
    """The model has no fits that could be judged, or is withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """How fits are judged.

    Parameters
    ----------
    model_root
        The folder of models.
    config
        Number of the configuration whose fits; by default that of the model's last fit run.
    thresholds
        See there.
    advance
        Called with how many more rows were seen or judged.
    """

    model_root: Path
    config: int | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    advance: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a quality run found.

    Parameters
    ----------
    run_id
        Its number; None for a trial.
    new
        False where an earlier run had judged the very same.
    fits, stars
        In the sample.
    tally
        How often each flag was raised.
    without
        What rules lacked, by their names.
    definition_sha256
        Of what decided it.
    """

    run_id: int | None
    new: bool
    fits: int
    stars: int
    tally: Mapping[str, Any]
    without: Mapping[str, str]
    definition_sha256: str


@dataclass(frozen=True, slots=True)
class _Question:
    """Whose fits are to be judged, as of when."""

    model: Registered
    config: int
    as_of: int
    facts: Facts
    thresholds: Thresholds

    def asked(self) -> dict[str, Any]:
        """Return what decides the answer beside the sample, as JSON can hold it."""
        facts = self.facts
        return {
            "software_version": __version__,
            "thresholds": {
                name: getattr(self.thresholds, name) for name in self.thresholds.__slots__
            },
            "rules": {rule.name: rule.needs(facts) for rule in RULES},
            "references": facts.references and facts.references.stored().identity,
        }


@dataclass(frozen=True, slots=True)
class _Court:
    """The rules that can judge, and what the others lack."""

    cases: Mapping[Subject, Mapping[str, Case]]
    without: Mapping[str, str]

    @classmethod
    def of(cls, facts: Facts, thresholds: Thresholds) -> _Court:
        lacking = {rule.name: rule.needs(facts) for rule in RULES}
        return cls(
            {
                subject: {
                    rule.name: rule.begin(facts, thresholds)
                    for rule in RULES
                    if rule.subject is subject and lacking[rule.name] is None
                }
                for subject in Subject
            },
            {name: said for name, said in lacking.items() if said is not None},
        )

    def learn(self, sample: Sample, advance: Callable[[int], None]) -> dict[str, Any]:
        """Show the sample to the rules that must see it, and return what it gave."""
        for subject, cases in self.cases.items():
            learning = [case for case in cases.values() if case.learns]
            if not learning:
                continue
            for batch in sample.batches(subject):
                for case in learning:
                    case.see(batch)
                advance(len(batch))
        return {
            name: dict(case.settle())
            for cases in self.cases.values()
            for name, case in cases.items()
        }


def judge(database: Database, model: str, settings: QualitySettings) -> int:
    """Judge all current fits of a model as one sample, and return the closed quality run.

    Judging again with nothing new returns the run that has judged already; `judgement` tells which.

    Parameters
    ----------
    database
        The ledger.
    model
        Name or SHA-256 of the model.
    settings
        How.

    Raises
    ------
    NothingToJudge
        The model has no fits that count, or is withdrawn.
    """
    found = judgement(database, model, settings)
    assert found.run_id is not None  # noqa: S101 - only a trial has none
    return found.run_id


def judgement(database: Database, model: str, settings: QualitySettings) -> Judgement:
    """Judge as `judge` does, and return what was found."""
    engine = database.engine()
    question = _question(engine, model, settings)
    before = _judged_before(engine, question)
    if before is not None:
        return before
    with _sampled(engine, question) as sample:
        court, definition = _deliberate(sample, question, settings)
        sha256 = _sha256(definition)
        about = {
            "model_id": question.model.model_id,
            "fit_config_id": question.config,
            "as_of_run_id": question.as_of,
            "definition_sha256": sha256,
            "definition": definition,
        }
        with running(engine, RunKind.QUALITY, **about) as run:
            tally = _write(engine, sample, court, run.run_id, settings.advance)
            run.summary |= {"model": question.model.name, "without": dict(court.without)}
            run.summary |= tally.as_json()
            run.message = f"{sample.sky.fits} fits, {sample.sky.stars} stars judged"
        return _answer(sample.sky, court, tally, sha256, run.run_id)


def trial(database: Database, model: str, settings: QualitySettings) -> Judgement:
    """Judge as `judge` does, write nothing, and return what would be found."""
    engine = database.engine()
    question = _question(engine, model, settings)
    with _sampled(engine, question) as sample:
        court, definition = _deliberate(sample, question, settings)
        tally = Tally()
        for subject, cases in court.cases.items():
            for batch in sample.batches(subject):
                judged(list(cases.values()), subject, batch, tally)
                settings.advance(len(batch))
        return _answer(sample.sky, court, tally, _sha256(definition), None)


def _answer(
    sky: SkyCounts, court: _Court, tally: Tally, sha256: str, run_id: int | None
) -> Judgement:
    return Judgement(run_id, True, sky.fits, sky.stars, tally.as_json(), court.without, sha256)


def _sha256(definition: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(definition).encode()).hexdigest()


def _sampled(engine: Engine, question: _Question) -> Any:
    facts = question.facts
    return sampled(
        engine,
        question.model.model_id,
        question.config,
        (facts.labels, facts.extras),
        question.as_of,
        question.thresholds,
    )


def _deliberate(
    sample: Sample, question: _Question, settings: QualitySettings
) -> tuple[_Court, dict[str, Any]]:
    """Let rules learn from the sample, and return them with the whole definition."""
    if not sample.sky.fits:
        raise NothingToJudge(
            f"No current visit has a fit of {question.model.name} in this way.",
            remedy="Fit visits, or name another configuration.",
        )
    court = _Court.of(replace(question.facts, sky=sample.sky), question.thresholds)
    learnt = court.learn(sample, settings.advance)
    definition = {
        "asked": question.asked(),
        "sample": {"fits": sample.sky.fits, "stars": sample.sky.stars},
        "without": dict(court.without),
        "rules": learnt,
    }
    return court, definition


def _write(
    engine: Engine, sample: Sample, court: _Court, run_id: int, advance: Callable[[int], None]
) -> Tally:
    """Judge every row of the sample, and copy what is said into the ledger as it comes."""
    tally = Tally()
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        for subject, cases in court.cases.items():
            outputs = [one for case in cases.values() for one in case.outputs]
            if outputs:
                connection.execute(insert(QualityOutput), output_rows(outputs, subject, run_id))
            with driver.cursor() as cursor:
                for batch in sample.batches(subject):
                    found = judged(list(cases.values()), subject, batch, tally).telling()
                    _copy(cursor, subject, found, sample, run_id)
                    advance(len(batch))
    return tally


def _copy(cursor: Any, subject: Subject, found: Judged, sample: Sample, run_id: int) -> None:
    if not len(found.ids):
        return
    if subject is Subject.FIT:
        rows = fit_rows(found, run_id, sample.model_id, sample.fit_config_id)
    else:
        rows = star_rows(found, run_id)
    copy_batch(cursor, (SCHEMA, f"{subject}_quality"), rows)


def _question(engine: Engine, named: str, settings: QualitySettings) -> _Question:
    with engine.connect() as connection:
        require_head(connection)
        model = find_model(connection, named)
        as_of = last_closed_run(connection)
        _require_not_withdrawn(connection, model, as_of)
        config = settings.config or newest_config(connection, model)
        facts = facts_of(connection, model, config, as_of, settings.model_root)
    return _Question(model, config, as_of, facts, settings.thresholds)


def facts_now(database: Database, model: str, settings: QualitySettings) -> Facts:
    """Return what is known of a model now, without a look at its fits."""
    return _question(database.engine(), model, settings).facts


def newest_config(connection: Connection, model: Registered) -> int:
    """Return the configuration of a model's last fit run that ended well.

    Raises
    ------
    NothingToJudge
        There is none.
    """
    query = """SELECT r.fit_config_id FROM ledger.fit_run r JOIN ledger.closed_run c USING (run_id)
    WHERE r.model_id = :model AND c.outcome = 'done' ORDER BY run_id DESC LIMIT 1"""
    found = connection.execute(text(query), {"model": model.model_id}).scalar_one_or_none()
    if found is None:
        raise NothingToJudge(
            f"No run of fits of {model.name} has ended.", remedy=f"`starledger fit {model.name}`."
        )
    return int(found)


def _require_not_withdrawn(connection: Connection, model: Registered, as_of: int) -> None:
    query = """SELECT action FROM ledger.withdrawal WHERE model_id = :model AND run_id <= :as_of
    ORDER BY run_id DESC LIMIT 1"""
    asked = {"model": model.model_id, "as_of": as_of}
    if connection.execute(text(query), asked).scalar_one_or_none() == "withdrawn":
        raise NothingToJudge(
            f"The model {model.name} is withdrawn.", remedy="Restore it, or judge another."
        )


_LAST = """
SELECT q.run_id, q.as_of_run_id, q.definition, q.definition_sha256, c.summary
FROM ledger.quality_run q JOIN ledger.closed_run c USING (run_id)
WHERE q.model_id = :model AND q.fit_config_id = :config AND c.outcome = 'done'
ORDER BY run_id DESC LIMIT 1
"""
# A failed run of fits has rows that do not count; all other runs change what a sample is.
_SINCE = """
SELECT EXISTS (SELECT FROM ledger.run r JOIN ledger.closed_run c USING (run_id)
LEFT JOIN ledger.fit_run f USING (run_id)
WHERE c.outcome = 'done' AND r.run_id <= :as_of
AND (r.kind IN ('ingest', 'crossmatch', 'star', 'withdrawal')
    OR r.kind = 'fit' AND f.model_id = :model AND f.fit_config_id = :config)
AND (r.run_id > :before OR c.closed_at > (
    SELECT opened_at FROM ledger.run WHERE run_id = :quality)))
"""


def _judged_before(engine: Engine, question: _Question) -> Judgement | None:
    """Return what the last run found, if it was asked the same and nothing has happened since."""
    asked = {"model": question.model.model_id, "config": question.config}
    with engine.connect() as connection:
        last = connection.execute(text(_LAST), asked).one_or_none()
        if last is None or last.definition["asked"] != question.asked():
            return None
        since = {"before": last.as_of_run_id, "as_of": question.as_of, "quality": last.run_id}
        if connection.execute(text(_SINCE), asked | since).scalar_one():
            return None
    sample = last.definition["sample"]
    return Judgement(
        last.run_id,
        False,
        sample["fits"],
        sample["stars"],
        {name: last.summary[name] for name in Tally().as_json()},
        last.definition["without"],
        last.definition_sha256,
    )
