"""The doctor: looks at everything that a command relies on, and says what to do where it is ill."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from pydantic import SecretStr
from sqlalchemy import URL, text

from starledger import __version__
from starledger.schema.database import Database, explained, open_database, parse_url
from starledger.schema.errors import SettingsError, StarledgerError
from starledger.schema.migrate import Standing, require_head, schema_state
from starledger.schema.roles import LOGIN_ROLES, Role
from starledger.schema.settings import PREFIX, Loaded

DISTRIBUTION = "starledger"

SHOWN = ("sqlalchemy", "psycopg", "torch", "numpy", "astropy", "dask")
"""The packages whose versions are always shown; the others only where they are missing or old."""

GIB = 2**30
LITTLE_FREE_GIB = 10
"""Less free disk space than this is worth a warning: a survey's shards take tens of GiB."""
LEAST_FREE_GIB = 1
"""Less free disk space than this is too little: PostgreSQL's own log takes up to 2 GiB."""

log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """What the doctor found out about one thing.

    Parameters
    ----------
    name
        The thing.
    verdict
        How it is.
    said
        What was seen.
    remedy
        What to do about it, where it is not ok.
    """

    name: str
    verdict: Verdict
    said: str
    remedy: str | None = None


Check = Callable[[Loaded], Iterator[Finding]]


def examine(name: str, loaded: Loaded) -> list[Finding]:
    """Make one of the `CHECKS`; whatever goes wrong in it is a finding too.

    Parameters
    ----------
    name
        The check.
    loaded
        The settings and where they came from.
    """
    return list(_attempted(name, partial(CHECKS[name], loaded)))


def _attempted(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except StarledgerError as error:
        yield Finding(name, Verdict.BROKEN, error.what, error.remedy)
    except Exception as error:
        log.info("The check of %s failed.", name, exc_info=True)
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        remedy = "`starledger --log-level info doctor` shows where it comes from."
        yield Finding(name, Verdict.BROKEN, said, remedy)


def check_versions(_loaded: Loaded) -> Iterator[Finding]:
    """Look at Python, ourselves and the packages that we need."""
    yield Finding("python", Verdict.OK, platform.python_version())
    yield Finding("starledger", Verdict.OK, __version__)
    for requirement in map(Requirement, metadata.requires(DISTRIBUTION) or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            finding = _package(requirement)
            if finding.verdict is not Verdict.OK or requirement.name in SHOWN:
                yield finding


def _package(requirement: Requirement) -> Finding:
    remedy = f"pip install '{requirement.name}{requirement.specifier}'"
    version = _version(requirement.name)
    if version is None:
        return Finding(requirement.name, Verdict.BROKEN, "not installed", remedy)
    if not requirement.specifier.contains(version, prereleases=True):
        said = f"{version}; {requirement.specifier} is needed"
        return Finding(requirement.name, Verdict.BROKEN, said, remedy)
    return Finding(requirement.name, Verdict.OK, version)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def check_extras(_loaded: Loaded) -> Iterator[Finding]:
    """Look at which of the optional extras are installed; none has to be."""
    requirements = [Requirement(line) for line in metadata.requires(DISTRIBUTION) or []]
    for extra in sorted(metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []):
        missing = [
            requirement.name
            for requirement in requirements
            if requirement.marker
            and requirement.marker.evaluate({"extra": extra})
            and not requirement.marker.evaluate({"extra": ""})
            and _version(requirement.name) is None
        ]
        how = f"`pip install 'starledger[{extra}]'` adds it"
        said = f"not installed (no {', '.join(missing)}); {how}" if missing else "installed"
        yield Finding(f"extra {extra}", Verdict.OK, said)


def check_settings(loaded: Loaded) -> Iterator[Finding]:
    """Tell each setting's value and where it came from; passwords are hidden."""
    for name, origin in loaded.origins.items():
        value = getattr(loaded.settings, name)
        try:
            said = _shown(name, value)
        except SettingsError as error:
            yield Finding(name, Verdict.BROKEN, f"{error.what} ({origin})", error.remedy)
        else:
            yield Finding(name, Verdict.OK, f"{said} ({origin})")


def _shown(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return _hidden(parse_url(value.get_secret_value(), name))
    return "–" if value is None else str(value)


def _hidden(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def check_database(loaded: Loaded) -> Iterator[Finding]:
    """Look at the server, the schema, and whether worker and reader are let in as themselves."""
    with open_database(loaded.settings) as database:
        yield from _attempted("server", partial(_server, database))
        yield from _attempted("schema", partial(_schema, database))
        for role in LOGIN_ROLES:
            yield from _attempted(role.name.lower(), partial(_login, database, role))


def _server(database: Database) -> Iterator[Finding]:
    with database.engine().connect() as connection:
        version = connection.scalar(text("SHOW server_version"))
    kind, where = (
        ("embedded", str(database.server.data_folder))
        if database.server
        else ("server", database.address)
    )
    yield Finding("database", Verdict.OK, f"{kind} PostgreSQL {version}, {where}")


def _schema(database: Database) -> Iterator[Finding]:
    with database.engine().connect() as connection:
        state = schema_state(connection)
        if state.standing is not Standing.AT_HEAD:
            require_head(connection)
    yield Finding("schema", Verdict.OK, f"revision {state.current}, up to date")


def _login(database: Database, role: Role) -> Iterator[Finding]:
    name, url = role.name.lower(), database.urls[role]
    with explained(_hidden(url)), database.engine(role).connect() as connection:
        user, superuser, owns = connection.execute(
            text(
                "SELECT session_user, current_setting('is_superuser') = 'on', pg_has_role(datdba,"
                " 'MEMBER') FROM pg_database WHERE datname = current_database()"
            )
        ).one()
    if superuser or owns:
        yield Finding(
            name,
            Verdict.WARNING,
            f"logs in as {user}, who may do everything",
            f"Remove {PREFIX}{name.upper()}_URL, or name a user with fewer rights in it.",
        )
    else:
        yield Finding(name, Verdict.OK, f"logs in as {user}")


def check_torch(_loaded: Loaded) -> Iterator[Finding]:
    """Look at whether torch can be loaded, and on what it computes."""
    try:
        import torch  # it takes seconds, and most commands do without
    except (ImportError, OSError) as error:
        said = f"torch cannot be loaded: {error}".splitlines()[0]
        remedy = "Install it again: pip install --force-reinstall torch"
        yield Finding("gpu", Verdict.BROKEN, said, remedy)
        return
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        usable = torch.cuda.is_available()
    if usable:
        for number in range(torch.cuda.device_count()):
            yield from _attempted("gpu", partial(_gpu, number))
    elif _gpu_is_there():
        reason = str(warned[0].message).splitlines()[0] if warned else "it is built without CUDA"
        yield Finding(
            "gpu",
            Verdict.WARNING,
            f"there is a GPU, but torch {torch.__version__} cannot use it: {reason}",
            "Install the torch build for the GPU's driver (https://pytorch.org/get-started);"
            " until then the CPU is used.",
        )
    else:
        yield Finding("gpu", Verdict.OK, "no GPU: the CPU is used")


def _gpu(number: int) -> Iterator[Finding]:
    import torch

    about = torch.cuda.get_device_properties(number)
    # Only a computation shows that this build has code for this card.
    torch.ones(2, device=f"cuda:{number}").sum().item()
    said = f"cuda:{number} {about.name}, {about.total_memory / GIB:.0f} GiB"
    yield Finding("gpu", Verdict.OK, said)


def _gpu_is_there() -> bool:
    return any(Path("/dev").glob("nvidia[0-9]*"))


def check_threads(_loaded: Loaded) -> Iterator[Finding]:
    """Look at whether torch wants more threads than there are cores for us."""
    import torch
    from dask.system import CPU_COUNT  # it knows the limits of containers

    threads = torch.get_num_threads()
    said = f"torch uses {threads} of {CPU_COUNT} usable cores"
    if threads <= CPU_COUNT:
        yield Finding("threads", Verdict.OK, said)
    else:
        remedy = f"Set OMP_NUM_THREADS={CPU_COUNT}: threads that share a core slow each other down."
        yield Finding("threads", Verdict.WARNING, said, remedy)


def check_disk(loaded: Loaded) -> Iterator[Finding]:
    """Look at the free disk space of the home and the shards."""
    for name in ("home", "shard_root"):
        yield _disk(f"disk of {name}", getattr(loaded.settings, name), PREFIX + name.upper())


def _disk(name: str, folder: Path, variable: str) -> Finding:
    there = next(one for one in (folder, *folder.absolute().parents) if os.access(one, os.F_OK))
    free_gib = shutil.disk_usage(there).free / GIB
    said = (
        f"{free_gib:.1f} GiB free at {there}"
        f" (warning below {LITTLE_FREE_GIB}, broken below {LEAST_FREE_GIB})"
    )
    remedy = f"Free some, or name a folder on another disk with {variable}."
    if free_gib < LEAST_FREE_GIB:
        return Finding(name, Verdict.BROKEN, said, remedy)
    if free_gib < LITTLE_FREE_GIB:
        return Finding(name, Verdict.WARNING, said, remedy)
    if not os.access(there, os.W_OK):
        remedy = f"Mend the rights, or name another folder with {variable}."
        return Finding(name, Verdict.WARNING, f"{there} may only be read", remedy)
    return Finding(name, Verdict.OK, said)


def check_dashboard(loaded: Loaded) -> Iterator[Finding]:
    """Look at whether the port of Dask's dashboard is free."""
    port = loaded.settings.dashboard_port
    if port == 0:
        yield Finding("dashboard port", Verdict.OK, "a free one is picked")
        return
    with closing(socket.socket()) as probe:
        # As the dashboard's own server does: a port just left is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            remedy = f"Name another with {PREFIX}DASHBOARD_PORT; 0 picks a free one."
            said = f"{port} cannot be used: {error.strerror}"
            yield Finding("dashboard port", Verdict.WARNING, said, remedy)
        else:
            yield Finding("dashboard port", Verdict.OK, f"{port} is free")


CHECKS: dict[str, Check] = {
    "versions": check_versions,
    "extras": check_extras,
    "settings": check_settings,
    "database": check_database,
    "torch": check_torch,
    "threads": check_threads,
    "disk": check_disk,
    "dashboard": check_dashboard,
}
"""All checks, in the order of making them."""
