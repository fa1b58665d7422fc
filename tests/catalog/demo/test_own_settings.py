from __future__ import annotations

import os
from pathlib import Path

import pytest

from starledger.catalog.demo.own_settings import own_settings
from starledger.schema.settings import load_settings


def test_what_is_configured_for_real_stars_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = tmp_path / "config.toml"
    configured.write_text('database_url = "postgresql://me@h/real"\nshard_root = "/real/shards"\n')
    monkeypatch.setenv("STARLEDGER_CONFIG", str(configured))
    monkeypatch.setenv("STARLEDGER_MODEL_ROOT", "/real/models")
    before = dict(os.environ)
    assert load_settings({}).settings.database_url is not None
    with own_settings(tmp_path / "demo"):
        settings = load_settings({"home": tmp_path / "demo"}).settings
        assert settings.database_url is None
        assert settings.shard_root == tmp_path / "demo" / "shards"
        assert settings.model_root == tmp_path / "demo" / "models"
        assert settings.lease_seconds < 60
    assert dict(os.environ) == before
