"""Star runs: spectra get their stars, stars keep their numbers, and what changed is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import func, select, text

from starledger.compute.simulate.files.gaia_catalog import neighbourhood_columns, source_columns
from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.simulate.observe.sky_motion import positions_at
from starledger.compute.simulate.population.truth import draw_stars
from starledger.ingest.crossmatch.matching import crossmatch
from starledger.ingest.crossmatch.sides import NothingToMatch
from starledger.ingest.stars import assignment
from starledger.ingest.stars.assignment import UnfitStarRun, assign_stars
from starledger.ingest.stars.matches import UnfitCrossmatchRun
from starledger.ingest.surveys import Release
from starledger.schema.asof import membership
from starledger.schema.database import Database
from starledger.schema.tables import StarMember
from tests.ingest.many_rows import NOTHING, ManyRows
from tests.ingest.sky_samples import crowded_sky, scattered

pytestmark = pytest.mark.integration

SPECTRA = Release.parse_whole("lamost/dr5", "spectra")
APOGEE = Release.parse_whole("apogee/dr17", "spectra")
DR2, DR3 = (Release.parse_whole(f"gaia/{name}", "source") for name in ("dr2", "dr3"))
ARCSEC = 1 / 3600


class Sky(ManyRows):
    """A ledger of spectra and Gaia sources on a line of the sky, in arcsec from its start."""

    def __init__(self, ledger: Database) -> None:
        super().__init__(ledger.engine())
        self.ledger = ledger

    def spectra(self, at: ArrayLike, release: Release = SPECTRA, **more: Any) -> NDArray[np.int64]:
        places = np.atleast_1d(np.asarray(at, float))
        return self.load(
            "spectrum", str(release), 150.0 + places * ARCSEC, np.zeros(len(places)), **more
        )

    def gaia(self, at: ArrayLike, source_id: ArrayLike, release: Release = DR3) -> None:
        places = np.atleast_1d(np.asarray(at, float))
        self.load(
            "gaia_source", str(release), 150.0 + places * ARCSEC, np.zeros(len(places)),
            source_id=source_id, epoch=2016.0,
        )  # fmt: skip

    def assign(self, *runs: int, radius: float = 3.0) -> dict[str, Any]:
        return assign_stars(self.ledger, runs, radius)

    def match(self, gaia: Release = DR3, spectra: Release = SPECTRA, radius: float = 1.0) -> int:
        return int(crossmatch(self.ledger, spectra, gaia, radius)["run"])

    def stars(self, run: int | None = None) -> dict[int, int]:
        """Return the star of each spectrum as of a run."""
        query = select(StarMember.spectrum_id, StarMember.star_id).where(membership(run or 10**9))
        with self.engine.connect() as connection:
            return {row.spectrum_id: row.star_id for row in connection.execute(query).all()}

    def groups(self) -> set[frozenset[int]]:
        """Return the spectra of each star."""
        stars = self.stars()
        return {
            frozenset(spectrum for spectrum, star in stars.items() if star == each)
            for each in stars.values()
        }

    def events(self, run: int) -> list[tuple[int, int, str]]:
        query = text(
            "SELECT from_star_id, to_star_id, event FROM ledger.star_event"
            " WHERE star_run_id = :run ORDER BY 1, 2"
        )
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query, {"run": run}).all()]

    def versions(self, star: int) -> list[Any]:
        query = text("SELECT * FROM ledger.star_version WHERE star_id = :star ORDER BY star_run_id")
        with self.engine.connect() as connection:
            return list(connection.execute(query, {"star": star}).all())


@pytest.fixture
def sky(ledger: Database) -> Sky:
    return Sky(ledger)


def test_spectra_without_gaia_are_grouped_by_friends(sky: Sky) -> None:
    a, b, c, d = sky.spectra([0.0, 2.5, 5.0, 8.1])
    summary = sky.assign()
    assert sky.groups() == {frozenset({a, b, c}), frozenset({d})}
    assert (summary["n_stars"], summary["n_with_gaia"], summary["n_new_stars"]) == (2, 0, 2)
    (version,) = sky.versions(sky.stars()[a])
    assert version.ra == pytest.approx(150.0 + 2.5 * ARCSEC, abs=1e-12)
    assert version.starid == "S1500002+000000"
    assert version.gaia_dr3_source_id is None


def test_a_star_is_its_gaia_source(sky: Sky) -> None:
    # Two sources 2.6 arcsec apart, which friends of friends would have joined.
    a, b, c, lone = sky.spectra([0.0, 0.3, 2.6, 30.0])
    sky.gaia([0.0, 2.6], [11, 12])
    summary = sky.assign(sky.match())
    assert sky.groups() == {frozenset({a, b}), frozenset({c}), frozenset({lone})}
    assert (summary["n_with_gaia"], summary["n_without_source"]) == (2, 1)
    assert [version.gaia_dr3_source_id for version in sky.versions(sky.stars()[a])] == [11]


def test_a_stray_joins_the_nearest_gaia_star_and_ties_no_two_together(sky: Sky) -> None:
    a, stray, c, other = sky.spectra([0.0, 2.2, 5.0, 7.9])
    sky.gaia([0.0, 5.0], [11, 12])
    summary = sky.assign(sky.match())
    assert sky.groups() == {frozenset({a, stray}), frozenset({c, other})}
    assert summary["n_joined"] == 2
    assert sky.assign(radius=1.0)["n_joined"] == 0


def test_a_stray_is_compared_where_the_star_was_at_its_epoch(sky: Sky) -> None:
    (a,) = sky.spectra([0.0], epoch=2016.0)
    (old,) = sky.spectra([-16.0], epoch=2000.0)
    sky.load(
        "gaia_source", "gaia/dr3:source", 150.0, 0.0,
        source_id=11, epoch=2016.0, pmra=1000.0, pmdec=0.0,
    )  # fmt: skip
    run = sky.match()
    assert sky.assign(run)["n_joined"] == 0  # the crossmatch itself knew the motion
    assert sky.groups() == {frozenset({a, old})}
    (older,) = sky.spectra([-26.0], epoch=1990.0)
    assert sky.assign(run)["n_joined"] == 1
    assert sky.groups() == {frozenset({a, old, older})}


def test_dr3_is_preferred_and_dr2_leads_over_to_it(sky: Sky) -> None:
    a, b, c = sky.spectra([0.0, 10.0, 20.0])
    (d,) = sky.spectra([10.2], APOGEE)
    sky.gaia([0.0, 10.0], [11, 12])
    sky.gaia([0.0, 10.2, 20.0], [21, 12, 11], DR2)  # 11 and 12 of DR2 are other stars
    sky.bridge([21, 12, 12], [11, 12, 99], [0.1, 0.2, 0.9])
    runs = [sky.match(DR3), sky.match(DR2), sky.match(DR2, APOGEE)]
    sky.assign(*runs)
    assert sky.groups() == {frozenset({a}), frozenset({b, d}), frozenset({c})}
    ids = {
        spectrum: (version.gaia_dr2_source_id, version.gaia_dr3_source_id)
        for spectrum, star in sky.stars().items()
        for version in sky.versions(star)
    }
    assert ids == {a: (21, 11), b: (12, 12), d: (12, 12), c: (11, None)}


def test_nothing_is_written_where_nothing_changed(sky: Sky) -> None:
    sky.spectra([0.0, 1.0, 10.0])
    sky.gaia([10.0], [11])
    run = sky.match()
    first, second = sky.assign(run), sky.assign(run)
    assert first["n_members_written"] == 3
    written = ("n_new_stars", "n_members_written", "n_versions_written", "n_merges", "n_splits")
    assert [second[name] for name in written] == [0] * 5
    assert sky.stars(first["run"]) == sky.stars(second["run"])


def test_a_star_keeps_its_number_when_it_grows(sky: Sky) -> None:
    a, b = sky.spectra([0.0, 10.0])
    sky.assign()
    before = sky.stars()
    (c,) = sky.spectra([1.0])
    summary = sky.assign()
    assert sky.stars() == before | {c: before[a]}
    assert (summary["n_members_written"], summary["n_new_stars"]) == (1, 0)
    assert len(sky.versions(before[a])) == 2  # its centre has moved
    assert len(sky.versions(before[b])) == 1
    sky.gaia([0.5], [11])
    sky.assign(sky.match())
    assert sky.stars() == before | {c: before[a]}
    assert sky.versions(before[a])[-1].gaia_dr3_source_id == 11


def test_stars_that_merge_keep_the_number_of_the_larger(sky: Sky) -> None:
    a, b, _ = sky.spectra([0.0, 4.0, 4.1])
    first = sky.assign()
    before = sky.stars()
    sky.spectra([2.0])
    summary = sky.assign()
    assert set(sky.stars().values()) == {before[b]}
    assert sky.events(summary["run"]) == [(before[a], before[b], "merge")]
    assert summary["n_merges"] == 1
    assert sky.stars(first["run"]) == before


def test_of_equal_stars_that_merge_the_smaller_number_stays(sky: Sky) -> None:
    a, b = sky.spectra([0.0, 4.0])
    sky.assign()
    before = sky.stars()
    sky.assign(radius=5.0)
    assert set(sky.stars().values()) == {min(before[a], before[b])}


def test_a_star_that_splits_leaves_its_number_with_the_larger_part(sky: Sky) -> None:
    a, b, c = sky.spectra([0.0, 2.0, 2.1])
    sky.assign()
    (star,) = set(sky.stars().values())
    summary = sky.assign(radius=1.0)
    after = sky.stars()
    assert after[b] == after[c] == star != after[a]
    assert sky.events(summary["run"]) == [(star, after[a], "split")]
    assert (summary["n_splits"], summary["n_members_written"]) == (1, 1)


def test_a_new_version_of_a_spectrum_stays_with_its_star(sky: Sky) -> None:
    a, _ = sky.spectra([0.0, 50.0], names=["a", "b"])
    sky.assign()
    before = sky.stars()
    sky.replace("spectrum", int(a))
    (again,) = sky.spectra([0.4], names=["a"])
    summary = sky.assign()
    assert sky.stars()[again] == before[a]
    assert (summary["n_spectra"], summary["n_new_stars"], summary["n_members_written"]) == (2, 0, 1)


def test_a_withdrawn_spectrum_ties_nothing_together(sky: Sky) -> None:
    a, bridge, c = sky.spectra([0.0, 2.0, 4.0])
    sky.assign()
    (star,) = set(sky.stars().values())
    sky.withdraw(spectrum_id=int(bridge))
    summary = sky.assign()
    after = sky.stars()
    assert summary["n_spectra"] == 2
    assert after[a] == star
    assert after[c] != star
    assert sky.events(summary["run"]) == [(star, after[c], "split")]


def test_a_star_is_known_again_by_its_gaia_source(sky: Sky) -> None:
    (a,) = sky.spectra([0.0])
    sky.gaia([0.0], [11])
    sky.assign(sky.match())
    star = sky.stars()[a]
    sky.withdraw(spectrum_id=int(a))
    (b,) = sky.spectra([0.1], APOGEE)
    summary = sky.assign(sky.match(spectra=APOGEE))
    assert sky.stars()[b] == star
    assert summary["n_new_stars"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_input_does_not_matter(ledger: Database, sky: Sky, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ra, dec = (np.tile(part, 3) for part in crowded_sky(100, rng))
    ra[100:], dec[100:] = scattered(ra[100:], dec[100:], 0.8, rng)
    has_source = rng.random(100) < 0.5
    sky.load(
        "gaia_source", "gaia/dr3:source", ra[:100][has_source], dec[:100][has_source],
        source_id=np.flatnonzero(has_source), epoch=2016.0,
    )  # fmt: skip
    names = np.array([f"s{number}" for number in range(300)])
    partitions = []
    for order, release in ((np.arange(300), SPECTRA), (rng.permutation(300), APOGEE)):
        ids = sky.load("spectrum", str(release), ra[order], dec[order], names=names[order].tolist())
        run = sky.match(spectra=release)
        sky.assign(run)
        name_of = dict(zip(ids.tolist(), names[order].tolist(), strict=True))
        stars = {name_of[s]: star for s, star in sky.stars().items() if s in name_of}
        with sky.engine.connect() as connection:
            number = connection.execute(
                text("SELECT data_release_id FROM ledger.spectrum WHERE spectrum_id = :id"),
                {"id": int(ids[0])},
            ).scalar_one()
        sky.withdraw(data_release_id=number)
        groups: dict[int, set[str]] = {}
        for name, star in stars.items():
            groups.setdefault(star, set()).add(name)
        partitions.append({frozenset(group) for group in groups.values()})
    assert partitions[0] == partitions[1]
    assert len(partitions[0]) > 50


def test_runs_form_one_chain_over_failed_ones(sky: Sky, monkeypatch: pytest.MonkeyPatch) -> None:
    (a,) = sky.spectra([0.0])
    first = sky.assign()["run"]

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    with monkeypatch.context() as patch:
        patch.setattr(assignment, "record", fail)
        with pytest.raises(RuntimeError):
            sky.assign()
    last = sky.assign()["run"]
    with sky.engine.connect() as connection:
        query = text("SELECT run_id, previous_run_id FROM ledger.star_run ORDER BY run_id")
        (one, two, three) = connection.execute(query).all()
    assert (one.run_id, one.previous_run_id) == (first, None)
    assert two.previous_run_id == first
    assert (three.run_id, three.previous_run_id) == (last, two.run_id)
    assert len(sky.versions(sky.stars()[a])) == 1


def test_a_run_that_was_killed_is_closed_by_the_next(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else no release of any later run could be published: its chain would have an open link."""
    sky.spectra([0.0])

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(assignment, "record", kill)
        with pytest.raises(KeyboardInterrupt):
            sky.assign()
    sky.assign()
    with sky.engine.connect() as connection:
        query = text(
            "SELECT c.outcome, c.message FROM ledger.star_run"
            " LEFT JOIN ledger.closed_run c USING (run_id) ORDER BY run_id"
        )
        killed, last = connection.execute(query).all()
    assert tuple(killed) == ("failed", "It was interrupted.")
    assert last.outcome == "done"


def test_what_cannot_be_done_is_refused(sky: Sky) -> None:
    with pytest.raises(UnfitStarRun, match="linking radius"):
        sky.assign(radius=-1.0)
    with pytest.raises(NothingToMatch, match="no rows yet"):
        sky.assign()
    sky.gaia([0.0], [11])
    with pytest.raises(NothingToMatch, match="no spectra"):
        sky.assign()
    sky.spectra([0.0])
    wrong = int(crossmatch(sky.ledger, DR3, SPECTRA, 1.0)["run"])
    with pytest.raises(UnfitCrossmatchRun, match=f"Run {wrong} is no finished crossmatch"):
        sky.assign(wrong)
    with sky.engine.connect() as connection:
        connection.execute(select(func.pg_advisory_lock(assignment._LOCK)))
        with pytest.raises(UnfitStarRun, match="under way"):
            sky.assign()
        connection.execute(select(func.pg_advisory_unlock(assignment._LOCK)))
    assert sky.assign()["n_stars"] == 1
    assert NOTHING not in sky.stars()


def test_simulated_stars_are_told_apart_as_they_truly_are(sky: Sky) -> None:
    stars = draw_stars(1500, seed=3)
    rng = np.random.default_rng(3)
    seen = positions_at(stars, 2000.0)
    truth: dict[int, int] = {}
    for release in (SPECTRA, APOGEE):
        ids = sky.load("spectrum", str(release), seen.ra, seen.dec, epoch=2000.0)
        truth |= dict(zip(ids.tolist(), range(len(stars)), strict=True))
    for release in (DR2, DR3):
        columns = source_columns(stars, release.name, Quality.REALISTIC, rng)
        sky.load(
            "gaia_source", str(release), columns["ra"], columns["dec"],
            source_id=columns["source_id"], epoch=columns["ref_epoch"],
            pmra=columns["pmra"], pmdec=columns["pmdec"], g=columns["phot_g_mean_mag"],
        )  # fmt: skip
    bridge = neighbourhood_columns(stars, Quality.REALISTIC, rng)
    sky.bridge(bridge["dr2_source_id"], bridge["dr3_source_id"], bridge["angular_distance"])
    # Some spectra are known by DR3, the others only by DR2, which must lead to the same stars.
    sky.assign(sky.match(DR3, SPECTRA), sky.match(DR2, APOGEE))
    found = sky.stars()
    pairs = {(truth[spectrum], star) for spectrum, star in found.items()}
    assert len(pairs) == len(stars)
    assert len(set(found.values())) == len(stars)
    for number in (0, 1, 750, 1499):
        (version,) = sky.versions(dict(pairs)[number])
        assert version.gaia_dr3_source_id == stars.gaia_dr3_source_id[number]
        assert version.gaia_dr2_source_id == stars.gaia_dr2_source_id[number]
