"""What is known of a model beside its fits: labels, ranges, training, files, the sky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping, text

from starledger.catalog.quality.batches import PARAMETERS, Floats
from starledger.catalog.quality.reference_gradients import ReferenceGradients, find_references
from starledger.compute.models.base import Emulator
from starledger.compute.models.registry import Registered, read_registered
from starledger.compute.models.stored import ModelRefused
from starledger.compute.models.systems import SYSTEMS, emulator_of
from starledger.compute.training.label_sampling import sparse_sampling

MOST_MEMBERS = 200_000
"""Training stars that are looked at, at most."""
MOST_HELD_OUT = 20_000
SYNTHESIZED = "ab-initio spectra"
"""What `starledger model train` notes of a training on spectra that it synthesized."""

_OUTPUTS = """
SELECT output, name, low, high FROM ledger.model_output WHERE model_id = :model ORDER BY position
"""
_ABOUT = """
SELECT r.report, r.settings, r.training_set_id, s.labels AS training_labels, ARRAY(
    SELECT DISTINCT i.name FROM ledger.model_instrument mi JOIN ledger.instrument i
    USING (instrument_id) WHERE mi.model_id = m.model_id ORDER BY i.name) AS instruments
FROM ledger.model m JOIN ledger.training_run r ON r.run_id = m.training_run_id
LEFT JOIN ledger.training_set s USING (training_set_id) WHERE m.model_id = :model
"""
_MEMBERS = """
SELECT labels FROM ledger.training_member WHERE training_set_id = :set AND role = 'train'
ORDER BY spectrum_id LIMIT :most
"""
# Members that did not teach are a cross-validation that the ledger itself holds.
_HELD_OUT = """
SELECT t.labels AS truth, f.labels AS found FROM ledger.training_member t
JOIN ledger.fit f ON f.spectrum_id = t.spectrum_id AND f.model_id = :model
    AND f.fit_config_id = :config
JOIN ledger.closed_run c ON c.run_id = f.fit_run_id AND c.outcome = 'done' AND c.run_id <= :as_of
WHERE t.training_set_id = :set AND t.role <> 'train' AND f.outcome <> 'failed'
ORDER BY t.spectrum_id LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class SkyCounts:
    """What the sample has from the sky.

    Parameters
    ----------
    fits, stars
        In the sample.
    parallaxes, ruwes
        Stars for which Gaia gives them.
    crossmatches
        Runs that matched spectra with Gaia.
    """

    fits: int
    stars: int
    parallaxes: int
    ruwes: int
    crossmatches: int


@dataclass(frozen=True)
class Facts:
    """What rules may ask about the model whose fits they judge.

    Parameters
    ----------
    model
        As registered.
    low, high
        The range of each label in the training; NaN where it is not known.
    extras
        Names of the further columns of its fits.
    instruments
        Whose spectra it fits.
    trusted
        Ranges of labels that its training found it to extrapolate to: report key
        ``trusted_ranges``.
    members
        Training stars × (Teff, log g, [Fe/H]), where the ledger has them or their seed.
    held_out
        True and found values by label, of stars that did not teach.
    emulator
        The model itself, or why it is not there.
    references
        Gradient spectra of reference stars on its pixels, where some were made.
    sky
        What the sample has from the sky; None before there is a sample.
    """

    model: Registered
    low: Floats
    high: Floats
    extras: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    trusted: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    members: Floats | None = None
    held_out: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
    emulator: Emulator | str = "the model has no files here"
    references: ReferenceGradients | None = None
    sky: SkyCounts | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the model's order."""
        return self.model.labels

    @cached_property
    def missing_parameters(self) -> str | None:
        """Which of Teff, log g and [Fe/H] the model does not give, as words; None if it does."""
        missing = [name for name in PARAMETERS if name not in self.labels]
        return f"the model gives no {' and no '.join(missing)}" if missing else None

    def range_of(self, name: str) -> tuple[float, float]:
        """Return the range of a label in the training; NaN where it is not known."""
        if name not in self.labels:
            return np.nan, np.nan
        place = self.labels.index(name)
        return float(self.low[place]), float(self.high[place])


def facts_of(
    connection: Connection, model: Registered, config: int, as_of: int, root: Path
) -> Facts:
    """Return what the ledger and the folder of models know of a model as of a run."""
    outputs = connection.execute(text(_OUTPUTS), {"model": model.model_id}).mappings().all()
    about = connection.execute(text(_ABOUT), {"model": model.model_id}).mappings().one()
    asked = {
        "model": model.model_id,
        "config": config,
        "as_of": as_of,
        "set": about["training_set_id"],
    }
    labels = [row for row in outputs if row["output"] == "label"]
    return Facts(
        model,
        low=np.array([row["low"] for row in labels], np.float64),
        high=np.array([row["high"] for row in labels], np.float64),
        extras=tuple(row["name"] for row in outputs if row["output"] == "extra"),
        instruments=tuple(about["instruments"]),
        trusted=_trusted(about["report"]),
        members=_members(connection, about, asked, model.labels),
        held_out=_held_out(connection, about, asked, model.labels),
        emulator=_emulator(root, model),
        references=find_references(root, model.sha256),
    )


def _trusted(report: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    given = report.get("trusted_ranges", {})
    return {name: (float(low), float(high)) for name, (low, high) in given.items()}


def _members(
    connection: Connection, about: RowMapping, asked: dict[str, Any], labels: tuple[str, ...]
) -> Floats | None:
    if about["settings"].get("trained_on") == SYNTHESIZED:
        return _drawn(about["settings"], labels)
    names = about["training_labels"] or []
    if not set(PARAMETERS) <= set(names):
        return None
    rows = connection.execute(text(_MEMBERS), {**asked, "most": MOST_MEMBERS}).scalars().all()
    if not rows:
        return None
    chosen = np.array(rows, np.float64)[:, [names.index(name) for name in PARAMETERS]]
    known = chosen[np.isfinite(chosen).all(1)]
    return known if len(known) else None


def _drawn(settings: Mapping[str, Any], labels: tuple[str, ...]) -> Floats | None:
    """Return the stars that a training drew from isochrones: its seed draws the same again."""
    if not set(PARAMETERS) <= set(labels) or not {"spectra", "seed"} <= settings.keys():
        return None
    stars = sparse_sampling(labels).draw(int(settings["spectra"]), int(settings["seed"]))
    return stars[:, [labels.index(name) for name in PARAMETERS]]


def _held_out(
    connection: Connection, about: RowMapping, asked: dict[str, Any], labels: tuple[str, ...]
) -> dict[str, tuple[Floats, Floats]]:
    names = about["training_labels"] or []
    rows = connection.execute(text(_HELD_OUT), {**asked, "most": MOST_HELD_OUT}).all()
    if not rows:
        return {}
    truth, found = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    return {
        name: (truth[:, names.index(name)], found[:, place])
        for place, name in enumerate(labels)
        if name in names
    }


def _emulator(root: Path, model: Registered) -> Emulator | str:
    if model.system not in SYSTEMS:
        return f"models of the system {model.system} give no gradients"
    try:
        return emulator_of(read_registered(root, model))
    except ModelRefused:
        return "the model's files are not here"
