"""Which rows and labels a survey itself calls bad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, true

from starledger.ingest.crossmatch.sides import Side
from starledger.ingest.soundness import sound_label, sound_row
from starledger.ingest.surveys import Release
from starledger.schema.tables import ApogeeStar, GaiaSource, GalahStar, ReferenceStar, SurveyVisit
from tests.conftest import Server
from tests.schema.small_survey import SmallSurvey, position

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def survey(server: Server, upgraded: str) -> Iterator[SmallSurvey]:
    with server.database(upgraded) as database, database.engine().connect() as connection:
        small = SmallSurvey(connection)
        small.ingest("flagged", "apogee_dr14")
        yield small
        connection.rollback()


def side(small: SmallSurvey, survey: str, product: str, table: type[Any]) -> Side:
    number = small.ids["apogee_dr14"]
    return Side(Release(survey, "dr14", "v1", product), number, table, small.runs["flagged"])


def add(small: SmallSurvey, table: type[Any], name: str, **values: Any) -> None:
    its_own: dict[type[Any], dict[str, Any]] = {
        ApogeeStar: {"apogee_id": name},
        GalahStar: {"sobject_id": 1},
    }
    small.add(
        table,
        external_id=name,
        data_release_id=small.ids["apogee_dr14"],
        valid_from_run_id=small.runs["flagged"],
        **its_own.get(table, {}),
        **position(10.0, 20.0),
        **values,
    )


@pytest.mark.parametrize(
    ("of_survey", "table", "flags", "sound"),
    [
        ("apogee", ApogeeStar, 1 << 23, False),
        ("apogee", ApogeeStar, 1 << 23 | 1 << 7, False),
        ("apogee", ApogeeStar, 1 << 7 | 1 << 40, True),
        ("apogee", SurveyVisit, 1 << 3, False),
        ("apogee", SurveyVisit, 1 << 9, True),
        ("galah", GalahStar, 1 << 10, False),
        ("galah", GalahStar, 0, True),
        ("lamost", SurveyVisit, 1 << 7, False),
        ("lamost", SurveyVisit, 0, True),
        ("sdss", SurveyVisit, 1 << 2, False),
        ("sdss", SurveyVisit, 1 << 4, True),
        ("sdss", SurveyVisit, 1 << 4 | 1 << 7, False),
        ("value_added", ReferenceStar, 1 << 62, False),
        ("value_added", ReferenceStar, 0, True),
    ],
)
def test_bits_mean_what_the_survey_means(
    survey: SmallSurvey, of_survey: str, table: type[Any], flags: int, sound: bool
) -> None:
    name = f"{of_survey}_{table.__tablename__}_{flags}"
    add(survey, table, name, survey_flags=flags)
    rule = sound_row(side(survey, of_survey, "main", table))
    query = select(rule).where(table.external_id == name)
    assert survey.connection.execute(query).scalar_one() is sound


@pytest.mark.parametrize(
    ("product", "flags", "sound"),
    [
        ("allstar", [1, 0], True),
        ("allstar", [0, 1], False),
        ("allstar", [1, None], True),
        ("allstar", None, True),
        ("dd_payne", [0, 1], True),
        ("dd_payne", [1, 0], False),
        ("dd_payne", [0, None], True),
    ],
)
def test_a_label_counts_that_its_survey_would_use(
    survey: SmallSurvey, product: str, flags: list[int | None] | None, sound: bool
) -> None:
    name = f"{product}_{flags}"
    add(survey, ReferenceStar, name, labels=[5000.0, 0.1], label_flags=flags)
    rule = sound_label(side(survey, "value_added", product, ReferenceStar), 2)
    query = select(rule).where(ReferenceStar.external_id == name)
    assert survey.connection.execute(query).scalar_one() is sound


def test_a_table_without_flags_is_sound(survey: SmallSurvey) -> None:
    assert sound_row(side(survey, "gaia", "source", GaiaSource)).compare(true())
