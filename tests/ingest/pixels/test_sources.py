from __future__ import annotations

import os
from pathlib import Path

import pytest

from starledger.ingest.pixels.sources import (
    UnusableSources,
    described,
    find_sources,
    list_files,
)


def touch(path: Path, contents: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)
    return path


def names(*given: Path) -> list[str]:
    return sorted(found.name for source in find_sources(given) for found in list_files(source))


def test_all_files_below_a_folder_but_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.fits", "a/x.fits.gz", "a/deep/er/y", "a/.hidden", ".git/config"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["a/deep/er/y", "a/x.fits.gz", "b.fits"]


def test_size_and_time_are_told(tmp_path: Path) -> None:
    path = touch(tmp_path / "a", b"four")
    os.utime(path, ns=(1, 1_234_567_890_123_456_789))
    (found,) = list_files(find_sources([tmp_path])[0])
    assert (found.size, found.modified_ns) == (4, 1_234_567_890_123_456_789)


def test_links_are_followed_and_circles_left(tmp_path: Path) -> None:
    touch(tmp_path / "data" / "x")
    touch(tmp_path / "elsewhere" / "y")
    (tmp_path / "data" / "circle").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "z").symlink_to(tmp_path / "elsewhere" / "y")
    assert names(tmp_path / "data") == ["more/y", "x", "z"]


def test_a_broken_link_is_listed_without_a_size(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (found,) = list_files(find_sources([tmp_path])[0])
    assert (found.name, found.size) == ("gone", None)


def test_a_list_names_files_relative_to_itself(tmp_path: Path) -> None:
    touch(tmp_path / "a.fits")
    lines = "# two files\n a.fits \n\n/abs/b.fits\nmissing.fits\n"
    path = touch(tmp_path / "list.txt", lines.encode())
    (source,) = find_sources([path])
    assert [(f.name, f.size) for f in list_files(source)] == [
        ("a.fits", 0), ("/abs/b.fits", None), ("missing.fits", None),
    ]  # fmt: skip


@pytest.mark.parametrize("begin", [b"SIMPLE  =", b"\x1f\x8b\x08", b"\x89PNG\0", b"\xff\xfe", b""])
def test_other_files_are_meant_themselves(begin: bytes, tmp_path: Path) -> None:
    path = touch(tmp_path / "a.fits", begin + b" " * 3000 if begin else begin)
    assert names(path) == ["a.fits"]


def test_a_list_cut_inside_a_character_is_still_one(tmp_path: Path) -> None:
    path = touch(tmp_path / "list", ("a" * 2047 + "é\n").encode())
    (source,) = find_sources([path])
    assert source.kind == "list"


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableSources, match="No such file"):
        find_sources([tmp_path / "nowhere"])


def test_a_list_that_is_no_text_further_on_is_refused(tmp_path: Path) -> None:
    path = touch(tmp_path / "list", b"a.fits\n" * 1000 + b"\xff\xff\n")
    with pytest.raises(UnusableSources, match="UTF-8"):
        names(path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.fits")).touch()
    with pytest.raises(UnusableSources, match=r"\\xff.fits"):
        names(tmp_path)


def test_a_folder_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UnusableSources, match="Permission denied"):
        names(tmp_path)


def test_sources_are_the_same_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a b" / "x")
    absolute = described(find_sources([tmp_path / "a b"]))
    monkeypatch.chdir(tmp_path / "a b")
    assert described(find_sources([Path("../a b")])) == absolute == f"'{tmp_path}/a b'"
