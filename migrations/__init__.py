"""How the schema grew: Alembic's scripts, found as a package resource and imported by nobody."""
