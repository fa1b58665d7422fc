"""Which spectra teach, and which labels: of simulated surveys, and of a few odd spectra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.compute.training.matches import LabelMatch, match_of
from starledger.compute.training.overlap import Cuts, Overlap, overlap
from starledger.schema.database import Database
from starledger.schema.tables import GalahStar, Neighbourhood, RunKind, SurveyVisit, Withdrawal
from tests.compute.training.two_surveys import N_STARS, Matched
from tests.schema.small_survey import SmallSurvey, position

pytestmark = pytest.mark.integration

NAMES = ("teff", "mg_fe")


def found_in(matched: Matched, cuts: Cuts = Cuts(), names: tuple[str, ...] = NAMES) -> Overlap:  # noqa: B008 -- it is frozen
    with matched.database.engine().connect() as connection:
        return overlap(connection, match_of(connection, matched.run), names, cuts)


def galah_of(matched: Matched, found: Overlap) -> NDArray[np.void]:
    """Return the rows of the catalog that gave the labels."""
    with matched.database.engine().connect() as connection:
        query = text("SELECT row_id, sobject_id FROM ledger.galah_star")
        name_of = {row[0]: row[1] for row in connection.execute(query)}
    wanted = np.array([name_of[int(row)] for row in found.source_row_ids])
    order = np.argsort(matched.catalog["sobject_id"])
    return matched.catalog[order][np.searchsorted(matched.catalog["sobject_id"][order], wanted)]


def test_labels_are_those_of_sound_rows(matched: Matched) -> None:
    found = found_in(matched)
    rows = galah_of(matched, found)
    assert 0.6 * N_STARS < len(found) < N_STARS
    assert len(np.unique(found.spectrum_ids)) == len(found)
    assert found.instrument == "lamost_lrs"
    assert (rows["flag_sp"] == 0).all()
    assert (matched.catalog["flag_sp"] != 0).any()
    assert (rows["flag_Mg_fe"] == 0).all()
    np.testing.assert_allclose(found.labels[:, 0], rows["teff"], rtol=1e-6)
    np.testing.assert_allclose(found.labels[:, 1], rows["Mg_fe"], rtol=1e-5)
    np.testing.assert_allclose(found.errors[:, 1], rows["e_Mg_fe"], rtol=1e-5)


def test_cuts_leave_out_what_is_not_good_enough(matched: Matched) -> None:
    cuts = Cuts(min_snr=60.0, min_catalog_snr=30.0, ranges={"teff": (5000.0, 6000.0)})
    found = found_in(matched, cuts)
    assert 0 < len(found) < len(found_in(matched))
    assert (galah_of(matched, found)["snr_c3_iraf"] >= 30.0).all()
    assert ((found.labels[:, 0] >= 5000.0) & (found.labels[:, 0] <= 6000.0)).all()
    with matched.database.engine().connect() as connection:
        least = connection.execute(
            text("SELECT min(snr) FROM ledger.spectrum WHERE spectrum_id = ANY (:ids)"),
            {"ids": found.spectrum_ids.tolist()},
        ).scalar_one()
    assert least >= 60.0


def test_every_matched_spectrum_is_accounted_for(matched: Matched) -> None:
    query = text("""
        SELECT count(*) FROM ledger.neighbourhood WHERE crossmatch_run_id = :run AND rank = 1
    """)
    with matched.database.engine().connect() as connection:
        n_matched = connection.execute(query, {"run": matched.run}).scalar_one()
    for cuts in (Cuts(), Cuts(min_snr=60.0, ranges={"teff": (5000.0, 6000.0)})):
        found = found_in(matched, cuts)
        assert sum(found.left_out.values()) + len(found) == n_matched
        assert found.left_out["flagged by the catalog"] > 0
        assert found.left_out["worse spectra of the same row"] > 0
    assert found.left_out["outside the range of teff"] > 0
    assert found.left_out["of lower S/N"] > 0


def test_the_best_spectrum_of_a_row_teaches(matched: Matched) -> None:
    found = found_in(matched)
    query = text("""
        SELECT n.right_row_id, max(s.snr) FROM ledger.neighbourhood n
        JOIN ledger.spectrum s ON s.spectrum_id = n.left_row_id
        WHERE n.crossmatch_run_id = :run AND n.rank = 1 GROUP BY 1 HAVING count(*) > 1
    """)
    of_ours = text("SELECT spectrum_id, snr FROM ledger.spectrum")
    with matched.database.engine().connect() as connection:
        best = {row[0]: row[1] for row in connection.execute(query, {"run": matched.run})}
        snr = {row[0]: row[1] for row in connection.execute(of_ours)}
    repeated = [
        (spectrum, row)
        for spectrum, row in zip(
            found.spectrum_ids.tolist(), found.source_row_ids.tolist(), strict=True
        )
        if row in best
    ]
    assert len(repeated) > 5
    assert all(snr[spectrum] == best[row] for spectrum, row in repeated)


@pytest.mark.parametrize(
    ("run", "names", "cuts", "said"),
    [
        (1, NAMES, Cuts(), "did not match spectra"),
        (None, ("teff", "ti2_fe"), Cuts(), "has no ti2_fe"),
        (None, NAMES, Cuts(min_snr=1e6), "No spectrum .* are of lower S/N"),
        (None, NAMES, Cuts(kind="coadd"), "No spectrum .* are of another kind"),
        (None, NAMES, Cuts(instrument="apogee"), "No spectrum .* are of another instrument"),
        (None, NAMES, Cuts(ranges={"teff": (6000.0, 5000.0)}), "range of teff .* is empty"),
        (None, NAMES, Cuts(ranges={"ti2_fe": (0.0, 1.0)}), "has no ti2_fe"),
    ],
)
def test_what_cannot_teach_is_refused(
    matched: Matched, run: int | None, names: tuple[str, ...], cuts: Cuts, said: str
) -> None:
    wrong = replace(matched, run=matched.run if run is None else run)
    with pytest.raises(BadTrainingSet, match=said):
        found_in(wrong, cuts, names)


def pair(
    small: SmallSurvey,
    spectra: Mapping[str, Mapping[str, Any]],
    table: type[GalahStar | SurveyVisit] = GalahStar,
) -> LabelMatch:
    """Add spectra with a row of a catalog each, which has Teff and [Fe/H], and match them.

    What ``row`` holds of a spectrum is told of its row, ``instrument`` is its instrument.
    """
    run = small.ingest("odd_spectra", "lamost_dr5", "spectra")
    for place, (name, values) in enumerate(spectra.items(), 10):
        own = {**values}
        row = own.pop("row", {})
        small.spectrum(name, own.pop("instrument", "lamost_lrs"), "lamost_dr5", run, place, **own)
        labels = {"labels": [5800.0, 0.1], "errors": [50.0, None], **row}
        if table is GalahStar:
            labels["sobject_id"] = place
        small.add_named(
            f"{name}_row", table, data_release_id=small.ids["galah_dr2"], external_id=name,
            valid_from_run_id=run, **position(150.0, 2.0), **labels,
        )  # fmt: skip
    small.close("odd_spectra")
    match = small.open(
        "odd_match", RunKind.CROSSMATCH,
        left_table="spectrum", left_data_release_id=small.ids["lamost_dr5"],
        right_table=table.__tablename__, right_data_release_id=small.ids["galah_dr2"],
        as_of_run_id=run, radius=3.0, best_rule="nearest",
    )  # fmt: skip
    for name in spectra:
        small.add(
            Neighbourhood, crossmatch_run_id=match, left_row_id=small.ids[name],
            right_row_id=small.ids[f"{name}_row"], origin="position", separation=0.1,
            rank=1, n_neighbours=1, n_mates=1,
        )  # fmt: skip
    small.close("odd_match")
    return match_of(small.connection, match)


@pytest.fixture
def small(ledger: Database) -> Iterator[SmallSurvey]:
    with ledger.engine().connect() as connection:
        yield SmallSurvey(connection)
        connection.rollback()


def taught(small: SmallSurvey, match: LabelMatch, cuts: Cuts = Cuts()) -> Overlap:  # noqa: B008 -- it is frozen
    return overlap(small.connection, match, ("teff", "fe_h"), cuts)


def test_velocities_are_those_in_the_frame_of_the_spectrum(small: SmallSurvey) -> None:
    match = pair(
        small,
        {
            "plain": {"rv": 10.0},
            "shifted": {"rv": 32.0, "frame": "shifted", "frame_shift": 30.0},
            "at_rest": {"frame": "shifted", "frame_shift": 30.0},
            "unknown": {},
            "of_the_earth": {"rv": 10.0, "frame": "topocentric"},
        },
    )
    found = taught(small, match)
    names = {number: name for name, number in small.ids.items()}
    told = zip(found.spectrum_ids.tolist(), found.rv.tolist(), strict=True)
    assert {names[number]: rv for number, rv in told} == {
        "plain": 10.0, "shifted": 2.0, "at_rest": 0.0,
    }  # fmt: skip
    assert found.left_out == {"without a barycentric velocity": 2}
    assert np.isnan(found.errors[:, 1]).all()


def test_a_ratio_that_is_not_known_counts_unless_one_is_asked_for(small: SmallSurvey) -> None:
    match = pair(
        small,
        {
            "both": {"rv": 0.0, "snr": 50.0, "row": {"snr": 60.0}},
            "spectrum": {"rv": 0.0, "snr": 50.0},
            "catalog": {"rv": 0.0, "row": {"snr": 60.0}},
        },
    )
    assert len(taught(small, match)) == 3
    assert len(taught(small, match, Cuts(min_snr=10.0))) == 2
    assert len(taught(small, match, Cuts(min_catalog_snr=10.0))) == 2
    assert len(taught(small, match, Cuts(min_snr=10.0, min_catalog_snr=10.0))) == 1


def test_a_ratio_told_by_band_is_that_of_the_best_band(small: SmallSurvey) -> None:
    match = pair(
        small,
        {
            "dim": {"rv": 0.0, "row": {"snr_u": 2.0, "snr_g": 30.0}},
            "bright": {"rv": 0.0, "row": {"snr_g": 20.0, "snr_r": 60.0}},
            "whole": {"rv": 0.0, "row": {"snr": 10.0, "snr_r": 90.0}},
        },
        SurveyVisit,
    )
    found = taught(small, match, Cuts(min_catalog_snr=50.0))
    assert found.spectrum_ids.tolist() == [small.ids["bright"]]


def test_what_was_withdrawn_does_not_teach(small: SmallSurvey) -> None:
    match = pair(small, {name: {"rv": 0.0} for name in ("kept", "withdrawn")})
    run = small.open("withdrawal", RunKind.WITHDRAWAL)
    small.add(
        Withdrawal, run_id=run, action="withdrawn", reason="fibre of another star",
        spectrum_id=small.ids["withdrawn"],
    )  # fmt: skip
    small.close("withdrawal")
    found = taught(small, match_of(small.connection, match.run_id))
    assert found.spectrum_ids.tolist() == [small.ids["kept"]]


def test_spectra_must_be_of_one_instrument(small: SmallSurvey) -> None:
    match = pair(small, {"one": {"rv": 0.0}, "other": {"rv": 0.0, "instrument": "apogee"}})
    with pytest.raises(BadTrainingSet, match="several instruments or arms: apogee, lamost_lrs"):
        taught(small, match)
    found = taught(small, match, Cuts(instrument="apogee"))
    assert (found.instrument, len(found)) == ("apogee", 1)
    assert found.left_out == {"of another instrument": 1}


def test_an_arm_is_named_with_its_instrument(small: SmallSurvey) -> None:
    match = pair(small, {"red": {"rv": 0.0, "arm": "red", "instrument": "boss"}})
    assert taught(small, match).instrument == "boss:red"
    assert len(taught(small, match, Cuts(instrument="boss:red"))) == 1
    with pytest.raises(BadTrainingSet, match="of another instrument"):
        taught(small, match, Cuts(instrument="boss"))
