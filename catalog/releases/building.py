"""Making the views of a release in the database, with their comments and rights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from starledger.catalog.fields import Field
from starledger.catalog.releases.errors import DraftRefused, ReleaseExists
from starledger.catalog.releases.other_views import (
    column_info_view,
    crossmatch_view,
    flag_view,
    provenance_view,
)
from starledger.catalog.releases.plan import Plan
from starledger.catalog.releases.star_views import star_views
from starledger.catalog.releases.views import View, quoted
from starledger.catalog.releases.visit_views import fit_view, visit_view
from starledger.schema.execution import execute
from starledger.schema.roles import Role

MOST_COLUMNS = 1600
"""PostgreSQL has no more in a table."""

PROVENANCE = """
SELECT r.kind || ' run' AS what, r.run_id AS number, CAST(NULL AS text) AS name,
    to_char(r.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since,
    r.software_version, c.message AS detail
FROM ledger.run r JOIN ledger.closed_run c USING (run_id) WHERE r.run_id = ANY (:runs)
UNION ALL
SELECT 'model', m.model_id, m.name,
    to_char(r.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), r.software_version,
    'SHA-256 ' || m.sha256
FROM ledger.model m JOIN ledger.run r ON r.run_id = m.training_run_id
WHERE m.model_id = ANY (:models)
UNION ALL
SELECT 'calibration', k.calibration_id, k.name || ':' || k.version,
    to_char(r.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), r.software_version,
    k.description
FROM ledger.calibration k JOIN ledger.run r USING (run_id)
WHERE k.calibration_id = ANY (:calibrations)
UNION ALL
SELECT 'data release', d.data_release_id,
    s.name || '/' || d.name || '/' || d.version || ':' || d.product, NULL, NULL, d.citation
FROM ledger.data_release d JOIN ledger.survey s USING (survey_id)
WHERE d.data_release_id = ANY (:data_releases)
ORDER BY 1, 2
"""

DATA_RELEASES = """
SELECT DISTINCT s.data_release_id FROM ledger.spectrum s JOIN ledger.fit f USING (spectrum_id)
WHERE f.model_id = ANY (:models) AND f.fit_run_id = ANY (:fit_runs) ORDER BY 1
"""


def build(connection: Connection, plan: Plan) -> list[View]:
    """Make the schema and the views of a release, and let everyone who may read releases read them.

    Raises
    ------
    ReleaseExists
        The schema is there already.
    DraftRefused
        Two columns of a view would have the same name, or a view would have too many.
    """
    refuse_taken(connection, plan.name, plan.data_schema)
    execute(connection, f"CREATE SCHEMA {plan.name}")
    views = [*star_views(plan), visit_view(plan), fit_view(plan), crossmatch_view(plan)]
    made = [_make(connection, plan.name, view) for view in views]
    said = [
        flag_view(),
        provenance_view([dict(row) for row in _provenance(connection, plan)]),
    ]
    made += [_make(connection, plan.name, view) for view in said]
    made.append(_make(connection, plan.name, column_info_view(made)))
    execute(connection, f"COMMENT ON SCHEMA {plan.name} IS {quoted(plan.draft.title)}")
    execute(connection, f"GRANT USAGE ON SCHEMA {plan.name} TO {Role.READER}")
    execute(connection, f"GRANT SELECT ON ALL TABLES IN SCHEMA {plan.name} TO {Role.READER}")
    return made


def refuse_taken(connection: Connection, *schemas: str) -> None:
    """Refuse names of schemas that are there already."""
    for name in schemas:
        if connection.scalar(text("SELECT to_regnamespace(:name)"), {"name": name}) is not None:
            raise ReleaseExists(
                f"The database has a schema {name} already.",
                remedy="Publish under another name: what was published never changes.",
            )


def column_types(connection: Connection, schema: str, table: str) -> dict[str, str]:
    """Return the columns of a view or table with their types, in order."""
    query = """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
        WHERE a.attrelid = to_regclass(:table) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
    """
    rows = connection.execute(text(query), {"table": f"{schema}.{table}"})
    return {row[0]: row[1] for row in rows}


def comment_on(connection: Connection, schema: str, view: View, kind: str) -> None:
    """Write what readers must know of a view, or of its copy, into the database."""
    target = f"{schema}.{view.name}"
    statements = [f"COMMENT ON {kind} {target} IS {quoted(view.description)}"]
    statements += [
        f"COMMENT ON COLUMN {target}.{column.name} IS {quoted(column.comment)}"
        for column in view.columns
    ]
    execute(connection, "; ".join(statements))


def _make(connection: Connection, schema: str, view: View) -> View:
    """Make a view, and return it with the types that PostgreSQL found."""
    _refuse_unfit(view)
    execute(connection, f"CREATE VIEW {schema}.{view.name} AS\n{view.definition}")
    comment_on(connection, schema, view, "VIEW")
    return replace(view, columns=_typed(view.columns, column_types(connection, schema, view.name)))


def _typed(columns: Sequence[Field], types: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple(replace(column, type=types[column.name]) for column in columns)


def _refuse_unfit(view: View) -> None:
    twice = [name for name, n in Counter(one.name for one in view.columns).items() if n > 1]
    if twice:
        raise DraftRefused(
            f"The view {view.name} would have two columns {twice[0]}.",
            remedy="Rename what the model or the quality run declares under that name.",
        )
    if len(view.columns) > MOST_COLUMNS:
        raise DraftRefused(
            f"The view {view.name} would have {len(view.columns)} columns; {MOST_COLUMNS} is all"
            " that PostgreSQL can.",
            remedy="Publish with fewer models.",
        )


def _provenance(connection: Connection, plan: Plan) -> Sequence[Mapping[str, object]]:
    models = [part.model_id for part in plan.parts]
    of_spectra = connection.scalars(
        text(DATA_RELEASES), {"models": models, "fit_runs": list(plan.fit_runs)}
    )
    given = {
        "runs": list(plan.runs),
        "models": models,
        "calibrations": [one.calibration_id for one in plan.calibrations],
        "data_releases": list(of_spectra),
    }
    return [row._asdict() for row in connection.execute(text(PROVENANCE), given)]
