"""YAML files whose every value is known by its line, so that errors can tell where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from starledger.schema.errors import StarledgerError

LARGEST = 1 << 20
"""Bytes of a file at most: such files are written by hand."""
DEEPEST = 20

Place = tuple[str | int, ...]


class BadYaml(StarledgerError):
    """A YAML file cannot be read, or says what it must not."""


@dataclass(frozen=True, slots=True)
class LocatedYaml:
    """The content of a YAML file.

    Parameters
    ----------
    path
        Where it is.
    content
        What it says.
    lines
        The line of each value, from 1, by the keys and numbers that lead to it.
    """

    path: Path
    content: Any
    lines: dict[Place, int]

    def where(self, place: Sequence[str | int]) -> str:
        """Return file, line and keys of a value, or of the nearest around it that is there."""
        known = tuple(place)
        while known not in self.lines and known:
            known = known[:-1]
        keys = ".".join(map(str, place))
        line = f"{self.path}, line {self.lines.get(known, 1)}"
        return f"{line}, {keys}" if keys else line


def read_located(path: Path) -> LocatedYaml:
    """Read a YAML file of plain values, each key once and without aliases.

    Raises
    ------
    BadYaml
        It is none.
    """
    remedy = "Mend the file; see the how-to on a table of your own."
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST:
            raise BadYaml(f"{path} is larger than {LARGEST:,} bytes.", remedy=remedy)
        node = _composed(path, raw.decode("utf-8"), remedy)
        lines: dict[Place, int] = {}
        for place, line in _lines(node):
            if place in lines and place:
                raise BadYaml(
                    f"{path}, line {line}: the key {place[-1]} stands there twice.", remedy=remedy
                )
            lines[place] = line
        return LocatedYaml(path, yaml.safe_load(raw), lines)
    except (OSError, UnicodeDecodeError) as error:
        raise BadYaml(f"{path} cannot be read: {error}.", remedy=remedy) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise BadYaml(f"{path} is no YAML: {_told(error)}.", remedy=remedy) from None


def _composed(path: Path, text: str, remedy: str) -> yaml.Node:
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BadYaml(
                f"{path}, line {event.start_mark.line + 1}: aliases are not taken.", remedy=remedy
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BadYaml(f"{path} is nested too deeply.", remedy=remedy)
    node = yaml.compose(text, yaml.SafeLoader)
    if node is None:
        raise BadYaml(f"{path} is empty.", remedy=remedy)
    return node


def _lines(node: yaml.Node, place: Place = ()) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            for inner, line in _lines(value, (*place, str(key.value))):
                whole = len(inner) == len(place) + 1
                yield inner, key.start_mark.line + 1 if whole else line
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*place, number))


def _told(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}: {problem}" if mark else str(problem).rstrip(".")
