"""Calibrations inline are those in NumPy, however many build on each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection

from starledger.catalog.calibrate.forms import Calibration, apply
from starledger.catalog.releases.calibrating import laterals

pytestmark = pytest.mark.integration

LABELS = ["teff", "logg", "fe_h"]
RAW = {"teff": [4200.0, 5772.0, 6900.0], "logg": [1.5, 4.44, np.nan], "fe_h": [-1.0, 0.0, 0.3]}
ERRORS = {"teff": [30.0, 40.0, 50.0], "logg": [0.1, 0.1, 0.1], "fe_h": [0.02, 0.03, 0.04]}


NAMES = ", ".join(f"raw_{label}, raw_err_{label}" for label in LABELS)
ROW = "(5000::real, 50::real, 4.4::real, 0.1::real, 0::real, 0.05::real)"


def polynomial(number: int, label: str, variable: str, order: int) -> Calibration:
    """Return a cubic in a calibrated label."""
    return Calibration(
        number, f"c{number}", 1, label, "label", "all", "polynomial", (variable,), "calibrated",
        order, (1e-3, -2e-2, 0.1, 0.05), {"pivots": [1.0], "scales": [10.0]}, -100.0, 6000.0,
    )  # fmt: skip


CALIBRATIONS = [
    polynomial(1, "teff", "fe_h", 1),
    polynomial(2, "logg", "teff", 1),
    polynomial(3, "logg", "teff", 2),
    polynomial(4, "logg", "teff", 3),
    Calibration(5, "c5", 1, "fe_h", "error", "all", "constant", (), "raw", 1, (1.5,)),
]


def test_the_sql_gives_what_numpy_gives(connection: Connection) -> None:
    values = ", ".join(
        "({})".format(
            ", ".join(
                f"'{column[label][row]!r}'::real" if column[label][row] == column[label][row]
                else "NULL::real"
                for label in LABELS for column in (RAW, ERRORS)
            )
        )
        for row in range(3)
    )  # fmt: skip
    query = (
        "SELECT teff, err_teff, held_teff, logg, err_logg, held_logg, fe_h, err_fe_h, held_fe_h"
        f" FROM (VALUES {values}) own ({NAMES})\n{laterals(LABELS, CALIBRATIONS)}"
    )
    found = connection.exec_driver_sql(query).all()
    raw = {name: np.array(each, np.float32).astype(float) for name, each in RAW.items()}
    errors = {name: np.array(each, np.float32).astype(float) for name, each in ERRORS.items()}
    expected = apply(raw, errors, CALIBRATIONS)
    columns: list[dict[str, Any]] = [expected.labels, expected.errors, expected.held]
    for place, label in enumerate(LABELS):
        for offset, said in enumerate(columns):
            column = np.array([row[3 * place + offset] for row in found], float)
            np.testing.assert_array_equal(column, said[label].astype(float))


def test_a_long_chain_is_fenced(connection: Connection) -> None:
    """What builds on something stands behind a fence, so that nothing grows with its length."""
    few = laterals(LABELS, CALIBRATIONS[:2])
    assert "OFFSET 0" not in few
    many = [polynomial(number, "logg", "logg", number) for number in range(1, 9)]
    said = laterals(LABELS, many)
    assert said.count("OFFSET 0") == said.count("CROSS JOIN LATERAL") - 1
    query = f"SELECT logg FROM (VALUES {ROW}) own ({NAMES})\n{said}"
    assert len(connection.exec_driver_sql(query).all()) == 1
