"""Training sets are entered once, and known to their models."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import text

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.compute.training.overlap import Cuts
from starledger.compute.training.training_sets import enter
from tests.compute.training.test_overlap import found_in
from tests.compute.training.two_surveys import Matched

pytestmark = pytest.mark.integration


def test_a_training_set_is_entered_once(matched: Matched) -> None:
    found = found_in(matched)
    with matched.database.engine().begin() as connection:
        number = enter(connection, "overlap", found)
        assert enter(connection, "overlap", found) == number
        members = text("SELECT count(*) FROM ledger.training_member WHERE training_set_id = :id")
        assert connection.execute(members, {"id": number}).scalar_one() == len(found)


def test_who_is_held_out_belongs_to_it(matched: Matched) -> None:
    found = found_in(matched)
    out = np.arange(len(found)) % 5 == 0
    with matched.database.engine().begin() as connection:
        number = enter(connection, "held_out", found, out)
        assert enter(connection, "held_out", found, out) == number
        roles = text("""
            SELECT spectrum_id FROM ledger.training_member
            WHERE training_set_id = :id AND role = 'test'
        """)
        tested = connection.execute(roles, {"id": number}).scalars().all()
        assert set(tested) == set(found.spectrum_ids[out].tolist())
        with pytest.raises(BadTrainingSet, match="Another training set is called held_out"):
            enter(connection, "held_out", found, ~out)


def test_another_set_of_the_same_name_is_refused(matched: Matched) -> None:
    with matched.database.engine().begin() as connection:
        enter(connection, "taken", found_in(matched, Cuts(min_snr=50.0)))
    with (
        pytest.raises(BadTrainingSet, match="taken"),
        matched.database.engine().begin() as connection,
    ):
        enter(connection, "taken", found_in(matched, Cuts(min_snr=60.0)))
