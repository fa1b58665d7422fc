"""How a table is declared: columns with unit, UCD and description, and rules on their values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB, REAL, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

from starledger.schema.units import DIMENSIONLESS as DIMENSIONLESS

SCHEMA = "ledger"
"""The PostgreSQL schema of all our tables; releases have schemas of their own."""

Int2 = Annotated[int, "smallint"]
Int4 = Annotated[int, "integer"]
Real = Annotated[float, "real"]
Reals = Annotated[list[float | None], "real[]"]
Doubles = Annotated[list[float], "double precision[]"]
Int4s = Annotated[list[int], "integer[]"]
Int8s = Annotated[list[int], "bigint[]"]
Texts = Annotated[list[str], "text[]"]
Json = Annotated[dict[str, Any], "jsonb"]


KEYS_FIRST, IDENTITY_NEXT, POSITION_NEXT = -3, -2, -1
"""Places of a mixin's columns before those that the table itself declares."""
ADDED_LATER = 1
"""Place of a column that a migration added, behind those of the mixins that come last."""


class Ledger(DeclarativeBase):
    """The parent of all tables."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012 - the name and form that SQLAlchemy asks for
        int: BigInteger,
        float: Double,
        str: Text,
        dt.datetime: TIMESTAMP(timezone=True),
        Int2: SmallInteger,
        Int4: Integer,
        Real: REAL,
        Reals: ARRAY(REAL),
        Doubles: ARRAY(Double),
        Int4s: ARRAY(Integer),
        Int8s: ARRAY(BigInteger),
        Texts: ARRAY(Text),
        Json: JSONB,
    }


@dataclass(frozen=True)
class Rule:
    """What the values of a column must obey, as SQL with ``{c}`` for the column.

    PostgreSQL sorts NaN above infinity, so that ``x > 0`` lets NaN in and ``x < 'Infinity'``
    keeps both out; hence the upper ends below.
    """

    name: str
    sql: str


FINITE = Rule("finite", "{c} > '-Infinity' AND {c} < 'Infinity'")
NON_NEGATIVE = Rule("non_negative", "{c} >= 0 AND {c} < 'Infinity'")
POSITIVE = Rule("positive", "{c} > 0 AND {c} < 'Infinity'")
COUNT = Rule("count", "{c} >= 0")
ORDINAL = Rule("ordinal", "{c} >= 1")
NOT_EMPTY = Rule("not_empty", "{c} <> ''")
SHA256 = Rule("sha256", "{c} ~ '^[0-9a-f]{{64}}$'")
SQL_NAME = Rule("sql_name", "{c} ~ '^[a-z][a-z0-9_]*$'")
RIGHT_ASCENSION = Rule("range", "{c} >= 0 AND {c} < 360")
DECLINATION = Rule("range", "{c} BETWEEN -90 AND 90")
JULIAN_YEAR = Rule("range", "{c} BETWEEN 1800 AND 2200")
HEALPIX_29 = Rule("range", "{c} >= 0 AND {c} < 3458764513820540928")
MJD = Rule("range", "{c} > 0 AND {c} < 200000")
CORRELATION = Rule("range", "{c} BETWEEN -1 AND 1")
# NaN is above infinity for PostgreSQL, so that the upper end keeps both out. A null element makes
# ALL unknown, and a CHECK lets the unknown pass: as it should.
FINITE_ARRAY = Rule("finite", "'-Infinity' < ALL ({c}) AND 'Infinity' > ALL ({c})")
POSITIVE_ARRAY = Rule("positive", "0 < ALL ({c}) AND 'Infinity' > ALL ({c})")


def one_of(*words: str) -> Rule:
    """Return the rule that a column holds one of some words.

    Examples
    --------
    >>> one_of("air", "vacuum").sql
    "{c} IN ('air', 'vacuum')"
    """
    return Rule("known", f"{{c}} IN ({', '.join(repr(str(word)) for word in words)})")


def column(
    description: str,
    unit: str,
    ucd: str,
    *args: Any,
    rule: Rule | None = None,
    **options: Any,
) -> MappedColumn[Any]:
    """Declare a column with what its readers must know.

    Parameters
    ----------
    description
        One phrase, for someone who never saw the code.
    unit
        A VOUnit, or ``DIMENSIONLESS``.
    ucd
        The UCD1+ words that say what kind of quantity it is.
    *args, **options
        Passed to `sqlalchemy.orm.mapped_column`.
    rule
        What the values must obey. Floating point columns refuse NaN and infinity without asking.
    """
    info = {"description": description, "unit": unit, "ucd": ucd, "rule": rule}
    comment = f"{description} [{unit}; {ucd}]"
    if options.get("primary_key"):
        options.setdefault("sort_order", KEYS_FIRST)
    return mapped_column(*args, comment=comment, info=info, **options)


def references(target: str, **options: Any) -> ForeignKey:
    """Return a foreign key to ``table.column`` of our schema."""
    return ForeignKey(f"{SCHEMA}.{target}", **options)


def finish(metadata: MetaData, classes: Mapping[str, type]) -> None:
    """Turn the rules of columns into named checks and docstrings into table comments."""
    for name, class_ in classes.items():
        table = metadata.tables[f"{SCHEMA}.{name}"]
        table.comment = (class_.__doc__ or "").strip().splitlines()[0]
        for col in table.columns:
            _add_check(table, col)


def _add_check(table: Table, col: Column[Any]) -> None:
    rule = col.info.get("rule") or _default_rule(col)
    if rule is not None:
        table.append_constraint(
            CheckConstraint(rule.sql.format(c=col.name), name=f"{col.name}_{rule.name}")
        )


def _default_rule(col: Column[Any]) -> Rule | None:
    if isinstance(col.type, Double | REAL):
        return FINITE
    if isinstance(col.type, ARRAY) and isinstance(col.type.item_type, Double | REAL):
        return FINITE_ARRAY
    return None
