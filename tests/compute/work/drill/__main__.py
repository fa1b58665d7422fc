"""Run the drill and print what came of it."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import TextClause, text

from starledger.compute.work.connecting import persistently
from starledger.schema.database import Database, open_database
from starledger.schema.migrate import upgrade
from starledger.schema.roles import Role
from starledger.schema.settings import Settings
from tests.compute.work.drill.cast import Cast, until
from tests.compute.work.drill.faults import Missed, Stage, fault_kinds
from tests.compute.work.drill.sabotage import KILLS, RAISES
from tests.compute.work.made_up import make_survey

VISITS = 3000
MARKED = {700: RAISES, 1500: RAISES, 2222: KILLS}
"""Visits that break the fitter, by their place."""
DISK_BYTES = 64 << 20

_LEFT = text("""
    SELECT (SELECT count(*) FROM ledger.work WHERE state = 'pending')
        + (SELECT coalesce(sum(cardinality(spectrum_ids)), 0) FROM ledger.lease)
""")
_DONE = text("SELECT coalesce(sum(good + flagged + failed), 0) FROM ledger.fit_tally")
_RUNS = text("""
    SELECT r.run_id, r.n_planned AS planned,
        (SELECT count(*) FROM ledger.fit f WHERE f.fit_run_id = r.run_id) AS fits,
        (SELECT count(DISTINCT spectrum_id) FROM ledger.fit f
            WHERE f.fit_run_id = r.run_id) AS visits,
        (SELECT coalesce(sum(good + flagged + failed), 0) FROM ledger.fit_tally t
            WHERE t.fit_run_id = r.run_id) AS tallied,
        (SELECT count(*) FROM ledger.work w WHERE w.fit_run_id = r.run_id) AS aside,
        (SELECT count(*) FROM ledger.work w WHERE w.fit_run_id = r.run_id
            AND (state <> 'aside' OR last_error IS NULL)) AS silent,
        (SELECT count(*) FROM ledger.fit f WHERE f.fit_run_id = r.run_id
            AND outcome = 'failed' AND reason IS NULL) AS reasonless,
        (SELECT count(*) FROM ledger.fit f JOIN ledger.spectrum s USING (spectrum_id)
            WHERE f.fit_run_id = r.run_id AND s.external_id = ANY (:marked)) AS unbroken,
        (SELECT count(*) FROM ledger.work w JOIN ledger.spectrum s USING (spectrum_id)
            WHERE w.fit_run_id = r.run_id AND s.external_id <> ALL (:marked)) AS innocent,
        (SELECT count(*) FROM ledger.fit f JOIN ledger.work w USING (model_id, fit_config_id,
            spectrum_id) WHERE f.fit_run_id = r.run_id) AS both_ways
    FROM ledger.fit_run r ORDER BY run_id
""")


def main() -> int:
    """Inject faults until there were enough, and check every run."""
    arguments = argparse.ArgumentParser(prog="drill", description=__doc__)
    arguments.add_argument("--faults", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    began = time.monotonic()
    with _home() as (home, small_disk), open_database(Settings(home=home)) as database:
        upgrade(database.engine())
        make_survey(database, home, VISITS, marked=MARKED)
        cast = Cast(home)
        assert database.server is not None
        admin = Database({Role.OWNER: database.server.url("postgres")}, database.server)
        chance = random.Random(options.seed)  # noqa: S311 - no secret
        stage = Stage(cast, database, admin, chance)
        try:
            injected = _drill(stage, options.faults, small_disk=small_disk)
        except BaseException:
            _show_logs(home)
            raise
        finally:
            cast.leave()
            admin.close()
        return _summary(database, injected, time.monotonic() - began)


@contextmanager
def _home() -> Iterator[tuple[Path, bool]]:
    """Give a home whose shards lie on a small disk of their own, where we may mount one."""
    home = Path(tempfile.mkdtemp(prefix="starledger-drill-"))
    home.chmod(0o755)
    shards = home / "shards"
    shards.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(shards)]
    small = os.geteuid() == 0 and subprocess.run(mount, check=False).returncode == 0
    try:
        yield home, small
    finally:
        if small:
            subprocess.run(["umount", "-l", str(shards)], check=False)
        shutil.rmtree(home, ignore_errors=True)


def _drill(stage: Stage, faults: int, *, small_disk: bool) -> Counter[str]:
    kinds = fault_kinds(small_disk=small_disk)
    injected: Counter[str] = Counter()
    run = 0
    while sum(injected.values()) < faults:
        run += 1
        # Another way to fit is another run over the same visits.
        stage.cast.command = (
            "--home", str(stage.cast.home), "fit", "small", "--rv-range", str(100 + run),
            "--scheduler", stage.cast.address,
        )  # fmt: skip
        injected["spectrum that breaks the fitter"] += len(MARKED)
        stage.cast.client = None
        stage.cast.enter()
        until(lambda: _one(stage.database, _LEFT) > 0, "visits are planned")
        while _one(stage.database, _LEFT) > 0:
            stage.cast.enter()
            goal = _one(stage.database, _DONE) + stage.random.randint(50, 500)
            _wait_for(stage, goal)
            if sum(injected.values()) < faults and _one(stage.database, _LEFT) > 0:
                name = stage.random.choice(sorted(kinds))
                print(f"{sum(injected.values()) + 1}: {name}", file=sys.stderr, flush=True)
                with suppress(Missed):
                    kinds[name](stage)
                    injected[name] += 1
        _finish(stage)
    return injected


def _wait_for(stage: Stage, goal: int) -> None:
    """Wait until so many are fitted or none waits, starting again who died meanwhile."""

    def there() -> bool:
        stage.cast.enter()
        done, left = _one(stage.database, _DONE), _one(stage.database, _LEFT)
        return done >= goal or left == 0

    until(there, f"{goal} visits are fitted")


def _finish(stage: Stage) -> None:
    """Let the command end, and tell that not all was fitted."""

    def ended() -> bool:
        client = stage.cast.client
        assert client is not None
        if client.poll() == 1:
            return True
        stage.cast.enter()
        return False

    until(ended, "the command ends and says that visits were set aside")


def _one(database: Database, query: TextClause) -> int:
    return persistently(
        database, lambda connection: int(connection.execute(query).scalar_one()), role=Role.OWNER
    )


def _summary(database: Database, injected: Counter[str], seconds: float) -> int:
    marked = [f"visit_{place}" for place in MARKED]
    with database.engine().connect() as connection:
        runs = connection.execute(_RUNS, {"marked": marked}).all()
        leases = connection.execute(text("SELECT count(*) FROM ledger.lease")).scalar_one()
    lost = sum(run.planned - run.fits - run.aside for run in runs)
    doubled = sum(
        run.fits - run.visits + run.both_ways + abs(run.tallied - run.fits) for run in runs
    )
    silent = sum(run.silent + run.reasonless + run.unbroken for run in runs) + leases
    for name, count in sorted(injected.items()):
        print(f"{count:>5}  {name}")
    print(
        f"{sum(injected.values())} faults in {len(runs)} runs of {VISITS} visits and"
        f" {seconds:.0f} s: {sum(run.fits for run in runs)} fits, {sum(run.aside for run in runs)}"
        f" visits set aside ({sum(run.innocent for run in runs)} of them innocent);"
        f" {lost} lost, {doubled} doubled, {silent} silent."
    )
    return 0 if lost == doubled == silent == 0 else 1


def _show_logs(home: Path) -> None:
    for log in sorted(home.glob("*.log")):
        print(f"== {log.name}", *log.read_text("utf-8", "replace").splitlines()[-25:],
              sep="\n", file=sys.stderr)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
