"""Spectra whose star is a Gaia source, by the crossmatches that a star run follows.

A star run works in temporary tables, which end with its transaction:

``visit``
    every spectrum that is current and was not withdrawn;
``grouped``
    the group of each visit, all groups being stars;
``found_star``
    what is known of each group.

Groups are numbered in an order that does not depend on when their spectra came in.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, literal_column, select, text

from starledger.ingest.crossmatch.sides import sql_of
from starledger.ingest.crossmatch.supplied import nearest_in_gaia
from starledger.ingest.stars.matches import GaiaMatch
from starledger.schema.asof import valid, withdrawn
from starledger.schema.tables import Spectrum, Withdrawal

_TABLES = """
CREATE TEMP TABLE used_match (run_id bigint PRIMARY KEY, generation text) ON COMMIT DROP;
CREATE TEMP TABLE grouped (spectrum_id bigint, group_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE found_star (group_id bigint, dr3 bigint, dr2 bigint, ra float8, dec float8,
    epoch float8, pmra float8, pmdec float8, healpix bigint) ON COMMIT DROP
"""

_SIGHTED = """
CREATE TEMP TABLE sighted ON COMMIT DROP AS
SELECT DISTINCT ON (n.left_row_id, u.generation)
    n.left_row_id AS spectrum_id, u.generation, g.row_id, g.source_id
FROM used_match u
JOIN ledger.neighbourhood n ON n.crossmatch_run_id = u.run_id AND n.rank = 1
JOIN visit v ON v.spectrum_id = n.left_row_id
JOIN ledger.gaia_source g ON g.row_id = n.right_row_id
ORDER BY n.left_row_id, u.generation, u.run_id DESC;
ANALYZE sighted
"""

_BRIDGED = """
CREATE TEMP TABLE bridged ON COMMIT DROP AS
SELECT dr2, ({nearest_dr3}) AS dr3
FROM (SELECT DISTINCT source_id AS dr2 FROM sighted WHERE generation = 'dr2') sources
"""

_SOURCE_OF = """
CREATE TEMP TABLE source_of ON COMMIT DROP AS
SELECT spectrum_id, coalesce(three.source_id, b.dr3) AS dr3,
    CASE WHEN coalesce(three.source_id, b.dr3) IS NULL THEN two.source_id END AS dr2_alone,
    three.row_id IS NOT NULL AS in_dr3, coalesce(three.source_id, two.source_id) AS seen_as,
    coalesce(three.row_id, two.row_id) AS row_id
FROM (SELECT * FROM sighted WHERE generation = 'dr3') three
FULL JOIN (SELECT * FROM sighted WHERE generation = 'dr2') two USING (spectrum_id)
LEFT JOIN bridged b ON b.dr2 = two.source_id;
CREATE TEMP TABLE gaia_star ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY dr3, dr2_alone) AS group_id, * FROM (
    SELECT DISTINCT ON (dr3, dr2_alone) dr3, dr2_alone, row_id FROM source_of
    ORDER BY dr3, dr2_alone, in_dr3 DESC, seen_as, row_id DESC) best;
ANALYZE source_of;
ANALYZE gaia_star
"""

_GROUP = """
INSERT INTO found_star
SELECT s.group_id, s.dr3, coalesce(s.dr2_alone, ({nearest_dr2})), g.ra, g.dec, g.ref_epoch,
    g.pmra, g.pmdec, g.healpix
FROM gaia_star s JOIN ledger.gaia_source g ON g.row_id = s.row_id;
INSERT INTO grouped
SELECT o.spectrum_id, s.group_id FROM source_of o JOIN gaia_star s ON s.dr3 = o.dr3
UNION ALL
SELECT o.spectrum_id, s.group_id FROM source_of o JOIN gaia_star s ON s.dr2_alone = o.dr2_alone;
ANALYZE grouped;
ANALYZE found_star
"""


def find_visits(connection: Connection, as_of: int) -> int:
    """Make the table ``visit`` and return how many rows it has."""
    query = select(
        Spectrum.spectrum_id,
        Spectrum.data_release_id,
        Spectrum.external_id,
        Spectrum.ra,
        Spectrum.dec,
        Spectrum.ref_epoch,
    ).where(
        valid(Spectrum, as_of),
        ~withdrawn(Withdrawal.spectrum_id, Spectrum.spectrum_id, as_of),
        ~withdrawn(Withdrawal.data_release_id, Spectrum.data_release_id, as_of),
    )
    run_all(connection, f"CREATE TEMP TABLE visit ON COMMIT DROP AS {sql_of(query)}")
    run_all(connection, "ALTER TABLE visit ADD PRIMARY KEY (spectrum_id); ANALYZE visit")
    visits = select(func.count()).select_from(text("visit"))
    return int(connection.execute(visits).scalar_one())


def group_by_source(connection: Connection, matches: Sequence[GaiaMatch], as_of: int) -> None:
    """Make ``grouped`` and ``found_star``, with the visits whose best match is a Gaia source.

    Sources of DR3 are preferred. One of DR2 stands for the nearest one of DR3 that Gaia's own
    table dr2_neighbourhood names, and for itself where there is none. Where two runs matched the
    same spectrum with the same generation of Gaia, the later one counts.
    """
    run_all(connection, _TABLES)
    for match in matches:
        row = {"run": match.run_id, "generation": match.generation}
        connection.execute(text("INSERT INTO used_match VALUES (:run, :generation)"), row)
    run_all(connection, _SIGHTED)
    dr3 = nearest_in_gaia(literal_column("dr2"), "dr2", "dr3", as_of)
    run_all(connection, _BRIDGED.format(nearest_dr3=sql_of(dr3.element)))
    run_all(connection, _SOURCE_OF)
    dr2 = nearest_in_gaia(literal_column("s.dr3"), "dr3", "dr2", as_of)
    run_all(connection, _GROUP.format(nearest_dr2=sql_of(dr2.element)))


def run_all(connection: Connection, script: str) -> None:
    """Execute statements that are parted by semicolons."""
    for statement in script.split(";"):
        connection.exec_driver_sql(statement)
