"""What a star run writes: only what differs from the runs before it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from starledger.ingest.stars.starid import starid_sql

_WRITE = {
    "n_new_stars": """
        INSERT INTO ledger.star (star_id, created_run_id)
        SELECT star_id, :run FROM numbered WHERE is_new ORDER BY star_id
    """,
    "n_members_written": """
        INSERT INTO ledger.star_member (spectrum_id, star_run_id, star_id)
        SELECT g.spectrum_id, :run, n.star_id
        FROM grouped g JOIN numbered n USING (group_id)
        LEFT JOIN before b ON b.spectrum_id = g.spectrum_id AND b.own
        WHERE b.star_id IS DISTINCT FROM n.star_id ORDER BY g.spectrum_id
    """,
    "n_versions_written": """
        INSERT INTO ledger.star_version (star_id, star_run_id, ra, dec, ref_epoch, healpix, pmra,
            pmdec, gaia_dr2_source_id, gaia_dr3_source_id, starid)
        SELECT n.star_id, :run, f.ra, f.dec, f.epoch, f.healpix, f.pmra, f.pmdec, f.dr2, f.dr3,
            {starid}
        FROM found_star f JOIN numbered n USING (group_id) LEFT JOIN known k USING (star_id)
        WHERE k.star_id IS NULL
            OR (f.ra, f.dec, f.epoch, f.pmra, f.pmdec, f.dr2, f.dr3) IS DISTINCT FROM
            (k.ra, k.dec, k.ref_epoch, k.pmra, k.pmdec, k.gaia_dr2_source_id, k.gaia_dr3_source_id)
        ORDER BY n.star_id
    """,
    "n_events": """
        INSERT INTO ledger.star_event (star_run_id, from_star_id, to_star_id, event)
        SELECT :run, o.star_id, n.star_id,
            CASE WHEN EXISTS (SELECT FROM numbered stays WHERE stays.star_id = o.star_id)
                THEN 'split' ELSE 'merge' END
        FROM overlap o JOIN numbered n USING (group_id) WHERE n.star_id <> o.star_id
    """,
}
"""What is written, by the name of its count; in this order, for rows refer to stars."""

_COUNTS = """
SELECT count(*) AS n_stars, count(coalesce(dr3, dr2)) AS n_with_gaia,
    (SELECT count(*) FROM ledger.star_event WHERE star_run_id = :run AND event = 'merge')
        AS n_merges,
    (SELECT count(*) FROM ledger.star_event WHERE star_run_id = :run AND event = 'split')
        AS n_splits
FROM found_star
"""


def record(connection: Connection, run_id: int) -> dict[str, int]:
    """Write stars, members, versions and events of a run, and return how many there are."""
    starid = starid_sql("f.ra", "f.dec")
    counts = {
        name: int(connection.execute(text(sql.format(starid=starid)), {"run": run_id}).rowcount)
        for name, sql in _WRITE.items()
    }
    del counts["n_events"]
    return counts | dict(connection.execute(text(_COUNTS), {"run": run_id}).mappings().one())
