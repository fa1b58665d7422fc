"""Which star of the runs before each group is, so that numbers stay with their stars."""

from __future__ import annotations

from sqlalchemy import Connection, text

from starledger.ingest.stars.numbers import Overlap, kept_numbers
from starledger.ingest.stars.sources import run_all

_BEFORE = """
CREATE TEMP TABLE done_star_run ON COMMIT DROP AS
SELECT run_id FROM ledger.star_run JOIN ledger.closed_run USING (run_id) WHERE outcome = 'done';
CREATE TEMP TABLE before ON COMMIT DROP AS
SELECT DISTINCT ON (v.spectrum_id)
    v.spectrum_id, m.star_id, m.spectrum_id = v.spectrum_id AS own
FROM visit v
JOIN ledger.spectrum s USING (data_release_id, external_id)
JOIN ledger.star_member m ON m.spectrum_id = s.spectrum_id
JOIN done_star_run r ON r.run_id = m.star_run_id
ORDER BY v.spectrum_id, s.version DESC, m.star_run_id DESC;
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT DISTINCT ON (star_id) v.* FROM ledger.star_version v
JOIN done_star_run r ON r.run_id = v.star_run_id
ORDER BY star_id, star_run_id DESC;
CREATE TEMP TABLE overlap ON COMMIT DROP AS
SELECT group_id, star_id, count(*) AS n_spectra, min(spectrum_id) AS first_spectrum,
    count(*) OVER (PARTITION BY group_id) = 1 AND count(*) OVER (PARTITION BY star_id) = 1 AS plain
FROM grouped JOIN before USING (spectrum_id) GROUP BY group_id, star_id;
CREATE TEMP TABLE numbered (group_id bigint PRIMARY KEY, star_id bigint UNIQUE, is_new boolean)
    ON COMMIT DROP;
INSERT INTO numbered SELECT group_id, star_id, false FROM overlap WHERE plain;
ANALYZE before;
ANALYZE known;
ANALYZE overlap
"""

_CONTESTED = """
SELECT group_id, star_id, n_spectra, first_spectrum FROM overlap WHERE NOT plain
"""

_KEEP = """
INSERT INTO numbered
SELECT g, s, false FROM unnest(CAST(:groups AS bigint[]), CAST(:stars AS bigint[])) AS kept (g, s)
"""

_SAME_SOURCE = """
ANALYZE numbered;
INSERT INTO numbered
SELECT f.group_id, min(k.star_id), false FROM found_star f
JOIN known k ON k.gaia_dr3_source_id = f.dr3
WHERE NOT EXISTS (SELECT FROM numbered n WHERE n.group_id = f.group_id)
    AND NOT EXISTS (SELECT FROM numbered n WHERE n.star_id = k.star_id)
GROUP BY f.group_id;
INSERT INTO numbered
SELECT f.group_id, min(k.star_id), false FROM found_star f
JOIN known k ON k.gaia_dr2_source_id = f.dr2 AND k.gaia_dr3_source_id IS NULL
WHERE f.dr3 IS NULL AND NOT EXISTS (SELECT FROM numbered n WHERE n.group_id = f.group_id)
    AND NOT EXISTS (SELECT FROM numbered n WHERE n.star_id = k.star_id)
GROUP BY f.group_id;
INSERT INTO numbered
SELECT group_id, nextval(pg_get_serial_sequence('ledger.star', 'star_id')), true
FROM (SELECT group_id FROM found_star f
    WHERE NOT EXISTS (SELECT FROM numbered n WHERE n.group_id = f.group_id)
    ORDER BY group_id) fresh;
ANALYZE numbered
"""


def number_groups(connection: Connection) -> None:
    """Make the table ``numbered``: the number of the star that each group is.

    A group keeps the number of the star that most of its spectra were of, a spectrum's earlier
    version speaking for it (see `kept_numbers`). Else it takes the number of a star that was its
    Gaia source and that no other group keeps. Else it is a new star.
    """
    run_all(connection, _BEFORE)
    contested = [Overlap(*row) for row in connection.execute(text(_CONTESTED)).all()]
    kept = kept_numbers(contested)
    connection.execute(text(_KEEP), {"groups": list(kept), "stars": list(kept.values())})
    run_all(connection, _SAME_SOURCE)
