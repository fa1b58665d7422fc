"""The chain behind the labels of a star: calibrations, combination, fits, model, spectra, files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from starledger.catalog.calibrate.forms import Calibration, apply, load
from starledger.catalog.releases.errors import NoSuchStar
from starledger.catalog.releases.finding import PublishedRelease
from starledger.catalog.why.naming import star_named
from starledger.schema.flags import Scope, names
from starledger.schema.labels import label as label_of

COMBINED = """
SELECT r.run_id, c.opened_at, r.settings, r.spectrum_kind, r.arm, q.definition AS quality
FROM ledger.combination_run r JOIN ledger.run c USING (run_id)
LEFT JOIN ledger.quality_run q ON q.run_id = r.quality_run_id WHERE r.run_id = :run
"""

MODEL = """
SELECT m.name, m.system, m.sha256, m.path, m.citation, m.training_run_id AS training_run,
    t.settings AS training_settings, s.name AS training_set, s.sha256 AS training_set_sha256,
    s.source AS training_source, s.recipe AS training_recipe, n.n_training_members, n.n_held_out,
    f.sha256 AS fit_config_sha256, f.settings AS fit_config
FROM ledger.model m JOIN ledger.training_run t ON t.run_id = m.training_run_id
LEFT JOIN ledger.training_set s USING (training_set_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS n_training_members, count(*) FILTER (WHERE role <> 'train') AS n_held_out
    FROM ledger.training_member WHERE training_set_id = s.training_set_id) n
JOIN ledger.fit_config f ON f.fit_config_id = :config WHERE m.model_id = :model
"""

SPECTRA = """
SELECT s.spectrum_id, v.name || '/' || d.name || '/' || d.version AS data_release, s.external_id,
    s.version, s.kind, s.mjd_mid AS mjd, s.time_scale, s.snr, s.file_name, s.sha256,
    h.path AS shard, h.sha256 AS shard_sha256, s.shard_row, s.valid_from_run_id AS ingest_run,
    i.source AS ingested_from, d.citation, d.url
FROM ledger.spectrum s JOIN ledger.data_release d USING (data_release_id)
JOIN ledger.survey v USING (survey_id) JOIN ledger.shard h USING (shard_id)
JOIN ledger.ingest_run i ON i.run_id = s.valid_from_run_id
WHERE s.spectrum_id = ANY (:spectra) ORDER BY s.snr DESC NULLS LAST, s.spectrum_id
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """What one calibration did to a label or to its error.

    Parameters
    ----------
    calibration
        Its name and version.
    calibration_id
        Its number.
    corrects
        The label or its error.
    how
        ``+`` for a label; for an error ``×``, or ``⊕`` where it is added in quadrature.
    population, form
        For which stars it is, and of what form.
    before, correction, after
        The number before, what was added or multiplied, and the number after.
    held
        Whether the star lies outside its range and got the correction of its end.
    """

    calibration: str
    calibration_id: int
    corrects: str
    how: str
    population: str
    form: str
    before: float | None
    correction: float | None
    after: float | None
    held: bool


@dataclass(frozen=True, slots=True)
class FitOfVisit:
    """What one visit says of a label.

    Parameters
    ----------
    spectrum_id
        The visit.
    fit_run, outcome, quality_flag
        Its fit.
    combined
        Whether it was used, rejected, or left out.
    value, error
        The raw label and its error.
    weight
        The share of 1/error² among the visits used: of a combination with whole covariances, or
        by S/N, that is near what counted, not it.
    """

    spectrum_id: int
    fit_run: int
    outcome: str
    quality_flag: str
    combined: str
    value: float | None
    error: float | None
    weight: float | None


@dataclass(frozen=True, slots=True)
class LabelChain:
    """How the value of one label came about.

    Parameters
    ----------
    label, unit, value, error
        What the release says.
    flags
        Names of the label's flags.
    model
        The model that is recommended for it.
    raw, raw_error
        What the combination gave.
    corrections
        What calibrations did to it, in their order.
    visits
        The fits behind the combination.
    """

    label: str
    unit: str
    value: float | None
    error: float | None
    flags: list[str]
    model: str
    raw: float | None
    raw_error: float | None
    corrections: list[Correction]
    visits: list[FitOfVisit]


@dataclass(frozen=True, slots=True)
class Why:
    """The whole chain.

    Parameters
    ----------
    release
        The release.
    star
        Who the star is.
    labels
        Each label asked for.
    combinations, models
        By name of the model.
    spectra
        The visits, with their files.
    """

    release: str
    star: dict[str, Any]
    labels: list[LabelChain]
    combinations: dict[str, dict[str, Any]]
    models: dict[str, dict[str, Any]]
    spectra: list[dict[str, Any]]


def why(
    connection: Connection, release: PublishedRelease, star: str, label: str | None = None
) -> Why:
    """Return the chain behind one label of a star, or behind all that the release recommends.

    Raises
    ------
    NoSuchStar
        The release has no such star, or no such label.
    UnknownLabel
        There is no label of that name at all.
    """
    star_id = star_named(connection, release, star)
    recommended = release.recommended()
    if label is not None and label_of(label).name not in recommended:
        raise NoSuchStar(
            f"{release.name} has no {label}.", remedy=f"It has {', '.join(recommended)}."
        )
    wanted = {label: recommended[label]} if label is not None else recommended
    givers = set(wanted.values())
    givers = set(wanted.values())
    models = {one["name"]: one for one in release.manifest["models"] if one["name"] in givers}
    chains, spectra = [], set()
    for name, model in models.items():
        asked = [one for one, giver in wanted.items() if giver == name]
        found = _of_model(connection, release, star_id, model, asked)
        chains += found
        spectra |= {visit.spectrum_id for one in found for visit in one.visits}
    if not chains:
        raise NoSuchStar(
            f"{release.name} has no {label or 'labels'} of star {star_id}.",
            remedy="The model recommended for it has no good fit of the star.",
        )
    return Why(
        release.name,
        _identity(connection, release, star_id),
        chains,
        {name: _combination(connection, one) for name, one in models.items()},
        {name: _model(connection, one) for name, one in models.items()},
        [row._asdict() for row in connection.execute(text(SPECTRA), {"spectra": sorted(spectra)})],
    )


def _combination(connection: Connection, model: Mapping[str, Any]) -> dict[str, Any]:
    return _row(connection, COMBINED, run=model["combination_run"])


def _model(connection: Connection, model: Mapping[str, Any]) -> dict[str, Any]:
    return _row(connection, MODEL, model=model["model_id"], config=model["fit_config_id"])


def _identity(connection: Connection, release: PublishedRelease, star_id: int) -> dict[str, Any]:
    columns = "star_id, starid, gaia_dr2_source_id, gaia_dr3_source_id, ra, dec, quality_flag"
    relation = release.relation("star")
    return _row(connection, f"SELECT {columns} FROM {relation} WHERE star_id = :star", star=star_id)  # noqa: S608


def _row(connection: Connection, query: str, **given: Any) -> dict[str, Any]:
    row = connection.execute(text(query), given).one_or_none()
    return {} if row is None else dict(row._asdict())


def _of_model(
    connection: Connection,
    release: PublishedRelease,
    star_id: int,
    model: Mapping[str, Any],
    labels: Sequence[str],
) -> list[LabelChain]:
    relation = release.stars_of(model["name"])
    row = _row(connection, f"SELECT * FROM {relation} WHERE star_id = :star", star=star_id)  # noqa: S608
    if not row:
        return []
    calibrations = _calibrations(connection, release, model)
    fits = _fits(connection, release, star_id, model)
    return [
        LabelChain(
            label=name,
            unit=label_of(name).unit,
            value=row[name],
            error=row[f"err_{name}"],
            flags=names(Scope.LABEL, row[f"bits_{name}"]),
            model=model["name"],
            raw=row[f"raw_{name}"],
            raw_error=row[f"raw_err_{name}"],
            corrections=corrections(name, model["labels"], row, calibrations),
            visits=_visits(name, fits),
        )
        for name in labels
    ]


def _calibrations(
    connection: Connection, release: PublishedRelease, model: Mapping[str, Any]
) -> list[Calibration]:
    query = (
        "SELECT calibration_id FROM ledger.calibration"
        " WHERE model_id = :model AND calibration_id = ANY (:pinned)"
    )
    pinned = release.manifest["pins"]["calibration"]
    mine = connection.scalars(text(query), {"model": model["model_id"], "pinned": pinned}).all()
    return load(connection, list(mine)) if mine else []


def corrections(
    label: str, labels: Sequence[str], row: Mapping[str, Any], calibrations: Sequence[Calibration]
) -> list[Correction]:
    """Return what each calibration of a label did, by applying one more of them each time.

    Parameters
    ----------
    label
        The label.
    labels
        All labels of its model.
    row
        The star's row: raw labels, their errors and S/N.
    calibrations
        All calibrations of the model.
    """
    mine = sorted(
        (one for one in calibrations if one.label == label),
        key=lambda one: (one.corrects == "error", one.application_order, one.calibration_id),
    )
    others = [one for one in calibrations if one.label != label]
    found = []
    value, error, _ = _applied(label, labels, row, others)
    for number, one in enumerate(mine, 1):
        new_value, new_error, _ = _applied(label, labels, row, [*others, *mine[:number]])
        added = one.corrects == "label"
        before, after = (value, new_value) if added else (error, new_error)
        found.append(
            Correction(
                calibration=one.title,
                calibration_id=one.calibration_id,
                corrects=one.corrects,
                how="+" if added else "⊕" if one.is_floor else "×",
                population=one.population,
                form=one.form,
                before=_known(before),
                correction=_known(_corrected(one, before, after)),
                after=_known(after),
                held=_applied(label, labels, row, [*others, one])[2],
            )
        )
        value, error = new_value, new_error
    return found


def _corrected(one: Calibration, before: float, after: float) -> float:
    """Return what a calibration added to a label, or did to an error."""
    if one.is_floor:
        return math.sqrt(max(after**2 - before**2, 0.0))
    return after - before if one.corrects == "label" else after / before


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number


def _applied(
    label: str, labels: Sequence[str], row: Mapping[str, Any], calibrations: Sequence[Calibration]
) -> tuple[float, float, bool]:
    def column(name: str) -> Any:
        return np.array([np.nan if row[name] is None else row[name]], float)

    after = apply(
        {one: column(f"raw_{one}") for one in labels},
        {one: column(f"raw_err_{one}") for one in labels},
        calibrations,
        snr=column("snr"),
    )
    return float(after.labels[label][0]), float(after.errors[label][0]), bool(after.held[label][0])


def _fits(
    connection: Connection, release: PublishedRelease, star_id: int, model: Mapping[str, Any]
) -> list[dict[str, Any]]:
    query = (
        f"SELECT * FROM {release.relation('fit')} WHERE star_id = :star AND model = :model"  # noqa: S608
        " ORDER BY spectrum_id"
    )
    rows = connection.execute(text(query), {"star": star_id, "model": model["name"]})
    return [dict(row._asdict()) for row in rows]


def _visits(label: str, fits: Sequence[Mapping[str, Any]]) -> list[FitOfVisit]:
    errors = [fit[f"raw_err_{label}"] for fit in fits]
    shares = [
        1 / error**2 if error and fit["combined"] == "used" else None
        for fit, error in zip(fits, errors, strict=True)
    ]
    total = sum(share for share in shares if share is not None)
    return [
        FitOfVisit(
            fit["spectrum_id"],
            fit["fit_run_id"],
            fit["outcome"],
            fit["quality_flag"],
            fit["combined"],
            fit[f"raw_{label}"],
            error,
            None if share is None else share / total,
        )
        for fit, error, share in zip(fits, errors, shares, strict=True)
    ]
