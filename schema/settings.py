"""The settings: one typed object, and where each of its values came from.

A value is taken from the first of these that has it: a flag of the command line, a variable
``STARLEDGER_<NAME>``, ``config.toml`` in the user's configuration folder, the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from starledger.schema.errors import SettingsError

PREFIX = "STARLEDGER_"


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


Folder = Annotated[Path, AfterValidator(_expanded)]


def default_home() -> Path:
    """Return the user's data folder of the platform."""
    return platformdirs.user_data_path("starledger", appauthor=False)


def config_file(environ: Mapping[str, str] | None = None) -> Path:
    """Return the path of ``config.toml``; ``STARLEDGER_CONFIG`` overrides it."""
    environ = os.environ if environ is None else environ
    if named := environ.get(PREFIX + "CONFIG"):
        return Path(named).expanduser()
    return platformdirs.user_config_path("starledger", appauthor=False) / "config.toml"


class Settings(BaseModel):
    """Everything that a user can set.

    Examples
    --------
    >>> Settings(home="/data/stars").shard_root
    PosixPath('/data/stars/shards')
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: SecretStr | None = Field(
        default=None,
        description="the PostgreSQL server and database; none means the embedded server",
    )
    worker_url: SecretStr | None = Field(
        default=None,
        description="the same database as the worker's role; none means database_url with the "
        "role's name, its password from ~/.pgpass",
    )
    reader_url: SecretStr | None = Field(
        default=None,
        description="the same database as the reader's role; none means database_url with the "
        "role's name, its password from ~/.pgpass",
    )
    home: Folder = Field(
        default_factory=default_home,
        description="the folder of the embedded database, the shards and the models",
    )
    shard_root: Folder = Field(
        default_factory=lambda data: data["home"] / "shards",
        description="the folder of the shards of pixels; workers elsewhere mount the same one",
    )
    model_root: Folder = Field(
        default_factory=lambda data: data["home"] / "models",
        description="the folder of the models' weights",
    )
    scheduler: str | None = Field(
        default=None,
        description="the address of a Dask scheduler; none means a cluster on this machine",
    )
    dashboard_port: int = Field(
        default=8787, ge=0, le=65535, description="the port of Dask's dashboard; 0 picks a free one"
    )
    lease_seconds: float = Field(
        default=120.0,
        gt=0,
        description="how long a worker that is not heard of keeps its visits, in seconds",
    )
    retry_seconds: float = Field(
        default=30.0,
        ge=0,
        description="how long a visit waits after a failed attempt, in seconds; then four times"
        " as long",
    )
    cluster: str | None = Field(
        default=None,
        description="a class of clusters to start workers with, such as"
        " dask_jobqueue.SLURMCluster, configured as its own documentation says",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="the least severe message that is logged to stderr"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="how messages are logged"
    )


@dataclass(frozen=True)
class Loaded:
    """Settings together with the source of each value."""

    settings: Settings
    origins: Mapping[str, str]


def load_settings(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Loaded:
    """Fill the settings from flags, variables and the configuration file.

    Parameters
    ----------
    flags
        Values given on the command line; ``None`` means not given.
    environ
        The environment; the process's own by default.

    Examples
    --------
    >>> loaded = load_settings({"log_level": "debug"}, {"STARLEDGER_HOME": "/data"})
    >>> loaded.settings.home, loaded.origins["home"], loaded.origins["log_level"]
    (PosixPath('/data'), 'STARLEDGER_HOME', 'command line')
    """
    environ = os.environ if environ is None else environ
    path = config_file(environ)
    sources: list[tuple[str, Mapping[str, Any]]] = [
        (str(path), _read_config(path)),
        ("", _from_environment(environ)),
        ("command line", {k: v for k, v in (flags or {}).items() if v is not None}),
    ]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for source, found in sources:
        for name, value in found.items():
            values[name] = value
            origins[name] = source or PREFIX + name.upper()
    try:
        return Loaded(Settings(**values), origins)
    except ValidationError as error:
        raise _explained(error, origins) from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    return {names[key]: value for key, value in environ.items() if key in names and value != ""}


def _read_config(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The configuration file {path} is not TOML: {error}.",
            remedy="Mend it, or move it away.",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"The configuration file {path} cannot be read: {error.strerror}.",
            remedy="Mend its rights, or name another with STARLEDGER_CONFIG.",
        ) from None


def _explained(error: ValidationError, origins: Mapping[str, str]) -> SettingsError:
    first = error.errors()[0]
    name = str(first["loc"][0])
    said = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    known = ", ".join(Settings.model_fields)
    if first["type"] == "extra_forbidden":
        return SettingsError(
            f"There is no setting {name!r} (in {origins.get(name, 'the flags')}).",
            remedy=f"The settings are: {known}.",
        )
    return SettingsError(
        f"The setting {name} (from {origins[name]}) cannot be used: {said[0].lower()}{said[1:]}.",
        remedy="Mend the value there, or remove it for the default.",
    )
