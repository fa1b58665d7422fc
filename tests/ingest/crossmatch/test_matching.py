"""Crossmatches in the database: every pair, supplied identifiers, epochs, what is refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, search_around_sky
from sqlalchemy import text

from starledger.ingest.crossmatch.matching import UnfitCrossmatch, crossmatch
from starledger.ingest.crossmatch.ranking import BestRule, TooManyNeighbours
from starledger.ingest.crossmatch.sides import NothingToMatch
from starledger.ingest.sky_motion import propagated
from starledger.ingest.surveys import Release, UnknownDataRelease
from starledger.schema.database import Database
from tests.ingest.many_rows import ManyRows
from tests.ingest.sky_samples import crowded_sky, scattered

pytestmark = pytest.mark.integration

GAIA = Release.parse_whole("gaia/dr3", "source")
GAIA_DR2 = Release.parse_whole("gaia/dr2", "source")
LAMOST = Release.parse_whole("lamost/dr5", "general")
BARNARD = {"ra": 269.44850, "dec": 4.73942, "pmra": -801.551, "pmdec": 10362.394}
"""Barnard's star in Gaia DR3, epoch 2016."""


@pytest.fixture
def rows(ledger: Database) -> ManyRows:
    return ManyRows(ledger.engine())


def pairs_of(ledger: Database, run: int) -> list[dict[str, Any]]:
    query = (
        "SELECT left_row_id, right_row_id, origin, separation, epoch, rank, n_neighbours, n_mates"
        " FROM ledger.neighbourhood WHERE crossmatch_run_id = :run ORDER BY left_row_id, rank"
    )
    with ledger.engine().connect() as connection:
        return [dict(row) for row in connection.execute(text(query), {"run": run}).mappings()]


@pytest.mark.slow
def test_every_pair_is_the_one_that_astropy_finds(ledger: Database, rows: ManyRows) -> None:
    rng = np.random.default_rng(4)
    ra, dec = crowded_sky(100_000, rng)
    near_ra, near_dec = scattered(ra, dec, 1.2, rng)
    # A thousandth moves as fast as Barnard's star, and a tenth not at all that is known.
    speed = rng.choice([20.0, 1000.0, np.nan], 100_000, p=[0.899, 0.001, 0.1])
    pmra, pmdec = rng.normal(0, 1, (2, 100_000)) * speed
    pmra, pmdec = (np.where(speed == 1000, 8 * motion, motion) for motion in (pmra, pmdec))
    left = rows.load("survey_visit", "lamost/dr5:general", ra, dec, epoch=2000.0)
    then = propagated(near_ra, near_dec, pmra, pmdec, np.full(100_000, 16.0))
    right = rows.load(
        "gaia_source", "gaia/dr3:source", then.ra, then.dec,
        pmra=pmra, pmdec=pmdec, epoch=2016.0, source_id=np.arange(100_000),
    )  # fmt: skip
    summary = crossmatch(ledger, LAMOST, GAIA, radius=2.0)
    here = SkyCoord(ra, dec, unit="deg")
    there = SkyCoord(
        then.ra * u.deg,
        then.dec * u.deg,
        distance=np.full(100_000, 2.0) * u.pc,
        pm_ra_cosdec=np.nan_to_num(pmra) * u.mas / u.yr,
        pm_dec=np.nan_to_num(pmdec) * u.mas / u.yr,
    ).apply_space_motion(dt=-16 * u.year)
    there = SkyCoord(there.ra, there.dec)
    i, j, separation, _ = search_around_sky(here, there, 2.0 * u.arcsec)
    found = pairs_of(ledger, summary["run"])
    expected = dict(
        zip(zip(left[i], right[j], strict=True), separation.to_value(u.arcsec), strict=True)
    )
    got = {(pair["left_row_id"], pair["right_row_id"]): pair["separation"] for pair in found}
    assert got.keys() == expected.keys()
    assert len(got) > 70_000
    np.testing.assert_allclose([got[pair] for pair in expected], list(expected.values()), atol=1e-4)
    assert summary["n_pairs"] == len(got)
    assert summary["n_matched"] == len(np.unique(i))
    assert summary["n_unmatched"] == 100_000 - len(np.unique(i))
    assert_ranks_are_right(found)


def assert_ranks_are_right(found: list[dict[str, Any]]) -> None:
    left, right = (
        np.array([pair[f"{side}_row_id"] for pair in found]) for side in ("left", "right")
    )
    for rows, count in ((left, "n_neighbours"), (right, "n_mates")):
        values, times = np.unique(rows, return_counts=True)
        by_row = dict(zip(values.tolist(), times.tolist(), strict=True))
        assert [pair[count] for pair in found] == [by_row[row] for row in rows.tolist()]
    for before, after in pairwise(found):
        if before["left_row_id"] == after["left_row_id"]:
            assert before["rank"] + 1 == after["rank"]
            assert before["separation"] <= after["separation"]
        else:
            assert after["rank"] == 1


def test_barnards_star_is_found_by_its_motion(ledger: Database, rows: ManyRows) -> None:
    moved = SkyCoord(
        BARNARD["ra"] * u.deg,
        BARNARD["dec"] * u.deg,
        distance=1.83 * u.pc,
        pm_ra_cosdec=BARNARD["pmra"] * u.mas / u.yr,
        pm_dec=BARNARD["pmdec"] * u.mas / u.yr,
    ).apply_space_motion(dt=-16 * u.year)
    rows.load(
        "survey_visit", "lamost/dr5:general", [moved.ra.deg, 10.0], [moved.dec.deg, 4.7], epoch=2000
    )
    rows.load("gaia_source", "gaia/dr3:source", **as_gaia(BARNARD))
    still = dict(BARNARD, pmra=np.nan, pmdec=np.nan)
    rows.load("gaia_source", "gaia/dr2:source", **as_gaia(still))
    with_motion = crossmatch(ledger, LAMOST, GAIA, radius=2.0)
    (pair,) = pairs_of(ledger, with_motion["run"])
    assert with_motion["epoch"] == 2000.0
    assert pair["separation"] < 1e-3
    assert pair["epoch"] == 2000.0
    assert crossmatch(ledger, LAMOST, GAIA_DR2, radius=2.0)["n_pairs"] == 0
    # At Gaia's own epoch the catalog, which tells no motion, is 166 arcsec behind.
    assert crossmatch(ledger, LAMOST, GAIA, radius=2.0, epoch=2016.0)["n_pairs"] == 0
    assert crossmatch(ledger, LAMOST, GAIA, radius=2.0, epoch=2000.0)["n_pairs"] == 1
    assert crossmatch(ledger, GAIA, LAMOST, radius=2.0)["n_pairs"] == 1


def as_gaia(star: dict[str, float]) -> dict[str, Any]:
    return dict(star, epoch=2016.0, source_id=4472832130942575872, g=8.2)


def test_each_pair_is_compared_at_the_epoch_of_the_row_that_stays(
    ledger: Database, rows: ManyRows
) -> None:
    years = np.array([-16.0, -1.0, 0.0, np.nan])
    dec = 5.0 + np.nan_to_num(years) * 3.0 / 3600
    ra = np.array([10.0, 20.0, 30.0, 40.0])
    rows.load("survey_visit", "lamost/dr5:general", ra, dec, epoch=2016 + years)
    right = rows.load(
        "gaia_source", "gaia/dr3:source", ra, np.full(4, 5.0),
        pmra=0.0, pmdec=3000.0, epoch=2016.0, source_id=np.arange(4),
    )  # fmt: skip
    summary = crossmatch(ledger, LAMOST, GAIA, radius=1.0)
    assert summary["epoch"] is None
    found = pairs_of(ledger, summary["run"])
    assert [pair["right_row_id"] for pair in found] == right.tolist()
    assert [pair["epoch"] for pair in found] == [2000.0, 2015.0, 2016.0, 2016.0]
    assert max(pair["separation"] for pair in found) < 1e-3


def test_the_brightest_comes_first_where_asked(ledger: Database, rows: ManyRows) -> None:
    rows.load("survey_visit", "lamost/dr5:general", 10.0, 0.0)
    away = np.array([0.1, 0.5, 0.7, 3.0]) / 3600
    right = rows.load(
        "gaia_source", "gaia/dr3:source", 10.0 + away, np.zeros(4),
        g=[17.0, 12.0, np.nan, 5.0], source_id=np.arange(4), epoch=2016.0,
    )  # fmt: skip
    for rule, order in ((BestRule.NEAREST, [0, 1, 2]), (BestRule.BRIGHTEST, [1, 0, 2])):
        run = crossmatch(ledger, LAMOST, GAIA, radius=1.0, best_rule=rule)["run"]
        assert [pair["right_row_id"] for pair in pairs_of(ledger, run)] == right[order].tolist()
    with pytest.raises(UnfitCrossmatch, match="no magnitude in G"):
        crossmatch(ledger, GAIA, LAMOST, radius=1.0, best_rule=BestRule.BRIGHTEST)


@pytest.mark.parametrize(
    ("release", "supplied", "of_dr2", "of_dr3"),
    [
        ("galah/dr2:main", {"dr2": [70]}, "far", "bridged"),
        ("galah/dr3/v1:main", {"dr2": [70]}, "far", "bridged"),
        ("galah/dr3/v2:main", {"dr2": [70], "dr3": [81]}, "far", "other"),
        ("galah/dr4:main", {"dr3": [80]}, "far", "bridged"),
        ("galah/dr4:main", {"dr3": [99]}, "near", "near"),
    ],
)
def test_supplied_identifiers_come_first_each_of_its_own_data_release(
    ledger: Database, rows: ManyRows, release: str, supplied: Any, of_dr2: str, of_dr3: str
) -> None:
    rows.load("galah_star", release, 10.0, 0.0, **supplied)
    dec = np.array([0.0, 5.0, 9.0]) / 3600
    sources = {
        # DR2's 80 is another star than DR3's 80: to take the one for the other is the trap.
        "dr2": ("far", "near", "trap"),
        "dr3": ("bridged", "near", "other"),
    }
    ids = {"dr2": [70, 71, 80], "dr3": [80, 82, 81]}
    far_first = dec[[1, 0, 2]]
    loaded = {
        name: rows.load(
            "gaia_source", f"gaia/{name}:source", np.full(3, 10.0), far_first,
            source_id=ids[name], epoch=2016.0,
        )
        for name in ("dr2", "dr3")
    }  # fmt: skip
    rows.bridge([70, 70, 71], [80, 82, 82], [0.1, 7.0, 0.1])
    galah = Release.parse_whole(release, "main")
    for name, expected in (("dr2", of_dr2), ("dr3", of_dr3)):
        gaia = Release.parse_whole(f"gaia/{name}", "source")
        summary = crossmatch(ledger, galah, gaia, radius=1.0)
        found = pairs_of(ledger, summary["run"])
        best = loaded[name].tolist().index(found[0]["right_row_id"])
        assert sources[name][best] == expected
        assert found[0]["separation"] == pytest.approx(far_first[best] * 3600, abs=1e-6)
        assert found[0]["origin"] == ("position" if expected == "near" else "supplied")
        assert summary["n_supplied"] == (expected != "near")
        others = [loaded[name].tolist().index(pair["right_row_id"]) for pair in found[1:]]
        assert [sources[name][other] for other in others] == ["near"] * (expected != "near")


def test_a_pair_both_supplied_and_near_is_one(ledger: Database, rows: ManyRows) -> None:
    rows.load("spectrum", "lamost/dr5:spectra", [10.0, 20.0], [0.0, 0.0], dr3=[5, 6])
    rows.load("gaia_source", "gaia/dr3:source", [10.0, 10.0001], [0.0, 0.0], source_id=[5, 7])
    spectra = Release.parse_whole("lamost/dr5", "spectra")
    for sides in ((spectra, GAIA), (GAIA, spectra)):
        found = pairs_of(ledger, crossmatch(ledger, *sides, radius=2.0)["run"])
        assert sorted(pair["origin"] for pair in found) == ["position", "supplied"]


def test_rows_without_position_are_counted(ledger: Database, rows: ManyRows) -> None:
    nan = np.nan
    rows.load("reference_star", "value_added/pairs:main", [nan, 10.0], [nan, 0.0], dr3=[5, 6])
    rows.load("gaia_source", "gaia/dr3:source", [10.0, 30.0], [0.0, 9.0], source_id=[5, 6])
    pairs = Release.parse_whole("value_added/pairs", "main")
    summary = crossmatch(ledger, pairs, GAIA, radius=2.0)
    assert summary["n_left"] == 1
    assert summary["n_left_without_position"] == 1
    assert summary["n_pairs"] == 2


def test_only_current_rows_are_matched(ledger: Database, rows: ManyRows) -> None:
    spectra = Release.parse_whole("lamost/dr5", "spectra")
    first, second, third = rows.load(
        "spectrum", "lamost/dr5:spectra", [10.0, 20.0, 30.0], [0.0] * 3, names=list("abc")
    )
    rows.load("gaia_source", "gaia/dr3:source", [10.0, 20.0, 30.0], [0.0] * 3, source_id=[1, 2, 3])
    rows.replace("spectrum", first)
    again = rows.load("spectrum", "lamost/dr5:spectra", [10.0], [0.0], names=["a"])
    rows.withdraw(spectrum_id=int(second))
    found = pairs_of(ledger, crossmatch(ledger, spectra, GAIA, radius=2.0)["run"])
    assert sorted(pair["left_row_id"] for pair in found) == sorted([*again, third])
    rows.withdraw(data_release_id=data_release(ledger, "source"))
    with pytest.raises(NothingToMatch, match="gaia/dr3/v1:source was withdrawn"):
        crossmatch(ledger, spectra, GAIA, radius=2.0)


def data_release(ledger: Database, product: str) -> int:
    query = text("SELECT data_release_id FROM ledger.data_release WHERE product = :product")
    with ledger.engine().connect() as connection:
        return int(connection.execute(query, {"product": product}).scalar_one())


def test_a_crossmatch_that_is_run_again_finds_the_same(ledger: Database, rows: ManyRows) -> None:
    rng = np.random.default_rng(8)
    ra, dec = crowded_sky(2000, rng)
    rows.load("survey_visit", "lamost/dr5:general", ra, dec)
    rows.load(
        "gaia_source", "gaia/dr3:source", *scattered(ra, dec, 1.0, rng), source_id=np.arange(2000)
    )
    first, second = (crossmatch(ledger, LAMOST, GAIA, radius=2.0) for _ in range(2))
    assert pairs_of(ledger, first.pop("run")) == pairs_of(ledger, second.pop("run"))
    assert first == second


def test_what_cannot_be_matched_is_refused(ledger: Database, rows: ManyRows) -> None:
    with pytest.raises(NothingToMatch, match="no rows yet"):
        crossmatch(ledger, LAMOST, GAIA, radius=2.0)
    rows.load("survey_visit", "lamost/dr5:general", 10.0, 0.0)
    with pytest.raises(UnknownDataRelease, match="gaia/dr3"):
        crossmatch(ledger, LAMOST, GAIA, radius=2.0)
    rows.bridge([1], [2], [0.1])
    bridge = Release.parse_whole("gaia/dr3", "dr2_neighbourhood")
    with pytest.raises(NothingToMatch, match="no rows that could be matched"):
        crossmatch(ledger, LAMOST, bridge, radius=2.0)
    for radius, epoch in ((0.0, None), (np.nan, None), (61.0, None), (1.0, 1700.0)):
        with pytest.raises(UnfitCrossmatch):
            crossmatch(ledger, LAMOST, LAMOST, radius, epoch)


def test_more_neighbours_than_can_be_ranked_are_refused(ledger: Database, rows: ManyRows) -> None:
    rows.load("survey_visit", "lamost/dr5:general", 10.0, 0.0)
    there = np.zeros(33_000)
    rows.load("gaia_source", "gaia/dr3:source", 10.0 + there, there, source_id=np.arange(33_000))
    with pytest.raises(TooManyNeighbours, match="more than 32767"):
        crossmatch(ledger, LAMOST, GAIA, radius=2.0)
    with ledger.engine().connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ledger.neighbourhood")) == 0
        query = "SELECT outcome FROM ledger.closed_run ORDER BY run_id DESC LIMIT 1"
        assert connection.scalar(text(query)) == "failed"
