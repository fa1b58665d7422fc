"""The collected queries: text files of blocks, each a query with what must come of it, indented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "queries"


def blocks(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the queries of a file, each with the lines below it."""
    for block in FOLDER.joinpath(name).read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        query = [line for line in lines if not line.startswith("  ")]
        if query:
            yield "\n".join(query), [line.strip() for line in lines if line.startswith("  ")]


def shown(row: Any) -> str:
    """Return a row of an answer as the files write it."""
    return " | ".join(map(_shown, row))


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:.9g}" if isinstance(value, float) else str(value)
