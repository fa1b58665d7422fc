"""Queries of a release of N stars through `catalog.query`, step by step, beside the same by hand.

Each star has two visits of one model of 20 labels, and the release has copies. "By hand" is the SQL
that the query was translated to, run by psycopg, its rows made into a table by astropy.

    python benchmarks/query.py            # 10⁶ stars
    python benchmarks/query.py 5000000
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from astropy.table import Table
from release import load, timed

from starledger.catalog.adql.translate import translate
from starledger.catalog.query.asking import Asker, Question
from starledger.catalog.query.catalog import Catalog
from starledger.catalog.query.limits import Limits
from starledger.catalog.query.session import Readers
from starledger.catalog.releases.publishing import publish
from starledger.schema import migrate
from starledger.schema.database import Database, open_database
from starledger.schema.roles import Role
from starledger.schema.settings import Settings

ROUNDS = 30
CONE_MS = 20.0
COLUMNS = "star_id, gaia_dr3_source_id, ra, dec, teff, err_teff, logg, fe_h, mg_fe, flags"


def questions(stars: int) -> dict[str, str]:
    """Return what is asked, by what it is called."""
    cone = "1 = CONTAINS(POINT(ra, dec), CIRCLE(150.0, 2.0, {}))"
    return {
        "cone of 1 degree": f"SELECT {COLUMNS} FROM star WHERE {cone.format(1.0)}",
        "cone of 1 degree, all columns": f"SELECT * FROM star WHERE {cone.format(1.0)}",
        "cone of 5 degrees": f"SELECT {COLUMNS} FROM star WHERE {cone.format(5.0)}",
        "star by Gaia id": f"SELECT {COLUMNS} FROM star"
        f" WHERE gaia_dr3_source_id = {1000003 * (stars // 2)}",
    }


def median_ms(work: Callable[[], Any]) -> tuple[float, float]:
    """Return the median of some rounds in milliseconds, and the slowest of nine in ten."""
    work()
    taken = sorted(timed(work)[0] * 1e3 for _ in range(ROUNDS))
    return statistics.median(taken), taken[int(0.9 * ROUNDS)]


def ask(database: Database, catalog: Catalog, what: str, query: str) -> None:
    """Print what a query takes, whole and step by step."""
    rows = len(catalog.query(query))
    whole, slow = median_ms(lambda: catalog.query(query))
    with Asker(database) as asker, Readers(database) as readers:
        question = asker.question(query)
        answer = asker.answer(question)
        steps = {
            "offer": median_ms(asker.offer)[0],
            "translation": median_ms(lambda: translate(query, question.tables, default="dr1"))[0],
            "session": median_ms(lambda: _session(readers))[0],
            "planning": _in_session(readers, lambda one: one.plan(question.sql, "FORMAT JSON")),
            "running": _in_session(readers, lambda one: one.table(question.sql)),
            "table": median_ms(answer.table)[0],
        }
    hand = _by_hand(database, question)
    parts = ", ".join(f"{name} {taken:.2f}" for name, taken in steps.items())
    print(f"{what}: {whole:.2f} ms (9 in 10 below {slow:.2f}), {rows} rows; {parts}", flush=True)
    print(f"    by hand {hand:.2f} ms, ratio {whole / hand:.2f}")
    if what == "cone of 1 degree":
        assert whole < CONE_MS, whole


def _session(readers: Readers) -> None:
    with readers.session(Limits()) as session:
        session.bring(())


def _in_session(readers: Readers, work: Callable[[Any], Any]) -> float:
    with readers.session(Limits()) as session:
        return median_ms(lambda: work(session))[0]


def _by_hand(database: Database, question: Question) -> float:
    url = database.urls[Role.READER].set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:

        def work() -> Table:
            cursor = connection.execute(question.sql)
            rows = cursor.fetchall()
            names = [one.name for one in question.fields]
            return Table(rows=rows, names=names) if rows else Table(names=names)

        return median_ms(work)[0]


def crossmatch(catalog: Catalog, stars: int, uploaded: int) -> None:
    """Print what finding the stars near uploaded positions takes."""
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, stars), np.degrees(np.arcsin(rng.uniform(-1, 1, stars)))
    mine = Table({"n": np.arange(uploaded), "ra": ra[:uploaded], "dec": dec[:uploaded]})
    query = (
        "SELECT m.n, s.star_id FROM mine AS m JOIN star AS s"
        " ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.ra, m.dec, 0.0005))"
    )
    start = time.perf_counter()
    found = catalog.query(query, uploads={"mine": mine})
    seconds = time.perf_counter() - start
    assert len(found) >= uploaded
    print(f"{uploaded} uploaded positions within 1.8 arcseconds: {seconds:.2f} s")


def main(stars: int) -> None:
    """Print what queries of a release of so many stars take."""
    with tempfile.TemporaryDirectory(prefix="starledger-bench-") as folder:
        home = Path(folder)
        # The embedded server has a user of its own where we are root.
        home.chmod(0o755)
        with open_database(Settings(home=home)) as database:
            migrate.upgrade(database.engine())
            seconds, draft = timed(lambda: load(database, stars))
            more, _ = timed(lambda: publish(database.engine(), draft, materialise=True))
            print(
                f"{stars} stars, loaded {seconds:.0f} s, published {more:.0f} s", flush=True
            )
            catalog = Catalog(database)
            for what, query in questions(stars).items():
                ask(database, catalog, what, query)
            for uploaded in (1000, 100_000):
                crossmatch(catalog, stars, min(uploaded, stars))
            catalog.close()


if __name__ == "__main__":
    for size in [int(given) for given in sys.argv[1:]] or [10**6]:
        main(size)
