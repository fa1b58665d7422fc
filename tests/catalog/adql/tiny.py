"""A release small enough to know by heart, for queries whose answers were worked out by hand."""

from __future__ import annotations

from sqlalchemy import Connection, text

from starledger.catalog.fields import Field
from starledger.catalog.releases.tables import Table
from starledger.schema.sky import healpix_cells

STARS = [
    # id, name, ra, dec, teff, logg, fe_h, visits, flags, bad, gaia, pmra, pmdec, seen
    (1, "alpha", 10.0, 0.0, 5000.0, 4.5, 0.0, 3, 0, False, 4295806720, 1.0, 0.0, "2015-01-01"),
    (2, "beta", 10.1, 0.0, 5500.0, 4.0, -0.5, 2, 1, False, 34361129088, 0.0, 2.0, "2015-06-01"),
    (3, "gamma", 359.9, 45.0, 6000.0, 3.5, -1.0, 1, 3, True, 38655544960, None, None, "2016-01-01"),
    (4, "Delta", 0.1, 45.0, 4500.0, 2.5, None, 2, 4, True, None, 0.5, -0.5, "2016-07-01T12:30:00"),
    (5, "eps_1", 180.0, 89.9, 4000.0, 1.5, -2.0, 1, 0, False, 9223372036854775807, 0.0, 0.0, None),
    (6, None, 0.0, -89.9, None, None, None, 0, 8, True, None, None, None, None),
    (7, "it's", 200.0, -30.0, 7000.5, 4.25, 0.25, 4, 16, False, -7, 10.0, -10.0, "2017-01-01"),
    (8, "100%", 200.5, -30.5, 8000.0, 4.0, 0.5, 1, 0, False, 0, 0.0, 0.0, "2018-01-01"),
]

VISITS = [
    # spectrum, star, snr, mjd, survey, rv, Night
    (11, 1, 50.0, 57000.5, "lamost", 10.0, "n1"),
    (12, 1, 60.0, 57001.25, "lamost", 10.5, "n2"),
    (13, 1, 70.0, 57002.0, "apogee", None, "n3"),
    (21, 2, 20.0, 57000.5, "lamost", -5.0, "n1"),
    (22, 2, 30.0, 57001.5, "apogee", -5.5, "n2"),
    (31, 3, 15.0, 57003.0, "lamost", 100.0, "n4"),
    (41, 4, 25.0, 57003.0, "galah", 0.0, "n4"),
    (42, 4, 35.0, 57004.0, "galah", 0.25, "n5"),
    (99, None, 5.0, 57009.0, "boss", None, "n9"),
]

MINE = [(10.0, 0.0001, 42, "first"), (200.0, -30.0, 43, "second"), (90.0, 10.0, 44, None)]


def _fields(text: str) -> tuple[Field, ...]:
    lines = [line.split("|") for line in text.strip().splitlines()]
    return tuple(
        Field(name.strip(), kind.strip(), unit.strip(), ucd.strip(), f"the {name.strip()}")
        for name, kind, unit, ucd in lines
    )


STAR = _fields("""
star_id  | bigint           | dimensionless | meta.id;meta.main
name     | text             | dimensionless | meta.id
ra       | double precision | deg           | pos.eq.ra;meta.main
dec      | double precision | deg           | pos.eq.dec;meta.main
healpix  | bigint           | dimensionless | pos.healpix
teff     | real             | K             | phys.temperature.effective
logg     | real             | dex(cm/s**2)  | phys.gravity
fe_h     | real             | dex           | phys.abund.Fe
n_visits | smallint         | dimensionless | meta.number
flags    | integer          | dimensionless | meta.code.qual
flag_bad | boolean          | dimensionless | meta.code.qual
gaia_id  | bigint           | dimensionless | meta.id
pmra     | double precision | mas/yr        | pos.pm;pos.eq.ra
pmdec    | double precision | mas/yr        | pos.pm;pos.eq.dec
seen     | timestamp without time zone | dimensionless | time.epoch
parts    | bigint[]         | dimensionless | meta.id
""")

VISIT = _fields("""
spectrum_id | bigint           | dimensionless | meta.id;meta.main
star_id     | bigint           | dimensionless | meta.id
snr         | real             | dimensionless | stat.snr
mjd         | double precision | d             | time.epoch
survey      | text             | dimensionless | meta.id;instr
rv          | real             | km/s          | spect.dopplerVeloc
Night       | text             | dimensionless | meta.id
""")

UPLOAD = _fields("""
ra    | double precision | deg           | pos.eq.ra
dec   | double precision | deg           | pos.eq.dec
size  | integer          | dimensionless | phys.size
Label | text             | dimensionless | meta.id
""")

TABLES = (
    Table("tiny", "star", "tiny_data.star", "One row a star.", len(STARS), STAR),
    Table("tiny", "visit", "tiny.visit", "One row a visit.", len(VISITS), VISIT),
    Table("tap_upload", "mine", "tiny_data.upload_mine", "Mine.", len(MINE), UPLOAD),
)


def make(connection: Connection) -> None:
    """Make the tables, for the owner to fill and for readers to read."""
    for schema in ("tiny", "tiny_data"):
        connection.execute(text(f"CREATE SCHEMA {schema}"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO starledger_reader"))
    for table in TABLES:
        columns = ", ".join(f'"{one.name}" {one.type}' for one in table.fields)
        connection.execute(text(f"CREATE TABLE {table.relation} ({columns})"))
        connection.execute(text(f"GRANT SELECT ON {table.relation} TO starledger_reader"))
    star, visit, mine = (table.relation for table in TABLES)
    for one in STARS:
        parts = [seen[0] for seen in VISITS if seen[1] == one[0]]
        cell = int(healpix_cells([one[2]], [one[3]])[0])
        _insert(connection, star, (*one[:4], cell, *one[4:], parts))
    for visited in VISITS:
        _insert(connection, visit, visited)
    for uploaded in MINE:
        _insert(connection, mine, uploaded)


def _insert(connection: Connection, table: str, row: tuple[object, ...]) -> None:
    names = [f"v{place}" for place in range(len(row))]
    values = ", ".join(f":{name}" for name in names)
    statement = text(f"INSERT INTO {table} VALUES ({values})")
    connection.execute(statement, dict(zip(names, row, strict=True)))
