"""Queries made up from the grammar of ADQL: most are right, many ask for what makes no sense."""

from __future__ import annotations

from hypothesis import strategies as st

NUMBERS = ("star_id", "ra", "dec", "teff", "logg", "n_visits", "flags", "gaia_id", "pmra")
TEXTS = ("name", "'a'", "'it''s'", "LOWER(name)", "UPPER('x')", "CAST(teff AS VARCHAR(9))")
OTHERS = (
    "flag_bad",
    "seen",
    "parts",
    "NULL",
    "TRUE",
    "tef",
    "star",
    "xmin",
    '"Name"',
    "s.teff",
    "*",
)
LITERALS = (
    "1",
    "0",
    "2.5",
    "1e3",
    "-7",
    "0x1F",
    "9223372036854775807",
    "1e-320",
    "99999999999999999999",
)
ONE = (
    "ABS",
    "CEILING",
    "DEGREES",
    "EXP",
    "FLOOR",
    "LOG",
    "LOG10",
    "RADIANS",
    "SQRT",
    "SIN",
    "COS",
    "TAN",
    "ASIN",
    "ACOS",
    "ATAN",
    "ROUND",
    "TRUNCATE",
    "MIN",
    "MAX",
    "AVG",
    "SUM",
    "COUNT",
    "COALESCE",
    "LOWER",
    "pg_sleep",
    "COORD1",
    "AREA",
)
TWO = (
    "MOD",
    "POWER",
    "ATAN2",
    "COALESCE",
    "ROUND",
    "POINT",
    "DISTANCE",
    "CONTAINS",
    "ivo_string_agg",
)
SHAPES = (
    "POINT(ra, dec)",
    "CIRCLE(10, 0, 1)",
    "CIRCLE(POINT(ra, dec), 0.5)",
    "BOX(10, 0, 1, 1)",
    "POLYGON(9, -1, 11, -1, 11, 1)",
    "ivo_healpix_center(3, 17)",
    "CENTROID(CIRCLE(1, 2, 3))",
)
OPERATORS = ("+", "-", "*", "/", "||", "&", "|", "^")
COMPARISONS = ("=", "<>", "!=", "<", ">", "<=", ">=")

leaves = st.sampled_from((*NUMBERS * 3, *TEXTS, *OTHERS, *LITERALS))


def _larger(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(values, values)
    condition = st.builds("{0[0]} {1} {0[1]}".format, pair, st.sampled_from(COMPARISONS))
    return st.one_of(
        st.builds("({0[0]} {1} {0[1]})".format, pair, st.sampled_from(OPERATORS)),
        st.builds("{}({})".format, st.sampled_from(ONE), values),
        st.builds("{0}({1[0]}, {1[1]})".format, st.sampled_from(TWO), pair),
        st.builds("CASE WHEN {} THEN {} ELSE {} END".format, condition, values, values),
        st.builds(
            "CAST({} AS {})".format,
            values,
            st.sampled_from(
                ("INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION", "VARCHAR", "TIMESTAMP", "NUMERIC")
            ),
        ),
        st.builds("-{}".format, values),
        st.builds("(SELECT MAX({}) FROM visit)".format, values),
        st.builds("DISTANCE({}, {})".format, st.sampled_from(SHAPES), st.sampled_from(SHAPES)),
        st.builds("ivo_healpix_index(4, {0[0]}, {0[1]})".format, pair),
    )


values = st.recursive(leaves, _larger, max_leaves=6)

simple_conditions = st.one_of(
    st.builds("{} {} {}".format, values, st.sampled_from(COMPARISONS), values),
    st.builds("{} BETWEEN {} AND {}".format, values, values, values),
    st.builds("{} {} ({}, {})".format, values, st.sampled_from(("IN", "NOT IN")), values, values),
    st.builds("{} {} 'a%'".format, values, st.sampled_from(("LIKE", "ILIKE", "NOT LIKE"))),
    st.builds("{} IS {} NULL".format, values, st.sampled_from(("", "NOT"))),
    st.builds("star_id IN (SELECT {} FROM visit)".format, values),
    st.builds("EXISTS (SELECT 1 FROM visit AS v WHERE v.star_id = {})".format, values),
    st.builds(
        "{} = CONTAINS({}, {})".format,
        st.sampled_from("01"),
        st.sampled_from(SHAPES),
        st.sampled_from(SHAPES),
    ),
    st.builds(
        "DISTANCE({}, {}) < {}".format, st.sampled_from(SHAPES), st.sampled_from(SHAPES), values
    ),
)

conditions = st.recursive(
    simple_conditions,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=4,
)

SOURCES = (
    "star",
    "star",
    "star AS s",
    "tiny.star",
    "star JOIN visit USING (star_id)",
    "star NATURAL JOIN visit",
    "star AS s LEFT JOIN visit AS v ON s.star_id = v.star_id",
    "star FULL JOIN visit USING (star_id)",
    "(SELECT * FROM star) AS s",
    "star, tap_upload.mine",
    "pg_class",
    "star AS s, star AS t",
    "(SELECT POINT(ra, dec) AS p, star_id FROM star) AS q",
    "star AS s JOIN tap_upload.mine AS m ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.ra, m.dec, 1))",
)


@st.composite
def selects(draw: st.DrawFn) -> str:
    """Return a SELECT."""
    chosen = draw(st.lists(values, min_size=1, max_size=3))
    named = [
        f"{one} AS c{place}" if draw(st.booleans()) else one for place, one in enumerate(chosen)
    ]
    words = ["SELECT", draw(st.sampled_from(("", "", "DISTINCT", "TOP 3", "DISTINCT TOP 2")))]
    words += [", ".join(named), "FROM", draw(st.sampled_from(SOURCES))]
    if draw(st.booleans()):
        words += ["WHERE", draw(conditions)]
    if draw(st.booleans()):
        words += ["GROUP BY", ", ".join([draw(st.sampled_from(("c0", chosen[0]))), *chosen[1:]])]
        if draw(st.booleans()):
            words += ["HAVING", draw(conditions)]
    if draw(st.booleans()):
        words += ["ORDER BY", draw(st.sampled_from(("1", "c0", chosen[0], "c0 DESC, 1")))]
    if draw(st.booleans()):
        words += ["OFFSET 1"]
    return " ".join(words)


queries = st.one_of(
    selects(),
    st.builds(
        "{} {} {}".format,
        selects(),
        st.sampled_from(("UNION", "UNION ALL", "EXCEPT", "INTERSECT")),
        selects(),
    ),
    st.builds("WITH q AS ({}) SELECT * FROM q".format, selects()),
    st.builds("SELECT * FROM ({}) AS q".format, selects()),
)

HOSTILE = (
    ";",
    "--",
    "/*",
    "*/",
    "'",
    '"',
    "''",
    '""',
    "\\",
    "$$",
    "$a$",
    "E'",
    "U&'",
    "{#",
    "#}",
    "{{",
    "\x00",
    "\n",
    "é",
    "\u2028",
    "(",
    ")",
    "::",
    ":=",
    "@",
    "?",
    "%s",
    "[",
    "]",
    "0x",
    "..",
    "SELECT",
    "INTO",
    "DROP TABLE star",
    "pg_sleep(1)",
    "FROM",
    "WITH",
    "RECURSIVE",
    "UNION",
    "ON",
    "AS",
    ",",
    "pg_class",
    "FOR UPDATE",
    "OVER ()",
    "ROW(",
    "ARRAY[",
    "LATERAL",
    "ONLY",
    "xmin",
    "CAST(",
    "CASE",
    "END",
    "TOP",
    "NOT",
    "IN",
    "LIKE",
    "IS",
    "BETWEEN",
    "VALUES",
    "EXISTS",
    "JOIN",
    "USING",
    "1e999",
    "N'",
    "ß",
    "`",
)
