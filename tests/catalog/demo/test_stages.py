from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from starledger.catalog.demo.sizes import SIZES
from starledger.catalog.demo.stages import CANNON, PAYNE, RELEASE, Demo, fit, publish
from starledger.catalog.demo.user import User


class Typist:
    """Writes down what is typed, and lists the releases that it was told of."""

    def __init__(self, *releases: dict[str, str]) -> None:
        self.releases = releases
        self.typed: list[tuple[object, ...]] = []

    def __call__(self, *words: object) -> Any:
        self.typed.append(words[:2])
        return self.releases if words == ("release", "list") else {}


@pytest.mark.parametrize(
    ("listed", "made"),
    [
        ([], True),
        ([{"name": RELEASE, "state": "draft"}], True),
        ([{"name": RELEASE, "state": "published"}], False),
        ([{"name": "another", "state": "published"}], True),
    ],
)
def test_what_is_not_published_yet_is_made(listed: list[dict[str, str]], made: bool) -> None:
    """A draft of it is what a kill between creating and publishing leaves."""
    user = Typist(*listed)
    facts = {"calibrations": {"teff_zero": 1}, PAYNE: 7, CANNON: 9}
    publish(Demo(Path("nowhere"), SIZES["small"], "clean", cast("User", user), facts))
    assert [words[1] for words in user.typed] == [
        "list", *(["create", "publish"] if made else []), "verify",
    ]  # fmt: skip


class Returning(Typist):
    """Finds all visits fitted, since a kill came only after that."""

    def __call__(self, *words: object) -> Any:
        super().__call__(*words)
        if words == ("fit", "status"):
            counts = {"good": 3, "flagged": 1}
            return [{"model": one} | counts for one in ("another", CANNON, PAYNE)]
        return [] if words[0] == "fit" else {"run": 5}


def test_a_kill_after_all_fits_leaves_the_rest_to_do() -> None:
    user, facts = Returning(), dict[str, Any]()
    said = fit(Demo(Path("nowhere"), SIZES["small"], "clean", cast("User", user), facts))
    assert said.startswith(f"4 fits by {PAYNE}, 3 of them")
    assert facts == {PAYNE: 5, CANNON: 5}
