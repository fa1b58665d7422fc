from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from starledger.schema.embedded import tuning
from starledger.schema.embedded.tuning import GB, MB, memory_bytes, server_settings


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("memory", "buffers", "work"),
    [(512 * MB, "128MB", "8MB"), (8 * GB, "1024MB", "32MB"), (512 * GB, "2048MB", "64MB")],
)
def test_memory_is_shared_within_limits(memory: int, buffers: str, work: str) -> None:
    settings = server_settings(memory)
    assert (settings["shared_buffers"], settings["work_mem"]) == (buffers, work)


def test_a_commit_is_on_disk_when_it_returns() -> None:
    assert server_settings(GB)["synchronous_commit"] == "on"


def test_a_container_counts_its_own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(tuning, "CGROUP_LIMITS", (limit, tmp_path / "none"))
    installed = memory_bytes()
    limit.write_text("max\n")
    assert memory_bytes() == installed
    limit.write_text(f"{64 * MB}\n")
    assert memory_bytes() == 64 * MB


def test_little_shared_memory_is_not_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(64 * MB, 0, 64 * MB))
    assert server_settings(GB)["dynamic_shared_memory_type"] == "mmap"
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(2 * GB, 0, 2 * GB))
    assert "dynamic_shared_memory_type" not in server_settings(GB)
