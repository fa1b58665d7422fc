"""Drafts are files below home."""

from __future__ import annotations

from pathlib import Path

import pytest

from starledger.catalog.releases.draft import Draft, drafted, forget_draft, keep_draft, read_draft
from starledger.catalog.releases.errors import NoSuchDraft

DRAFT = Draft(
    name="dr1",
    title="Ünique",
    licence="CC0",
    models=("a", "b"),
    combinations=(7, 8),
    recommended={"teff": "a"},
    doi="10.5281/zenodo.1",
)


def test_a_draft_is_read_as_it_was_kept(tmp_path: Path) -> None:
    keep_draft(tmp_path, DRAFT)
    assert read_draft(tmp_path, "dr1") == DRAFT
    assert drafted(tmp_path) == ["dr1"]


def test_a_forgotten_draft_is_gone(tmp_path: Path) -> None:
    keep_draft(tmp_path, DRAFT)
    for _ in range(2):
        forget_draft(tmp_path, "dr1")
    with pytest.raises(NoSuchDraft, match="'dr1'"):
        read_draft(tmp_path, "dr1")
    assert drafted(tmp_path) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "dr1"}'])
def test_what_is_no_draft_is_refused(content: str, tmp_path: Path) -> None:
    keep_draft(tmp_path, DRAFT).write_text(content, "utf-8")
    with pytest.raises(NoSuchDraft, match="holds no draft"):
        read_draft(tmp_path, "dr1")
