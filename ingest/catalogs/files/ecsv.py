"""The header of ECSV, which says in commented YAML what the columns are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

MAGIC = "# %ECSV "
_DELIMITERS = (" ", ",")


class BadYaml(ValueError):
    """The header is no YAML, or says nothing of columns."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain data alone; what has a type of its own is left out."""


_Loader.add_multi_constructor("", lambda *_: None)


@dataclass(frozen=True, slots=True)
class EcsvHeader:
    """What the header says.

    Parameters
    ----------
    delimiter
        What stands between fields: a blank or a comma.
    units, ucds, types
        By name of a column.
    meta
        Texts and numbers about the whole table.
    """

    delimiter: str
    units: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)
    ucds: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


def ecsv_header(lines: Iterable[str]) -> EcsvHeader:
    """Return what the commented lines say.

    Parameters
    ----------
    lines
        The lines at the top of the file that begin with ``#``, the first with the version.

    Raises
    ------
    BadYaml
        They are not as ECSV has them.

    Examples
    --------
    >>> ecsv_header(["# %ECSV 1.0", "# ---", "# datatype:", "# - {name: ra, unit: deg}"]).units
    {'ra': 'deg'}
    """
    return table_header("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))


def table_header(text: str) -> EcsvHeader:
    """Return what YAML says about a table's columns, as in ECSV and in astropy's Parquet."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    try:
        content = yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadYaml(type(error).__name__) from None
    if not isinstance(content, dict) or not isinstance(content.get("datatype"), list):
        raise BadYaml("no datatype")
    delimiter = content.get("delimiter", " ")
    if delimiter not in _DELIMITERS:
        raise BadYaml("delimiter")
    columns = [one for one in content["datatype"] if isinstance(one, dict)]
    return EcsvHeader(
        delimiter,
        dict(_said(columns, "unit")),
        _texts(content.get("meta")),
        dict(_ucds(columns)),
        dict(_said(columns, "datatype")),
    )


def _said(columns: list[dict[Any, Any]], what: str) -> Iterable[tuple[str, str]]:
    for column in columns:
        if column.get(what):
            yield str(column.get("name")), str(column[what])


def _ucds(columns: list[dict[Any, Any]]) -> Iterable[tuple[str, str]]:
    for column in columns:
        if ucd := _texts(column.get("meta")).get("ucd"):
            yield str(column.get("name")), ucd


def _texts(meta: object) -> dict[str, str]:
    """Return the entries that are one text or number; ``!!omap`` comes as a list of pairs."""
    if isinstance(meta, list):
        meta = dict(pair for pair in meta if isinstance(pair, tuple) and len(pair) == 2)
    if not isinstance(meta, dict):
        return {}
    return {
        str(key): str(value) for key, value in meta.items() if isinstance(value, str | int | float)
    }
