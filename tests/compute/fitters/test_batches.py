from __future__ import annotations

import pytest
import torch

from starledger.compute.fitters.batches import part_size

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("count", "cores", "size"),
    [(0, 2, 1), (1, 2, 1), (20, 2, 20), (100, 2, 50), (128, 1, 128), (512, 2, 128), (513, 2, 86)],
)
def test_parts_keep_all_cores_busy(
    count: int, cores: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: cores)
    assert part_size(count, 128, CPU) == size
