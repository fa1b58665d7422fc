from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from starledger.compute.fitters.parallel import side_by_side

CPU = torch.device("cpu")


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_parts_come_back_in_their_order(two_threads: None) -> None:
    assert side_by_side(lambda x: x + 1, list(range(50)), CPU) == list(range(1, 51))


def test_cores_work_on_parts_of_their_own(two_threads: None) -> None:
    meeting = threading.Barrier(2, timeout=30.0)

    def meet(_: int) -> int:
        meeting.wait()
        return torch.get_num_threads()

    assert side_by_side(meet, [1, 2], CPU) == [1, 1]
    assert torch.get_num_threads() == 2


def test_an_error_comes_out_and_threads_are_put_back(two_threads: None) -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda x: 1 // x, [1, 0, 2], CPU)
    assert torch.get_num_threads() == 2
