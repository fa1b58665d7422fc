"""The surveys and instruments that we know, and the data releases that they published."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from starledger.schema.errors import StarledgerError
from starledger.schema.tables import DataRelease, Instrument, Ledger, Survey


class UnknownDataRelease(StarledgerError):
    """A data release is not spelled as one, is of no survey that we know, or was never ingested."""


@dataclass(frozen=True, slots=True)
class KnownSurvey:
    """A survey: its name in commands and in print, and its page."""

    name: str
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class KnownInstrument:
    """A spectrograph in one mode; wavelengths in Å in the stated medium."""

    name: str
    survey: str
    arms: tuple[str, ...]
    wavelength_min: float
    wavelength_max: float
    wavelength_medium: str
    resolving_power: float


SURVEYS = {
    survey.name: survey
    for survey in (
        KnownSurvey("lamost", "LAMOST", "https://www.lamost.org"),
        KnownSurvey("apogee", "APOGEE", "https://www.sdss.org/surveys/apogee-2"),
        KnownSurvey("sdss", "SDSS", "https://www.sdss.org"),
        KnownSurvey("galah", "GALAH", "https://www.galah-survey.org"),
        KnownSurvey("gaia", "Gaia", "https://www.cosmos.esa.int/gaia"),
        KnownSurvey("value_added", "Value-added catalogs"),
    )
}
"""The surveys by name. ``value_added`` owns the tables that others made of surveys' data."""

INSTRUMENTS = {
    instrument.name: instrument
    for instrument in (
        KnownInstrument("lamost_lrs", "lamost", ("full",), 3690.0, 9100.0, "vacuum", 1800.0),
        KnownInstrument("lamost_mrs", "lamost", ("blue", "red"), 4900.0, 6900.0, "vacuum", 7500.0),
        KnownInstrument("apogee", "apogee", ("full",), 15100.0, 17000.0, "vacuum", 22500.0),
        KnownInstrument("boss", "sdss", ("full", "blue", "red"), 3500.0, 10500.0, "vacuum", 2000.0),
        KnownInstrument("sdss", "sdss", ("full", "blue", "red"), 3750.0, 9300.0, "vacuum", 1850.0),
    )
}
"""The instruments by name."""

_SPELLING = re.compile(r"(?P<name>[a-z][a-z0-9_]*)(/(?P<version>[a-z][a-z0-9_]*))?")


@dataclass(frozen=True, slots=True)
class Release:
    """The name of a data release's product: survey, name, version and which product.

    Examples
    --------
    >>> str(Release.parse("galah", "dr3/v2", "allstar"))
    'galah/dr3/v2:allstar'
    """

    survey: str
    name: str
    version: str
    product: str

    @classmethod
    def parse(cls, survey: str, release: str, product: str) -> Release:
        """Return the data release that ``dr5`` or ``dr5/v3`` of a survey means.

        Raises
        ------
        UnknownDataRelease
            There is no such survey, or the release is not spelled like ``dr5`` or ``dr5/v3``.
        """
        if survey not in SURVEYS:
            raise UnknownDataRelease(
                f"{survey!r} is no survey that we know.",
                remedy=f"Name one of {', '.join(SURVEYS)}.",
            )
        found = _SPELLING.fullmatch(release)
        if found is None:
            raise UnknownDataRelease(
                f"{release!r} is not the name of a data release.",
                remedy="Write it like dr5, or dr5/v3 with its version, in lower case.",
            )
        return cls(survey, found["name"], found["version"] or "v1", product)

    @classmethod
    def parse_whole(cls, text: str, product: str) -> Release:
        """Return what ``SURVEY/NAME[/VERSION][:PRODUCT]`` means; a product is given otherwise.

        Examples
        --------
        >>> Release.parse_whole("gaia/dr3", "source").product
        'source'
        """
        whole, _, named = text.partition(":")
        survey, _, release = whole.partition("/")
        return cls.parse(survey, release, named or product)

    def __str__(self) -> str:
        return f"{self.survey}/{self.name}/{self.version}:{self.product}"


def ensure_data_release(connection: Connection, release: Release) -> int:
    """Return the number of a data release, which is entered where it is new, with its survey."""
    survey = SURVEYS[release.survey]
    survey_id = _ensure(
        connection, Survey, Survey.survey_id, name=survey.name, title=survey.title, url=survey.url
    )
    return _ensure(
        connection,
        DataRelease,
        DataRelease.data_release_id,
        survey_id=survey_id,
        name=release.name,
        version=release.version,
        product=release.product,
    )


def find_data_release(connection: Connection, release: Release) -> int:
    """Return the number of a data release.

    Raises
    ------
    UnknownDataRelease
        Nothing of it was ever ingested.
    """
    known = connection.execute(
        select(Survey.name, DataRelease.name, DataRelease.version, DataRelease.product)
        .join(Survey, Survey.survey_id == DataRelease.survey_id)
        .add_columns(DataRelease.data_release_id)
    ).all()
    for survey, name, version, product, number in known:
        if (survey, name, version, product) == (
            release.survey,
            release.name,
            release.version,
            release.product,
        ):
            return int(number)
    there = ", ".join(sorted(f"{s}/{n}/{v}:{p}" for s, n, v, p, _ in known)) or "nothing yet"
    raise UnknownDataRelease(
        f"The ledger holds no {release}.", remedy=f"Ingest it first; there is {there}."
    )


def ensure_instrument(connection: Connection, name: str) -> int:
    """Return the number of an instrument, which is entered where it is new, with its survey."""
    instrument = INSTRUMENTS[name]
    survey = SURVEYS[instrument.survey]
    survey_id = _ensure(
        connection, Survey, Survey.survey_id, name=survey.name, title=survey.title, url=survey.url
    )
    return _ensure(
        connection,
        Instrument,
        Instrument.instrument_id,
        name=instrument.name,
        survey_id=survey_id,
        arms=list(instrument.arms),
        wavelength_min=instrument.wavelength_min,
        wavelength_max=instrument.wavelength_max,
        wavelength_medium=instrument.wavelength_medium,
        resolving_power=instrument.resolving_power,
    )


_NAMED_BY: dict[type[Ledger], tuple[str, ...]] = {
    Survey: ("name",),
    Instrument: ("name",),
    DataRelease: ("survey_id", "name", "version", "product"),
}


def _ensure(connection: Connection, table: type[Ledger], key: object, **values: object) -> int:
    """Insert a row unless its name is there, and return its number; two at once are no harm."""
    connection.execute(insert(table).on_conflict_do_nothing(), values)
    named = {name: values[name] for name in _NAMED_BY[table]}
    return int(connection.execute(select(key).filter_by(**named).select_from(table)).scalar_one())  # type: ignore[call-overload]
