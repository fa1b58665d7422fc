"""A Cannon learns from the overlap of two surveys, or of a survey with one's own table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy import text

from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.least_squares import UndeterminedTerms
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import BadTrainingSet, train
from starledger.compute.models.registry import ModelExists, Registration, load_model
from starledger.compute.spectra.normalisation import UnknownContinuum
from starledger.compute.training.cannon_overlap import Lesson, Taught, teach
from starledger.compute.training.overlap import Cuts
from starledger.compute.training.rest_spectra import at_rest
from starledger.compute.training.windows import BadWindow
from starledger.ingest.catalogs.described import layouts_with
from starledger.ingest.catalogs.ingesting import ingest_catalog
from starledger.schema.labels import UnknownLabel
from starledger.schema.settings import Settings
from tests.compute.training.test_overlap import found_in
from tests.compute.training.two_surveys import CATALOG, LINE, SPECTRA, WINDOW, Matched

pytestmark = pytest.mark.integration

LESSON = Lesson(
    spectra=SPECTRA,
    catalog=CATALOG,
    labels=("teff", "mg_fe"),
    cuts=Cuts(min_snr=20.0),
    order=1,
    window=WINDOW,
)


def taught_by(
    matched: Matched, name: str, lesson: Lesson = LESSON, kind: str = "visit", **more: Any
) -> Taught:
    settings = Settings(shard_root=matched.shard_root, model_root=matched.shard_root / "models")
    about = Registration(name=name, description="one line", spectrum_kind=kind)
    return teach(matched.database.engine(), settings, lesson, about, **more)


def model_of(matched: Matched, name: str) -> Cannon:
    with matched.database.engine().connect() as connection:
        found = load_model(connection, matched.shard_root / "models", name)
    assert isinstance(found, Cannon)
    return found


def test_it_learns_and_is_tested_by_others(matched: Matched) -> None:
    done = taught_by(matched, "one_line")
    assert done.model.labels == ("teff", "mg_fe")
    assert (done.instrument, done.crossmatch >= matched.run) == ("lamost_lrs", True)
    assert done.held_out.spectra == pytest.approx(
        0.2 * (done.n_training + done.held_out.spectra), abs=1
    )
    # One line tells no more than 0.5 - (teff - 5500 K) / 10,000 K + 0.3 [Mg/Fe].
    assert done.held_out.labels["teff"].scatter > 0
    assert (done.held_out.labels["teff"].unit, done.held_out.failed) == ("K", 0)
    cannon = model_of(matched, "one_line")
    assert cannon.normalisation == LESSON.normalisation
    assert WINDOW[0] <= float(cannon.wavelength[0]) < float(cannon.wavelength[-1]) <= WINDOW[1]
    assert len(cannon.wavelength) == done.n_pixels
    at_line = int((cannon.wavelength - LINE).abs().argmin())
    middle = torch.tensor([[5000.0, 0.0], [6000.0, 0.0]], dtype=torch.float64)
    cooler, hotter = cannon.flux(middle)[:, at_line]
    assert hotter - cooler > 0.05


def test_labels_can_be_freed_of_their_errors(matched: Matched) -> None:
    """Magnesium, whose errors are as large as its spread, then changes the line by more."""
    lesson = replace(LESSON, seed=9)
    taught_by(matched, "at_their_word", lesson)
    taught_by(matched, "freed", replace(lesson, deconvolve=2))
    depths = []
    for name in ("at_their_word", "freed"):
        cannon = model_of(matched, name)
        at_line = int((cannon.wavelength - LINE).abs().argmin())
        poor, rich = cannon.flux(torch.tensor([[5500.0, 0.0], [5500.0, 0.2]]).double())[:, at_line]
        depths.append(float(poor - rich))
    assert depths[1] > 1.1 * depths[0] > 0


def test_what_it_was_told_is_kept(matched: Matched) -> None:
    done = taught_by(matched, "kept", replace(LESSON, held_out=0.3, seed=5))
    query = text("""
        SELECT t.settings, t.report, t.training_set_id, s.name FROM ledger.model m
        JOIN ledger.training_run t ON t.run_id = m.training_run_id
        JOIN ledger.training_set s USING (training_set_id) WHERE m.name = 'kept'
    """)
    roles = text("""
        SELECT role, count(*), count(DISTINCT star_id) FROM ledger.training_member
        JOIN ledger.star_member USING (spectrum_id) WHERE training_set_id = :id GROUP BY role
    """)
    instrument = text("""
        SELECT i.name, mi.arm, mi.spectrum_kind FROM ledger.model_instrument mi
        JOIN ledger.instrument i USING (instrument_id) JOIN ledger.model m USING (model_id)
        WHERE m.name = 'kept'
    """)
    with matched.database.engine().connect() as connection:
        kept = connection.execute(query).one()
        counts = {row[0]: row[1] for row in connection.execute(roles, {"id": done.training_set})}
        assert connection.execute(instrument).one() == ("lamost_lrs", "full", "visit")
    assert (kept.training_set_id, kept.name) == (done.training_set, "kept_stars")
    assert counts == {"train": done.n_training, "test": done.held_out.spectra}
    assert (kept.settings["seed"], kept.settings["held_out"]) == (5, 0.3)
    assert kept.settings["cuts"]["min_snr"] == 20.0
    assert kept.report["held_out"]["labels"]["teff"]["scatter"] == pytest.approx(
        done.held_out.labels["teff"].scatter
    )
    assert kept.report["left_out"] == done.left_out


def test_with_nobody_held_out_all_teach(matched: Matched) -> None:
    """And the weights are those of the parts that it is made of."""
    done = taught_by(matched, "all_teach", replace(LESSON, held_out=0.0))
    found = found_in(matched, LESSON.cuts)
    assert (done.n_training, done.held_out.labels) == (len(found), {})
    cannon = model_of(matched, "all_teach")
    with matched.database.engine().connect() as connection:
        stars = at_rest(
            connection, matched.shard_root, found, cannon.wavelength.numpy(), "gaussian_50"
        )
    by_hand = train(stars, Terms.up_to(1, 2))
    assert torch.equal(by_hand.coefficients, cannon.coefficients)
    assert torch.equal(by_hand.scatter, cannon.scatter)
    assert replace(by_hand, normalisation="gaussian_50").stored().identity == done.model.sha256


def test_the_same_lesson_gives_the_same_model(matched: Matched) -> None:
    lesson = replace(LESSON, seed=11)
    first = taught_by(matched, "first_time", lesson)
    with pytest.raises(ModelExists, match="registered as first_time"):
        taught_by(matched, "second_time", lesson)
    other = taught_by(matched, "other_seed", replace(LESSON, seed=2))
    assert other.model.sha256 != first.model.sha256


def test_a_table_of_ones_own_gives_labels(matched: Matched, tmp_path: Path) -> None:
    stars = matched.stars
    table, mapping = tmp_path / "mine.csv", tmp_path / "mine.yaml"
    rows = (f"{i},{s['ra']},{s['dec']},{s['teff']},{s['mg_fe']}" for i, s in enumerate(stars))
    table.write_text("\n".join(["star,ra,dec,T,Mg", *rows]) + "\n")
    mapping.write_text(
        "name: my_labels\ncolumns: {external_id: star, ra: ra, dec: dec}\n"
        "labels: {teff: T, mg_fe: Mg}\n"
    )
    layouts, layout = layouts_with(mapping, None)
    ingest_catalog(matched.database, "value_added", "mine", [table], layout=layout, layouts=layouts)
    matched.match("value_added/mine")
    lesson = replace(LESSON, catalog="value_added/mine")
    done = taught_by(matched, "from_my_table", lesson)
    assert done.n_training > taught_by(matched, "from_galah", replace(LESSON, seed=3)).n_training
    assert np.isfinite(done.held_out.labels["mg_fe"].bias)


def test_progress_is_told(matched: Matched) -> None:
    told: dict[str, list[int]] = {}

    @contextmanager
    def progress(doing: str, total: int) -> Iterator[Callable[[int], None]]:
        counted: list[int] = []
        yield counted.append
        told[doing] = [total, sum(counted)]

    done = taught_by(matched, "watched", replace(LESSON, seed=4), progress=progress)
    n_spectra = done.n_training + done.held_out.spectra
    assert told == {"spectra": [n_spectra] * 2, "pixels": [done.n_pixels] * 2}


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"labels": ("teff", "height")}, UnknownLabel, "height"),
        ({"labels": ("teff", "age")}, BadTrainingSet, "has no age"),
        ({"order": 20}, UndeterminedTerms, "do not determine 231 terms"),
        ({"window": (15000.0, 16000.0)}, BadWindow, "Spectra of lamost_lrs have 0 pixels"),
        ({"normalisation": "mine"}, UnknownContinuum, "mine"),
        ({"normalisation": "apogee_pixels_4"}, UnknownContinuum, "lacks its continuum pixels"),
        ({"held_out": 1.0}, BadTrainingSet, "no share"),
        ({"crossmatch": 1}, BadTrainingSet, "Run 1 is no crossmatch"),
    ],
)
def test_what_cannot_be_learnt_is_refused_and_leaves_nothing(
    matched: Matched, changed: dict[str, Any], error: type[Exception], said: str
) -> None:
    left = text("""
        SELECT (SELECT count(*) FROM ledger.training_set), (SELECT count(*) FROM ledger.model)
    """)
    with matched.database.engine().connect() as connection:
        before = connection.execute(left).one()
    with pytest.raises(error, match=said):
        taught_by(matched, "refused", replace(LESSON, **changed))
    with matched.database.engine().connect() as connection:
        assert connection.execute(left).one() == before
