from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from starledger.schema.ahead import ahead


def test_items_come_in_order() -> None:
    assert list(ahead(iter(range(100)), 3)) == list(range(100))


def test_the_next_is_made_while_the_last_is_used() -> None:
    begun = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        begun.set()
        yield 2

    made = ahead(items())
    assert next(made) == 1
    assert begun.wait(10)  # though nobody has asked for it
    assert list(made) == [2]


def test_no_more_are_made_than_may_wait() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for n in range(100):
            made.append(n)
            yield n

    first = ahead(items(), 2)
    next(first)
    first.close()
    assert len(made) <= 5
    assert not any(thread.name == "ahead" for thread in threading.enumerate())


def test_what_an_item_waits_for_is_ended() -> None:
    answer = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        answer.wait()
        yield 2

    first = ahead(items(), give_up=answer.set)
    assert next(first) == 1
    first.close()
    assert not any(thread.name == "ahead" for thread in threading.enumerate())


def test_an_error_comes_out_where_the_items_are_used() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    made = ahead(items())
    assert next(made) == 1
    with pytest.raises(ValueError, match="broken"):
        next(made)


def test_what_makes_them_is_closed() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            closed.set()

    for _ in ahead(items()):
        break
    assert closed.wait(10)
