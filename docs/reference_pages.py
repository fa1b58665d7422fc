"""The reference pages that are made from the code at each build, so that they agree with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from starledger.__main__ import EXIT_CODES, root
from starledger.catalog.releases.described import views_of_all_labels
from starledger.schema import tables
from starledger.schema.errors import StarledgerError
from starledger.schema.flags import FLAGS, Scope
from starledger.schema.labels import LABELS
from starledger.schema.prefixes import PREFIXES
from starledger.schema.settings import PREFIX, Settings
from starledger.schema.triggers import RUN_COLUMNS, WORK_TABLES, versioned_tables

HELP_WIDTH = 84
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

READING_ORDER = (
    *("runs", "surveys", "pixels", "catalogs", "crossmatches", "stars", "models", "work", "fits"),
    *("quality", "combinations", "calibrations", "releases"),
)
"""The groups of tables, along the way from a survey's file to a release."""


def write_pages(folder: Path) -> None:
    """Write every page, leaving alone what is as it should be; remove pages of the past."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{name}.md": "\n".join(lines()) + "\n" for name, lines in PAGES.items()}
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for path in folder.glob("*.md"):
        if path.name not in texts:
            path.unlink()


def columns_page() -> Iterator[str]:
    """Yield the page of all tables and their columns, in the groups of their files."""
    yield "# Tables and columns"
    yield ""
    yield "Every column of the ledger, as the database's own comments tell it too. Where a column"
    yield "must not be null, its type is followed by an exclamation mark."
    versioned = set(versioned_tables())
    for module, classes in _groups().items():
        yield from ("", f"## {module.rpartition('.')[2].capitalize()}", "")
        yield _markdown(cleandoc(sys.modules[module].__doc__ or ""))
        for class_ in classes:
            yield from _table(class_, versioned)


def _groups() -> Mapping[str, list[type[tables.Ledger]]]:
    groups: dict[str, list[type[tables.Ledger]]] = {}
    for class_ in tables.Ledger.__subclasses__():
        groups.setdefault(class_.__module__, []).append(class_)
    order = [f"{tables.__name__}.{name}" for name in READING_ORDER]
    known = {name: groups[name] for name in order}
    return known | groups


def _table(class_: type[tables.Ledger], versioned: set[str]) -> Iterator[str]:
    table = class_.__table__
    assert isinstance(table, Table)  # noqa: S101 - each class of ours is of one table
    yield from ("", f"(table-{table.name})=", f"### {table.name}", "")
    yield _markdown(cleandoc(class_.__doc__ or ""))
    yield ""
    yield _habits(table.name, versioned)
    yield ""
    yield from _rows(
        ["column", "type", "unit", "UCD", "description"],
        (_column(column) for column in table.columns),
    )


def _habits(table: str, versioned: set[str]) -> str:
    if table in WORK_TABLES:
        return "Rows change in place and go when they are done."
    if table in versioned:
        habit = "Append only, by versions: a row can be closed, once, and followed by the next."
    else:
        habit = "Append only."
    if run := RUN_COLUMNS.get(table):
        habit += f" Rows belong to the run `{run}` and are refused once it is closed."
    return habit


def _column(column: Column[Any]) -> list[str]:
    kind = column.type.compile(dialect=DIALECT).lower()
    targets = sorted({key.column.table.name for key in column.foreign_keys})
    keys = ["key"] if column.primary_key else []
    keys += [f"of [{target}](#table-{target})" for target in targets]
    about = column.info["description"] + (f" ({', '.join(keys)})" if keys else "")
    return [
        f"`{column.name}`",
        kind + ("" if column.nullable else "!"),
        column.info["unit"],
        column.info["ucd"],
        about,
    ]


def release_page() -> Iterator[str]:
    """Yield the page of the views of a release, as a model with all labels would fill them."""
    yield "# Views of a release"
    yield ""
    yield "Every column of the views of a release, as its own view `column_info` tells it. Shown"
    yield "is a release of one model that gives [all labels](labels.md): another has the columns"
    yield "of the labels that its models give, and those that models, quality runs and crossmatches"
    yield "declare. With several models there is a view of the stars of each, named after it, with"
    yield "the columns of `star`."
    for view in views_of_all_labels():
        yield from ("", f"(view-{view.name})=", f"## {view.name}", "", view.description, "")
        yield from _rows(
            ["column", "type", "unit", "UCD", "description"],
            (
                [f"`{one.name}`", one.type, one.unit, one.ucd, one.description]
                for one in view.columns
            ),
        )


def labels_page() -> Iterator[str]:
    """Yield the page of all labels, and of the columns made from them."""
    yield "# Labels"
    yield ""
    yield "The stellar parameters and abundances that Starledger keeps, spelled so everywhere. The"
    yield "range is that of all stars known: a value outside is a mistake."
    yield ""
    yield from _rows(
        ["label", "in print", "unit", "UCD", "range", "description"],
        (
            [
                *(f"`{label.name}`", label.plain, label.unit, label.ucd),
                f"{label.low:g} … {label.high:g}",
                label.description,
            ]
            for label in LABELS.values()
        ),
    )
    yield from ("", "## Columns made from labels", "")
    yield "A prefix makes further columns from every label: `err_teff` is the error of `teff`."
    yield ""
    yield from _rows(
        ["prefix", "unit", "UCD", "description"],
        (
            [
                f"`{prefix.text}`",
                prefix.unit or "the label's",
                prefix.ucd.format(ucd="…"),
                prefix.description.format(quantity="label"),
            ]
            for prefix in PREFIXES.values()
        ),
    )


def flags_page() -> Iterator[str]:
    """Yield the page of all quality flags."""
    yield "# Flags"
    yield ""
    yield "A set bit always says that something is wrong or worth knowing; 0 is good. *warn*: use"
    yield "the value with care. *bad*: do not use it without a reason of your own. Bits never"
    yield "change their meaning."
    for scope in Scope:
        yield from ("", f"## Of a {scope}", "")
        yield from _rows(
            ["bit", "value", "name", "", "meaning", "rule of"],
            (
                [
                    *(str(flag.bit), str(flag.mask), f"`{flag.name}`", flag.severity.value),
                    flag.meaning + (f" Published as `{flag.published}`." if flag.published else ""),
                    flag.source.value,
                ]
                for flag in FLAGS
                if flag.scope is scope
            ),
        )


def settings_page() -> Iterator[str]:
    """Yield the page of all settings."""
    flags = {option.name: option.opts[0] for option in root.params if option.name}
    yield "# Settings"
    yield ""
    yield from _rows(
        ["in config.toml", "variable", "option", "default", "meaning"],
        (
            [
                f"`{name}`",
                f"`{PREFIX}{name.upper()}`",
                f"`{flags[name]}`" if name in flags else "",
                _default(name),
                field.description or "",
            ]
            for name, field in Settings.model_fields.items()
        ),
    )


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.default_factory is None:
        return "" if field.default is None else f"`{field.default}`"
    if name == "home":
        return "the platform's folder for user data (`~/.local/share/starledger` on Linux)"
    home = Path("home")
    return f"`{getattr(Settings(home=home), name)}`, in `home`".replace("home/", "")


def commands_page() -> Iterator[str]:
    """Yield the page of all commands: what each answers to ``--help``."""
    yield "# Commands"
    for path, command, context in _commands(root, click.Context(root, info_name="starledger")):
        yield from ("", f"{'#' * min(len(path) + 1, 3)} {' '.join(path)}", "")
        yield from ("```text", command.get_help(context).rstrip(), "```")


def _commands(
    command: click.Command, context: click.Context, path: Sequence[str] = ("starledger",)
) -> Iterator[tuple[Sequence[str], click.Command, click.Context]]:
    context.terminal_width = HELP_WIDTH
    yield path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if child := command.get_command(context, name):
                inner = click.Context(child, parent=context, info_name=name)
                yield from _commands(child, inner, (*path, name))


def exit_codes_page() -> Iterator[str]:
    """Yield the page of exit codes and of the errors behind the code 2."""
    yield "# Exit codes and errors"
    yield ""
    yield from ("```text", EXIT_CODES.replace("\b\n", "").rstrip(), "```", "")
    yield "Every error that you can put right is one line: what is wrong, where, and what to do. In"
    yield "Python it is an exception with the attributes `what` and `remedy`."
    yield ""
    yield from _rows(["exception", "meaning"], _errors(StarledgerError))


def _errors(class_: type[StarledgerError]) -> Iterator[Sequence[str]]:
    yield f"`{class_.__name__}`", (class_.__doc__ or "").splitlines()[0]
    for heir in class_.__subclasses__():
        yield from _errors(heir)


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ").replace("**", r"\*\*").replace("<", "&lt;")


def _markdown(text: str) -> str:
    return text.replace("``", "`")


PAGES: Mapping[str, Callable[[], Iterator[str]]] = {
    "columns": columns_page,
    "commands": commands_page,
    "exit-codes": exit_codes_page,
    "flags": flags_page,
    "labels": labels_page,
    "release-views": release_page,
    "settings": settings_page,
}
"""The name of each page and what yields its lines."""
