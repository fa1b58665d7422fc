"""A release in Python: what it is called, what it holds, and its tables whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starledger.catalog.query.asking import Asker
from starledger.catalog.query.limits import Limits
from starledger.catalog.releases.finding import PublishedRelease
from starledger.catalog.releases.tables import Table

if TYPE_CHECKING:
    from astropy.table import Table as AstropyTable

WHOLE = Limits(rows=2**62, seconds=86_400.0, cost=math.inf)
"""For a table that was asked for by name."""


@dataclass(frozen=True, slots=True)
class Released:
    """A published release.

    Parameters
    ----------
    asker
        Whom to ask for its rows.
    release
        As the ledger keeps it.
    tables
        Its tables, with their columns.
    """

    asker: Asker = field(repr=False)
    release: PublishedRelease = field(repr=False)
    tables: tuple[Table, ...] = field(repr=False)
    name: str = field(init=False)
    title: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.release.name)
        object.__setattr__(self, "title", self.release.title)

    @property
    def citation(self) -> str | None:
        """How to cite it."""
        return self.release.citation

    @property
    def doi(self) -> str | None:
        """Its digital object identifier."""
        return self.release.doi

    @property
    def licence(self) -> str:
        """The terms of its use."""
        return self.release.licence

    @property
    def withdrawn(self) -> str | None:
        """Why it was taken back, if it was."""
        return self.release.withdrawn

    @property
    def manifest(self) -> Mapping[str, Any]:
        """All that it is made of, with the checksums of its tables."""
        return self.release.manifest

    @property
    def views(self) -> tuple[str, ...]:
        """The names of its tables."""
        return tuple(one.name for one in self.tables)

    @property
    def labels(self) -> Mapping[str, str]:
        """The model whose value is recommended, by label."""
        return self.release.recommended()

    def provenance(self) -> AstropyTable:
        """Return the runs, models, calibrations and data releases that it is made of."""
        return self.table("provenance")

    def table(self, name: str) -> AstropyTable:
        """Return all rows of one of its tables, which should fit into memory.

        Raises
        ------
        AdqlError
            It has no such table.
        """
        text = f'SELECT * FROM {self.name}."{name}"'  # noqa: S608 - it is ADQL, which is checked
        question = self.asker.question(text, limits=WHOLE)
        return self.asker.answer(question).table()
