"""The sample of a quality run: all fits of a model as of a run, and its stars, in streams.

Which fits and stars count is found once, in temporary tables; both passes of a run read the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, and_, select, text

from starledger.catalog.quality.batches import Batch, Floats
from starledger.catalog.quality.facts import SkyCounts
from starledger.catalog.quality.rule import Subject
from starledger.catalog.quality.thresholds import Thresholds
from starledger.ingest.crossmatch.sides import sql_of
from starledger.ingest.crossmatch.supplied import GENERATIONS
from starledger.ingest.stars.matches import newest_matches
from starledger.schema.ahead import ahead
from starledger.schema.asof import done, membership, valid, withdrawn
from starledger.schema.tables import DataRelease, Fit, Spectrum, StarMember, Survey, Withdrawal

ROWS = 4096
"""Rows of a batch."""

_STARS = """
CREATE TEMP TABLE quality_star AS
WITH best AS (
    SELECT star_id, (array_agg(spectrum_id ORDER BY snr DESC NULLS LAST, spectrum_id)
        FILTER (WHERE NOT failed))[1] AS spectrum_id
    FROM quality_fit WHERE star_id IS NOT NULL GROUP BY star_id),
around AS (
    SELECT q.star_id, n.crossmatch_run_id, n.left_row_id, n.rank, n.separation,
        g.phot_g_mean_mag AS g, first_value(g.phot_g_mean_mag) OVER w AS best_g,
        first_value(n.separation) OVER w AS best_separation
    FROM quality_fit q JOIN ledger.neighbourhood n ON n.left_row_id = q.spectrum_id
        AND n.crossmatch_run_id = ANY (:matches)
    JOIN ledger.gaia_source g ON g.row_id = n.right_row_id
    WHERE q.star_id IS NOT NULL
    WINDOW w AS (PARTITION BY n.crossmatch_run_id, n.left_row_id ORDER BY n.rank)),
beside AS (
    SELECT star_id, crossmatch_run_id, left_row_id,
        sum(power(10, -0.4 * (g - best_g))) FILTER (
            WHERE rank > 1 AND separation <= :blend_radius) AS light,
        count(*) FILTER (WHERE rank > 1 AND separation <= best_separation + :match_margin
            AND coalesce(g <= best_g + :match_magnitudes, true)) AS rivals
    FROM around GROUP BY 1, 2, 3),
neighbours AS (
    SELECT star_id, max(light) AS neighbour_light, max(rivals) AS n_rivals FROM beside GROUP BY 1)
SELECT b.star_id, b.spectrum_id, g.parallax, g.err_parallax,
    g.phot_g_mean_mag AS g, g.phot_bp_mean_mag AS bp, g.phot_rp_mean_mag AS rp, g.ruwe,
    n.neighbour_light, n.n_rivals
FROM best b LEFT JOIN neighbours n USING (star_id)
LEFT JOIN LATERAL (
    SELECT v.gaia_dr2_source_id, v.gaia_dr3_source_id FROM ledger.star_version v
    JOIN ledger.closed_run c ON c.run_id = v.star_run_id AND c.outcome = 'done'
    WHERE v.star_id = b.star_id AND v.star_run_id <= :as_of ORDER BY v.star_run_id DESC LIMIT 1
) v ON true
LEFT JOIN LATERAL (
    SELECT s.* FROM ledger.gaia_source s
    WHERE (s.source_id = v.gaia_dr3_source_id AND s.data_release_id = ANY (:dr3)
        OR s.source_id = v.gaia_dr2_source_id AND s.data_release_id = ANY (:dr2))
        AND s.valid_from_run_id <= :as_of
        AND (s.valid_to_run_id IS NULL OR s.valid_to_run_id > :as_of)
    ORDER BY s.data_release_id = ANY (:dr3) DESC, s.data_release_id DESC LIMIT 1
) g ON true
"""

_COUNTS = """
SELECT (SELECT count(*) FROM quality_fit WHERE NOT failed) AS fits, count(*) AS stars,
    count(parallax + g + bp + rp) AS parallaxes, count(ruwe) AS ruwes FROM quality_star
"""

_COLUMNS: Mapping[Subject, tuple[str, ...]] = {
    Subject.FIT: ("snr", "chi2", "n_pixels"),
    Subject.STAR: (
        "snr", "parallax", "err_parallax", "g", "bp", "rp", "ruwe", "neighbour_light", "n_rivals",
    ),
}  # fmt: skip
_STREAMS = {
    Subject.FIT: """
SELECT q.spectrum_id, f.labels, f.bounds, f.extras, q.snr, f.chi2, f.n_pixels
FROM quality_fit q JOIN ledger.fit f ON f.spectrum_id = q.spectrum_id AND f.model_id = {model}
    AND f.fit_config_id = {config} WHERE NOT q.failed
ORDER BY q.spectrum_id
""",
    Subject.STAR: """
SELECT s.star_id, f.labels, f.bounds, f.extras, q.snr, s.parallax, s.err_parallax, s.g, s.bp, s.rp,
    s.ruwe, s.neighbour_light, s.n_rivals
FROM quality_star s LEFT JOIN quality_fit q USING (spectrum_id)
LEFT JOIN ledger.fit f ON f.spectrum_id = s.spectrum_id AND f.model_id = {model}
    AND f.fit_config_id = {config}
ORDER BY s.star_id
""",
}
"""In one order: the last bit of a matrix product may depend on a row's place in a batch."""


@dataclass(frozen=True, slots=True)
class Sample:
    """All fits of a model and configuration as of a run, and their stars.

    Parameters
    ----------
    connection
        On which its tables are; it serves nothing else meanwhile.
    model_id, fit_config_id
        Whose fits.
    labels, extras
        Names of what the model gives, in its order.
    sky
        How much there is.
    """

    connection: Connection
    model_id: int
    fit_config_id: int
    labels: tuple[str, ...]
    extras: tuple[str, ...]
    sky: SkyCounts

    def batches(self, subject: Subject) -> Iterator[Batch]:
        """Yield all fits that did not fail, or all stars, in the order of ids, batch by batch."""
        driver: Any = self.connection.connection.driver_connection
        query = _STREAMS[subject].format(model=self.model_id, config=self.fit_config_id)
        try:
            with driver.cursor(name="quality_stream", binary=True) as cursor:
                cursor.execute(query)
                # The next rows come while these are judged.
                for rows in ahead(iter(lambda: cursor.fetchmany(ROWS), [])):
                    yield self._batch(rows, _COLUMNS[subject])
        finally:
            driver.rollback()

    def _batch(self, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> Batch:
        ids, labels, bounds, extras, *others = zip(*rows, strict=True)
        extra = _matrix(extras, len(self.extras))
        columns = dict(zip(self.extras, extra.T, strict=True))
        columns |= {
            name: np.array(values, np.float64) for name, values in zip(names, others, strict=True)
        }
        n = len(self.labels)
        return Batch(
            np.array(ids, np.int64), self.labels, _matrix(labels, n), _matrix(bounds, n), columns
        )


def _matrix(rows: Sequence[Sequence[float | None] | None], width: int) -> Floats:
    """Return rows × width; NaN for what is null."""
    absent = [None] * width
    return np.array([absent if row is None else row for row in rows], np.float64).reshape(
        len(rows), width
    )


@contextmanager
def sampled(
    engine: Engine,
    model_id: int,
    fit_config_id: int,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    as_of: int,
    thresholds: Thresholds,
) -> Iterator[Sample]:
    """Find the sample of a model as of a run, and keep it for a while.

    Parameters
    ----------
    engine
        The ledger's, as its owner.
    model_id, fit_config_id
        Whose fits.
    names
        Of the labels and of the extras.
    as_of
        The run.
    thresholds
        Which neighbours count.
    """
    with engine.connect() as connection:
        try:
            crossmatches = _find(connection, model_id, fit_config_id, as_of, thresholds)
            counted = connection.execute(text(_COUNTS)).mappings().one()
            connection.commit()
            sky = SkyCounts(**counted, crossmatches=crossmatches)
            yield Sample(connection, model_id, fit_config_id, *names, sky)
        finally:
            connection.rollback()
            for table in ("quality_star", "quality_fit"):
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS pg_temp.{table}")
            connection.commit()


def _find(
    connection: Connection, model_id: int, fit_config_id: int, as_of: int, said: Thresholds
) -> int:
    """Fill the temporary tables, and return how many crossmatches with Gaia there are."""
    fits = sql_of(_fits(model_id, fit_config_id, as_of)).replace("%", "%%")
    connection.exec_driver_sql(f"CREATE TEMP TABLE quality_fit AS {fits}")
    connection.exec_driver_sql("ANALYZE quality_fit")
    matches = [match.run_id for match in newest_matches(connection, as_of)]
    connection.execute(
        text(_STARS),
        {
            "as_of": as_of,
            "matches": matches,
            "blend_radius": said.blend_radius,
            "match_margin": said.match_margin,
            "match_magnitudes": said.match_magnitudes,
            **_gaia_releases(connection, as_of),
        },
    )
    connection.exec_driver_sql("ANALYZE quality_star")
    return len(matches)


def _fits(model_id: int, fit_config_id: int, as_of: int) -> Any:
    """Return the query of the fits that count, with the star of each."""
    return (
        select(
            Fit.spectrum_id,
            StarMember.star_id,
            Spectrum.snr,
            (Fit.outcome == "failed").label("failed"),
        )
        .join(Spectrum, Spectrum.spectrum_id == Fit.spectrum_id)
        .outerjoin(StarMember, and_(StarMember.spectrum_id == Fit.spectrum_id, membership(as_of)))
        .where(
            Fit.model_id == model_id,
            Fit.fit_config_id == fit_config_id,
            done(Fit.fit_run_id, as_of),
            valid(Spectrum, as_of),
            ~withdrawn(Withdrawal.spectrum_id, Fit.spectrum_id, as_of),
            ~withdrawn(Withdrawal.data_release_id, Spectrum.data_release_id, as_of),
        )
    )


def _gaia_releases(connection: Connection, as_of: int) -> dict[str, list[int]]:
    """Return the numbers of Gaia's data releases by whose identifiers they use."""
    found: dict[str, list[int]] = {generation: [] for generation in set(GENERATIONS.values())}
    number = DataRelease.data_release_id
    query = (
        select(DataRelease.name, number)
        .join(Survey, Survey.survey_id == DataRelease.survey_id)
        .where(
            Survey.name == "gaia",
            DataRelease.name.in_(list(GENERATIONS)),
            ~withdrawn(Withdrawal.data_release_id, number, as_of),
        )
        .order_by(number)
    )
    for name, data_release_id in connection.execute(query):
        found[GENERATIONS[name]].append(data_release_id)
    return found
