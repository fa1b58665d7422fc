"""What PostgreSQL would read in a translated query, looked at afresh."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from tests.catalog.adql.tiny import TABLES

READABLE = {table.relation for table in TABLES}

QUERIES = (exp.Select, exp.SetOperation, exp.Subquery)

NEVER = (
    exp.Command,
    exp.DDL,
    exp.DML,
    exp.Drop,
    exp.Into,
    exp.Lock,
    exp.Parameter,
    exp.Placeholder,
    exp.SessionParameter,
    exp.TableSample,
    exp.RegexpLike,
    exp.Window,
    exp.JSONExtract,
    exp.Copy,
)

CALLED = {
    "abs",
    "acos",
    "acosd",
    "asin",
    "asind",
    "atan",
    "atan2",
    "atan2d",
    "avg",
    "cast",
    "ceil",
    "coalesce",
    "cos",
    "cosd",
    "cot",
    "count",
    "degrees",
    "exp",
    "floor",
    "greatest",
    "least",
    "ln",
    "log",
    "lower",
    "max",
    "min",
    "mod",
    "nullif",
    "pi",
    "power",
    "radians",
    "random",
    "rand",
    "round",
    "sign",
    "sin",
    "sind",
    "sqrt",
    "string_agg",
    "sum",
    "tan",
    "tand",
    "trunc",
    "upper",
    "array",
    "exists",
    "case",
    "if",
    "and",
    "or",
    "group_concat",
    "sin_d",
    "unnest",
    "generate_series",
    "exploding_generate_series",
}


def assert_harmless(sql: str) -> None:
    """Assert that a text is one query, of the tables that may be read, with known functions."""
    statements = sqlglot.parse(sql, read="postgres")
    assert len(statements) == 1
    tree = statements[0]
    assert isinstance(tree, QUERIES)
    assert not list(tree.find_all(*NEVER))
    named = {one.alias for one in tree.find_all(exp.CTE)}
    for with_ in tree.find_all(exp.With):
        assert not with_.recursive
    for table in tree.find_all(exp.Table):
        name = table.sql("postgres").split(" AS ")[0].replace('"', "")
        if isinstance(table.this, exp.Identifier):
            assert name in READABLE or name in named, name
    for called in tree.find_all(exp.Func):
        name = called.name if isinstance(called, exp.Anonymous) else called.sql_name()
        assert name.lower() in CALLED, name
