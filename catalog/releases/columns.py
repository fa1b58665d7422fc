"""A column of a release: its name, and what its readers must know, from the registries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects import postgresql

from starledger.catalog.fields import Field
from starledger.schema.flags import Flag, Scope, flags_of
from starledger.schema.labels import CatalogColumn, label
from starledger.schema.prefixes import Prefix, prefixed
from starledger.schema.tables import SCHEMA, metadata
from starledger.schema.units import DIMENSIONLESS

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Output:
    """A number that a model or a quality run declares: where it stands in the arrays.

    Parameters
    ----------
    position
        Its place, from 1.
    column
        What it is.
    """

    position: int
    column: Field


def of_table(table: str, column: str) -> Field:
    """Return a column as a table of the ledger declares it.

    Examples
    --------
    >>> of_table("spectrum", "mjd_mid").unit
    'd'
    """
    declared = metadata.tables[f"{SCHEMA}.{table}"].columns[column]
    info: dict[str, Any] = declared.info
    kind = declared.type.compile(_DIALECT).lower()
    return Field(column, kind, info["unit"], info["ucd"], info["description"])


def of_label(name: str, prefix: Prefix | None = None) -> Field:
    """Return the column of a label, or what a prefix makes of it.

    Examples
    --------
    >>> of_label("teff").unit, of_label("mg_fe").type
    ('K', 'real')
    """
    known = label(name)
    found: CatalogColumn = known if prefix is None else prefixed(prefix, known)
    kind = {"flag_": "smallint", "bits_": "integer"}.get(prefix.text if prefix else "", "real")
    return Field(found.name, kind, found.unit, found.ucd, found.description)


def of_flag(flag: Flag) -> Field:
    """Return the column that tells whether a flag is set.

    Examples
    --------
    >>> from starledger.schema.flags import flag
    >>> of_flag(flag(Scope.STAR, "rv_variable")).type
    'boolean'
    """
    return Field(flag.name, "boolean", DIMENSIONLESS, "meta.code.qual", flag.meaning)


def readable_flags(scope: Scope) -> tuple[Field, ...]:
    """Return the columns that say in words, and in short, what the bits of flags mean."""
    return (
        Field(
            "quality_flag",
            "text",
            DIMENSIONLESS,
            "meta.code.qual",
            f"names of the flags of the {scope} that are set, joined by ' ; ', or good",
        ),
        Field(
            "flag_warn",
            "boolean",
            DIMENSIONLESS,
            "meta.code.qual",
            f"whether a flag of the {scope} calls for care",
        ),
        Field(
            "flag_bad",
            "boolean",
            DIMENSIONLESS,
            "meta.code.qual",
            f"whether a flag of the {scope} tells against using the row",
        ),
    )


def readable_sql(scope: Scope, bits: str) -> dict[str, str]:
    """Return the SQL of `readable_flags`, by column, over some expression for the bits.

    Examples
    --------
    >>> readable_sql(Scope.STAR, "f")["flag_bad"]
    '(f & 18) <> 0'
    """
    flags = flags_of(scope)
    said = ", ".join(f"CASE WHEN {bits} & {one.mask} <> 0 THEN '{one.name}' END" for one in flags)
    masks = {
        severity: sum(one.mask for one in flags if one.severity == severity)
        for severity in ("warn", "bad")
    }
    return {
        "quality_flag": f"CASE WHEN {bits} = 0 THEN 'good' ELSE concat_ws(' ; ', {said}) END",
        "flag_warn": f"({bits} & {masks['warn']}) <> 0",
        "flag_bad": f"({bits} & {masks['bad']}) <> 0",
    }
