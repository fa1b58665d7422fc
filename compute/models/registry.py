"""The registry of models: what the ledger knows of each, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, or_, select

from starledger.compute.models.stored import ModelRefused, StoredModel, read_model, write_model
from starledger.compute.models.systems import StorableEmulator, emulator_of
from starledger.ingest.surveys import INSTRUMENTS, ensure_instrument
from starledger.schema.errors import StarledgerError
from starledger.schema.labels import label_order
from starledger.schema.runs import running
from starledger.schema.tables import Model, ModelInstrument, ModelOutput, RunKind

MIN_SHA256 = 8
"""So many first characters of a SHA-256 name a model."""


class ModelExists(StarledgerError):
    """A model of that name, or with that content, is registered already."""


class NoSuchModel(StarledgerError):
    """No model of that name or SHA-256 is registered."""


class BadModelName(StarledgerError):
    """A name that commands and SQL cannot use."""


class UnknownInstrument(StarledgerError):
    """There is no such instrument, or it has no such arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What is told of a model when it is registered.

    Parameters
    ----------
    name
        In commands and SQL: lower case, digits and ``_``.
    description
        What it is good for, and what not.
    citation
        How to cite it.
    instruments
        Whose spectra it fits: ``apogee``, or ``lamost_mrs:red`` for one arm.
    spectrum_kind
        The kind of spectrum that it fits by default.
    training_set_id
        What it was trained on, where the ledger has it.
    settings
        How it was trained, seed included, or from what it was imported.
    report
        What validation found.
    """

    name: str
    description: str
    citation: str | None = None
    instruments: tuple[str, ...] = ()
    spectrum_kind: str = "visit"
    training_set_id: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered model.

    Parameters
    ----------
    model_id
        Its number.
    name, system, sha256
        As registered.
    path
        Of its folder, relative to the model root.
    labels
        What it gives, in the order of a fit's arrays.
    description, citation
        As registered.
    """

    model_id: int
    name: str
    system: str
    sha256: str
    path: str
    labels: tuple[str, ...]
    description: str
    citation: str | None


def register(
    engine: Engine, root: Path, emulator: StorableEmulator, about: Registration
) -> Registered:
    """Write a model's files below the model root, and enter it in the ledger.

    The same model under the same name a second time changes nothing.

    Raises
    ------
    BadModelName
        The name is not spelled as names are.
    ModelExists
        The name is taken, or the model is there under another.
    UnknownInstrument
        There is no such instrument or arm.
    """
    arms = _arms(about)
    model = emulator.stored()
    with engine.connect() as connection:
        if _is_there(connection, model, about):
            # Its files may have been lost since.
            write_model(root, model)
            return find_model(connection, about.name)
    path = write_model(root, model)
    training = {
        "settings": dict(about.settings),
        "report": dict(about.report),
        "training_set_id": about.training_set_id,
    }
    with (
        running(engine, RunKind.TRAINING, **training) as run,
        engine.begin() as connection,
    ):
        model_id = _enter(connection, model, about, path, run.run_id)
        _enter_outputs(connection, model_id, emulator)
        _enter_instruments(connection, model_id, arms, about.spectrum_kind)
        run.summary["model"] = about.name
        return find_model(connection, about.name)


def require_free(connection: Connection, about: Registration) -> None:
    """Refuse what `register` would refuse whatever the model: better before hours of training.

    Raises
    ------
    BadModelName, ModelExists, UnknownInstrument
        As there.
    """
    _arms(about)
    if any(model.name == about.name for model in list_models(connection)):
        raise ModelExists(f"A model is registered as {about.name}.", remedy="Choose another name.")


def _arms(about: Registration) -> list[tuple[str, str]]:
    """Check the name of a model, and return its instruments with their arms."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", about.name):
        raise BadModelName(
            f"{about.name!r} is no name for a model.",
            remedy="Use lower-case letters, digits and _, a letter first: payne_apogee_5n.",
        )
    return [instrument_and_arm(named) for named in about.instruments]


def _is_there(connection: Connection, model: StoredModel, about: Registration) -> bool:
    """Tell whether the very same is registered; refuse what comes near it."""
    query = select(Model.name, Model.sha256).where(
        or_(Model.name == about.name, Model.sha256 == model.identity)
    )
    for name, sha256 in connection.execute(query):
        if sha256 != model.identity:
            raise ModelExists(
                f"Another model is registered as {name}.", remedy="Choose another name."
            )
        if name != about.name:
            raise ModelExists(f"This very model is registered as {name}.", remedy="Use that one.")
        return True
    return False


def _enter(
    connection: Connection, model: StoredModel, about: Registration, path: Path, run_id: int
) -> int:
    values = {
        "name": about.name,
        "system": model.system,
        "sha256": model.identity,
        "path": path.as_posix(),
        "training_run_id": run_id,
        "n_labels": len(model.configuration["labels"]),
        "citation": about.citation,
        "description": about.description,
    }
    return int(connection.execute(insert(Model).returning(Model.model_id), values).scalar_one())


def _enter_outputs(connection: Connection, model_id: int, emulator: StorableEmulator) -> None:
    ranges = zip(emulator.low.tolist(), emulator.high.tolist(), strict=True)
    rows = [
        {
            "model_id": model_id,
            "output": "label",
            "position": position,
            "name": label.name,
            "unit": label.unit,
            "ucd": label.ucd,
            "description": label.description,
            "low": low,
            "high": high,
        }
        for position, (label, (low, high)) in enumerate(
            zip(label_order(emulator.labels), ranges, strict=True), start=1
        )
    ]
    connection.execute(insert(ModelOutput), rows)


def _enter_instruments(
    connection: Connection, model_id: int, arms: list[tuple[str, str]], kind: str
) -> None:
    for instrument, arm in arms:
        values = {
            "model_id": model_id,
            "instrument_id": ensure_instrument(connection, instrument),
            "arm": arm,
            "spectrum_kind": kind,
        }
        connection.execute(insert(ModelInstrument), values)


def instrument_and_arm(named: str) -> tuple[str, str]:
    """Return what ``apogee`` or ``lamost_mrs:red`` means.

    Examples
    --------
    >>> instrument_and_arm("apogee"), instrument_and_arm("lamost_mrs:red")
    (('apogee', 'full'), ('lamost_mrs', 'red'))
    """
    name, _, arm = named.partition(":")
    arm = arm or "full"
    if name not in INSTRUMENTS:
        raise UnknownInstrument(
            f"There is no instrument {name!r}.", remedy=f"Name one of {', '.join(INSTRUMENTS)}."
        )
    if arm not in INSTRUMENTS[name].arms:
        there = ", ".join(f"{name}:{one}" for one in INSTRUMENTS[name].arms)
        raise UnknownInstrument(f"{name} has no arm {arm!r}.", remedy=f"Name one of {there}.")
    return name, arm


def list_models(connection: Connection) -> list[Registered]:
    """Return all models in the order of their registration."""
    labels: dict[int, list[str]] = {}
    outputs = select(ModelOutput.model_id, ModelOutput.name).where(ModelOutput.output == "label")
    for model_id, name in connection.execute(outputs.order_by(ModelOutput.position)):
        labels.setdefault(model_id, []).append(name)
    columns = (Model.model_id, Model.name, Model.system, Model.sha256, Model.path)
    query = select(*columns, Model.description, Model.citation).order_by(Model.model_id)
    return [
        Registered(*row[:5], tuple(labels[row.model_id]), row.description, row.citation)
        for row in connection.execute(query)
    ]


def find_model(connection: Connection, named: str) -> Registered:
    """Return the model of a name, or of the first characters of its SHA-256.

    Raises
    ------
    NoSuchModel
        There is none, or more than one.
    """
    models = list_models(connection)
    found = [model for model in models if model.name == named]
    if not found and len(named) >= MIN_SHA256:
        found = [model for model in models if model.sha256.startswith(named.lower())]
    if len(found) != 1:
        what = "None of the models is" if not found else "More than one model is"
        raise NoSuchModel(f"{what} {named!r}.", remedy="`starledger model list` shows all.")
    return found[0]


def read_registered(root: Path, model: Registered) -> StoredModel:
    """Read the files of a registered model, which must be those that were registered.

    Raises
    ------
    ModelRefused
        They are missing, damaged or another model's.
    """
    stored = read_model(root / model.path)
    if stored.identity != model.sha256:
        raise ModelRefused(
            f"{root / model.path} holds another model than {model.name}.",
            remedy="Put back the files of the model, or import it again.",
        )
    return stored


def load_model(connection: Connection, root: Path, named: str) -> StorableEmulator:
    """Return a registered model, ready to be used."""
    return emulator_of(read_registered(root, find_model(connection, named)))
