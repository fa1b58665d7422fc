"""How a table is fetched, which leaves the files the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from starledger.ingest.remote.patience import Patience

Mode = Literal["sync", "async"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a table is fetched.

    Parameters
    ----------
    mode
        Whether queries are jobs or answered at once.
    patience
        How long we try.
    parallel
        How many queries at a time.
    refresh
        Whether to fetch again what is there.
    """

    mode: Mode = "async"
    patience: Patience = field(default_factory=Patience)
    parallel: int = 1
    refresh: bool = False
