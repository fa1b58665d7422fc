from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import text

from starledger.catalog.quality import sample as sample_module
from starledger.catalog.quality.rule import Subject
from starledger.catalog.quality.sample import sampled
from starledger.catalog.quality.thresholds import Thresholds
from tests.catalog.quality.clean_ledger import Clean
from tests.catalog.quality.made_sample import EXTRAS, NAMES, STARS

pytestmark = pytest.mark.integration

_MOVED = "UPDATE pg_temp.{} SET spectrum_id = spectrum_id WHERE mod(spectrum_id, 3) = 0"
"""PostgreSQL writes changed rows behind all others."""


@pytest.mark.parametrize("subject", list(Subject))
def test_rows_come_in_the_order_of_their_ids_wherever_they_lie(
    clean: Clean, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers write as they please, and judging must not differ in a single bit for it."""
    monkeypatch.setattr(sample_module, "ROWS", 7)
    with clean.copy() as database:
        engine = database.engine()
        with engine.connect() as connection:
            fitted = text("SELECT model_id, fit_config_id FROM ledger.fit LIMIT 1")
            model_id, config = connection.execute(fitted).one()
            last = connection.execute(
                text("SELECT max(run_id) FROM ledger.closed_run")
            ).scalar_one()
        with sampled(engine, model_id, config, (NAMES, EXTRAS), last, Thresholds()) as sample:
            for table in ("quality_fit", "quality_star"):
                sample.connection.exec_driver_sql(_MOVED.format(table))
            sample.connection.exec_driver_sql("SET enable_mergejoin = off")
            sample.connection.commit()
            ids = np.concatenate([batch.ids for batch in sample.batches(subject)])
    assert len(ids) == STARS
    assert (np.diff(ids) > 0).all()
