"""Injected trends, zero points and errors are found from binaries, clusters, catalogs, repeats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from starledger.catalog.calibrate.binaries import WideBinaries
from starledger.catalog.calibrate.clusters import Clusters, Cone, members_in
from starledger.catalog.calibrate.combined import Combined, combination_of, read_blocks
from starledger.catalog.calibrate.curve import corrections_at
from starledger.catalog.calibrate.deriving import (
    EmptyRange,
    Outcome,
    TooFewMembers,
    derive,
)
from starledger.catalog.calibrate.error_floor import ReferenceScatter
from starledger.catalog.calibrate.forms import load
from starledger.catalog.calibrate.kept import (
    NameTaken,
    NoSuchCalibration,
    as_calibration,
    find,
    of_model,
)
from starledger.catalog.calibrate.plan import BadPlan, Plan
from starledger.catalog.calibrate.references import NoReference, Reference
from starledger.catalog.calibrate.repeats import Repeats
from starledger.catalog.calibrate.robust import spread
from starledger.catalog.calibrate.source import Source
from starledger.catalog.calibrate.star_rows import NoBridge
from starledger.catalog.calibrate.zero_points import KnownValue
from starledger.compute.simulate.population.clusters import CLUSTERS
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from tests.catalog.calibrate.sky import LABELS, Sky, true_factor, wanted

pytestmark = pytest.mark.integration

Surveyed = tuple[Database, Sky]

PAIRS = WideBinaries(catalog=Reference("gaia/pairs/v1"))
GALAH = Reference("galah/dr4/v1")
TRENDS = Plan(name="mg_fe_teff", label="mg_fe")
M67 = next(one for one in CLUSTERS if one.name == "M67")
CONE = Cone(ra=M67.ra, dec=M67.dec, radius=0.6, pmra=M67.pmra, pmdec=M67.pmdec, rv=M67.rv)


def derived(surveyed: Surveyed, plan: Plan, source: Source, **more: Any) -> Outcome:
    database, sky = surveyed
    return derive(database, sky.runs["sky_combination"], plan, source, **more)


def calibrated(surveyed: Surveyed, *names: str) -> Combined:
    """Return all stars of the survey after some calibrations."""
    database, sky = surveyed
    with database.engine().connect() as connection:
        run = combination_of(connection, sky.runs["sky_combination"])
        (raw,) = read_blocks(connection, run, LABELS)
        return raw.after(load(connection, of_model(connection, names, run.model_id)))


def worst(values: np.ndarray, along: np.ndarray, bins: int) -> float:
    """Return the largest median among bins with like numbers of stars, along a variable."""
    rows = np.array_split(np.argsort(along), bins)
    return float(max(abs(np.median(values[one])) for one in rows))


@pytest.fixture(scope="module")
def chain(surveyed: Surveyed) -> tuple[str, ...]:
    """Derive what PhDLspec derives, in its order, and return the names."""
    derived(surveyed, replace(TRENDS, name="chain_teff"), PAIRS)
    for population in ("dwarf", "giant"):
        plan = Plan(
            name=f"chain_logg_{population}", label="mg_fe", population=population, form="spline",
            variables=("logg",), after=("chain_teff",), knots=5,
        )  # fmt: skip
        derived(surveyed, plan, GALAH)
    names = ("chain_teff", "chain_logg_dwarf", "chain_logg_giant")
    point = Plan(name="chain_zero", label="mg_fe", form="constant", variables=(), after=names)
    derived(surveyed, point, GALAH)
    return (*names, "chain_zero")


def test_trends_and_zero_point_vanish_in_the_held_out_cluster(
    surveyed: Surveyed, chain: tuple[str, ...]
) -> None:
    _, sky = surveyed
    mine = sky.is_m67
    teff, logg = sky.truth[mine, 0], sky.truth[mine, 1]
    before = (sky.labels - sky.truth)[mine, 3]
    after = calibrated(surveyed, *chain).labels["mg_fe"][mine] - sky.truth[mine, 3]
    assert mine.sum() > 150
    assert max(worst(before, teff, 5), worst(before, logg, 5)) > 0.08
    assert worst(after, teff, 5) < 0.02
    assert worst(after, logg, 5) < 0.02
    assert abs(np.median(after)) < 0.01


def test_trends_vanish_in_held_out_binaries(surveyed: Surveyed, chain: tuple[str, ...]) -> None:
    _, sky = surveyed
    one, other = sky.held_out_pairs.T
    apart = sky.truth[one, 0] - sky.truth[other, 0]
    labels = calibrated(surveyed, *chain).labels["mg_fe"]
    raw = sky.labels[:, 3]
    assert len(one) > 250
    assert worst(raw[one] - raw[other], apart, 6) > 0.08
    assert worst(labels[one] - labels[other], apart, 6) < 0.02


def test_trends_vanish_over_the_whole_range(surveyed: Surveyed, chain: tuple[str, ...]) -> None:
    _, sky = surveyed
    found = calibrated(surveyed, *chain)
    left = found.labels["mg_fe"] - sky.truth[:, 3]
    giant = (sky.truth[:, 0] < 5400) & (sky.truth[:, 1] < 4)
    inside = (sky.truth[:, 0] > 4300) & (sky.truth[:, 0] < 6500)
    for mine in (giant & inside, ~giant & inside):
        assert worst(left[mine], sky.truth[mine, 0], 12) < 0.02
        assert worst(left[mine], sky.truth[mine, 1], 12) < 0.02


def test_splines_against_a_catalog_for_dwarfs_and_giants(surveyed: Surveyed) -> None:
    _, sky = surveyed
    for population in ("dwarf", "giant"):
        plan = Plan(name=f"teff_{population}", label="teff", population=population, form="spline")
        outcome = derived(surveyed, plan, GALAH)
        held_out = outcome.derived.content["validation"]["held_out"]
        assert held_out["after"]["trend"] < held_out["before"]["trend"] / 2
        assert 0.75 < held_out["pull_width"] < 1.25
        assert outcome.derived.content["definition"]["boundary"] == "phdlspec"
    before = sky.labels[:, 0] - sky.truth[:, 0]
    after = calibrated(surveyed, "teff_dwarf", "teff_giant").labels["teff"] - sky.truth[:, 0]
    inside = (sky.truth[:, 0] > 4200) & (sky.truth[:, 0] < 6700)
    assert worst(before[inside], sky.truth[inside, 0], 10) > 60
    assert worst(after[inside], sky.truth[inside, 0], 10) < 20


def test_a_spline_from_binaries_is_zero_at_its_pivot(surveyed: Surveyed) -> None:
    plan = replace(TRENDS, name="binary_spline", form="spline", knots=5, pivot=5500.0)
    content = derived(surveyed, plan, PAIRS).derived.content
    calibration = as_calibration("binary_spline", content)
    assert abs(corrections_at(calibration, np.array([[5500.0]]))[0]) < 1e-12
    held_out = content["validation"]["held_out"]
    assert held_out["after"]["trend"] < held_out["before"]["trend"] / 2


def test_emcee_agrees_with_the_analytic_posterior(surveyed: Surveyed) -> None:
    analytic = derived(surveyed, replace(TRENDS, name="analytic"), PAIRS).derived
    sampled = derived(surveyed, replace(TRENDS, name="sampled", monte_carlo=True), PAIRS).derived
    one, other = (
        np.array([of.content["coefficients"], _variances(of.content)]) for of in (analytic, sampled)
    )
    assert (np.abs(one[0] - other[0]) < 2 * np.sqrt(one[1])).all()
    assert (np.abs(np.sqrt(other[1] / one[1]) - 1) < 0.4).all()


def _variances(content: dict[str, Any]) -> list[float]:
    count = len(content["coefficients"])
    return [content["coefficient_covariance"][i * (i + 3) // 2] for i in range(count)]


def test_a_slope_is_removed_from_clusters(surveyed: Surveyed, tmp_path: Path) -> None:
    database, sky = surveyed
    with database.engine().connect() as connection:
        run = combination_of(connection, sky.runs["sky_combination"])
        found = members_in(connection, run, CONE)
    assert np.isin(found, sky.star_id[sky.is_m67]).mean() > 0.95
    assert np.isin(sky.star_id[sky.is_m67], found).mean() > 0.8
    list_of = tmp_path / "members.csv"
    rows = np.flatnonzero(sky.stars.cluster >= 0)
    lines = [f"{sky.star_id[row]},{sky.stars.cluster[row]}" for row in rows]
    list_of.write_text("\n".join(["star_id,cluster", *lines]))
    plan = Plan(name="cluster_slope", label="mg_fe", population="dwarf", degree=2)
    for source in (Clusters(cones=(CONE,)), Clusters(members=list_of)):
        outcome = derived(surveyed, plan, source)
        content = outcome.derived.content
        assert content["definition"]["powers"] == [[2], [1]]
        held_out = content["validation"]["held_out"]
        assert held_out["after"]["trend"] < held_out["before"]["trend"]
    dwarfs = sky.is_m67 & (sky.truth[:, 1] > 4.0)
    after = calibrated(surveyed, "cluster_slope").labels["mg_fe"][dwarfs]
    assert worst(after - np.median(after), sky.truth[dwarfs, 0], 4) < 0.02


def test_a_zero_point_from_solar_twins_and_from_a_cluster(surveyed: Surveyed) -> None:
    _, sky = surveyed
    plan = Plan(name="zero", label="mg_fe", form="constant", variables=())
    known = float(np.median(sky.truth[sky.is_m67, 3]))
    outcome = derived(surveyed, plan, KnownValue(known, Clusters(cones=(CONE,))))
    shift = np.median(wanted("mg_fe", sky.truth[sky.is_m67, 0], sky.truth[sky.is_m67, 1]))
    assert abs(outcome.derived.content["coefficients"][0] - shift) < 0.03
    assert outcome.derived.content["valid_low"] is None
    twins = derived(surveyed, replace(plan, name="zero_of_twins"), KnownValue(0.0))
    assert len(twins.derived.evidence) > 30


def test_errors_are_honest_after_scaling(surveyed: Surveyed) -> None:
    _, sky = surveyed
    plan = Plan(name="mg_fe_errors", label="mg_fe", variables=("visit_snr", "teff"), degree=2)
    outcome = derived(surveyed, plan, Repeats())
    held_out = outcome.derived.content["validation"]["held_out"]
    assert held_out["before"]["pull_width"] > 1.3
    assert abs(held_out["after"]["pull_width"] - 1) < 0.1
    after = calibrated(surveyed, "mg_fe_errors")
    noise = sky.labels[:, 3] - sky.truth[:, 3]
    noise = noise + wanted("mg_fe", sky.truth[:, 0], sky.truth[:, 1])
    pulls = noise / after.errors["mg_fe"]
    assert spread(noise / sky.errors[:, 3]) > 1.3
    for visits in (1, 2):
        mine = sky.n_visits == visits
        assert abs(spread(pulls[mine]) - 1) < 0.1
        for rows in np.array_split(np.argsort(sky.snr[mine]), 3):
            assert abs(spread(pulls[mine][rows]) - 1) < 0.1
    factor = after.errors["mg_fe"] / sky.errors[:, 3]
    truth = true_factor(sky.snr, sky.truth[:, 0])
    assert np.median(np.abs(factor / truth - 1)) < 0.05


def test_rows_that_their_survey_calls_bad_are_not_used(surveyed: Surveyed) -> None:
    _, sky = surveyed
    plan = Plan(name="sound_rows", label="mg_fe", variables=("logg",), form="spline")
    used = derived(surveyed, plan, GALAH).derived.evidence.star_id
    assert len(sky.bad_in_galah) > 50
    assert len(used) > 500
    assert not np.isin(used, sky.bad_in_galah).any()


def test_the_floor_of_errors_is_what_a_reference_shows(surveyed: Surveyed) -> None:
    """Scaled by repeats, the errors of this survey lack nothing; of those as they came it does."""
    _, sky = surveyed
    plan = Plan(name="mg_fe_floor", label="mg_fe", variables=("teff",), degree=1)
    source = ReferenceScatter(GALAH)
    content = derived(surveyed, plan, source).derived.content
    assert (content["corrects"], content["definition"]["quadrature"]) == ("error", True)
    held_out = content["validation"]["held_out"]
    assert abs(held_out["after"]["pull_width"] - 1) < 0.1
    after = calibrated(surveyed, "mg_fe_floor")
    assert (after.errors["mg_fe"] >= sky.errors[:, 3]).all()
    assert np.median(after.errors["mg_fe"] / sky.errors[:, 3]) > 1.3


def test_deriving_again_changes_nothing(surveyed: Surveyed) -> None:
    database, _ = surveyed
    plan = replace(TRENDS, name="again", description="First.")
    first = derived(surveyed, plan, PAIRS)
    again = derived(surveyed, plan, PAIRS)
    assert (first.unchanged, again.unchanged) == (False, True)
    assert again.entered == first.entered
    assert again.derived.sha256 == first.derived.sha256
    forced = derived(surveyed, plan, PAIRS, force=True)
    other = derived(surveyed, replace(plan, seed=2), PAIRS)
    assert (forced.entered.version, other.entered.version) == (2, 3)
    assert other.derived.content["sample_sha256"] != first.derived.content["sample_sha256"]
    with database.engine().connect() as connection:
        rows = [find(connection, f"again:{version}") for version in (1, 2, 3)]
        members = connection.execute(
            text(
                "SELECT role, count(*), count(partner_star_id) FROM ledger.calibration_member"
                " WHERE calibration_id = :id GROUP BY role ORDER BY role"
            ),
            {"id": rows[0].calibration_id},
        ).all()
        run = connection.execute(
            text(
                "SELECT r.combination_run_id, r.settings, c.outcome FROM ledger.calibration_run r"
                " JOIN ledger.closed_run c USING (run_id) WHERE run_id = :id"
            ),
            {"id": rows[2].run_id},
        ).one()
        assert find(connection, "again").version == 3
    assert [row.supersedes_id for row in rows] == [None, rows[0].calibration_id,
                                                   rows[1].calibration_id]  # fmt: skip
    assert run.outcome == "done"
    assert (run.settings["seed"], run.settings["source"]["kind"]) == (2, "binaries")
    (fitted, n_fitted, with_partner), (held_out, n_held_out, _) = members
    assert (fitted, held_out) == ("fitted", "held_out")
    assert n_fitted == with_partner == rows[0].validation["fitted"]
    assert n_held_out == rows[0].validation["held_out"]["members"] == round(
        0.2 * (n_fitted + n_held_out)
    )  # fmt: skip


def test_outliers_do_not_pull(surveyed: Surveyed) -> None:
    _, sky = surveyed
    plan = Plan(name="no_pull", label="mg_fe", form="constant", variables=())
    outcome = derived(surveyed, plan, GALAH)
    rows = sky.in_galah
    expected = np.median((sky.truth - sky.labels)[rows[20:], 3])
    assert abs(outcome.derived.content["coefficients"][0] - expected) < 0.03
    assert outcome.derived.content["validation"]["outliers"] >= 15


def test_a_crossmatch_leads_to_the_same_sample_as_gaia(surveyed: Surveyed) -> None:
    _, sky = surveyed
    plan = Plan(name="bridge", label="mg_fe", form="constant", variables=())
    by_gaia = derived(surveyed, plan, GALAH)
    matched = derived(surveyed, plan, replace(GALAH, crossmatch_run=sky.runs["sky_match"]))
    assert matched.unchanged
    assert matched.derived.sha256 == by_gaia.derived.sha256
    with pytest.raises(NoBridge, match="did not match galah/dr4"):
        derived(surveyed, plan, replace(GALAH, crossmatch_run=sky.runs["crossmatch"]))


def test_what_is_flagged_bad_stays_out(surveyed: Surveyed) -> None:
    _, sky = surveyed
    plan = Plan(name="clean", label="mg_fe", form="constant", variables=())
    found = derived(surveyed, plan, GALAH).derived.evidence.star_id
    assert not np.isin(sky.star_id[sky.flagged], found).any()
    assert np.isin(sky.star_id[sky.in_galah], found).sum() > 0.9 * len(sky.in_galah)


CASES: list[tuple[dict[str, Any], Source, type[Exception], str]] = [
    ({"low": 100.0, "high": 200.0}, PAIRS, EmptyRange, "lies between 100 and 200 in teff"),
    ({"low": 6690.0, "high": 6700.0}, PAIRS, StarledgerError, "need 15|lies between"),
    ({"population": "giant"}, PAIRS, StarledgerError, "No star of the sample|need 15"),
    ({"min_snr": 1e6}, GALAH, TooFewMembers, "No star of the sample"),
    ({"label": "si_fe"}, PAIRS, Exception, "gives no si_fe"),
    ({"variables": ("vmic",)}, PAIRS, Exception, "gives no vmic"),
    ({"after": ("nobody",)}, PAIRS, NoSuchCalibration, "There is no calibration nobody"),
    ({"name": "Mg Fe"}, PAIRS, NameTaken, "is no name for a calibration"),
    ({}, Reference("galah/dr9/v1"), Exception, "galah/dr9"),
    ({}, Reference("gaia/dr3/v1"), Exception, "mg_fe|Gaia"),
    ({"label": "logg"}, Reference("galah/dr3/v2"), NoReference, "has no values of logg"),
    ({}, Reference("galah/dr4/v1", crossmatch_run=1), Exception, "no crossmatch run 1"),
    ({}, WideBinaries(), Exception, "No pairs are named"),
    ({}, WideBinaries(catalog=GALAH), Exception, "names no partners"),
    ({}, Clusters(), Exception, "No cluster is named"),
]


@pytest.mark.parametrize(("more", "source", "kind", "said"), CASES)
def test_what_cannot_be_derived_is_refused(
    surveyed: Surveyed, more: dict[str, Any], source: Source, kind: type[Exception], said: str
) -> None:
    database, _ = surveyed
    count = text("SELECT count(*) FROM ledger.run")
    with database.engine().connect() as connection:
        before = connection.execute(count).scalar_one()
    with pytest.raises(kind, match=said):
        derived(surveyed, replace(TRENDS, **{"name": "refused"} | more), source)
    with database.engine().connect() as connection:
        assert connection.execute(count).scalar_one() == before


@pytest.mark.parametrize(
    "more",
    [{"low": 2.0, "high": 1.0}, {"held_out": 1.0}, {"degree": 9}, {"knots": 2},
     {"form": "spline", "variables": ("teff", "logg")}, {"form": "constant"}],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(BadPlan):
        replace(TRENDS, **more)


def test_a_calibration_of_another_model_is_refused(surveyed: Surveyed) -> None:
    database, sky = surveyed
    with database.engine().connect() as connection:
        number = sky.ids["payne_lamost"]
        derived(surveyed, replace(TRENDS, name="of_model"), PAIRS)
        assert len(of_model(connection, ["of_model"], number)) == 1
        with pytest.raises(NoSuchCalibration, match="of_model:1 is of another model"):
            of_model(connection, ["of_model"], number + 1)


def test_a_name_stays_with_its_label(surveyed: Surveyed) -> None:
    derived(surveyed, replace(TRENDS, name="stays"), PAIRS)
    with pytest.raises(NameTaken, match="another label, mg_fe"):
        derived(surveyed, replace(TRENDS, name="stays", label="fe_h"), PAIRS)


def test_an_open_combination_run_is_refused(surveyed: Surveyed) -> None:
    database, _ = surveyed
    with pytest.raises(Exception, match="combination run 99999 does not exist"):
        derive(database, 99999, TRENDS, PAIRS)
