"""What becomes of each spectrum of a chunk: inserted, a new version, unchanged or rejected.

The spectra lie in the temporary table ``incoming``; the rules are those of the table
``spectrum``, so that what it would refuse is rejected with its reason and not the whole chunk.
"""

from __future__ import annotations

import re

from sqlalchemy import CheckConstraint, Column, Connection, Text, text
from sqlalchemy.dialects import postgresql

from starledger.ingest.pixels.spectrum_rows import COLUMNS
from starledger.schema.tables import Spectrum

STAGED = (*COLUMNS, "sha256", "healpix")
"""Columns of ``incoming`` that become those of a spectrum."""

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_TABLE = Spectrum.metadata.tables["ledger.spectrum"]

_OF_THE_CHUNK = """
    number integer, file_number integer, file_name text COLLATE "C", row_number integer,
    instrument text, parents text[], shard integer, shard_row integer,
    verdict text, reason text, first_number integer, current_id bigint, version smallint
"""


def staging_statement() -> str:
    """Return the SQL that makes the table ``incoming``, emptied at each commit."""
    kept = ", ".join(f"{name} {_type(_TABLE.columns[name])}" for name in STAGED)
    return f"CREATE TEMP TABLE incoming ({_OF_THE_CHUNK}, {kept}) ON COMMIT DELETE ROWS"


def _type(column: Column[object]) -> str:
    return "text" if isinstance(column.type, Text) else str(column.type.compile(_DIALECT))


def broken_rule() -> str:
    """Return the SQL of the first rule of the table that a row of ``incoming`` breaks, or null.

    Examples
    --------
    >>> "WHEN (ra >= 0 AND ra < 360) IS FALSE THEN 'ra = '" in broken_rule()
    True
    """
    cases = [
        f"WHEN ({check.sqltext}) IS FALSE THEN {_shown(columns)} || ' breaks the rule {name}'"
        for name, check, columns in _rules()
    ]
    empty = [
        f"WHEN {name} IS NULL THEN 'there is no {name}'"
        for name in STAGED
        if not _TABLE.columns[name].nullable
    ]
    return f"CASE {' '.join(sorted(empty) + sorted(cases))} END"


def _rules() -> list[tuple[str, CheckConstraint, list[str]]]:
    found = []
    for check in _TABLE.constraints:
        if isinstance(check, CheckConstraint):
            columns = [
                name
                for name in dict.fromkeys(re.findall(r"\w+", str(check.sqltext)))
                if name in _TABLE.columns
            ]
            if set(columns) <= set(STAGED):
                found.append((str(check.name).removeprefix("ck_spectrum_"), check, columns))
    return found


def _shown(columns: list[str]) -> str:
    return " || ', ' || ".join(
        f"'{name} = ' || coalesce(left({name}::text, 80), 'null')" for name in columns
    )


_BREAKS_A_RULE = f"""
UPDATE incoming SET verdict = 'rejected', reason = {broken_rule()}
WHERE verdict IS NULL AND {broken_rule()} IS NOT NULL
"""  # noqa: S608 - made of our own rules

_NOT_THE_FIRST = """
UPDATE incoming i SET first_number = f.number
FROM (SELECT external_id, min(number) AS number FROM incoming WHERE verdict IS NULL
      GROUP BY external_id) f
WHERE f.external_id = i.external_id AND i.verdict IS NULL AND f.number < i.number
"""

# A file that no longer holds a spectrum gives it up before other files can bring it.
_GONE_FROM_ITS_FILE = """
UPDATE ledger.spectrum s SET valid_to_run_id = :run_id
FROM known k JOIN read_file f ON f.number = k.number AND f.refusal IS NULL
WHERE s.spectrum_id = k.spectrum_id AND s.valid_to_run_id IS NULL
  AND NOT EXISTS (SELECT FROM incoming i
                  WHERE i.file_number = k.number AND i.external_id = k.external_id)
"""

_AGAINST_THE_LEDGER = """
UPDATE incoming i SET
    current_id = CASE WHEN s.valid_to_run_id IS NULL THEN s.spectrum_id END,
    version = coalesce(s.version, 0) + 1,
    verdict = CASE
        WHEN s.spectrum_id IS NULL THEN 'inserted'
        WHEN s.valid_to_run_id IS NOT NULL THEN 'new_version'
        WHEN elsewhere.later THEN 'rejected'
        WHEN s.sha256 = i.sha256 THEN 'unchanged'
        WHEN s.valid_from_run_id = :run_id OR elsewhere.listed THEN 'rejected'
        ELSE 'new_version'
    END,
    reason = CASE
        WHEN elsewhere.later THEN format(
            'the identifier %s was in %s, which is read later in this run', i.external_id,
            s.file_name)
        ELSE format('the identifier %s has other content in %s', i.external_id, s.file_name)
    END
FROM incoming same LEFT JOIN LATERAL (
    SELECT * FROM ledger.spectrum o
    WHERE o.data_release_id = :data_release_id AND o.external_id = same.external_id
    ORDER BY o.version DESC LIMIT 1) s ON true
CROSS JOIN LATERAL (SELECT
    s.file_name <> same.file_name AND EXISTS (
        SELECT FROM compared c WHERE c.name = s.file_name) AS listed,
    s.file_name <> same.file_name AND EXISTS (
        SELECT FROM to_read t WHERE t.name = s.file_name AND t.number > same.file_number
    ) AS later) elsewhere
WHERE same.number = i.number AND i.verdict IS NULL AND i.first_number IS NULL
"""

_AGAINST_THE_FIRST = """
UPDATE incoming i SET
    verdict = CASE WHEN i.sha256 = f.sha256 AND f.verdict <> 'rejected' THEN 'unchanged'
                   ELSE 'rejected' END,
    reason = CASE WHEN f.verdict = 'rejected' THEN f.reason ELSE format(
        'the identifier %s has other content in %s', i.external_id,
        CASE WHEN f.file_name = i.file_name THEN format('row %s of this file', f.row_number)
             ELSE f.file_name END) END
FROM incoming f WHERE f.number = i.first_number AND i.verdict IS NULL
"""


def judge(connection: Connection, data_release_id: int, run_id: int) -> None:
    """Give each row of ``incoming`` its verdict, and close what its file no longer holds."""
    about = {"data_release_id": data_release_id, "run_id": run_id}
    for statement in (
        # Without figures the joins below are planned for a handful of rows.
        "ANALYZE incoming (number, external_id, file_number, verdict)",
        _BREAKS_A_RULE,
        _NOT_THE_FIRST,
        _GONE_FROM_ITS_FILE,
        _AGAINST_THE_LEDGER,
        _AGAINST_THE_FIRST,
    ):
        connection.execute(text(statement), about)
