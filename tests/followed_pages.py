"""Pages of the documentation, followed to the letter: their Python run in its order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


def fences(page: str) -> Iterator[str]:
    """Yield the Python of a page, piece by piece."""
    text = (HOW_TO / page).read_text("utf-8")
    yield from re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def followed(page: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Run the Python of a page, and return all that it named.

    Parameters
    ----------
    page
        The page below ``docs/how-to``.
    given
        What the page expects of its reader.
    """
    known = {"__name__": "page", **given}
    for fence in fences(page):
        exec(compile(fence, page, "exec", dont_inherit=True), known)  # noqa: S102 - it is our page
    return known
