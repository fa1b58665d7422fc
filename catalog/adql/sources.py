"""FROM: which rows a SELECT reads, and how they are joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp

from starledger.catalog.adql.conditions import where
from starledger.catalog.adql.geometry import from_array
from starledger.catalog.adql.scopes import Column, Item, Query, Scope, by_lower_name
from starledger.catalog.adql.values import DOUBLE, Value, call, common_type, family
from starledger.catalog.releases.tables import Table

UPLOADS = "tap_upload"
"""The schema of the user's own tables, whose columns may mean anything."""

_SIDES = {"", "LEFT", "RIGHT", "FULL"}
_KINDS = {"", "INNER", "OUTER", "CROSS"}


@dataclass(slots=True)
class Rows:
    """Some of FROM: what belongs to it, and the columns that it shows by themselves."""

    items: list[Item] = field(default_factory=list)
    visible: list[Column] = field(default_factory=list)


def read_from(node: exp.Select, scope: Scope, select: exp.Select) -> None:
    """Translate FROM with its joins into a SELECT, and let the scope know the names in it."""
    source = node.args.get("from_")
    if source is None:
        scope.refuse(node, "The SELECT has no FROM.", "Say from which table.", word="SELECT")
    sql, rows = _source(source.this, scope)
    select.set("from_", exp.From(this=sql))
    groups = [rows]
    for join in node.args.get("joins") or ():
        _join(join, scope, groups, select, select)
    scope.items = [item for group in groups for item in group.items]
    scope.visible = [column for group in groups for column in group.visible]
    scope.by_name = None
    scope.select = select


def _join(
    node: exp.Join, scope: Scope, groups: list[Rows], holder: exp.Expression,
    select: exp.Select | None,
) -> None:  # fmt: skip
    """Translate a join with what stands before it since the last comma."""
    sql, right = _source(node.this, scope)
    _check_names(node, scope, groups, right)
    side, kind = node.side.upper(), node.kind.upper()
    condition, using = node.args.get("on"), node.args.get("using")
    natural = node.method.upper() == "NATURAL"
    _check_join(node, scope, condition is not None, bool(using), natural)
    joined = exp.Join(this=sql, side=side or None, kind="CROSS" if kind == "CROSS" else None)
    holder.append("joins", joined)
    if node.meta.get("comma"):
        groups.append(right)
        return
    left = groups[-1]
    if natural or using:
        names = using or _shared(node, left, right, scope)
        joined.set("on", _merge(names, scope, left, right, side))
        return
    left.items += right.items
    left.visible += right.visible
    if condition is not None:
        scope.items, scope.visible, scope.by_name = left.items, left.visible, None
        joined.set("on", where(condition, scope, select, "ON").sql)


def _check_join(node: exp.Join, scope: Scope, on: bool, using: bool, natural: bool) -> None:
    side, kind, method = node.side.upper(), node.kind.upper(), node.method.upper()
    if side not in _SIDES or kind not in _KINDS or method not in {"", "NATURAL"}:
        scope.refuse(node.this, f"ADQL has no {method} {side} {kind} JOIN.",
                     "There are INNER, LEFT, RIGHT and FULL joins.")  # fmt: skip
    if (kind == "OUTER" and not side) or (kind == "INNER" and side):
        scope.refuse(node.this, f"There is no {side} {kind} JOIN.",
                     "Write LEFT, RIGHT or FULL OUTER JOIN, or INNER JOIN.")  # fmt: skip
    conditions = on + using + natural
    if node.meta.get("comma") or kind == "CROSS":
        if conditions:
            scope.refuse(node.this, "A CROSS JOIN has no condition.", "Write JOIN … ON …")
    elif conditions != 1:
        scope.refuse(node.this, "A join has one condition.",
                     "Write ON, USING, or NATURAL before it; or a comma for all pairs.")  # fmt: skip


def _check_names(node: exp.Join, scope: Scope, groups: list[Rows], right: Rows) -> None:
    taken = {(item.name.lower(), item.schema) for group in groups for item in group.items}
    names = {name for name, _ in taken}
    for item in right.items:
        clash = (item.name.lower(), item.schema) in taken or (
            item.name.lower() in names and item.schema is None
        )
        if clash:
            scope.refuse(node.this, f"Two tables in FROM are called {item.name}.",
                         "Give one of them another name with AS.", word=item.name)  # fmt: skip


def _shared(node: exp.Join, left: Rows, right: Rows, scope: Scope) -> list[exp.Identifier]:
    """Return the names that both sides of a NATURAL join have."""
    names = by_lower_name(right.visible)
    shared = dict.fromkeys(
        column.field.name for column in left.visible if column.field.name.lower() in names
    )
    if not shared:
        scope.refuse(node.this, "The tables of the NATURAL join share no column.",
                     "Write JOIN … ON …")  # fmt: skip
    found = [exp.Identifier(this=name, quoted=False) for name in shared]
    return [name.update_positions(node) for name in found]


def _merge(
    names: list[exp.Expression], scope: Scope, left: Rows, right: Rows, side: str
) -> exp.Expression:
    """Join by columns of the same name, of which one remains; return the condition."""
    merged: list[Column] = []
    gone: list[Column] = []
    conditions = []
    for name in names:
        if not isinstance(name, exp.Identifier):
            scope.refuse(name, "USING takes names of columns.", "Write USING (star_id).")
        one, other = (_sole(name, scope, rows) for rows in (left, right))
        if family(one.field.type) != family(other.field.type):
            scope.refuse(name, f"{name.this} is {one.field.type} on one side and"
                         f" {other.field.type} on the other.", "Write JOIN … ON …")  # fmt: skip
        conditions.append(exp.EQ(this=one.sql, expression=other.sql))
        gone += [one, other]
        merged.append(_merged(one, other, side))
    for rows in (left, right):
        rows.visible = [column for column in rows.visible if column not in gone]
    left.items += right.items
    left.visible = [*merged, *left.visible, *right.visible]
    return exp.and_(*conditions, copy=False) if len(conditions) > 1 else conditions[0]


def _sole(name: exp.Identifier, scope: Scope, rows: Rows) -> Column:
    found = by_lower_name(rows.visible).get(name.this.lower(), [])
    if name.args.get("quoted"):
        found = [one for one in found if one.field.name == name.this]
    if len(found) != 1:
        what = "several columns" if found else "no column"
        owners = ", ".join(item.name for item in rows.items)
        scope.refuse(name, f"There is {what} {name.this} in {owners}.", "Write JOIN … ON …",
                     near=[one.field.name for one in rows.visible])  # fmt: skip
    return found[0]


def _merged(one: Column, other: Column, side: str) -> Column:
    if side == "RIGHT":
        return Column(one.field, None, other.sql_name, other.shape, other.sql)
    if side != "FULL":
        return Column(one.field, None, one.sql_name, one.shape, one.sql)
    values = [Value(column.sql, column.field.type) for column in (one, other)]
    kind = common_type(values) or DOUBLE
    both = call("COALESCE", *(value.sql for value in values))
    described = one.field if kind == one.field.type else other.field
    return Column(described, None, one.sql_name, one.shape, both)


def _source(node: exp.Expression, scope: Scope) -> tuple[exp.Expression, Rows]:
    """Translate what stands in FROM or after JOIN."""
    joins = node.args.get("joins")
    if joins:
        bare = node.copy()
        bare.set("joins", None)
        return _joined(bare, joins, scope)
    if isinstance(node, exp.Table):
        return _table(node, scope)
    inner = node.this
    if isinstance(inner, exp.Query) and not isinstance(inner, exp.Subquery | exp.Table):
        return _derived(node, scope)
    if node.args.get("alias") is not None:
        scope.refuse(node, "A join in brackets has no name.", "Take the name away.")
    if isinstance(inner, exp.Subquery) and inner.args.get("alias") is None and not inner.args.get(
        "joins"
    ):
        return _source(inner, scope)
    return _source(inner, scope)


def _joined(
    first: exp.Expression, joins: list[exp.Join], scope: Scope
) -> tuple[exp.Expression, Rows]:
    """Translate a join in brackets."""
    sql, rows = _source(first, scope)
    groups = [rows]
    for join in joins:
        _join(join, scope, groups, sql, None)
    if len(groups) > 1:
        scope.refuse(first, "There is a comma in a join in brackets.", "Write CROSS JOIN.")
    return exp.Subquery(this=sql), rows


def _table(node: exp.Table, scope: Scope) -> tuple[exp.Expression, Rows]:
    context, identifier = scope.context, node.this
    if not isinstance(identifier, exp.Identifier):
        scope.refuse(node, "No function gives a table here.", "Name a table.")
    name, quoted, columns = _names(node, scope)
    given = scope.common.get(_key(identifier)) if node.args.get("db") is None else None
    if given is not None:
        if columns:
            scope.refuse(node, "A table's columns cannot be renamed here.", "Use AS in SELECT.")
        named = _named_query(name or given.name, quoted if name else given.quoted, given.query, scope)
        return _aliased(exp.Table(this=exp.Identifier(this=given.sql_name)), named)
    table = find_table(node, scope)
    if columns:
        scope.refuse(node, "A table's columns cannot be renamed here.", "Use AS in SELECT.")
    item = Item(context.alias("t"), name or table.name, quoted, None if name else table.schema,
                table.rows)  # fmt: skip
    own = table.schema.lower() != UPLOADS
    item.columns = [
        Column(one, item, one.name, origin=(item, one.name) if own else None)
        for one in table.fields
    ]
    return _aliased(_relation(table.relation).copy(), item)


@lru_cache(maxsize=1024)
def _relation(relation: str) -> exp.Table:
    return exp.to_table(relation, dialect="postgres")


def _aliased(sql: exp.Expression, item: Item) -> tuple[exp.Expression, Rows]:
    sql.set("alias", exp.TableAlias(this=exp.Identifier(this=item.alias, quoted=False)))
    return sql, Rows([item], list(item.columns))


def _names(node: exp.Expression, scope: Scope) -> tuple[str | None, bool, bool]:
    """Return the name after AS, whether it is in double quotes, and whether columns follow."""
    alias = node.args.get("alias")
    if alias is None:
        return None, False, False
    identifier = alias.this
    if identifier is None:
        scope.refuse(node, "There is no name after AS.", "Give one.")
    return scope.name(identifier), bool(identifier.args.get("quoted")), bool(alias.columns)


def _key(identifier: exp.Expression) -> str:
    return str(identifier.this).lower()


def find_table(node: exp.Table, scope: Scope) -> Table:
    """Return the table that a name means."""
    context = scope.context
    name, schema = node.this, node.args.get("db")
    if node.args.get("catalog") is not None:
        scope.refuse(node, "There is only one catalog.", "Write schema.table.")
    wanted = schema.this if schema is not None else context.default
    exact_schema = schema is not None and schema.args.get("quoted")
    found = [
        table for table in context.tables
        if _is(table.name, name.this, name.args.get("quoted"))
        and wanted is not None
        and _is(table.schema, wanted, exact_schema)
    ]  # fmt: skip
    if len(found) > 1:
        scope.refuse(node, f"Several tables are called {name.this}.", "Use double quotes.")
    if not found:
        _no_table(node, scope)
    return found[0]


def _no_table(node: exp.Table, scope: Scope) -> None:
    context = scope.context
    name, schema = node.this, node.args.get("db")
    said = f"{schema.this}.{name.this}" if schema is not None else str(name.this)
    near = [f"{one.schema}.{one.name}" for one in context.tables]
    if schema is None:
        elsewhere = [one for one in near if one.split(".", 1)[1].lower() == said.lower()]
        default = (context.default or "").lower()
        near = [one.name for one in context.tables if one.schema.lower() == default]
        near += [given.name for given in scope.common.values()]
        if elsewhere:
            scope.refuse(node, f"There is no table {said} without a schema.",
                         f"Write {elsewhere[0]}.", word=said)  # fmt: skip
    scope.refuse(node, f"There is no table {said}.", f"There are: {', '.join(near[:12]) or 'none'}.",
                 near=near, word=said)  # fmt: skip


def _is(name: str, said: str, exact: bool | None) -> bool:
    return name == said if exact else name.lower() == said.lower()


def _derived(node: exp.Expression, scope: Scope) -> tuple[exp.Expression, Rows]:
    """Translate a query in FROM; it does not see the tables beside it."""
    name, quoted, columns = _names(node, scope)
    if columns:
        scope.refuse(node, "A table's columns cannot be renamed here.", "Use AS in its SELECT.")
    inner = Scope(scope.context, parent=scope.parent, common=scope.common)
    query = scope.context.handlers.query(node.this, inner)
    for one in query.outer:
        scope.outer.append(one)
    item = _named_query(name or "", quoted, query, scope)
    return _aliased(exp.Subquery(this=query.sql), item)


def _named_query(name: str, quoted: bool, query: Query, scope: Scope) -> Item:
    """Return a query as a thing in FROM."""
    item = Item(scope.context.alias("t"), name, quoted, None, None)
    for output in query.outputs:
        value = output.value
        shape = from_array(value.shape) if value.shape is not None else None
        origin = value.column.origin if value.column is not None else None
        item.columns.append(Column(output.field, item, output.field.name, shape, origin=origin))
    return item
