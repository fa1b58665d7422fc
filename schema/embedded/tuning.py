"""How the embedded server is configured: for bulk work, within the memory of this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MB = 1 << 20
GB = 1 << 30

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only its size is read


def memory_bytes() -> int:
    """Return the memory that this machine, or this container, has."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([installed, *_container_limits()])


def server_settings(memory: int) -> dict[str, str]:
    """Return the server's settings for a memory in bytes.

    Examples
    --------
    >>> server_settings(8 << 30)["shared_buffers"], server_settings(1 << 30)["shared_buffers"]
    ('1024MB', '128MB')
    """
    sizes = {
        "shared_buffers": _clamped(memory // 8, 128 * MB, 2 * GB),
        "effective_cache_size": _clamped(memory // 2, 256 * MB, 64 * GB),
        "maintenance_work_mem": _clamped(memory // 16, 64 * MB, GB),
        "work_mem": _clamped(memory // 256, 8 * MB, 64 * MB),
        "max_wal_size": 2 * GB,
    }
    return {
        **{name: f"{size // MB}MB" for name, size in sizes.items()},
        "checkpoint_timeout": "15min",
        "cluster_name": "starledger",
        "jit": "off",
        "listen_addresses": "",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] %u ",
        "logging_collector": "off",
        "max_connections": "200",
        # Nothing replicates; so rows copied into a table of the same transaction skip the WAL.
        "max_wal_senders": "0",
        "wal_level": "minimal",
        "random_page_cost": "1.1",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "wal_compression": "on",
        **_parallel_memory(),
    }


def settings_text(settings: dict[str, str]) -> str:
    """Return settings in the form of ``postgresql.conf``.

    Examples
    --------
    >>> print(settings_text({"jit": "off"}), end="")
    # Written by Starledger at each start. Settings of yours: postgresql.conf, below the include.
    jit = 'off'
    """
    head = (
        "# Written by Starledger at each start. "
        "Settings of yours: postgresql.conf, below the include.\n"
    )
    return head + "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _parallel_memory() -> dict[str, str]:
    # Containers often have 64 MB of shared memory, which a parallel hash join overruns.
    if SHARED_MEMORY.exists() and shutil.disk_usage(SHARED_MEMORY).total < GB:
        return {"dynamic_shared_memory_type": "mmap"}
    return {}


def _container_limits() -> list[int]:
    texts = [path.read_text().strip() for path in CGROUP_LIMITS if path.exists()]
    return [int(text) for text in texts if text.isdigit()]


def _clamped(size: int, low: int, high: int) -> int:
    return max(low, min(size, high))
