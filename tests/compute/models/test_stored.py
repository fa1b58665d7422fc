from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.compute.models.stored import (
    ABOUT,
    TENSORS,
    ModelRefused,
    StoredModel,
    read_model,
    write_folder,
    write_model,
)
from starledger.schema.errors import StarledgerError


def small_model(**changed: torch.Tensor) -> StoredModel:
    tensors = {
        "weight": torch.arange(6.0).reshape(2, 3),
        "low": torch.tensor([1.0], dtype=torch.float64),
        "mask": torch.tensor([True, False]),
    }
    return StoredModel({"system": "payne", "labels": ["teff"]}, {**tensors, **changed})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    model = small_model()
    place = write_model(tmp_path, model)
    assert place == Path("payne", model.identity)
    back = read_model(tmp_path / place)
    assert back.identity == model.identity
    assert back.configuration == model.configuration
    for name, tensor in model.tensors.items():
        assert torch.equal(back.tensors[name], tensor)
    assert sorted(path.name for path in (tmp_path / "payne").iterdir()) == [model.identity]


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    first = write_model(tmp_path, small_model())
    before = (tmp_path / first / TENSORS).stat().st_mtime_ns
    assert write_model(tmp_path, small_model()) == first
    assert (tmp_path / first / TENSORS).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "changed",
    [
        {"weight": torch.arange(6.0).reshape(3, 2)},
        {"weight": torch.arange(6.0).reshape(2, 3).double()},
        {"weight": torch.arange(6.0).reshape(2, 3) + 1e-6},
        {"mask": torch.tensor([False, True])},
        {"further": torch.zeros(1)},
        {"empty": torch.zeros(0)},
    ],
)
def test_the_identity_covers_every_tensor(changed: dict[str, torch.Tensor]) -> None:
    assert small_model(**changed).identity != small_model().identity


def test_the_identity_covers_the_configuration() -> None:
    model = small_model()
    other = StoredModel({**model.configuration, "labels": ["logg"]}, model.tensors)
    assert other.identity != model.identity


def test_the_identity_does_not_change_between_versions() -> None:
    identity = small_model().identity
    assert identity == "95035318f0ddf2a4547dd2e7388b54c22bfecff0464d43ea3203616b5f40fc29"


def test_the_identity_is_of_values_and_not_of_order_or_memory() -> None:
    model = small_model()
    turned = StoredModel(
        dict(sorted(model.configuration.items(), reverse=True)),
        {
            **{name: model.tensors[name] for name in sorted(model.tensors, reverse=True)},
            "weight": model.tensors["weight"].T.clone().T,
        },
    )
    assert turned.identity == model.identity


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole") / "one"
    write_folder(folder, small_model())
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=60)
@given(
    name=st.sampled_from([TENSORS, ABOUT]),
    place=st.floats(0.0, 1.0, exclude_max=True),
    flipped=st.integers(0, 255),
)
def test_damage_is_noticed_or_harmless(
    written: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    place: float,
    flipped: int,
) -> None:
    folder = tmp_path_factory.mktemp("model")
    content = bytearray(written[name])
    at = int(place * len(content))
    if flipped:
        content[at] ^= flipped
    else:
        del content[at:]
    for file, whole in written.items():
        (folder / file).write_bytes(content if file == name else whole)
    with suppress(ModelRefused):
        assert read_model(folder).identity == small_model().identity


@pytest.mark.parametrize("name", [TENSORS, ABOUT])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    write_folder(tmp_path / "one", small_model())
    (tmp_path / "one" / name).unlink()
    with pytest.raises(ModelRefused, match=name):
        read_model(tmp_path / "one")


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ("[]", "no model's configuration"),
        ("{}", "no model's configuration"),
        ("[" * 100_000, "is not JSON"),
        ('{"format": 1, "sha256": "", "configuration": {}}', "of which system"),
        ('{"format": 2, "sha256": "", "configuration": {}}', "reads 1"),
    ],
)
def test_foreign_configurations_are_refused(about: str, why: str, tmp_path: Path) -> None:
    write_folder(tmp_path / "one", small_model())
    (tmp_path / "one" / ABOUT).write_text(about)
    with pytest.raises(ModelRefused, match=why):
        read_model(tmp_path / "one")


def test_a_changed_configuration_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path / "one", small_model())
    about = json.loads((tmp_path / "one" / ABOUT).read_text())
    about["configuration"]["labels"] = ["logg"]
    (tmp_path / "one" / ABOUT).write_text(json.dumps(about))
    with pytest.raises(ModelRefused, match="is damaged"):
        read_model(tmp_path / "one")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "mine.txt").touch()
    with pytest.raises(StarledgerError, match="something at"):
        write_folder(tmp_path / "one", small_model())
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
