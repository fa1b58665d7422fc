"""Seals of runs: what their rows add up to, so that publishing need not read them.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE ledger.run_seal (
    run_id bigint NOT NULL,
    table_name text NOT NULL,
    columns text[] NOT NULL,
    row_count bigint NOT NULL,
    checksum text NOT NULL,
    CONSTRAINT pk_run_seal PRIMARY KEY (run_id, table_name),
    CONSTRAINT fk_run_seal_run_id FOREIGN KEY (run_id) REFERENCES ledger.closed_run (run_id),
    CONSTRAINT ck_run_seal_row_count_count CHECK (row_count >= 0),
    CONSTRAINT ck_run_seal_checksum_sha256 CHECK (checksum ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE ledger.run_seal IS
    'What the rows that a run wrote into a table add up to, from when it was closed.';
COMMENT ON COLUMN ledger.run_seal.run_id IS 'the run [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.run_seal.table_name IS
    'the table that it wrote into [dimensionless; meta.id;meta.table]';
COMMENT ON COLUMN ledger.run_seal.columns IS
    'the columns that were summed up, in their order [dimensionless; meta.id]';
COMMENT ON COLUMN ledger.run_seal.row_count IS 'how many rows it wrote [dimensionless; meta.number]';
COMMENT ON COLUMN ledger.run_seal.checksum IS
    'checksum of these rows whatever their order, hexadecimal [dimensionless; meta.checksum]';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.run_seal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT ON ledger.run_seal TO starledger_worker;
CREATE INDEX ix_fit_fit_run_id ON ledger.fit USING brin (fit_run_id) WITH (autosummarize = true);
COMMENT ON COLUMN ledger.release_view.checksum IS
    'checksum of its rows, or of some of many, whatever their order [dimensionless; meta.checksum]';
"""

DOWNGRADE = """
COMMENT ON COLUMN ledger.release_view.checksum IS
    'checksum of its rows that does not depend on their order [dimensionless; meta.checksum]';
DROP INDEX ledger.ix_fit_fit_run_id;
DROP TABLE ledger.run_seal;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
