"""The tutorial is typed from beginning to end, and answers as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_docs import HOUSE, assert_answers, console_examples, empty_home

__all__ = ["empty_home"]

pytestmark = pytest.mark.science


def test_the_tutorial_can_be_followed(empty_home: Path) -> None:
    page = HOUSE / "docs" / "tutorial.md"
    examples = list(console_examples(page.read_text("utf-8")))
    assert len(examples) > 20
    assert_answers(examples, empty_home)
    assert (empty_home / "kiel.png").exists()
    assert (empty_home / "stars.fits").exists()
