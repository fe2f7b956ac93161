"""Flags > environment > TOML file > defaults, and errors that a person can act on."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from concierge import paths
from concierge.errors import UserError
from concierge.models.formats import FORMATS
from concierge.settings import FLAGS, Settings, environment, flag, load


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but the test's own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(environment(name), raising=False)
    monkeypatch.chdir(tmp_path)


PORTS = st.none() | st.integers(0, 65535)


@given(by_flag=PORTS, by_environment=PORTS, by_file=PORTS)
@hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_precedence(
    by_flag: int | None, by_environment: int | None, by_file: int | None, tmp_path: Path
) -> None:
    config = tmp_path / "other.toml"
    config.write_text("" if by_file is None else f"port = {by_file}")
    with pytest.MonkeyPatch.context() as patch:
        if by_environment is not None:
            patch.setenv("CONCIERGE_PORT", str(by_environment))
        settings = load({"port": None if by_flag is None else str(by_flag)}, config)
    given = [port for port in (by_flag, by_environment, by_file) if port is not None]
    assert settings.port == (given[0] if given else 8080)


@given(keys=st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), max_size=4))
@hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_lists_are_comma_separated_in_the_environment_and_lists_in_the_file(
    keys: list[str], tmp_path: Path
) -> None:
    Path("concierge.toml").write_text(f"api_keys = {json.dumps(keys, ensure_ascii=False)}", "utf-8")
    assert load().api_keys == keys
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONCIERGE_API_KEYS", " , ".join([*keys, "last"]))
        assert load().api_keys == [*keys, "last"]


def test_an_empty_variable_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_PORT", "")
    assert load().port == 8080


def test_paths_in_the_file_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    config = tmp_path / "there" / "shop.toml"
    config.write_text('house = "house"\ncatalog = "/feeds/a.tsv"\nstate_dir = "~/state"')
    settings = load(config=config)
    assert settings.house == tmp_path / "there" / "house"
    assert settings.catalog == Path("/feeds/a.tsv")
    assert settings.state_dir == Path.home() / "state"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("format", "Q9_9"),
        ("gpu_layers", "many"),
        ("threads", "-1"),
        ("chats", "0"),
        ("context", "4k"),
        ("redis_url", "localhost:6379"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_value_names_the_flag_the_variable_and_what_is_accepted(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert name in FLAGS
    monkeypatch.setenv(environment(name), value)
    with pytest.raises(UserError) as raised:
        load()
    message = str(raised.value)
    assert flag(name) in message
    assert environment(name) in message
    assert str(Settings.model_fields[name].description) in message
    assert "\n" not in message


def test_secrets_stay_out_of_messages_and_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_API_KEYS", "sk-secret")
    monkeypatch.setenv("CONCIERGE_REDIS_URL", "redis://:sk-secret@localhost")
    assert "sk-secret" not in repr(load())
    monkeypatch.setenv("CONCIERGE_REDIS_URL", "http://:sk-secret@localhost")
    with pytest.raises(UserError, match="--redis-url") as raised:
        load()
    assert "sk-secret" not in str(raised.value)


def test_an_unknown_key_suggests_the_closest() -> None:
    Path("concierge.toml").write_text("log-levle = 'info'")
    with pytest.raises(UserError, match=r"concierge.toml: .* log-levle; did you mean log_level\?"):
        load()


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe"])
def test_an_unreadable_file(content: bytes, tmp_path: Path) -> None:
    config = tmp_path / "shop.toml"
    config.write_bytes(content)
    with pytest.raises(UserError, match=r"--config .*shop.toml"):
        load(config=config)


def test_a_given_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--config .*none.toml"):
        load(config=tmp_path / "none.toml")


def test_there_is_no_draft_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().draft == ""
    Path("concierge.toml").write_text('draft = "draft.gguf"')
    assert load().draft == "draft.gguf"
    monkeypatch.setenv("CONCIERGE_DRAFT", "hf://owner/repo/draft.gguf")
    assert load().draft == "hf://owner/repo/draft.gguf"
    assert load({"draft": "small"}).draft == "small"


def test_directories_follow_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/paths/are/ignored")
    assert load().state_dir == tmp_path / "concierge"
    assert load().cache_dir == Path.home() / ".cache" / "concierge"


def test_every_format_can_be_asked_for() -> None:
    accepted = get_args(Settings.model_fields["format"].annotation)
    assert accepted == ("auto", "source", *(format.name for format in FORMATS))


def test_shipped_directories_exist() -> None:
    assert (paths.WEB / "index.html").is_file()
    assert (paths.PROMPTS / "house.toml").is_file()
