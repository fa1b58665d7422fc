"""The parts of a query that ADQL has, and what each may hold: all else is refused.

sqlglot reads far more than ADQL, and a part that is allowed may hold one that is not (``DISTINCT ON``
in ``DISTINCT``, ``RECURSIVE`` in ``WITH``). Hence the list says both.
"""

from __future__ import annotations

from sqlglot import exp

_BINARY = frozenset({"this", "expression"})
_ONE = frozenset({"this"})
_SET = frozenset({"this", "expression", "distinct", "order", "offset", "with_"})

ALLOWED: dict[type[exp.Expression], frozenset[str]] = {
    exp.Select: frozenset({"expressions", "distinct", "limit", "from_", "joins", "where", "group",
                           "having", "order", "offset", "with_"}),
    exp.Union: _SET,
    exp.Except: _SET,
    exp.Intersect: _SET,
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.Subquery: frozenset({"this", "alias", "order", "offset"}),
    exp.Table: frozenset({"this", "db", "catalog", "alias", "joins"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.From: _ONE,
    exp.Join: frozenset({"this", "method", "side", "kind", "on", "using"}),
    exp.Where: _ONE,
    exp.Group: frozenset({"expressions"}),
    exp.Having: _ONE,
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: frozenset({"expressions"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table", "db", "catalog"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Star: frozenset(),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.HexString: _ONE,
    exp.Null: frozenset(),
    exp.Boolean: _ONE,
    exp.Paren: _ONE,
    exp.Neg: _ONE,
    exp.BitwiseNot: _ONE,
    exp.Not: _ONE,
    exp.Exists: _ONE,
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Cast: frozenset({"this", "to", "_type"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: _ONE,
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.DPipe: frozenset({"this", "expression", "safe"}),
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    **dict.fromkeys(
        (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.Like,
         exp.ILike, exp.Add, exp.Sub, exp.Mul, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor),
        _BINARY,
    ),
}  # fmt: skip


def stranger(tree: exp.Expression) -> tuple[exp.Expression, str] | None:
    """Return the first part that ADQL does not have, with its name, or None.

    Examples
    --------
    >>> from sqlglot import parse_one
    >>> stranger(parse_one("SELECT DISTINCT ON (a) a FROM t", read="postgres"))[1]
    'DISTINCT ... ON'
    """
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        allowed = ALLOWED.get(type(node))
        if allowed is None:
            return node, type(node).__name__.upper()
        for name, held in node.args.items():
            if not held:
                continue
            if name not in allowed:
                word = name.rstrip("_").replace("_", " ").upper()
                return node, f"{type(node).__name__.upper()} ... {word}"
            if isinstance(held, exp.Expression):
                waiting.append(held)
            elif isinstance(held, list):
                waiting += [one for one in reversed(held) if isinstance(one, exp.Expression)]
    return None
