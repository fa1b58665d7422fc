"""The head of a VOTable: what it says of itself and of its columns, before any row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from starledger.catalog.export.about import About
from starledger.catalog.export.kinds import kind_of
from starledger.catalog.fields import Field
from starledger.schema.units import DIMENSIONLESS

OPENING = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.ivoa.net/xml/VOTable/v1.3 http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">
"""

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_UNREADABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

CLOSING = "</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


def xml_head(fields: Sequence[Field], about: About) -> str:
    """Return a VOTable until where its rows begin; `CLOSING` ends it.

    Parameters
    ----------
    fields
        The columns.
    about
        What it says of itself.
    """
    infos = [
        f"<INFO name={quoteattr(key)} value={_attribute(value)}/>\n"
        for key, value in (("QUERY_STATUS", "OK"), ("title", about.title), *about.pairs)
    ]
    said = dict(about.pairs)
    name = said.get("view", "answer")
    return "".join(
        (
            OPENING,
            *infos,
            f"<TABLE name={quoteattr(name)}>\n",
            f"<DESCRIPTION>{escape(_readable(about.description))}</DESCRIPTION>\n",
            *(_field(key, field) for key, field in zip(_keys(fields), fields, strict=True)),
        )
    )


def _keys(fields: Sequence[Field]) -> Iterator[str]:
    """Yield a key for each column: its name, by which astropy calls it, where that can be one."""
    names = [field.name for field in fields]
    for number, name in enumerate(names, 1):
        can = _KEY.fullmatch(name) and names.count(name) == 1
        yield name if can else f"column.{number}"


def _field(key: str, field: Field) -> str:
    kind = kind_of(field)
    unit = "" if field.unit == DIMENSIONLESS else f" unit={quoteattr(field.unit)}"
    size = ' arraysize="*"' if kind.is_text or kind.is_array else ""
    return (
        f'<FIELD ID="{key}" name={_attribute(field.name)}'
        f' datatype="{kind.votable}"{size}{unit} ucd={quoteattr(field.ucd)}>'
        f"<DESCRIPTION>{escape(field.description)}</DESCRIPTION></FIELD>\n"
    )


def _attribute(text: str) -> str:
    """Return a value in quotes that keeps line breaks, which XML else makes blanks of."""
    return quoteattr(_readable(text), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _readable(text: str) -> str:
    """Return a text without the signs that XML cannot hold at all."""
    return _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", text)
