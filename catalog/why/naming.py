"""Which star of a release is meant by a number, a name or a survey's identifier."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from starledger.catalog.releases.errors import NoSuchStar
from starledger.catalog.releases.finding import PublishedRelease

_NUMBERS = ("star_id", "gaia_dr3_source_id", "gaia_dr2_source_id")
_LARGEST = 2**63

OF_SPECTRA = """
SELECT DISTINCT ON (m.spectrum_id) m.star_id
FROM ledger.data_release d JOIN ledger.spectrum s USING (data_release_id)
JOIN ledger.star_member m USING (spectrum_id)
WHERE s.external_id = :given AND m.star_run_id = ANY (:star_runs)
ORDER BY m.spectrum_id, m.star_run_id DESC
"""

MERGED = """
SELECT to_star_id FROM ledger.star_event
WHERE from_star_id = :star AND event = 'merge' AND star_run_id = ANY (:star_runs)
"""


def star_named(connection: Connection, release: PublishedRelease, given: str) -> int:
    """Return the number of the star that is meant.

    Parameters
    ----------
    connection
        To the ledger.
    release
        In which it is looked for.
    given
        Its number, a Gaia source_id, its starid, or a survey's identifier of one of its spectra.

    Raises
    ------
    NoSuchStar
        None is meant, or several are.
    """
    for found in _meanings(connection, release, given.strip()):
        stars = sorted(set(found))
        if len(stars) == 1:
            return stars[0]
        if stars:
            raise NoSuchStar(
                f"{given} names {len(stars)} stars of {release.name}.",
                remedy=f"Give one of their numbers: {', '.join(map(str, stars[:10]))}.",
            )
    raise NoSuchStar(
        f"{release.name} has no star {given!r}{_merged(connection, release, given)}.",
        remedy="Give a star_id, a Gaia source_id, a starid or a survey's identifier.",
    )


def _meanings(connection: Connection, release: PublishedRelease, given: str) -> Iterator[list[int]]:
    """Yield the stars of each way to understand a name, until one has some."""
    if given.isascii() and given.isdigit() and int(given) < _LARGEST:
        for column in _NUMBERS:
            yield _stars(connection, release, column, int(given))
    yield _stars(connection, release, "starid", given)
    asked = {"given": given, "star_runs": release.manifest["pins"]["star"]}
    yield [
        star
        for owner in connection.scalars(text(OF_SPECTRA), asked).all()
        for star in _stars(connection, release, "star_id", owner)
    ]


def _stars(
    connection: Connection, release: PublishedRelease, column: str, value: int | str
) -> list[int]:
    query = f"SELECT star_id FROM {release.relation('star')} WHERE {column} = :value"  # noqa: S608
    return list(connection.scalars(text(query), {"value": value}))


def _merged(connection: Connection, release: PublishedRelease, given: str) -> str:
    if not (given.isascii() and given.isdigit() and int(given) < _LARGEST):
        return ""
    asked = {"star": int(given), "star_runs": release.manifest["pins"]["star"]}
    into = connection.scalars(text(MERGED), asked).all()
    return f"; it was merged into star {into[-1]}" if into else ""
