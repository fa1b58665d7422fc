"""Alembic's entry: runs the migrations on the connection that `starledger db upgrade` gives."""

from alembic import context
from sqlalchemy import Connection

from starledger.schema.database import open_database
from starledger.schema.migrate import comparison_options
from starledger.schema.settings import load_settings


def run(connection: Connection) -> None:
    """Run the migrations that Alembic chose."""
    context.configure(connection=connection, **comparison_options())
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    # A developer called `alembic` itself, to write a new revision.
    with open_database(load_settings().settings) as database, database.engine().begin() as opened:
        run(opened)
