"""The rules of the house: who may import whom, and where files lie."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]

ROOMS = ("schema", "ingest", "compute", "catalog")
"""Each may import itself and those before it."""

FOLDERS = (*ROOMS, "migrations")
MAY_IMPORT = {room: set(ROOMS[: place + 1]) for place, room in enumerate(ROOMS)} | {
    "migrations": {"schema", "migrations"},
    "src": set(ROOMS),
    "tests": set(ROOMS),
    "benchmarks": set(ROOMS),
    "docs": set(ROOMS),
}
"""What the files of a top-level folder may import of ours."""

FACE = {"__init__.py", "__main__.py", "py.typed"}
SAYS_NOTHING = {"utils.py", "helpers.py", "misc.py", "common.py"}


def sources(house: Path) -> Iterator[tuple[str, Path]]:
    """Yield each Python file of ours once, with its top-level folder."""
    for folder in MAY_IMPORT:
        for path in sorted((house / folder).rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.parents):
                yield folder, path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the full dotted name of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def forbidden_imports(house: Path) -> Iterator[str]:
    """Yield each import that goes back, or past the package's name."""
    for folder, path in sources(house):
        for line, name in imports(path):
            if why := _refusal(folder, name):
                yield f"{path.relative_to(house)}:{line}: imports {name}: {why}"


def _refusal(folder: str, name: str) -> str | None:
    top, _, rest = name.partition(".")
    part = rest.partition(".")[0]
    if top == "":
        return "imports are absolute"
    if top in FOLDERS:
        return f"write starledger.{top}"
    if top != "starledger":
        return None
    if part in FOLDERS:
        return None if part in MAY_IMPORT[folder] else f"{folder} may not import {part}"
    if folder in FOLDERS and part != "__version__":
        return "the package's face is for its users"
    return None


def misplaced_in_face(house: Path) -> Iterator[str]:
    """Yield what does not belong into src/starledger."""
    face = house / "src" / "starledger"
    for path in sorted(face.iterdir()):
        if path.name in FOLDERS:
            if not path.is_symlink() or path.readlink() != Path("../..", path.name):
                yield f"src/starledger/{path.name}: is no relative link to ../../{path.name}"
        elif path.name not in FACE | {"__pycache__"} and path.suffix != ".mplstyle":
            yield f"src/starledger/{path.name}: the code lives in the rooms"
    for name in (*FOLDERS, *sorted(FACE)):
        if not (face / name).exists():
            yield f"src/starledger/{name}: is missing"


def subjectless_tests(house: Path) -> Iterator[str]:
    """Yield each test file of a room that mirrors no module of that room."""
    tests = house / "tests"
    for folder in FOLDERS:
        for path in sorted((tests / folder).rglob("test_*.py")):
            mirrored = path.relative_to(tests).parent / path.stem.removeprefix("test_")
            subject = house / mirrored
            if not (subject.with_suffix(".py").is_file() or (subject / "__init__.py").is_file()):
                yield f"{path.relative_to(house)}: there is no {mirrored}.py"


def names_that_say_nothing(house: Path) -> Iterator[str]:
    """Yield each file that is named after no idea."""
    for _, path in sources(house):
        if path.name in SAYS_NOTHING:
            yield f"{path.relative_to(house)}: name it after its one idea"


RULES = (forbidden_imports, misplaced_in_face, subjectless_tests, names_that_say_nothing)


@pytest.mark.parametrize("rule", RULES)
def test_the_house_obeys(rule: Callable[[Path], Iterator[str]]) -> None:
    assert list(rule(HOUSE)) == []


def test_all_rooms_are_looked_at() -> None:
    seen = {folder for folder, _ in sources(HOUSE)}
    assert seen >= {*FOLDERS, "src", "tests"}


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """Make a house of one empty package a room, which obeys every rule."""
    face = tmp_path / "src" / "starledger"
    face.mkdir(parents=True)
    for name in FACE:
        (face / name).touch()
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
        (face / folder).symlink_to(Path("../..", folder))
        (tmp_path / "tests" / folder).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("rule", RULES)
def test_a_house_that_obeys(rule: Callable[[Path], Iterator[str]], small_house: Path) -> None:
    _write(small_house, "catalog/views.py", "from starledger.schema import labels")
    _write(small_house, "tests/catalog/test_views.py", "import starledger.catalog.views")
    _write(small_house, "ingest/crossmatch.py", "from starledger import __version__, schema")
    _write(small_house, "migrations/versions/0001_first.py", "from starledger.schema import roles")
    _write(small_house, "src/starledger/__init__.py", "from starledger.catalog import views")
    assert list(rule(small_house)) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("schema/labels.py", "from starledger.ingest import crossmatch"),
        ("schema/labels.py", "from starledger import catalog"),
        ("ingest/lamost.py", "import starledger.compute.spectra"),
        ("compute/spectra/grid.py", "def late():\n    from starledger.catalog.views import VIEWS"),
        ("catalog/views.py", "from starledger.migrations import env"),
        ("src/starledger/__main__.py", "import starledger.migrations.env"),
        ("migrations/env.py", "from starledger.catalog import views"),
        ("compute/grid.py", "from starledger import open_catalog"),
        ("schema/labels.py", "import starledger"),
        ("schema/labels.py", "from . import flags"),
        ("schema/labels.py", "import schema.flags"),
        ("benchmarks/bench_copy.py", "import schema"),
        ("tests/schema/test_labels.py", "from schema import labels"),
        ("docs/conf.py", "from catalog.views import VIEWS"),
    ],
)
def test_a_forbidden_import_is_found(small_house: Path, file: str, line: str) -> None:
    _write(small_house, file, line)
    (found,) = forbidden_imports(small_house)
    assert found.startswith(f"{file}:{len(line.splitlines())}: imports ")


def test_code_beside_the_face_is_found(small_house: Path) -> None:
    _write(small_house, "src/starledger/views.py", "")
    (found,) = misplaced_in_face(small_house)
    assert found == "src/starledger/views.py: the code lives in the rooms"


@pytest.mark.parametrize("wrong", ["absolute", "folder", "missing"])
def test_a_wrong_link_is_found(small_house: Path, wrong: str) -> None:
    link = small_house / "src" / "starledger" / "ingest"
    link.unlink()
    if wrong == "absolute":
        link.symlink_to(small_house / "ingest")
    elif wrong == "folder":
        link.mkdir()
    (found,) = misplaced_in_face(small_house)
    assert found.startswith("src/starledger/ingest: is ")


def test_a_test_without_subject_is_found(small_house: Path) -> None:
    _write(small_house, "tests/ingest/catalogs/test_lamost.py", "")
    _write(small_house, "ingest/catalogs/__init__.py", "")
    (found,) = subjectless_tests(small_house)
    assert found == "tests/ingest/catalogs/test_lamost.py: there is no ingest/catalogs/lamost.py"


def test_a_name_that_says_nothing_is_found(small_house: Path) -> None:
    _write(small_house, "compute/spectra/utils.py", "")
    (found,) = names_that_say_nothing(small_house)
    assert found.startswith("compute/spectra/utils.py: ")


def _write(house: Path, file: str, text: str) -> None:
    path = house / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
