"""Answers on a terminal: as wide as fits."""

from __future__ import annotations

import pyarrow as pa
import pytest

from starledger.catalog.fields import Field
from starledger.catalog.query.showing import show


def made(columns: int, rows: int) -> tuple[list[Field], pa.Table]:
    """Return a table of texts with brackets in them."""
    names = [f"column_{number}" for number in range(columns)]
    fields = [Field(name, "text", "km/s", "", "") for name in names]
    values = pa.array(["[b] α"] * rows, pa.string())
    return fields, pa.Table.from_arrays([values] * columns, names)


@pytest.mark.parametrize(
    ("columns", "rows", "shown"), [(4, 5, 4), (40, 5, 7), (40, 2, 40), (40, 0, 7), (1, 0, 1)]
)
def test_columns_that_do_not_fit_are_not_squeezed(
    columns: int,
    rows: int,
    shown: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    fields, table = made(columns, rows)
    assert show(fields, table) == shown
    said = capsys.readouterr().out
    assert "…" not in said
    assert said.count("[b] α") == rows * shown
    assert all(one.name in said for one in fields[:shown])
    assert max(map(len, said.splitlines())) <= 80


def test_a_long_text_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    fields, _ = made(1, 1)
    assert show(fields, pa.table({"column_0": ["x" * 500]})) == 1
    assert "…" in capsys.readouterr().out
