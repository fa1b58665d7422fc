"""Work that workers share without waiting: light leases, tallies, and cheaper checks of fits.

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _run("up")


def downgrade() -> None:
    # The checks of arrays say the same as before, and stay.
    _run("down")


def _run(way: str) -> None:
    script = Path(__file__).with_name(f"0003_work_{way}.sql").read_text("utf-8")
    # Straight to the driver, which takes several statements and leaves % and : alone.
    op.get_bind().connection.cursor().execute(script)
