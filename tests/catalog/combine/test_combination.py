from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, func, select, text

from starledger.catalog.combine.combination import CombinationUnderWay, combine, outlook
from starledger.catalog.combine.current import (
    NoSuchCombination,
    current_combinations,
)
from starledger.catalog.combine.settings import CombineSettings, Estimator
from starledger.catalog.combine.task import Choice
from starledger.compute.spectra.doppler import LIGHT_SPEED
from starledger.schema.database import Database
from starledger.schema.flags import Scope, mask, names
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import ClosedRun, Combination, RunKind
from tests.catalog.combine.sky import MODEL, NO_LABELS, N, Sky, whole

pytestmark = pytest.mark.integration

HIGH_CHI2 = mask(Scope.FIT, "high_chi2")
TWO = mask(Scope.FIT, "double_lined")
AT_BOUND = mask(Scope.LABEL, "at_bound")


@pytest.fixture
def connection(ledger: Database) -> Any:
    with ledger.engine().connect() as connection:
        yield connection


@pytest.fixture
def sky(connection: Connection) -> Sky:
    """Two stars with three and two visits, and one with one, all fitted."""
    sky = Sky(connection)
    sky.observe({"a": ["a1", "a2", "a3"], "b": ["b1", "b2"], "c": ["c1"]})
    sky.fit_all(["a1", "a2", "a3", "b1", "b2", "c1"])
    connection.commit()
    return sky


def rows(connection: Connection, run: int) -> dict[int, Any]:
    """Return the current rows of a run by their star, without the number of the run."""
    found = connection.execute(text(current_combinations(connection, run))).mappings().all()
    assert len({row["star_id"] for row in found}) == len(found)
    return {
        row["star_id"]: {k: v for k, v in row.items() if k != "combination_run_id"} for row in found
    }


def written(connection: Connection, run: int) -> set[int]:
    query = select(Combination.star_id).where(Combination.combination_run_id == run)
    return set(connection.scalars(query))


def summary(connection: Connection, run: int) -> Any:
    return connection.execute(select(ClosedRun.summary).where(ClosedRun.run_id == run)).scalar_one()


def test_visits_are_combined_by_their_whole_covariance(sky: Sky, ledger: Database) -> None:
    run = combine(ledger, MODEL)
    found = rows(sky.connection, run)
    assert set(found) == {sky.ids[star] for star in "abc"}
    for star, visits in (("a", ["a1", "a2", "a3"]), ("b", ["b1", "b2"])):
        fits = sky.fits_of(*visits)
        precisions = [np.linalg.inv(whole(fit.covariance)) for fit in fits]
        covariance = np.linalg.inv(sum(precisions))
        values = covariance @ sum(
            p @ np.array(fit.labels) for p, fit in zip(precisions, fits, strict=True)
        )
        row = found[sky.ids[star]]
        assert row["labels"] == pytest.approx(values.tolist(), rel=1e-5, abs=1e-5)
        assert row["errors"] == pytest.approx(np.sqrt(np.diag(covariance)).tolist(), rel=1e-5)
        assert whole(row["covariance"])[0, 1] == pytest.approx(covariance[0, 1], rel=1e-4)
        assert row["spectrum_ids"] == sorted(sky.ids[visit] for visit in visits)
        assert row["n_nights"] == row["n_visits"] == len(visits)
        assert row["rv"] == pytest.approx(np.mean([fit.rv for fit in fits]), rel=1e-6)
        scatter = np.std([fit.labels for fit in fits], axis=0, ddof=1)
        assert row["scatter"] == pytest.approx(scatter.tolist(), rel=1e-5)


def test_a_single_visit_is_its_fit(sky: Sky, ledger: Database) -> None:
    row = rows(sky.connection, combine(ledger, MODEL))[sky.ids["c"]]
    (fit,) = sky.fits_of("c1")
    for name in ("labels", "errors", "covariance", "label_flags", "rv", "err_rv"):
        assert row[name] == getattr(fit, name)
    assert (row["scatter"], row["chi2"], row["rv_scatter"]) == (None, None, None)
    assert row["best_spectrum_id"] == sky.ids["c1"]


def test_nothing_new_is_combined_again_and_all_is_reused(sky: Sky, ledger: Database) -> None:
    first = combine(ledger, MODEL)
    second = combine(ledger, MODEL)
    assert written(sky.connection, second) == set()
    assert summary(sky.connection, second)["previous_run_id"] == first
    assert summary(sky.connection, second)["n_reused"] == 3
    assert rows(sky.connection, second) == rows(sky.connection, first)


def change(sky: Sky) -> None:
    """Let all happen to the stars that can: new and bad visits, a merge, a split, withdrawals."""
    sky.observe({"d": ["d1", "d2"], "e": ["e1"], "a": ["a4"], "f": ["f1"], "g": ["g1", "g2"]})
    sky.fit_all(["d1", "d2", "e1", "f1", "g1"])
    sky.fit_all(["a4", "g2"], flags=HIGH_CHI2 | TWO)


def change_more(sky: Sky) -> None:
    sky.move(["b1", "b2"], "b", "a", "merge")
    sky.move(["d2"], "d", "h", "split")
    sky.withdraw(spectrum_id=sky.ids["e1"])
    sky.withdraw(spectrum_id=sky.ids["g1"])
    sky.replace("f1", "f")
    sky.observe({"i": ["i1"]})
    sky.fit_all(["i1", "f1_again"])


@pytest.mark.parametrize("how", list(Estimator))
def test_runs_that_reuse_give_what_a_full_run_gives(
    sky: Sky, ledger: Database, how: Estimator
) -> None:
    settings = CombineSettings(estimator=how)
    combine(ledger, MODEL, settings)
    for step in (
        change,
        change_more,
        lambda sky: sky.withdraw("restored", spectrum_id=sky.ids["e1"]),
    ):
        step(sky)
        sky.connection.commit()
        part = combine(ledger, MODEL, settings)
        full = combine(ledger, MODEL, settings, full=True)
        assert rows(sky.connection, part) == rows(sky.connection, full)
        again = combine(ledger, MODEL, settings, Choice(as_of=full - 1))
        assert summary(sky.connection, part)["n_stars"] < len(rows(sky.connection, full))
        assert rows(sky.connection, again) == rows(sky.connection, full)


def test_merged_split_and_withdrawn_stars_come_out_right(sky: Sky, ledger: Database) -> None:
    change(sky)
    sky.connection.commit()
    first = rows(sky.connection, combine(ledger, MODEL))
    change_more(sky)
    sky.connection.commit()
    run = combine(ledger, MODEL)
    found = rows(sky.connection, run)
    assert sky.ids["b"] in first
    assert sky.ids["b"] not in found
    assert found[sky.ids["a"]]["n_visits"] == 5
    assert found[sky.ids["d"]]["spectrum_ids"] == [sky.ids["d1"]]
    assert found[sky.ids["h"]]["spectrum_ids"] == [sky.ids["d2"]]
    assert sky.ids["e"] not in found
    assert found[sky.ids["f"]]["spectrum_ids"] == [sky.ids["f1_again"]]
    assert names(Scope.STAR, found[sky.ids["g"]]["flags"]) == ["double_lined", "no_clean_visit"]
    assert sky.ids["c"] not in written(sky.connection, run)
    assert summary(sky.connection, run)["n_vanished"] == 2


def test_what_comes_later_does_not_change_the_past(sky: Sky, ledger: Database) -> None:
    run = combine(ledger, MODEL)
    before = rows(sky.connection, run)
    change(sky)
    change_more(sky)
    sky.connection.commit()
    assert rows(sky.connection, run) == before
    again = combine(ledger, MODEL, choice=Choice(as_of=run - 1), full=True)
    assert rows(sky.connection, again) == before


def test_fits_of_an_open_run_do_not_count(sky: Sky, ledger: Database) -> None:
    sky.observe({"late": ["late1"]})
    sky.fit(MODEL, "late1", sky.open_fit_run("unfinished", MODEL))
    sky.connection.commit()
    assert sky.ids["late"] not in rows(sky.connection, combine(ledger, MODEL))


def test_visits_with_bad_flags_are_left_out(sky: Sky, ledger: Database) -> None:
    sky.observe({"x": ["x1"]}, flags=mask(Scope.SPECTRUM, "negative_flux"), snr=500.0)
    sky.observe({"x": ["x2"], "y": ["y1", "y2", "y3"]})
    sky.fit_all(["x1", "x2", "y1"])
    sky.fit_all(["y2"], flags=HIGH_CHI2)
    sky.fit_all(["y3"], flags=mask(Scope.FIT, "at_bound"))
    sky.connection.commit()
    found = rows(sky.connection, combine(ledger, MODEL))
    assert found[sky.ids["x"]]["spectrum_ids"] == [sky.ids["x2"]]
    assert found[sky.ids["y"]]["spectrum_ids"] == [sky.ids["y1"], sky.ids["y3"]]
    assert found[sky.ids["x"]]["flags"] == 0


def test_a_star_without_a_clean_visit_has_its_best_one_and_says_so(
    sky: Sky, ledger: Database
) -> None:
    sky.observe({"x": ["x1", "x2"], "y": ["y1"]}, snr=50.0)
    sky.observe({"x": ["x3"], "z": ["z1"]}, snr=80.0)
    sky.fit_all(["x1", "x2"], flags=HIGH_CHI2)
    sky.fit_all(["x3", "y1"], **NO_LABELS, outcome="failed", reason="No convergence.")
    sky.connection.commit()
    found = rows(sky.connection, combine(ledger, MODEL))
    x, y = found[sky.ids["x"]], found[sky.ids["y"]]
    assert x["spectrum_ids"] == [sky.ids["x1"]]
    assert x["labels"] == sky.fits_of("x1")[0].labels
    assert y["labels"] == y["errors"] == [None] * N
    assert x["flags"] == y["flags"] == mask(Scope.STAR, "no_clean_visit")
    assert sky.ids["z"] not in found


def test_a_double_lined_visit_tells_of_its_star_though_left_out(sky: Sky, ledger: Database) -> None:
    combine(ledger, MODEL)
    sky.observe({"a": ["a5"]})
    sky.fit_all(["a5"], flags=TWO)
    sky.connection.commit()
    row = rows(sky.connection, combine(ledger, MODEL))[sky.ids["a"]]
    assert names(Scope.STAR, row["flags"]) == ["double_lined"]
    assert sky.ids["a5"] not in row["spectrum_ids"]


def test_a_quality_run_keeps_fits_out_and_flags_labels(sky: Sky, ledger: Database) -> None:
    plain = combine(ledger, MODEL)
    quality = sky.judge(
        a1={"flags": HIGH_CHI2}, c1={"flags": HIGH_CHI2}, b1={"label_flags": [AT_BOUND, 0, 0, 0]}
    )
    sky.connection.commit()
    run = combine(ledger, MODEL)
    found = rows(sky.connection, run)
    assert found[sky.ids["a"]]["spectrum_ids"] == sorted([sky.ids["a2"], sky.ids["a3"]])
    assert names(Scope.STAR, found[sky.ids["c"]]["flags"]) == ["no_clean_visit"]
    # The label of the other visit alone went in.
    assert found[sky.ids["b"]]["label_flags"] == [0] * N
    assert found[sky.ids["b"]]["labels"] != rows(sky.connection, plain)[sky.ids["b"]]["labels"]
    full = combine(ledger, MODEL, choice=Choice(quality=quality), full=True)
    assert rows(sky.connection, full) == found
    without = combine(ledger, MODEL, choice=Choice(quality=None))
    assert rows(sky.connection, without) == rows(sky.connection, plain)


def test_spectra_of_one_night_are_combined_but_are_no_repeats(sky: Sky, ledger: Database) -> None:
    sky.observe({"x": ["x1", "x2"]}, night=56789)
    sky.fit_all(["x1", "x2"])
    sky.connection.commit()
    row = rows(sky.connection, combine(ledger, MODEL))[sky.ids["x"]]
    assert (row["n_visits"], row["n_nights"]) == (2, 1)
    assert (row["scatter"], row["chi2"], row["rv_scatter"]) == (None, None, None)
    assert row["errors"][0] < sky.fits_of("x1")[0].errors[0]


def test_velocities_are_those_of_the_barycentre(sky: Sky, ledger: Database) -> None:
    sky.observe({"x": ["x1"]}, frame="shifted", frame_shift=-100.0)
    sky.observe({"y": ["y1"]}, frame="topocentric")
    sky.fit_all(["x1", "y1"], rv=30.0, err_rv=0.5)
    sky.connection.commit()
    run = combine(ledger, MODEL)
    found = rows(sky.connection, run)
    expected = (30.0 - 100.0) / (1 - 30.0 * 100.0 / LIGHT_SPEED**2)
    assert found[sky.ids["x"]]["rv"] == pytest.approx(expected, rel=1e-6)
    assert found[sky.ids["y"]]["rv"] is None
    assert summary(sky.connection, run)["n_topocentric"] == 1


def test_missing_covariances_and_labels(sky: Sky, ledger: Database) -> None:
    sky.observe({"x": ["x1", "x2"], "y": ["y1", "y2"]})
    sky.fit_all(["x1", "x2"], covariance=None)
    sky.fit_all(["y1"])
    sky.fit_all(
        ["y2"],
        labels=[5800.0, None, 0.1, None], errors=[20.0, None, 0.03, None],
        covariance=[400.0, None, None, 0.0, None, 0.0009, None, None, None, None],
    )  # fmt: skip
    sky.connection.commit()
    run = combine(ledger, MODEL)
    found = rows(sky.connection, run)
    x, y = found[sky.ids["x"]], found[sky.ids["y"]]
    one, other = sky.fits_of("x1", "x2")
    assert x["covariance"] is None
    weights = np.array([one.errors[0], other.errors[0]]) ** -2.0
    assert x["labels"][0] == pytest.approx(
        np.average([one.labels[0], other.labels[0]], weights=weights), rel=1e-6
    )
    assert None not in y["labels"]
    assert [value is None for value in y["scatter"]] == [False, True, False, True]
    assert summary(sky.connection, run)["n_without_covariance"] == 2


def test_faint_visits_can_be_left_out(sky: Sky, ledger: Database) -> None:
    sky.observe({"a": ["a6"], "faint": ["f1"]}, snr=5.0)
    sky.fit_all(["a6", "f1"])
    sky.connection.commit()
    found = rows(sky.connection, combine(ledger, MODEL, CombineSettings(min_snr=20.0)))
    assert sky.ids["a6"] not in found[sky.ids["a"]]["spectrum_ids"]
    assert sky.ids["faint"] not in found


def test_small_batches_and_many_commits_change_nothing(
    sky: Sky, ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = rows(sky.connection, combine(ledger, MODEL))
    change(sky)
    sky.connection.commit()
    expected = rows(sky.connection, combine(ledger, MODEL))
    monkeypatch.setattr("starledger.catalog.combine.reading.BATCH", 1)
    monkeypatch.setattr("starledger.catalog.combine.combination._BATCHES_A_COMMIT", 2)
    assert rows(sky.connection, combine(ledger, MODEL, full=True)) == expected


def test_an_interrupted_run_is_closed_by_the_next_one(sky: Sky, ledger: Database) -> None:
    class Stop(BaseException):
        pass

    def stop(_visits: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        combine(ledger, MODEL, advance=stop)
    left = sky.connection.scalar(select(func.max(ClosedRun.run_id)))
    run = combine(ledger, MODEL)
    closed = sky.connection.execute(
        select(ClosedRun.outcome, ClosedRun.message).where(ClosedRun.run_id > left)
    ).all()
    assert [outcome for outcome, _ in closed] == ["failed", "done"]
    assert summary(sky.connection, run)["previous_run_id"] is None
    assert len(rows(sky.connection, run)) == 3


def test_two_at_once_are_refused(sky: Sky, ledger: Database) -> None:
    def meanwhile(_visits: int) -> None:
        with pytest.raises(CombinationUnderWay):
            combine(ledger, MODEL)

    combine(ledger, MODEL, advance=meanwhile)


def test_the_outlook_tells_what_would_be_done_and_does_nothing(sky: Sky, ledger: Database) -> None:
    found = outlook(ledger, MODEL)
    assert (found["n_stars"], found["n_visits"], found["n_reused"]) == (3, 6, 0)
    run = combine(ledger, MODEL)
    sky.observe({"a": ["a7"]})
    sky.fit_all(["a7"])
    sky.connection.commit()
    found = outlook(ledger, MODEL)
    assert (found["n_stars"], found["n_visits"], found["n_reused"]) == (1, 4, 2)
    assert found["previous_run_id"] == run


def test_another_combination_is_no_predecessor(sky: Sky, ledger: Database) -> None:
    combine(ledger, MODEL)
    run = combine(ledger, MODEL, CombineSettings(estimator=Estimator.DIAGONAL))
    assert summary(sky.connection, run)["previous_run_id"] is None


def test_a_run_that_failed_is_no_predecessor(sky: Sky, ledger: Database) -> None:
    first = combine(ledger, MODEL)
    about = (
        sky.connection.execute(
            text("SELECT * FROM ledger.combination_run WHERE run_id = :run"), {"run": first}
        )
        .mappings()
        .one()
    )
    failed = open_run(
        sky.connection, RunKind.COMBINATION,
        **{name: one for name, one in about.items() if name not in {"run_id", "kind"}},
    )  # fmt: skip
    close_run(sky.connection, failed, "failed")
    sky.connection.commit()
    assert summary(sky.connection, combine(ledger, MODEL))["previous_run_id"] == first


def test_only_a_combination_run_has_current_rows(sky: Sky) -> None:
    with pytest.raises(NoSuchCombination):
        current_combinations(sky.connection, sky.runs["fits"])
