"""The chain behind a label is whole, and its numbers are those of the release."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from starledger.catalog.calibrate.forms import Calibration
from starledger.catalog.releases.errors import NoSuchStar
from starledger.catalog.releases.finding import find_release
from starledger.catalog.why.chain import corrections, why
from starledger.schema.labels import UnknownLabel
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration


def test_the_chain_leads_back_to_the_file(connection: Connection, growing: Growing) -> None:
    found = why(connection, find_release(connection, "dr1"), "222", "mg_fe")
    (chain,) = found.labels
    (correction,) = chain.corrections
    assert (correction.calibration, correction.before) == ("mg_fe_dwarfs:1", 0.0)
    assert correction.correction == pytest.approx(1e-9 * 5772**2 - 1e-5 * 5772 + 0.05)
    assert correction.after == pytest.approx(chain.value)
    assert not correction.held
    assert {visit.combined for visit in chain.visits} == {"used", "left out"}
    used = [visit for visit in chain.visits if visit.combined == "used"]
    assert [visit.weight for visit in used] == [0.5, 0.5]
    model = found.models["payne_lamost"]
    assert (model["training_set"], model["n_training_members"]) == ("galah_overlap", 1)
    assert found.combinations["payne_lamost"]["run_id"] == growing.runs["combination"]
    files = {one["spectrum_id"]: one for one in found.spectra}
    visit = files[growing.ids["visit_1"]]
    assert (visit["file_name"], visit["data_release"]) == ("visit_1.fits", "lamost/dr5/v1")
    assert visit["shard"] == f"lamost_lrs/{growing.runs['lamost_spectra']}.shard"


def test_each_label_follows_the_model_recommended(connection: Connection) -> None:
    found = why(connection, find_release(connection, "dr2"), "222")
    models = {chain.label: chain.model for chain in found.labels}
    assert (models["teff"], models["logg"]) == ("dd_payne_lamost", "payne_lamost")
    assert set(found.models) == {"dd_payne_lamost", "payne_lamost"}
    flagged = next(chain for chain in found.labels if chain.label == "n_fe")
    assert flagged.flags == ["gradient_unreliable"]


def test_the_newest_release_is_meant_without_a_name(connection: Connection) -> None:
    assert find_release(connection).name == "dr2"


def test_a_label_must_be_there(connection: Connection) -> None:
    release = find_release(connection, "dr1")
    with pytest.raises(NoSuchStar, match="dr1 has no vmic"):
        why(connection, release, "222", "vmic")
    with pytest.raises(UnknownLabel, match="Did you mean mg_fe"):
        why(connection, release, "222", "[Mg/Fe]")


def test_corrections_build_on_each_other() -> None:
    def constant(number: int, corrects: str, value: float, order: int) -> Calibration:
        return Calibration(
            number, f"c{number}", 1, "fe_h", corrects, "all", "constant", (), "raw", order, (value,)
        )

    row = {"raw_fe_h": 0.1, "raw_err_fe_h": 0.02, "snr": 50.0}
    calibrations = [
        constant(1, "error", 1.5, 1), constant(2, "label", 0.2, 2), constant(3, "label", 0.1, 1),
    ]  # fmt: skip
    found = corrections("fe_h", ["fe_h"], row, calibrations)
    assert [one.calibration_id for one in found] == [3, 2, 1]
    numbers = [(one.before, one.correction, one.after) for one in found]
    assert numbers == [
        pytest.approx((0.1, 0.1, 0.2)),
        pytest.approx((0.2, 0.2, 0.4)),
        pytest.approx((0.02, 1.5, 0.03)),
    ]
