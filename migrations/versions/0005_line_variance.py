"""The width of lines, which a fit may find beside the labels.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE ledger.fit ADD COLUMN line_variance real"
        " CONSTRAINT ck_fit_line_variance_finite"
        " CHECK (line_variance > '-Infinity' AND line_variance < 'Infinity')"
    )
    op.execute(
        "COMMENT ON COLUMN ledger.fit.line_variance IS 'variance of the lines beyond that of the"
        " model''s, fitted with the labels [km2/s2; spect.line.width]'"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE ledger.fit DROP COLUMN line_variance")
