"""The foundation: every table, trigger and right of the first version.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DROP_EVERYTHING = """
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT relname, relkind FROM pg_class
        WHERE relnamespace = 'ledger'::regnamespace AND relkind IN ('r', 'p', 'S')
        AND relname <> 'schema_revision' ORDER BY relkind DESC
    LOOP
        IF made.relkind = 'S' THEN
            EXECUTE format('DROP SEQUENCE IF EXISTS ledger.%I CASCADE', made.relname);
        ELSE
            EXECUTE format('DROP TABLE IF EXISTS ledger.%I CASCADE', made.relname);
        END IF;
    END LOOP;
    FOR made IN SELECT proname FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace
    LOOP
        EXECUTE format('DROP FUNCTION ledger.%I', made.proname);
    END LOOP;
END $$;
REVOKE ALL ON SCHEMA ledger FROM starledger_worker;
"""


def upgrade() -> None:
    _run(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def downgrade() -> None:
    _run(DROP_EVERYTHING)


def _run(script: str) -> None:
    # Straight to the driver, which takes several statements and leaves % and : alone.
    op.get_bind().connection.cursor().execute(script)
