"""The systems that models are of, and what makes a model of its files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self

from starledger.compute.models.base import Emulator
from starledger.compute.models.stored import StoredModel, read_model
from starledger.schema.errors import StarledgerError

SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "cannon": "starledger.compute.models.cannon.emulator:Cannon",
        "payne": "starledger.compute.models.payne:Payne",
    }
)
"""Where each system's class is; it is imported when a model of it is first read."""


class UnknownSystem(StarledgerError):
    """A model is of a system that this software does not know."""


class StorableEmulator(Emulator, Protocol):
    """An emulator that files can hold."""

    def stored(self) -> StoredModel:
        """Return it as files hold it."""
        raise NotImplementedError

    @classmethod
    def of(cls, model: StoredModel) -> Self:
        """Return the emulator that files hold."""
        raise NotImplementedError


def emulator_of(model: StoredModel) -> StorableEmulator:
    """Return the emulator that files hold, of whatever system.

    Raises
    ------
    UnknownSystem
        There is no such system.
    ModelRefused
        The files hold no usable model of it.
    """
    if model.system not in SYSTEMS:
        raise UnknownSystem(
            f"The model is of the system {model.system!r}, which is not known here.",
            remedy=f"Known are {', '.join(SYSTEMS)}; a newer version may know more.",
        )
    module, name = SYSTEMS[model.system].split(":")
    system: type[StorableEmulator] = getattr(importlib.import_module(module), name)
    return system.of(model)


def read_emulator(folder: Path) -> StorableEmulator:
    """Read an emulator from the folder of its files."""
    return emulator_of(read_model(folder))
