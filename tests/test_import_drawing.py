"""The drawing of who imports whom agrees with the code, and shows what it should."""

from __future__ import annotations

import importlib.util
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

HOUSE = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def program() -> Any:
    """Return the program that draws, which belongs to no package."""
    path = HOUSE / "docs" / "import_drawing.py"
    spec = importlib.util.spec_from_file_location("import_drawing", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_drawing_is_that_of_the_imports(program: Any) -> None:
    drawn = program.drawing(program.imports_of(HOUSE), program.own_files(HOUSE))
    assert program.TARGET.read_text("utf-8") == drawn, "The imports changed: run `make drawing`."


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """Make a house in which everyone imports someone in another way."""
    files = {
        "schema/labels.py": "",
        "schema/tables/fits.py": "from starledger.schema import labels",
        "ingest/pixels/shards.py": "import starledger.schema.tables.fits\nimport numpy",
        "compute/spectra/grid.py": "def late():\n    from starledger.ingest.pixels import shards",
        "compute/models/base.py": "from starledger.compute import spectra\n" * 5,
        "compute/models/payne.py": "from starledger.schema.labels import LABELS",
        "catalog/combine/current.py": "from starledger.ingest import pixels",
        "catalog/commands.py": "from starledger.compute.models.base import Emulator",
    }
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    return tmp_path


def arrows(program: Any, house: Path) -> dict[str, ET.Element]:
    """Return the arrows of a house's drawing by what they say."""
    text = program.drawing(program.imports_of(house), program.own_files(house))
    drawn = ET.fromstring(text)  # noqa: S314 - it is ours
    return {
        str(path.findtext(f"{SVG}title")): path
        for path in drawn.findall(f"{SVG}path")
    }  # fmt: skip


def test_every_way_to_import_is_seen(program: Any, small_house: Path) -> None:
    counts = {pair: count for pair, count in program.imports_of(small_house).items() if count}
    named = {
        (f"{one.room}/{one.title}", f"{other.room}/{other.title}"): count
        for (one, other), count in counts.items()
        if one != other
    }
    assert named == {
        ("schema/tables", "schema/*.py"): 1,
        ("ingest/pixels", "schema/tables"): 1,
        ("compute/spectra", "ingest/pixels"): 1,
        ("compute/models", "compute/spectra"): 5,
        ("compute/models", "schema/*.py"): 1,
        ("catalog/combine", "ingest/pixels"): 1,
        ("catalog/*.py", "compute/models"): 1,
    }


def test_arrows_lead_from_package_to_package(program: Any, small_house: Path) -> None:
    assert set(arrows(program, small_house)) == {
        "compute/spectra imports ingest/pixels",
        "compute/models imports compute/spectra",
        "catalog/combine imports ingest/pixels",
        "catalog/*.py imports compute/models",
    }


def test_packages_that_need_each_other_have_a_dashed_arrow(program: Any, small_house: Path) -> None:
    before = arrows(program, small_house)
    assert not any("back" in str(path.get("class")) for path in before.values())
    (small_house / "compute/spectra/masks.py").write_text("import starledger.compute.models.base")
    after = arrows(program, small_house)
    assert after["compute/spectra imports compute/models"].get("class") == "compute back"


def test_few_imports_more_do_not_change_the_drawing(program: Any, small_house: Path) -> None:
    imports, files = program.imports_of(small_house), program.own_files(small_house)
    drawn = program.drawing(imports, files)
    (pair,) = (pair for pair, count in imports.items() if count == 5)
    imports[pair] = 9
    assert program.drawing(imports, files) == drawn
    imports[pair] = 10
    assert program.drawing(imports, files) != drawn


def test_who_does_not_stand_on_the_ground_is_named(program: Any, small_house: Path) -> None:
    drawn = program.drawing(program.imports_of(small_house), ["labels"])
    assert "All packages above but catalog/*.py, catalog/combine, compute/spectra import" in drawn
    assert "*.py: labels" in drawn
