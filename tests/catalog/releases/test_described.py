"""The pages of views tell the columns that a published release has."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from starledger.catalog.releases.described import views_of_all_labels
from starledger.catalog.releases.finding import find_release
from starledger.catalog.releases.tables import tables_of
from starledger.schema.labels import LABELS
from starledger.schema.units import checked_ucd, checked_unit

pytestmark = pytest.mark.integration


def test_columns_are_those_of_a_release(connection: Connection) -> None:
    described = {
        view.name: {one.name: one for one in view.columns} for view in views_of_all_labels()
    }
    tables = tables_of(connection, find_release(connection, "dr1"))
    assert {one.name for one in tables} == set(described)
    for table in tables:
        for field in table.fields:
            known = described[table.name].get(field.name)
            # What a model or a quality run declares, or a crossmatch brings, is its own.
            if known is not None:
                assert known == field
        shared = [one.name for one in table.fields if one.name in described[table.name]]
        assert len(shared) > 0.8 * len(table.fields)


def test_every_label_is_there_with_unit_and_ucd() -> None:
    for view in views_of_all_labels():
        for one in view.columns:
            assert one.description
            checked_unit(one.unit)
            checked_ucd(one.ucd)
        if view.name in ("star", "fit"):
            assert {one.name for one in view.columns} >= LABELS.keys()
