"""What a release holds of a star's visits, and the fits behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from starledger.catalog.releases.errors import NoSuchRelease, NoSuchStar
from starledger.catalog.releases.finding import PublishedRelease
from starledger.compute.work.explaining import visits_named

VISITS = """
SELECT o.spectrum_id, s.external_id, s.version, s.kind, s.arm, s.frame, s.frame_shift, s.mjd_mid,
    s.time_scale, s.snr, s.file_name, s.sha256, s.shard_row, s.shard_id, h.path, h.sha256 AS
    shard_sha256, h.mask_bits, i.name AS instrument,
    v.name || '/' || d.name || '/' || d.version AS data_release,
    f.fit_run_id, f.outcome, f.reason, r.flags, f.labels, f.errors, f.rv, f.err_rv,
    f.line_variance, f.chi2, f.n_pixels, f.software_version, r.combined, r.quality_flag
FROM {visit} o JOIN ledger.spectrum s USING (spectrum_id)
JOIN ledger.shard h USING (shard_id)
JOIN ledger.instrument i ON i.instrument_id = s.instrument_id
JOIN ledger.data_release d ON d.data_release_id = s.data_release_id
JOIN ledger.survey v ON v.survey_id = d.survey_id
LEFT JOIN {fit} r ON r.spectrum_id = o.spectrum_id AND r.model = :name
LEFT JOIN ledger.fit f ON f.spectrum_id = r.spectrum_id AND f.model_id = :model_id
    AND f.fit_config_id = :fit_config_id AND f.fit_run_id = r.fit_run_id
WHERE o.star_id = :star ORDER BY s.snr DESC NULLS LAST, o.spectrum_id
"""

OF_THE_RELEASE = """
SELECT spectrum_id, star_id FROM {visit} WHERE spectrum_id = ANY (:known) ORDER BY spectrum_id
"""

CONFIGURED = "SELECT sha256, settings FROM ledger.fit_config WHERE fit_config_id = :config"


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """A model of a release, as it was applied.

    Parameters
    ----------
    name, sha256
        The model.
    model_id, fit_config_id
        Their numbers in the ledger.
    fit_config_sha256, settings
        How it was applied.
    labels
        In the order of a fit's arrays.
    """

    name: str
    sha256: str
    model_id: int
    fit_config_id: int
    fit_config_sha256: str
    settings: Mapping[str, Any]
    labels: tuple[str, ...]


def pinned_model(
    connection: Connection, release: PublishedRelease, named: str | None
) -> PinnedModel:
    """Return the model that is named, or the one recommended for teff, or else the first.

    Raises
    ------
    NoSuchRelease
        The release has no such model.
    """
    known = {one["name"]: one for one in release.manifest["models"]}
    recommended = release.recommended()
    name = named or recommended.get("teff") or next(iter(known))
    if name not in known:
        raise NoSuchRelease(
            f"{release.name} has no model {name!r}.", remedy=f"It has {', '.join(known)}."
        )
    model = known[name]
    config = connection.execute(text(CONFIGURED), {"config": model["fit_config_id"]}).one()
    return PinnedModel(
        name=name,
        sha256=model["sha256"],
        model_id=model["model_id"],
        fit_config_id=model["fit_config_id"],
        fit_config_sha256=config.sha256,
        settings=config.settings,
        labels=tuple(model["labels"]),
    )


def visits_of(
    connection: Connection,
    release: PublishedRelease,
    model: PinnedModel,
    star_id: int,
    visit: str | None = None,
) -> Sequence[Row[Any]]:
    """Return the visits of a star in a release with their fits by a model, the best S/N first.

    Parameters
    ----------
    connection
        To the ledger.
    release, model, star_id
        Whose.
    visit
        Only this one: its number or the survey's identifier.

    Raises
    ------
    NoSuchStar
        The star has no such visit.
    """
    relations = {"visit": release.relation("visit"), "fit": release.relation("fit")}
    asked = {
        "star": star_id,
        "name": model.name,
        "model_id": model.model_id,
        "fit_config_id": model.fit_config_id,
    }
    rows = connection.execute(text(VISITS.format(**relations)), asked).all()
    wanted = [row for row in rows if visit in (None, row.external_id, str(row.spectrum_id))]
    if not wanted:
        raise NoSuchStar(
            f"Star {star_id} of {release.name} has no visit {visit!r}."
            if rows
            else f"Star {star_id} of {release.name} has no visits.",
            remedy="It has " + (", ".join(str(row.external_id) for row in rows) or "none") + ".",
        )
    return wanted


def visit_named(connection: Connection, release: PublishedRelease, visit: str) -> tuple[int, int]:
    """Return the numbers of a visit of a release, and of its star.

    Parameters
    ----------
    connection
        To the ledger.
    release
        In which it is looked for.
    visit
        Its number, or the survey's identifier.

    Raises
    ------
    NoSuchVisit
        The ledger knows no such visit.
    NoSuchStar
        The release has none, or several.
    """
    known = visits_named(connection, visit)
    query = OF_THE_RELEASE.format(visit=release.relation("visit"))
    found = connection.execute(text(query), {"known": known}).all()
    # A number of ours may also be what some survey calls another visit.
    meant = [row for row in found if str(row.spectrum_id) == visit] or found
    if not meant:
        raise NoSuchStar(
            f"{release.name} has no star with the visit {visit!r}.",
            remedy="It may be newer, withdrawn or of no star: name another release or visit.",
        )
    if len(meant) > 1:
        numbers = ", ".join(str(row.spectrum_id) for row in meant)
        raise NoSuchStar(
            f"{visit} names {len(meant)} visits of {release.name}.",
            remedy=f"Give one of their numbers: {numbers}.",
        )
    return meant[0].spectrum_id, meant[0].star_id
