"""Translate every collected ADQL query, and tell how long that takes.

Run it by hand: ``python benchmarks/adql.py [TIMES]``.
"""

from __future__ import annotations

import gc
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.catalog.adql.collected import blocks
from tests.catalog.adql.tiny import TABLES

from starledger.catalog.adql.translate import translate

TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 20


def milliseconds(query: str) -> list[float]:
    """Return how long each of some translations of a query took, after a first one."""
    translate(query, TABLES, default="tiny")
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        translate(query, TABLES, default="tiny")
        taken.append(1e3 * (time.perf_counter() - begin))
    return taken


def main() -> None:
    """Time the valid queries, and show the slowest."""
    queries = [query for query, _ in blocks("valid.txt")]
    gc.collect()
    taken = {query: milliseconds(query) for query in queries}
    every = sorted(one for some in taken.values() for one in some)
    medians = {query: statistics.median(some) for query, some in taken.items()}
    places = statistics.quantiles(every, n=100)
    print(f"{len(queries)} valid queries, {TIMES} times each; Python {platform.python_version()},"
          f" sqlglot {version('sqlglot')}, {platform.machine()}")  # fmt: skip
    print(f"median {statistics.median(every):.2f} ms, 5 % {places[4]:.2f} ms,"
          f" 95 % {places[94]:.2f} ms,"
          f" 99 % {places[98]:.2f} ms, most {every[-1]:.2f} ms")  # fmt: skip
    print("slowest by median:")
    for query, median in sorted(medians.items(), key=lambda pair: -pair[1])[:5]:
        print(f"  {median:6.2f} ms  {query[:90]}")
    wide = translate("SELECT * FROM star", WIDE, default="wide")
    both = "SELECT * FROM star AS a JOIN star AS b USING (c0)"
    print(f"a table of {len(wide.fields)} columns:")
    for query in ("SELECT * FROM star", "SELECT c7 FROM star", both):
        print(f"  {_wide(query):6.2f} ms  {query}")


WIDE = (
    TABLES[0].__class__(
        "wide", "star", "wide.star", "Wide.", None,
        tuple(TABLES[0].fields[0].named(f"c{place}") for place in range(150)),
    ),
)  # fmt: skip


def _wide(query: str) -> float:
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        translate(query, WIDE, default="wide")
        taken.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(taken)


if __name__ == "__main__":
    main()
