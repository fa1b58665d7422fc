"""Rows that wait in a temporary table become versions, one statement for all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Cursor, sql

from starledger.schema.tables import SCHEMA

INCOMING = "incoming"
"""The temporary table of the rows that wait, beside the columns of the catalog's table."""

_JUDGE = """
CREATE TEMP TABLE verdict ON COMMIT DROP AS
SELECT i.ctid AS place, i.file_number, i.row_number, i.external_id, t.row_id, t.version,
  CASE
    WHEN t.row_id IS NULL THEN 'insert'
    WHEN t.valid_to_run_id IS NOT NULL THEN 'change'
    WHEN ({incoming}) IS NOT DISTINCT FROM ({kept}) THEN 'unchanged'
    WHEN i.again AND (t.valid_from_run_id = %(run)s OR EXISTS (
      SELECT FROM incoming o WHERE o.external_id = i.external_id AND NOT o.again)) THEN 'repeat'
    ELSE 'change'
  END AS verdict
FROM incoming i LEFT JOIN LATERAL (
  SELECT * FROM {table} t
  WHERE t.data_release_id = %(release)s AND t.external_id = i.external_id
  ORDER BY version DESC LIMIT 1
) t ON true
WHERE i.again = %(again)s
"""

_CLOSE = """
UPDATE {table} t SET valid_to_run_id = %(run)s FROM verdict v
WHERE v.verdict = 'change' AND t.row_id = v.row_id AND t.data_release_id = %(release)s
  AND t.valid_to_run_id IS NULL
"""

_INSERT = """
INSERT INTO {table} (data_release_id, valid_from_run_id, version, {columns})
SELECT %(release)s, %(run)s, coalesce(v.version, 0) + 1, {incoming}
FROM verdict v JOIN incoming i ON i.ctid = v.place WHERE v.verdict IN ('insert', 'change')
"""

_REPEATS = """
INSERT INTO {schema}.rejected_row (run_id, path, row_number, external_id, reason)
SELECT %(run)s, paths.path, v.row_number, min(v.external_id),
  'the identifier stands in an earlier row, with other values'
FROM verdict v JOIN unnest(%(paths)s::text[]) WITH ORDINALITY AS paths (path, number)
  ON paths.number = v.file_number
WHERE v.verdict = 'repeat' GROUP BY paths.path, v.row_number
ON CONFLICT DO NOTHING
"""

_GONE = """
UPDATE {table} t SET valid_to_run_id = %(run)s
WHERE t.data_release_id = %(release)s AND t.valid_to_run_id IS NULL
  AND t.valid_from_run_id < %(run)s
  AND NOT EXISTS (SELECT FROM incoming i WHERE i.external_id = t.external_id)
  AND NOT EXISTS (SELECT FROM {schema}.rejected_row r
    WHERE r.run_id = %(run)s AND r.external_id = t.external_id)
"""

COUNTED_AS = {
    "insert": "n_inserted",
    "change": "n_new_version",
    "unchanged": "n_unchanged",
    "repeat": "n_rejected",
}
"""What each verdict is counted as in the ledger."""


@dataclass(frozen=True)
class Merging:
    """A merge of waiting rows into one data release's rows of a catalog table.

    Parameters
    ----------
    table
        Name of the catalog's table.
    columns
        Those of its columns that the rows fill.
    data_release_id, run_id
        Whose rows they are, and which ingest run brings them.
    paths
        The files by their numbers, from 1.
    """

    table: str
    columns: Sequence[str]
    data_release_id: int
    run_id: int
    paths: Sequence[str]

    def merge(self, cursor: Cursor[tuple[object, ...]]) -> dict[int, Counter[str]]:
        """Merge all that waits, and return by file what became of its rows.

        Rows whose identifier came before are judged after the others are in.
        """
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        self._run(cursor, "CREATE INDEX ON incoming (external_id) WHERE NOT again")
        self._run(cursor, "ANALYZE incoming")
        for again in (False, True):
            self._run(cursor, _JUDGE, again=again)
            self._run(cursor, _CLOSE)
            self._run(cursor, _INSERT)
            self._run(cursor, _REPEATS, paths=list(self.paths))
            cursor.execute("SELECT file_number, verdict, count(*) FROM verdict GROUP BY 1, 2")
            for number, verdict, rows in cursor.fetchall():
                counts[int(str(number))][COUNTED_AS[str(verdict)]] += int(str(rows))
            cursor.execute("DROP TABLE verdict")
        return counts

    def close_gone(self, cursor: Cursor[tuple[object, ...]]) -> int:
        """Close the rows that are in none of the files, and return how many there were."""
        self._run(cursor, _GONE)
        return cursor.rowcount

    def _run(self, cursor: Cursor[tuple[object, ...]], statement: str, **more: object) -> None:
        names = [sql.Identifier(name) for name in self.columns]
        filled = sql.SQL(statement).format(
            table=sql.Identifier(SCHEMA, self.table),
            schema=sql.Identifier(SCHEMA),
            columns=sql.SQL(", ").join(names),
            incoming=sql.SQL(", ").join(sql.SQL("i.{}").format(name) for name in names),
            kept=sql.SQL(", ").join(sql.SQL("t.{}").format(name) for name in names),
        )
        cursor.execute(filled, {"run": self.run_id, "release": self.data_release_id, **more})
