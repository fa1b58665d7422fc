from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from starledger.catalog.quality import sample as sample_module
from starledger.catalog.quality.judging import (
    Judgement,
    NothingToJudge,
    QualitySettings,
    judge,
    judgement,
    trial,
)
from starledger.catalog.quality.thresholds import Thresholds
from starledger.compute.models.registry import NoSuchModel
from starledger.compute.models.stored import canonical_json
from starledger.ingest.withdrawals import change_spectra
from starledger.schema.database import Database
from tests.catalog.quality.clean_ledger import Clean
from tests.catalog.quality.made_sample import NAMES, STARS

pytestmark = pytest.mark.integration

TABLES = ("run", "quality_run", "quality_output", "fit_quality", "star_quality")


def settings(clean: Clean, **more: Any) -> QualitySettings:
    return QualitySettings(model_root=clean.made.model_root, **more)


@pytest.fixture(scope="module")
def copied(clean: Clean) -> Iterator[Database]:
    """Return a copy in which whoever wants a run of his own changes a threshold."""
    with clean.copy() as database:
        yield database


def rows(database: Database, query: str, **asked: Any) -> list[Any]:
    with database.engine().connect() as connection:
        return list(connection.execute(text(query), asked).all())


def counts(database: Database) -> list[int]:
    return [rows(database, f"SELECT count(*) FROM ledger.{name}")[0][0] for name in TABLES]


def test_a_run_is_closed_and_defined_by_its_hash(clean: Clean, copied: Database) -> None:
    run = judge(copied, "small", settings(clean))
    (row,) = rows(
        copied,
        "SELECT q.*, c.outcome, c.summary FROM ledger.quality_run q"
        " JOIN ledger.closed_run c USING (run_id) WHERE run_id = :run",
        run=run,
    )
    assert row.outcome == "done"
    told = hashlib.sha256(canonical_json(row.definition).encode()).hexdigest()
    assert row.definition_sha256 == told
    assert row.definition["sample"] == {"fits": STARS, "stars": STARS}
    assert row.definition["asked"]["thresholds"]["gradcorr"] == 0.5
    assert row.definition["rules"]["chi2ratio"]["dwarf"]["number"] == STARS // 2
    assert {one["population"] for one in row.definition["rules"]["gradcorr"]["bins"]} == {
        "dwarf",
        "giant",
    }
    assert row.summary["rows"] == {"fit": STARS, "star": STARS}


def test_numbers_stand_in_the_order_of_their_outputs(clean: Clean, copied: Database) -> None:
    run = judge(copied, "small", settings(clean))
    names = dict(
        rows(
            copied,
            "SELECT scope, array_agg(name ORDER BY position) FROM ledger.quality_output"
            " WHERE quality_run_id = :run GROUP BY 1",
            run=run,
        )
    )
    (fit,) = rows(
        copied,
        "SELECT * FROM ledger.fit_quality WHERE quality_run_id = :run AND spectrum_id = :spectrum",
        run=run,
        spectrum=clean.names()["spectrum"],
    )
    (star,) = rows(
        copied,
        "SELECT * FROM ledger.star_quality WHERE quality_run_id = :run AND star_id = :star",
        run=run,
        star=clean.names()["star"],
    )
    assert names["fit"] == [*(f"gradcorr_{name}" for name in NAMES), "chi2ratio", "chi2ratio_na"]
    assert names["star"] == [
        "spec_parallax", "err_spec_parallax", "parallax_excess", "neighbour_light",
    ]  # fmt: skip
    assert all(0.5 < one <= 1.0001 for one in fit.outputs[: len(NAMES)])
    assert all(abs(one) < 5 for one in fit.outputs[len(NAMES) :])
    assert fit.label_flags is None
    parallax, error, excess, light = star.outputs
    assert 0 < error < parallax
    assert abs(excess) < 3
    assert light is None


def test_judging_again_with_nothing_new_makes_no_run(clean: Clean, copied: Database) -> None:
    chosen = settings(clean, thresholds=Thresholds(ruwe=1.41))
    first = judgement(copied, "small", chosen)
    before = counts(copied)
    again = judgement(copied, "small", chosen)
    assert counts(copied) == before
    assert (first.new, again.new) == (True, False)
    assert again.run_id == first.run_id
    assert again.tally == first.tally
    assert again.definition_sha256 == first.definition_sha256


def test_another_threshold_is_another_run(clean: Clean, copied: Database) -> None:
    first = judgement(copied, "small", settings(clean))
    strict = settings(clean, thresholds=Thresholds(gradcorr=0.9999999))
    second = judgement(copied, "small", strict)
    assert second.new
    assert second.run_id != first.run_id
    assert second.definition_sha256 != first.definition_sha256
    assert second.tally["raised"]["label.gradient_unreliable"] > 100


def test_a_trial_finds_the_same_and_writes_nothing(clean: Clean, copied: Database) -> None:
    chosen = settings(clean, thresholds=Thresholds(ruwe=1.42))
    before = counts(copied)
    tried = trial(copied, "small", chosen)
    assert counts(copied) == before
    done = judgement(copied, "small", chosen)
    assert tried.run_id is None
    assert tried.tally == done.tally
    assert tried.definition_sha256 == done.definition_sha256


def test_the_size_of_batches_changes_nothing(
    clean: Clean, copied: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Judgement] = []
    for size in (4096, 7):
        monkeypatch.setattr(sample_module, "ROWS", size)
        found.append(trial(copied, "small", settings(clean)))
    assert found[0] == found[1]


def test_what_is_withdrawn_is_not_judged_and_makes_a_new_sample(clean: Clean) -> None:
    with clean.copy() as database:
        judge(database, "small", settings(clean))
        change_spectra(database.engine(), [clean.names()["spectrum"]], "a test", "withdrawn")
        second = judgement(database, "small", settings(clean))
        assert second.new
        left = rows(
            database,
            "SELECT FROM ledger.fit_quality WHERE quality_run_id = :run AND spectrum_id = :s",
            run=second.run_id,
            s=clean.names()["spectrum"],
        )
    assert second.fits == second.stars == STARS - 1
    assert left == []


def test_failed_fits_are_no_part_of_the_sample_and_what_lacks_is_told(
    clean: Clean, tmp_path: Path
) -> None:
    failed = """UPDATE ledger.fit SET outcome = 'failed', reason = 'It failed.', labels = NULL,
        errors = NULL, bounds = NULL, extras = NULL, label_flags = NULL, chi2 = NULL
        WHERE spectrum_id = :spectrum"""
    with clean.copy() as database:
        clean.worsen(database, failed)
        found = trial(database, "small", settings(clean))
        assert (found.fits, found.stars) == (STARS - 1, STARS)
        assert found.without == {"advice": "nobody advises against a label of the model"}
        for table in ("gaia_source", "crossmatch_run"):
            clean.worsen(database, f"DELETE FROM ledger.{table}")
        found = trial(database, "small", QualitySettings(model_root=tmp_path))
    assert found.without == {
        "gradcorr": "the model's files are not here",
        "advice": "nobody advises against a label of the model",
        "binary_parallax": "no star of the sample has a parallax and magnitudes of Gaia",
        "blended": "no crossmatch of spectra with Gaia",
        "ambiguous_match": "no crossmatch of spectra with Gaia",
        "high_ruwe": "no star of the sample has a RUWE of Gaia",
    }
    assert "fit.chi2_excess" in found.tally["raised"]


def test_what_cannot_be_judged_is_refused(clean: Clean) -> None:
    withdrawn = """INSERT INTO ledger.withdrawal (run_id, model_id, action, reason)
        VALUES (:match, :model, 'withdrawn', 'a test')"""
    with clean.copy() as database:
        with pytest.raises(NoSuchModel):
            judge(database, "other", settings(clean))
        with pytest.raises(NothingToJudge, match="No current visit has a fit of small"):
            judge(database, "small", settings(clean, config=99))
        clean.worsen(database, "DELETE FROM ledger.fit_run")
        with pytest.raises(NothingToJudge, match="No run of fits of small has ended"):
            judge(database, "small", settings(clean))
        clean.worsen(database, withdrawn)
        with pytest.raises(NothingToJudge, match="is withdrawn"):
            judge(database, "small", settings(clean))
        assert rows(database, "SELECT FROM ledger.quality_run") == []
