"""The chain behind a star's labels as a tree on the terminal."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from rich.tree import Tree

from starledger.catalog.why.chain import Correction, FitOfVisit, LabelChain, Why

SHORT = 12
"""Characters of a SHA-256 that are shown."""


def tree(found: Why) -> Tree:
    """Return the tree of a chain: labels first, then what they share."""
    star = found.star
    gaia = {"DR2": star["gaia_dr2_source_id"], "DR3": star["gaia_dr3_source_id"]}
    known = [f"Gaia {release} {number}" for release, number in gaia.items() if number is not None]
    names = [f"star {star['star_id']}", str(star["starid"]), *known]
    root = _branch(None, f"{found.release}: {', '.join(names)} ({star['quality_flag']})")
    spectra = {one["spectrum_id"]: one for one in found.spectra}
    for label in found.labels:
        _label(root, label, spectra)
    for name, model in found.models.items():
        _model(root, name, model, found.combinations[name])
    files = _branch(root, "spectra, shards and files")
    for one in found.spectra:
        _spectrum(files, one)
    return root


def _branch(parent: Tree | None, text: str) -> Tree:
    # Text, lest rich take brackets in a value for its own markup.
    return Tree(Text(text)) if parent is None else parent.add(Text(text))


def _label(root: Tree, label: LabelChain, spectra: dict[int, dict[str, Any]]) -> None:
    flags = f" [{', '.join(label.flags)}]" if label.flags else ""
    unit = "" if label.unit == "dimensionless" else f" {label.unit}"
    value = f"{_number(label.value)} ± {_number(label.error)}{unit}"
    here = _branch(root, f"{label.label} = {value} by {label.model}{flags}")
    for one in reversed(label.corrections):
        _branch(here, _correction(one))
    raw = f"raw {_number(label.raw)} ± {_number(label.raw_error)}"
    combined = _branch(here, f"{raw}, combined of {len(label.visits)} fits")
    for visit in label.visits:
        _branch(combined, _fit(visit, spectra[visit.spectrum_id]["external_id"]))


def _correction(one: Correction) -> str:
    what = f"error {one.how} " if one.corrects == "error" else f"{one.how} "
    held = ", held at the end of its range" if one.held else ""
    return (
        f"calibration {one.calibration} ({one.population}, {one.form}{held}):"
        f" {_number(one.before)} → {_number(one.after)} ({what}{_number(one.correction)})"
    )


def _fit(visit: FitOfVisit, external_id: str) -> str:
    weight = "" if visit.weight is None else f", weight {visit.weight:.3f}"
    return (
        f"{visit.combined}: spectrum {visit.spectrum_id} ({external_id}), run {visit.fit_run}:"
        f" {_number(visit.value)} ± {_number(visit.error)}{weight}, {visit.quality_flag}"
    )


def _model(root: Tree, name: str, model: dict[str, Any], combination: dict[str, Any]) -> None:
    here = _branch(root, f"model {name} ({model['system']}, SHA-256 {model['sha256'][:SHORT]}…)")
    _branch(here, f"combination run {combination['run_id']}: {combination['settings']}")
    _branch(here, f"applied as {model['fit_config']}")
    trained = _branch(here, f"made in training run {model['training_run']}")
    if model["training_set"] is not None:
        held_out = f" of which {model['n_held_out']} held out," if model["n_held_out"] else ""
        _branch(
            trained,
            f"training set {model['training_set']} ({model['training_source']},"
            f" {model['n_training_members']} members,{held_out}"
            f" SHA-256 {model['training_set_sha256'][:SHORT]}…)",
        )


def _spectrum(files: Tree, one: dict[str, Any]) -> None:
    time = "" if one["mjd"] is None else f", MJD {one['mjd']:.4f} {one['time_scale'].upper()}"
    here = _branch(
        files,
        f"spectrum {one['spectrum_id']}: {one['kind']} {one['external_id']} version"
        f" {one['version']} of {one['data_release']}{time}",
    )
    _branch(here, f"file {one['file_name']} (SHA-256 {one['sha256'][:SHORT]}…)")
    _branch(here, f"shard {one['shard']}, row {one['shard_row']}")
    source = f" from {one['ingested_from']}" if one["ingested_from"] else ""
    _branch(here, f"ingest run {one['ingest_run']}{source}")


def _number(value: float | None) -> str:
    """Return a number with seven figures, which is what single precision holds.

    Examples
    --------
    >>> _number(5772.0), _number(None)
    ('5772', '–')
    """
    return "–" if value is None else f"{value:.7g}"
