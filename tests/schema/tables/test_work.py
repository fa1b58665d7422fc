"""Pending work is found by index, in the order in which pixels lie in the shards."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from starledger.schema.tables import Work
from tests.schema.many_models import ManyModels
from tests.schema.million import Million, plan

pytestmark = pytest.mark.integration


def test_pending_work_of_a_model(many: ManyModels) -> None:
    found = many.connection.scalars(
        select(Work.spectrum_id)
        .where(Work.model_id == many.ids["dd_payne_lamost"], Work.state == "pending")
        .order_by(Work.position)
    ).all()
    assert found == [many.ids["visit_3"], many.ids["visit_other"]]


@pytest.mark.slow
@pytest.mark.xdist_group("million")
def test_a_batch_of_pending_work_is_found_by_index_among_a_million(million: Million) -> None:
    query = (
        select(Work.spectrum_id)
        .where(
            Work.model_id == million.ids["dd_payne_lamost"],
            Work.fit_config_id == million.ids["config"],
            Work.state == "pending",
            Work.position > 500_009,
        )
        .order_by(Work.position)
        .limit(256)
        .with_for_update(skip_locked=True)
    )
    with million.engine.connect() as connection:
        found = connection.scalars(query).all()
        planned = plan(connection, query)
    assert found == list(range(million.first + 500_000, million.first + 500_256))
    assert "ix_work_pending" in planned
    assert "Sort" not in planned
