from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from safetensors.numpy import load_file

from starledger.ingest.pixels.shard_groups import Group, Packing
from starledger.ingest.pixels.shard_reading import DamagedShard, Shard, open_shard, verify_shard
from starledger.ingest.pixels.shards import WrittenShard, shard_parts, write_shard
from starledger.ingest.pixels.spectrum import Grid, GridKind, Medium, ReadSpectrum
from starledger.schema.errors import DiskFull, FolderReadOnly
from tests.ingest.pixels.made_up import made_up

STEP = 1e-4
ORIGIN = {"survey": "lamost", "release": "dr5/v1", "ingest": 1}


class Row:
    """A row of the table of shards."""

    def __init__(self, written: WrittenShard) -> None:
        self.path, self.sha256 = written.name, written.sha256


def groups_of(spectra: list[ReadSpectrum]) -> list[Group]:
    packing = Packing()
    for number, spectrum in enumerate(spectra):
        packing.add(number, spectrum)
    return packing.groups()


def written(folder: Path, *spectra: ReadSpectrum) -> tuple[WrittenShard, Shard]:
    (group,) = groups_of(list(spectra))
    shard = write_shard(folder, group, ORIGIN)
    return shard, open_shard(folder, Row(shard))


def digest(group: Group, origin: dict[str, Any]) -> str:
    return hashlib.sha256(b"".join(map(bytes, shard_parts(group, origin)))).hexdigest()


@st.composite
def grids(draw: DrawFn, n_pixels: int) -> Grid:
    kind = draw(st.sampled_from(get_args(GridKind)))
    medium = draw(st.sampled_from(get_args(Medium)))
    start = draw(st.floats(3000, 17000))
    if kind == "explicit":
        steps = draw(st.lists(st.floats(0.01, 2), min_size=n_pixels, max_size=n_pixels))
        listed = start + np.cumsum(steps)
        return Grid(kind, medium, float(listed[0]), None, listed)
    return Grid(kind, medium, start, draw(st.sampled_from([STEP, 6e-6, 0.2])))


@st.composite
def spectra(draw: DrawFn) -> ReadSpectrum:
    n_pixels = draw(st.integers(1, 30))
    grid = draw(grids(n_pixels))
    if grid.kind == "log10" and grid.step == 0.2:
        grid = Grid("log10", grid.medium, grid.start, STEP)
    return made_up(
        draw(st.text(min_size=1, max_size=8)),
        seed=draw(st.integers(0, 99)),
        n_pixels=n_pixels,
        grid=grid,
        arm=draw(st.sampled_from(["blue", "red"])),
        has_or_mask=draw(st.booleans()),
    )


@settings(max_examples=60)
@given(st.lists(spectra(), min_size=1, max_size=12))
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, many: list[ReadSpectrum]
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    seen = 0
    for group in groups_of(many):
        written = write_shard(folder, group, ORIGIN)
        shard = open_shard(folder, Row(written))
        verify_shard(folder, Row(written))
        assert len(shard) == written.n_spectra == len(group.members)
        assert shard.about["external_ids"] == [one.external_id for _, one in group.members]
        for row, (_, spectrum) in enumerate(group.members):
            assert_same(shard, row, spectrum)
            seen += 1
    assert seen == len(many)


def assert_same(shard: Shard, row: int, spectrum: ReadSpectrum) -> None:
    own, pixels = shard.own(row), spectrum.pixels
    np.testing.assert_array_equal(shard.flux[row, own], pixels.flux)
    np.testing.assert_array_equal(shard.ivar[row, own], pixels.ivar)
    np.testing.assert_array_equal(shard.mask[row, own], pixels.mask)
    assert (shard.or_mask is None) == (pixels.or_mask is None)
    if shard.or_mask is not None:
        np.testing.assert_array_equal(shard.or_mask[row, own], pixels.or_mask)
    outside = np.ones(shard.flux.shape[1], dtype=bool)
    outside[own] = False
    assert not shard.ivar[row, outside].any()
    away = np.abs(shard.wavelength(row) - spectrum.wavelength)
    pixel = spectrum.grid.step or 0.0
    if spectrum.grid.kind == "log10":
        pixel *= np.log(10) * spectrum.wavelength.max()
    assert away.max() <= 1.01e-3 * pixel


def test_the_row_tells_the_grid(tmp_path: Path) -> None:
    later = Grid("log10", "vacuum", 10 ** (np.log10(3700.0) + 3 * STEP), STEP)
    told, shard = written(tmp_path, made_up(grid=later), made_up(grid=made_up().grid, n_pixels=22))
    assert (told.grid_kind, told.grid_step, told.wavelength_medium) == ("log10", STEP, "vacuum")
    assert told.grid_start == pytest.approx(3700.0, rel=1e-14)
    assert (told.n_spectra, told.n_pixels) == (2, 23)
    assert told.mask_bits == {"0": "BADPIX", "3": "BRIGHTSKY"}
    assert (shard.first.tolist(), shard.count.tolist()) == ([3, 0], [20, 22])


def test_one_grid_is_kept_as_stated(tmp_path: Path) -> None:
    spectrum = made_up(grid=Grid("log10", "vacuum", 3699.9861234567, STEP))
    told, shard = written(tmp_path, spectrum, spectrum)
    assert told.grid_start == 3699.9861234567
    np.testing.assert_array_equal(shard.wavelength(1), spectrum.wavelength)


def test_padding_of_listed_wavelengths_does_not_fall(tmp_path: Path) -> None:
    grids = [Grid("explicit", "air", 4000.0, None, 4000.0 + np.arange(float(n))) for n in (20, 15)]
    _, shard = written(
        tmp_path, *(made_up(grid=g, n_pixels=n) for g, n in zip(grids, (20, 15), strict=True))
    )
    assert shard.listed is not None
    assert (np.diff(shard.listed, axis=1) >= 0).all()
    assert len(shard.wavelength(1)) == 15
    with pytest.raises(ValueError, match="own wavelengths"):
        _ = shard.grid


def test_arrays_are_views_of_the_file(tmp_path: Path) -> None:
    _, shard = written(tmp_path, *(made_up(seed=n) for n in range(5)))
    batch = shard.flux[1:4]
    assert not batch.flags.owndata
    assert not batch.flags.writeable
    assert batch.flags.c_contiguous
    assert isinstance(batch, np.memmap)


def test_others_can_open_it(tmp_path: Path) -> None:
    told, shard = written(tmp_path, made_up(seed=1), made_up(seed=2))
    arrays = load_file(tmp_path / told.name)
    np.testing.assert_array_equal(arrays["flux"], shard.flux)
    assert set(arrays) == {"flux", "ivar", "mask", "or_mask", "first", "count"}


def test_the_same_spectra_make_the_same_bytes(tmp_path: Path) -> None:
    told, _ = written(tmp_path, made_up(seed=1), made_up(seed=2))
    assert told.name == f"lamost_lrs-visit-full-{told.sha256[:16]}.safetensors"
    script = (
        "from tests.ingest.pixels.test_shards import *\n"
        "(g,) = groups_of([made_up(seed=1), made_up(seed=2)])\n"
        "print(digest(g, ORIGIN))"
    )
    for seed in ("1", "2"):
        again = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        assert again.stdout.strip() == told.sha256


def test_other_content_makes_other_bytes() -> None:
    (one,), (two,) = groups_of([made_up(seed=1)]), groups_of([made_up(seed=2)])
    (other_name,) = groups_of([made_up("2", seed=1)])
    digests = {
        digest(group, origin)
        for group, origin in (
            (one, ORIGIN),
            (two, ORIGIN),
            (other_name, ORIGIN),
            (one, ORIGIN | {"ingest": 2}),
        )
    }
    assert len(digests) == 4


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    told, _ = written(tmp_path / "a" / "b", made_up())
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [told.name]


@pytest.mark.parametrize(
    ("number", "kind"), [("ENOSPC", DiskFull), ("EACCES", FolderReadOnly), ("EIO", FolderReadOnly)]
)
def test_what_cannot_be_written_says_so(
    number: str, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def refuse(_handle: int) -> None:
        raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))

    monkeypatch.setattr(os, "fsync", refuse)
    (group,) = groups_of([made_up()])
    with pytest.raises(kind, match="cannot be written"):
        write_shard(tmp_path, group, ORIGIN)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=40)
@given(cut=st.integers(0, 1400))
def test_a_shard_cut_off_is_refused(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("cut")
    told, _ = written(folder, made_up(), made_up(seed=1))
    path = folder / told.name
    contents = path.read_bytes()
    assert len(contents) > 1400
    path.write_bytes(contents[:cut])
    with pytest.raises(DamagedShard, match="backup"):
        open_shard(folder, Row(told))
    with pytest.raises(DamagedShard):
        verify_shard(folder, Row(told))


def test_one_changed_bit_is_found(tmp_path: Path) -> None:
    told, _ = written(tmp_path, made_up())
    path = tmp_path / told.name
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)
    with pytest.raises(DamagedShard, match="has changed"):
        verify_shard(tmp_path, Row(told))


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    told, _ = written(tmp_path, made_up())
    (tmp_path / told.name).unlink()
    for look in (open_shard, verify_shard):
        with pytest.raises(DamagedShard, match=told.name):
            look(tmp_path, Row(told))
