"""The package as others get it: an sdist, the wheel built from it, and what that wheel can do."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from starledger import __version__

HOUSE = Path(__file__).parents[1]
ROOMS = ("schema", "ingest", "compute", "catalog", "migrations")
SHIPPED = (*ROOMS, "src", "pyproject.toml", "README.md", "LICENSE")

NOT_PYTHON = {
    "py.typed",
    "schema/functions.sql",
    "migrations/env.py",
    "migrations/script.py.mako",
    "migrations/versions/0001_foundation.py",
    "migrations/versions/0001_foundation.sql",
}
"""What nobody imports, so that a wheel could lack it unnoticed."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the sdist, of a copy: a build leaves files in the tree."""
    copy = tmp_path_factory.mktemp("house")
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SHIPPED:
        source = HOUSE / name
        if source.is_dir():
            shutil.copytree(source, copy / name, symlinks=True, ignore=leftovers)
        else:
            shutil.copy(source, copy / name)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", copy / "dist", copy)
    (wheel,) = (copy / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in an environment of its own and return the folder of its programs.

    Its requirements are those of this environment, lent by a .pth file: which is not read for
    further .pth files, so that this environment's editable Starledger stays behind.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    Path(paths["purelib"], "lent.pth").write_text(sysconfig.get_paths()["purelib"])
    _run(
        *(sys.executable, "-m", "pip", "--python", Path(paths["scripts"], "python")),
        *("install", "--quiet", "--no-deps", "--no-index", "--force-reinstall", wheel),
    )
    return Path(paths["scripts"])


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """Make a home that also the server's user can enter, when we are root."""
    with tempfile.TemporaryDirectory(prefix="starledger-test-", dir="/tmp") as home:
        Path(home).chmod(0o755)
        yield Path(home)


@pytest.mark.slow
def test_wheel_has_what_nobody_imports(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"starledger/{name}" for name in NOT_PYTHON} <= names


@pytest.mark.slow
def test_wheel_has_every_module_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")}
    ours = {f"starledger/{path.relative_to(HOUSE)}" for path in _our_modules()}
    assert inside == ours | {"starledger/__init__.py", "starledger/__main__.py"}


@pytest.mark.slow
def test_installed_wheel_makes_a_database(installed: Path, empty_home: Path) -> None:
    kept = ("PATH", "LANG", "TMPDIR")
    environ = {name: os.environ[name] for name in kept if name in os.environ}
    environ["HOME"] = str(empty_home)

    def starledger(*arguments: str) -> str:
        return _run(installed / "starledger", *arguments, cwd=empty_home, env=environ)

    assert starledger("--version") == f"starledger, version {__version__}\n"
    where = _run(
        *(installed / "python", "-c", "import starledger; print(starledger.__file__)"),
        cwd=empty_home,
        env=environ,
    )
    assert Path(where.strip()).is_relative_to(installed.parent)
    assert "The database is up to date." in starledger("db", "upgrade")
    assert starledger("db", "shell", "-Atc", "SELECT count(*) FROM ledger.run") == "0\n"


def test_every_import_is_a_declared_requirement() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *chain(*project.get("optional-dependencies", {}).values()),
    ]
    names = {canonicalize_name(Requirement(line).name) for line in declared}
    homes = metadata.packages_distributions()
    undeclared = {
        f"{path.relative_to(HOUSE)} imports {top}"
        for path in _our_modules()
        for top in _imported(path) - sys.stdlib_module_names - {"starledger"}
        if names.isdisjoint(canonicalize_name(name) for name in homes.get(top, ()))
    }
    assert undeclared == set()


def _imported(path: Path) -> set[str]:
    tops = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            tops.add(node.module.split(".")[0])
    return tops


def _our_modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from (HOUSE / room).rglob("*.py")


def _run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
