from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from starledger.catalog.demo.journal import Journal
from starledger.catalog.demo.sizes import SIZES
from starledger.catalog.demo.stages import Demo, Stage
from starledger.catalog.demo.user import User
from starledger.catalog.demo.walking import walk

KIND = {"size": "small", "quality": "clean"}


class Way:
    """Three stages, of which the second may be interrupted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acted: list[str] = []
        self.told: list[str] = []
        self.interrupted = False

    def _act(self, name: str) -> Callable[[Demo], str]:
        def act(demo: Demo) -> str:
            self.acted.append(name)
            if name == "two" and self.interrupted:
                raise KeyboardInterrupt
            demo.facts[name] = len(self.acted)
            return f"{name} is done."

        return act

    def walk(self) -> Journal:
        journal = Journal.opened(self.folder / "journal.json", KIND)
        user = User(click.Command("starledger"), ())
        demo = Demo(self.folder, SIZES["small"], "clean", user, journal.facts)
        stages = [Stage(name, name.title(), self._act(name)) for name in ("one", "two", "three")]
        walk(stages, demo, journal, self.told.append)
        return journal


def test_it_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    way = Way(tmp_path)
    way.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        way.walk()
    way.interrupted = False
    journal = way.walk()
    assert way.acted == ["one", "two", "two", "three"]
    assert list(journal.done) == ["one", "two", "three"]
    assert journal.facts == {"one": 1, "two": 3, "three": 4}
    assert "[1/3] One: done before. one is done." in way.told


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    way = Way(tmp_path)
    way.walk()
    way.walk()
    assert way.acted == ["one", "two", "three"]
