"""What the ledger says of spectra, without the numbers that depend on how it came to say so."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import text

from starledger.schema.database import Database

_RUNS = "WITH o AS (SELECT run_id, row_number() OVER (ORDER BY run_id) AS n FROM ledger.ingest_run)"

_QUERIES = {
    "spectrum": f"""{_RUNS}
        SELECT to_jsonb(s) - 'spectrum_id' - 'shard_id' - 'valid_from_run_id' - 'valid_to_run_id'
            - 'instrument_id', i.name, f.n, t.n, h.path
        FROM ledger.spectrum s JOIN ledger.instrument i USING (instrument_id)
        JOIN ledger.shard h USING (shard_id) JOIN o f ON f.run_id = s.valid_from_run_id
        LEFT JOIN o t ON t.run_id = s.valid_to_run_id ORDER BY s.external_id, s.version""",
    "parent": """
        SELECT s.external_id, s.version, p.external_id, p.version FROM ledger.spectrum_parent
        JOIN ledger.spectrum s USING (spectrum_id)
        JOIN ledger.spectrum p ON p.spectrum_id = parent_id ORDER BY 1, 2, 3, 4""",
    "shard": f"""{_RUNS}
        SELECT to_jsonb(h) - 'shard_id' - 'run_id' - 'instrument_id', o.n
        FROM ledger.shard h JOIN o USING (run_id) ORDER BY path""",
    "file": f"""{_RUNS}
        SELECT to_jsonb(f) - 'ingest_file_id' - 'run_id', o.n
        FROM ledger.ingest_file f JOIN o USING (run_id) ORDER BY o.n, path""",
    "rejected": f"""{_RUNS}
        SELECT to_jsonb(r) - 'rejected_row_id' - 'run_id', o.n
        FROM ledger.rejected_row r JOIN o USING (run_id) ORDER BY o.n, path, row_number""",
    "run": f"""{_RUNS}
        SELECT o.n, c.outcome, c.summary - 'seconds' - 'run_id' - 'went_on'
        FROM o LEFT JOIN ledger.closed_run c USING (run_id) ORDER BY 1""",
}


def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows, by what is the same whatever was interrupted."""
    with database.engine().connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(text(query))]
            for name, query in _QUERIES.items()
        }


def shard_files(root: Path) -> dict[str, str]:
    """Return every file below a shard root with the SHA-256 of its bytes."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
