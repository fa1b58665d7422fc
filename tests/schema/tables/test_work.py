"""Pending work is found by index, in the order in which pixels lie in the shards."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from starledger.schema.tables import Work
from tests.schema.many_models import ManyModels

pytestmark = pytest.mark.integration


def test_pending_work_of_a_model(many: ManyModels) -> None:
    found = many.connection.scalars(
        select(Work.spectrum_id)
        .where(Work.model_id == many.ids["dd_payne_lamost"], Work.state == "pending")
        .order_by(Work.position)
    ).all()
    assert found == [many.ids["visit_3"], many.ids["visit_other"]]
