"""The ReadMe of a catalog at the CDS: what it is, and what each byte of its files means."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from starledger import __version__
from starledger.catalog.cds.layout import Layout, Placed
from starledger.catalog.cds.units import cds_unit
from starledger.catalog.plain_ascii import plain_ascii
from starledger.catalog.releases.finding import PublishedRelease
from starledger.schema.flags import Scope, flags_of

WIDTH = 80
_DOUBLE, _SINGLE = WIDTH * "=", WIDTH * "-"
_SCOPES = {"visit": Scope.SPECTRUM, "fit": Scope.FIT}
"""Of which rows the column ``flags`` of a table tells; of stars where none is named."""


def readme(release: PublishedRelease, layouts: Sequence[Layout]) -> str:
    """Return the ReadMe of a release, in lines of at most 80 bytes of ASCII.

    Parameters
    ----------
    release
        The release.
    layouts
        Of its files.
    """
    return "\n".join(_lines(release, layouts)) + "\n"


def _lines(release: PublishedRelease, layouts: Sequence[Layout]) -> Iterator[str]:
    year = "" if release.published_at is None else f", {release.published_at:%Y}"
    yield from _wrapped(f"{release.name}   {release.title}   (Starledger{year})", "", "    ")
    yield _DOUBLE
    yield from _wrapped(release.title)
    yield from _wrapped(release.citation or "(no citation was given)", "    ")
    if release.doi:
        yield from _wrapped(f"=doi:{release.doi}", "   ")
    yield _DOUBLE
    yield "Keywords: catalogs - stars: fundamental parameters - stars: abundances"
    yield from ("", "Abstract:")
    yield from _wrapped(release.description or release.title, "    ")
    yield from ("", "Description:")
    yield from _wrapped(_described(release), "    ")
    yield ""
    yield from _summary(layouts)
    for layout in layouts:
        yield ""
        yield from _bytes(layout)
    yield ""
    yield _DOUBLE
    yield f"(End)                                        Starledger {plain_ascii(__version__)}"


def _described(release: PublishedRelease) -> str:
    models = ", ".join(
        f"{one['name']} (SHA-256 {one['sha256'][:12]}...)" for one in release.manifest["models"]
    )
    return (
        f"Release {release.name} of a ledger of stellar spectra, made of the models {models}."
        f" Licence: {release.licence}. Missing values are blank; yes and no are 1 and 0."
    )


def _summary(layouts: Sequence[Layout]) -> Iterator[str]:
    yield "File Summary:"
    yield _SINGLE
    yield " FileName                     Lrecl    Records   Explanations"
    yield _SINGLE
    yield _file("ReadMe", str(WIDTH), ".", "This file")[0]
    for layout in layouts:
        said = layout.table.description
        yield from _file(layout.file, str(layout.length), str(layout.records), said)
    yield _SINGLE


def _file(name: str, length: str, records: str, said: str) -> list[str]:
    head = f"{name:<28} {length:>5} {records:>10}   "
    return list(_wrapped(said, head, len(head) * " "))


def _bytes(layout: Layout) -> Iterator[str]:
    """Yield the byte-by-byte description of a file, with its notes."""
    digits = len(str(layout.length))
    labels = max(len(one.field.name) for one in layout.columns)
    units = max(5, *(len(cds_unit(one.field.unit)) for one in layout.columns))
    formats = max(6, *(len(one.format) for one in layout.columns))
    yield f"Byte-by-byte Description of file: {layout.file}"
    yield _SINGLE
    yield (
        f"{'Bytes':>{2 * digits + 2}} {'Format':<{formats}} {'Units':<{units}}"
        f" {'Label':<{labels}} Explanations"
    )
    yield _SINGLE
    notes = _notes(layout)
    for one in layout.columns:
        head = (
            f" {_extent(one, digits)} {one.format:<{formats}} {cds_unit(one.field.unit):<{units}}"
            f" {one.field.name:<{labels}} "
        )
        noted = next((f" ({n})" for n, of in enumerate(notes, 1) if one.field.name in of[0]), "")
        yield from _wrapped(_explained(one) + noted, head, len(head) * " ")
    yield _SINGLE
    for number, (_, scope) in enumerate(notes, 1):
        yield from _note(number, scope)
    if notes:
        yield _SINGLE


def _extent(one: Placed, digits: int) -> str:
    if one.width == 1:
        return f"{'':{digits}} {one.first:>{digits}}"
    return f"{one.first:>{digits}}-{one.last:>{digits}}"


def _explained(one: Placed) -> str:
    """Return what a column holds; a question mark says that it may be blank."""
    said = one.field.description
    return f"? {said}" if one.nullable else said.removeprefix("?")


def _notes(layout: Layout) -> list[tuple[set[str], Scope]]:
    """Return which columns hold bits, with whose flags these are."""
    names = {one.field.name for one in layout.columns}
    found = []
    if "flags" in names:
        found.append(({"flags"}, _SCOPES.get(layout.table.name, Scope.STAR)))
    if bits := {name for name in names if name.startswith("bits_")}:
        found.append((bits, Scope.LABEL))
    return found


def _note(number: int, scope: Scope) -> Iterator[str]:
    yield f"Note ({number}): sum of the flags of the {scope} that are set:"
    for flag in flags_of(scope):
        head = f"{flag.mask:>10} = {flag.name} ({flag.severity.value}): "
        yield from _wrapped(flag.meaning, head, 13 * " ")


def _wrapped(said: str, first: str = "", later: str | None = None) -> Iterator[str]:
    """Yield a text in lines; none goes on with a number, which readers take for bytes."""
    joined = re.sub(r" (?=\d)", "\0", plain_ascii(said))
    lines = textwrap.wrap(
        joined,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if later is None else later,
        break_on_hyphens=False,
    )
    yield from (line.replace("\0", " ") for line in lines or [first.rstrip()])
