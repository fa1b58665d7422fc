"""What the tables refuse, and what they do by themselves: the triggers on each table."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from sqlalchemy import Table

from starledger.schema.tables import SCHEMA, Ledger, metadata
from starledger.schema.tables.versions import Versioned
from starledger.schema.tables.work import FitTally, Lease, Work

WORK_TABLES = frozenset({Work.__tablename__, Lease.__tablename__, FitTally.__tablename__})
"""The only tables that change in place."""

RUN_COLUMNS = {
    "apogee_star": "valid_from_run_id",
    "calibration": "run_id",
    "combination": "combination_run_id",
    "combination_input": "combination_run_id",
    "fit": "fit_run_id",
    "fit_quality": "quality_run_id",
    "gaia_dr2_neighbour": "valid_from_run_id",
    "gaia_source": "valid_from_run_id",
    "galah_star": "valid_from_run_id",
    "ingest_file": "run_id",
    "neighbourhood": "crossmatch_run_id",
    "quality_output": "quality_run_id",
    "reference_star": "valid_from_run_id",
    "rejected_row": "run_id",
    "shard": "run_id",
    "spectrum": "valid_from_run_id",
    "star": "created_run_id",
    "star_event": "star_run_id",
    "star_member": "star_run_id",
    "star_quality": "quality_run_id",
    "star_version": "star_run_id",
    "survey_visit": "valid_from_run_id",
    "withdrawal": "run_id",
}
"""The tables whose rows belong to a run, and the column that names it."""


def function_statement() -> str:
    """Return the SQL that makes the functions of all triggers."""
    return resources.files("starledger.schema").joinpath("functions.sql").read_text("utf-8")


def versioned_tables() -> list[str]:
    """Return the names of the tables whose rows are versions."""
    classes = (mapper.class_ for mapper in Ledger.registry.mappers)
    return sorted(str(cls.__tablename__) for cls in classes if issubclass(cls, Versioned))


def trigger_statements() -> Iterator[str]:
    """Yield the SQL that makes every trigger, table by table."""
    versioned = set(versioned_tables())
    for table in sorted(metadata.tables.values(), key=lambda table: table.name):
        yield from _protection(table, versioned=table.name in versioned)
        if run_column := RUN_COLUMNS.get(table.name):
            yield _after_insert(table.name, "open_run_only", f"refuse_closed_run('{run_column}')")
        if table.name in versioned:
            yield _after_insert(table.name, "version_chain", "check_version_chain()")
    yield _after_insert("combination", "right_combination", "check_combination()")
    # Triggers fire in the order of their names: this one before open_run_only, which it locks for.
    yield _after_insert("fit", "known_run", "check_fit()")
    yield (
        f"CREATE TRIGGER lock_run BEFORE INSERT ON {SCHEMA}.closed_run"
        f" FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.lock_closing_run()"
    )
    yield (
        f"CREATE TRIGGER make_partition AFTER INSERT ON {SCHEMA}.model"
        f" FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.make_fit_partition()"
    )


def _protection(table: Table, *, versioned: bool) -> Iterator[str]:
    if table.name in WORK_TABLES:
        return
    refused = "DELETE OR TRUNCATE" if versioned else "UPDATE OR DELETE OR TRUNCATE"
    yield (
        f"CREATE TRIGGER append_only BEFORE {refused} ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_change()"
    )
    if versioned:
        yield (
            f"CREATE TRIGGER only_close BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.only_close_version()"
        )


def _after_insert(table: str, name: str, call: str) -> str:
    return (
        f"CREATE TRIGGER {name} AFTER INSERT ON {SCHEMA}.{table}"
        " REFERENCING NEW TABLE AS inserted"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.{call}"
    )
