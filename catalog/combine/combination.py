"""A combination run: the visits of every star whose usable fits changed, brought together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import chain, islice
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, func, insert, select

from starledger.catalog.combine.reading import read_visits
from starledger.catalog.combine.selection import Outlook, chosen, find_stale
from starledger.catalog.combine.settings import CombineSettings
from starledger.catalog.combine.stars import Combined, combined
from starledger.catalog.combine.task import Choice, Task, task_of
from starledger.catalog.combine.visits import Visits
from starledger.catalog.combine.writing import rows_of
from starledger.compute.models.registry import find_model
from starledger.ingest.crossmatch.matching import driver_of
from starledger.schema.ahead import ahead
from starledger.schema.copying import copy_rows
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.flags import Scope, mask
from starledger.schema.runs import OpenRun, close_interrupted, running
from starledger.schema.tables import (
    SCHEMA,
    CombinationInput,
    CombinationRun,
    RunKind,
)

_BATCHES_A_COMMIT = 50
"""So many batches of visits come in together: what triggers ask of the survey, they ask once."""

_SORT_MEMORY = "256MB"


class CombinationUnderWay(StarledgerError):
    """Another process combines the fits of the same model."""


@dataclass
class Tally:
    """What a combination run counted.

    Parameters
    ----------
    n_stars, n_visits, n_rejected
        Stars that were combined, visits that went into them, and outliers left out.
    n_no_clean, n_double_lined, n_rv_variable
        Stars with these flags.
    n_without_covariance
        Visits whose errors stood in for a covariance that was missing or none.
    n_topocentric
        Visits whose velocity was left out, since the Earth's share in it is not known.
    """

    n_stars: int = 0
    n_visits: int = 0
    n_rejected: int = 0
    n_no_clean: int = 0
    n_double_lined: int = 0
    n_rv_variable: int = 0
    n_without_covariance: int = 0
    n_topocentric: int = 0

    def add(self, visits: Visits, stars: Combined) -> None:
        """Count some stars and their visits."""
        self.n_stars += len(stars)
        self.n_visits += len(stars.spectrum_ids)
        self.n_rejected += len(stars.rejected_ids)
        for name, flag in (
            ("n_no_clean", "no_clean_visit"),
            ("n_double_lined", "double_lined"),
            ("n_rv_variable", "rv_variable"),
        ):
            flagged = int((stars.flags & mask(Scope.STAR, flag) != 0).sum())
            setattr(self, name, getattr(self, name) + flagged)
        self.n_without_covariance += stars.labels.n_by_errors
        self.n_topocentric += int(visits.topocentric.sum())


def combine(
    database: Database,
    model: str,
    settings: CombineSettings | None = None,
    choice: Choice | None = None,
    *,
    full: bool = False,
    advance: Callable[[int], None] | None = None,
) -> int:
    """Combine the visits of stars, in a new run, and return its number.

    Only stars whose set of usable fits changed since the last run with the same settings get a
    row; `starledger.catalog.combine.current.current_combinations` gives those of all stars.

    Parameters
    ----------
    database
        The ledger.
    model
        Whose fits are combined: its name, or the first characters of its SHA-256.
    settings
        How visits are combined.
    choice
        Which fits; what is not told is found in the ledger.
    full
        Combine all stars, and reuse nothing.
    advance
        Is told, from time to time, how many more visits are done.

    Raises
    ------
    NothingToCombine, BadChoice, NoSuchModel
        There are no such fits.
    CombinationUnderWay
        Another process is at it.
    """
    engine = database.engine()
    with engine.connect() as connection:
        model_id = find_model(connection, model).model_id
    with _alone(engine, model_id):
        with engine.begin() as connection:
            # Who opened those that are open was interrupted, for we are alone.
            of_model = select(CombinationRun.run_id).where(CombinationRun.model_id == model_id)
            close_interrupted(connection, of_model)
            task = task_of(
                connection, model, settings or CombineSettings(), choice or Choice(), full=full
            )
        with running(engine, RunKind.COMBINATION, **task.about()) as run:
            _name_inputs(engine, task, run.run_id)
            _combine(engine, task, run, advance or (lambda _visits: None))
    return run.run_id


def outlook(
    database: Database,
    model: str,
    settings: CombineSettings | None = None,
    choice: Choice | None = None,
    *,
    full: bool = False,
) -> dict[str, Any]:
    """Tell what `combine` would do, and do nothing.

    Returns
    -------
    summary
        What the run would be about, and how many stars and visits it would combine and reuse.
    """
    with database.engine().connect() as connection:
        task = task_of(
            connection, model, settings or CombineSettings(), choice or Choice(), full=full
        )
        found = find_stale(connection, task)
        visits = chosen(task, only_stale=task.previous_run_id is not None)
        counted = connection.exec_driver_sql(
            f"SELECT count(DISTINCT star_id), count(*) FROM ({visits}) chosen"  # noqa: S608 - ours
        ).one()
        connection.rollback()
    about = {name: one for name, one in task.about().items() if name != "settings"}
    return {
        "model": task.model.name,
        **about,
        "fit_runs": list(task.fit_run_ids),
        **asdict(found) | {"n_stars": counted[0]},
        "n_visits": counted[1],
    }


def _combine(engine: Engine, task: Task, run: OpenRun, advance: Callable[[int], None]) -> None:
    tally = Tally()
    with engine.connect() as reader, driver_of(reader) as source:
        reader.exec_driver_sql(f"SET LOCAL work_mem = '{_SORT_MEMORY}'")
        found = find_stale(reader, task)
        if found.n_stars != 0:
            with closing(ahead(read_visits(source, task))) as visits:
                _write(engine, _batches(visits, task, run.run_id, tally, advance))
        reader.rollback()
    run.summary |= {
        "model": task.model.name,
        "previous_run_id": task.previous_run_id,
        "fit_run_ids": list(task.fit_run_ids),
        **asdict(tally),
        "n_reused": found.n_reused,
        "n_vanished": found.n_vanished,
    }
    run.message = _message(task, tally, found)


def _batches(
    visits: Iterator[Visits],
    task: Task,
    run_id: int,
    tally: Tally,
    advance: Callable[[int], None],
) -> Iterator[list[pa.RecordBatch]]:
    for some in visits:
        stars = combined(some, task.settings)
        tally.add(some, stars)
        advance(len(some))
        yield list(rows_of(run_id, stars))


def _write(engine: Engine, batches: Iterator[list[pa.RecordBatch]]) -> None:
    """Copy batches of rows, some at a time."""
    for first in batches:
        more = chain.from_iterable(islice(batches, _BATCHES_A_COMMIT - 1))
        with engine.begin() as connection, driver_of(connection) as own:
            copy_rows(own.cursor(), (SCHEMA, "combination"), chain(first, more))


def _message(task: Task, tally: Tally, found: Outlook) -> str:
    return (
        f"{task.model.name}: {tally.n_stars} stars combined of {tally.n_visits} visits,"
        f" {tally.n_rejected} outliers left out, {found.n_reused} stars reused,"
        f" {found.n_vanished} vanished"
    )


def _name_inputs(engine: Engine, task: Task, run_id: int) -> None:
    rows = [{"combination_run_id": run_id, "fit_run_id": one} for one in task.fit_run_ids]
    with engine.begin() as connection:
        connection.execute(insert(CombinationInput), rows)


@contextmanager
def _alone(engine: Engine, model_id: int) -> Iterator[None]:
    """Keep other combinations of the model away: both would write what the other one reuses."""
    lock = func.hashtext(f"starledger: combination of {model_id}")
    with engine.connect() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(lock))):
            raise CombinationUnderWay(
                "The fits of this model are being combined by another process.",
                remedy="Wait until it is done, then run again.",
            )
        connection.commit()
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(lock)))
            connection.commit()
