"""What migrations of later versions do to the tables under a release: good ones, and bad ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

REWRITTEN = ("combination", "star_version")
"""Tables whose rows `good_migration` writes into new files, of one of them in another order."""

_GOOD = """
CREATE INDEX ON ledger.combination (snr);
CLUSTER ledger.combination USING pk_combination;
ALTER TABLE ledger.star_version ADD COLUMN noted_at timestamptz DEFAULT clock_timestamp() NOT NULL;
CREATE TABLE ledger.motto (
    survey_id integer PRIMARY KEY REFERENCES ledger.survey (survey_id),
    motto text NOT NULL
);
INSERT INTO ledger.motto SELECT survey_id, 'of ' || title FROM ledger.survey;
ALTER TABLE ledger.survey ADD COLUMN motto_of integer REFERENCES ledger.motto (survey_id);
COMMENT ON COLUMN ledger.fit.rv IS 'speed';
"""


def good_migration(tables: Iterable[str]) -> str:
    """Return a migration that adds columns, an index and a table, and rewrites tables."""
    columns = [
        f"ALTER TABLE ledger.{table} ADD COLUMN colour real DEFAULT 1.5 NOT NULL;\n"
        for table in tables
    ]
    return "".join(columns) + _GOOD


def _behind_the_triggers(table: str, statement: str) -> str:
    return (
        f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER;\n{statement};\n"
        f"ALTER TABLE ledger.{table} ENABLE TRIGGER USER;\n"
    )


BAD: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "a value is rounded": (
            "star_version",
            _behind_the_triggers(
                "star_version", "UPDATE ledger.star_version SET ra = ra + 0.0000001"
            ),
        ),
        "a unit is changed": (
            "fit",
            _behind_the_triggers("fit", "UPDATE ledger.fit SET chi2 = chi2 / 1000"),
        ),
        "a flag is mended": (
            "combination",
            _behind_the_triggers("combination", "UPDATE ledger.combination SET flags = flags | 1"),
        ),
        "a column goes that no view reads": (
            "fit",
            "ALTER TABLE ledger.fit DROP COLUMN worker",
        ),
        "a column goes with the views that read it": (
            "star_version",
            "ALTER TABLE ledger.star_version DROP COLUMN pmra CASCADE",
        ),
        "a column is named otherwise": (
            "spectrum",
            "ALTER TABLE ledger.spectrum RENAME COLUMN snr TO signal",
        ),
    }
)
"""What is done, with the table that is to be named and the migration that does it."""
