from __future__ import annotations

from pathlib import Path

import pytest

from starledger.compute.models.stored import StoredModel, write_folder
from starledger.compute.models.systems import UnknownSystem, emulator_of, read_emulator
from tests.compute.models.test_payne import random_payne


def test_files_become_the_model_of_their_system(tmp_path: Path) -> None:
    payne = random_payne()
    write_folder(tmp_path / "one", payne.stored())
    assert read_emulator(tmp_path / "one").stored().identity == payne.stored().identity


@pytest.mark.parametrize("system", ["oracle", "../../etc", ""])
def test_unknown_systems_are_refused(system: str) -> None:
    with pytest.raises(UnknownSystem, match="payne"):
        emulator_of(StoredModel({"system": system}, {}))
