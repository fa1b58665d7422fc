"""A user's own tables, sent along with a query."""
