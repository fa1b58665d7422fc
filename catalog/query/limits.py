"""How much a query may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much a query may take before it is cut or refused.

    Parameters
    ----------
    rows
        Most rows of an answer. A longer one is cut, and says so.
    seconds
        Longest time that one statement of it may run.
    cost
        Most that PostgreSQL's planner may expect it to cost, in its own units: reading a million
        rows of a star table costs some 10⁵.
    upload_bytes
        Most memory that uploaded tables may take.
    sort_memory
        Megabytes that each sort or hash may take before it goes to disk.
    disk
        Megabytes of temporary files, where the reader's role may limit them.

    Examples
    --------
    >>> Limits(rows=100).seconds
    60.0
    """

    rows: int = 1_000_000
    seconds: float = 60.0
    cost: float = 1e8
    upload_bytes: int = 1 << 29
    sort_memory: int = 64
    disk: int = 8192
