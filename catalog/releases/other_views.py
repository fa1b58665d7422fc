"""The views beside stars and visits: crossmatches, and what the release says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from starledger.catalog.fields import Field
from starledger.catalog.releases.columns import of_table
from starledger.catalog.releases.pinned_rows import members
from starledger.catalog.releases.plan import Matched, Plan
from starledger.catalog.releases.views import Branch, View, quoted
from starledger.schema.flags import FLAGS
from starledger.schema.units import DIMENSIONLESS

_PAIR = ("origin", "separation", "epoch", "rank", "n_neighbours", "n_mates")


def _word(name: str, ucd: str, description: str, kind: str = "text") -> Field:
    return Field(name, kind, DIMENSIONLESS, ucd, description)


_SIDES = tuple(
    column
    for side in ("left", "right")
    for column in (
        _word(f"{side}_data_release", "meta.id;meta.dataset", f"data release of the {side} row"),
        _word(f"{side}_table", "meta.id;meta.table", f"table of the {side} row in the ledger"),
        of_table("neighbourhood", f"{side}_row_id"),
        _word(f"{side}_external_id", "meta.id", f"the survey's identifier of the {side} row"),
    )
)


def crossmatch_view(plan: Plan) -> View:
    """Return the view of the pairs of all crossmatches."""
    columns = (
        of_table("star_member", "star_id").described(
            "the star of the spectrum among the two; null where none is a spectrum"
        ),
        of_table("neighbourhood", "crossmatch_run_id"),
        *_SIDES,
        *(of_table("neighbourhood", name) for name in _PAIR),
    )
    branches = tuple(_pairs(plan, one) for one in plan.crossmatches)
    return View(
        "crossmatch",
        "One row a pair of catalog rows within the radius of a crossmatch.",
        columns,
        branches or (Branch({}, "WHERE false"),),
        indexed=(("star_id",), ("left_row_id",), ("right_row_id",)),
        sampled_by="left_row_id",
    )


def _pairs(plan: Plan, matched: Matched) -> Branch:
    said = {name: f"near.{name}" for name in ("crossmatch_run_id", *_PAIR)}
    source = "FROM ledger.neighbourhood near"
    for side, table, number in (
        ("left", matched.left_table, matched.left_id),
        ("right", matched.right_table, matched.right_id),
    ):
        key = "spectrum_id" if table == "spectrum" else "row_id"
        said |= {
            f"{side}_data_release": quoted(getattr(matched, side)) + "::text",
            f"{side}_table": quoted(table) + "::text",
            f"{side}_row_id": f"near.{side}_row_id",
            f"{side}_external_id": f"on_{side}.external_id",
        }
        source += (
            f"\nJOIN ledger.{table} on_{side} ON on_{side}.{key} = near.{side}_row_id"
            f" AND on_{side}.data_release_id = {number}"
        )
    for side, table in (("left", matched.left_table), ("right", matched.right_table)):
        if table == "spectrum":
            said["star_id"] = "member.star_id"
            source += (
                f"\nLEFT JOIN ({members(plan)}) member ON member.spectrum_id = near.{side}_row_id"
            )
            break
    return Branch(said, f"{source}\nWHERE near.crossmatch_run_id = {matched.run_id}")


def flag_view() -> View:
    """Return the view of what each bit of the flags means."""
    columns = tuple(
        of_table("release_flag", name) for name in ("scope", "bit", "name", "severity", "meaning")
    )
    rows = [
        (
            quoted(flag.scope.value),
            f"{flag.bit}::smallint",
            *(quoted(text) for text in (flag.name, flag.severity.value, flag.meaning)),
        )
        for flag in FLAGS
    ]
    return _literal("flag", "One row a flag: its bit and what it means.", columns, rows)


_COLUMN_INFO = (
    _word("table_name", "meta.id;meta.table", "name of the view"),
    _word("position", "meta.number", "place of the column in it, from 1", "integer"),
    _word("column_name", "meta.id", "name of the column"),
    _word("type", "meta.code.class", "its type in PostgreSQL"),
    _word("unit", "meta.unit", "its unit, as VOUnit, or dimensionless"),
    _word("ucd", "meta.ucd", "its UCD1+ words"),
    _word("description", "meta.note", "what it holds"),
)


def column_info_view(views: Sequence[View]) -> View:
    """Return the view of all columns of the release: of some views, and of this one itself."""
    described = [(one.name, one.columns) for one in views] + [("column_info", _COLUMN_INFO)]
    rows = [
        (
            quoted(name),
            str(position),
            *(quoted(text) for text in
              (column.name, column.type, column.unit, column.ucd, column.description)),
        )
        for name, columns in described
        for position, column in enumerate(columns, 1)
    ]  # fmt: skip
    about = "One row a column of the release: its unit, its UCD and what it holds."
    return _literal("column_info", about, _COLUMN_INFO, rows)


_PROVENANCE = (
    _word("what", "meta.code.class", "kind of what the release is made of: a run, a model, …"),
    _word("number", "meta.id", "its number in the ledger", "bigint"),
    _word("name", "meta.id", "its name, where it has one"),
    _word("since", "time.creation", "when it was begun (UTC)"),
    _word("software_version", "meta.version;meta.software", "version of Starledger that made it"),
    _word("detail", "meta.note", "what else identifies it: SHA-256, settings, range"),
)


def provenance_view(rows: Sequence[Mapping[str, object]]) -> View:
    """Return the view of all that the release is made of.

    Parameters
    ----------
    rows
        By name of the column.
    """
    values = [tuple(_provenance_row(row)) for row in rows]
    about = "One row a run, model or calibration that the release is made of."
    return _literal("provenance", about, _PROVENANCE, values)


def _provenance_row(row: Mapping[str, object]) -> Iterator[str]:
    for column in _PROVENANCE:
        value = row.get(column.name)
        if column.type == "bigint":
            yield "NULL" if value is None else str(value)
        else:
            yield quoted(None if value is None else str(value))


def _literal(
    name: str, about: str, columns: Sequence[Field], rows: Sequence[Sequence[str]]
) -> View:
    """Return a view of rows that stand in its text."""
    names = [column.name for column in columns]
    values = ",\n  ".join(f"({', '.join(row)})" for row in rows)
    source = f"FROM (VALUES\n  {values}) AS literal ({', '.join(names)})"
    said = {column.name: f"literal.{column.name}::{column.type}" for column in columns}
    return View(name, about, tuple(columns), (Branch(said, source),), copied=False)
