from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from starledger.schema.errors import SettingsError
from starledger.schema.settings import Settings, config_file, load_settings
from tests.conftest import Command


@pytest.fixture
def write_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return how to write the configuration file."""
    path = tmp_path / "stars.toml"
    monkeypatch.setenv("STARLEDGER_CONFIG", str(path))

    def write(content: str) -> Path:
        path.write_text(content, encoding="utf-8")
        return path

    return write


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(
    write_config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_config('log_level = "error"\nlog_format = "json"\nscheduler = "tcp://dask:8786"\n')
    monkeypatch.setenv("STARLEDGER_LOG_LEVEL", "info")
    monkeypatch.setenv("STARLEDGER_LOG_FORMAT", "text")
    loaded = load_settings({"log_level": "debug", "home": None})
    settings = loaded.settings
    assert (settings.log_level, loaded.origins["log_level"]) == ("debug", "command line")
    assert (settings.log_format, loaded.origins["log_format"]) == ("text", "STARLEDGER_LOG_FORMAT")
    assert (settings.scheduler, loaded.origins["scheduler"]) == ("tcp://dask:8786", str(path))
    assert (settings.dashboard_port, loaded.origins["dashboard_port"]) == (8787, "default")
    assert loaded.origins["home"] == "STARLEDGER_HOME"
    assert loaded.origins.keys() == Settings.model_fields.keys()


def test_without_anything_all_is_default(tmp_path: Path) -> None:
    loaded = load_settings({}, {"STARLEDGER_CONFIG": str(tmp_path / "none.toml")})
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.settings.database_url is None


def test_an_empty_variable_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARLEDGER_DATABASE_URL", "")
    assert load_settings().settings.database_url is None


def test_variables_that_are_no_settings_are_left_alone() -> None:
    assert load_settings({}, {"STARLEDGER_REAL_DATA": "/data"}).origins["home"] == "default"


def test_the_folders_follow_the_home() -> None:
    settings = load_settings({"home": Path("/data"), "model_root": Path("/models")}).settings
    assert (settings.shard_root, settings.model_root) == (Path("/data/shards"), Path("/models"))


def test_a_tilde_is_the_users_folder(
    write_config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STARLEDGER_HOME")
    write_config('home = "~/stars"')
    settings = load_settings().settings
    assert settings.home == Path.home() / "stars"
    assert settings.shard_root == Path.home() / "stars" / "shards"


def test_the_file_is_in_the_users_configuration_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STARLEDGER_CONFIG", raising=False)
    assert config_file().name == "config.toml"
    assert config_file().parent.name == "starledger"
    assert config_file({"STARLEDGER_CONFIG": "~/c.toml"}) == Path.home() / "c.toml"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().settings.log_level = "debug"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("log_level = ", "is not TOML"),
        ('log_levle = "debug"', "There is no setting 'log_levle' (in {path})"),
        ('log_level = "loud"', "The setting log_level (from {path}) cannot be used: input should"),
        ("dashboard_port = 70000", "The setting dashboard_port (from {path}) cannot be used"),
        ("home = 5", "The setting home (from {path}) cannot be used"),
        ('home = "~nobody-of-that-name/x"', "The setting home (from {path}) cannot be used"),
        ("database_url = 5", "The setting database_url (from {path}) cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used(
    content: str,
    said: str,
    write_config: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    starledger: Command,
) -> None:
    monkeypatch.delenv("STARLEDGER_HOME")
    path = write_config(content)
    answer = starledger("doctor")
    assert answer.code == SettingsError.exit_code == 2
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert answer.err.startswith("Error: ")
    assert said.format(path=path) in answer.err


def test_bytes_that_are_no_text(write_config: Callable[[str], Path], starledger: Command) -> None:
    write_config("").write_bytes(b"\xff\xfe")
    assert "is not TOML" in starledger("doctor").err


def test_a_file_that_cannot_be_read(write_config: Callable[[str], Path]) -> None:
    path = write_config("")
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsError, match=r"cannot be read: Is a directory\. .*STARLEDGER_CONF"):
        load_settings()


def test_a_wrong_value_of_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings({"database_url": ["postgresql://me:hushhush@h/s"]})
    assert "hushhush" not in str(raised.value)


def test_secrets_are_not_shown_by_the_settings() -> None:
    settings = load_settings({"database_url": "postgresql://me:hushhush@h/s"}).settings
    assert "hushhush" not in repr(settings)
