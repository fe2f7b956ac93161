"""One typed `Settings`: command-line flags > environment (CONCIERGE_*) > TOML file > defaults."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, SettingsConfigDict

from concierge import paths
from concierge.errors import UserError

TOML = Path("concierge.toml")
FLAGS = (
    *("host", "port", "model", "adapter", "format", "draft", "gpu_layers", "threads", "chats", "context"),
    *("house", "catalog", "redis_url", "state_dir", "log_level"),
)


def _split(value: object) -> object:
    """Lists are comma-separated in the environment."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


List = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Directory = Annotated[Path, AfterValidator(Path.expanduser)]


class Settings(BaseSettings):
    """What a running Concierge is told. `load` makes one; the descriptions are the words of `--help`."""

    model_config = SettingsConfigDict(
        env_prefix="CONCIERGE_", env_ignore_empty=True, extra="forbid", frozen=True, protected_namespaces=()
    )

    host: str = Field("127.0.0.1", description="Address to listen on; one beyond loopback needs api_keys")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on, 0 to 65535; 0 takes a free one")
    model: str = Field("small", description="GGUF path, hf://owner/repo/file.gguf, or small")
    adapter: str = Field(
        "auto",
        description="LoRA adapter merged into the model: GGUF path, hf://..., auto (the shipped one) or none",
    )
    format: Literal["auto", "source", "BF16", "F16", "Q8_0", "Q4_K_M", "Q4_0", "IQ4_NL"] = Field(
        "auto",
        description="Format of the weights: auto (the fastest as measured here, at the same quality), source "
        "(the file as it is), BF16, F16, Q8_0, Q4_K_M, Q4_0 or IQ4_NL",
    )
    draft: str = Field(
        "",
        description="GGUF that drafts for the model, of its vocabulary or a part of it: path, hf://..., "
        "small, or none",
    )
    gpu_layers: Annotated[int, Field(ge=-1)] | Literal["auto"] = Field(
        "auto", description="Layers on the GPU: a number, -1 for all, or auto (all, if there is a GPU)"
    )
    threads: int = Field(0, ge=0, le=1024, description="CPU threads, 1 to 1024; 0 is one for each core")
    chats: int = Field(8, ge=1, le=128, description="Chats decoded at once, 1 to 128")
    context: int = Field(4096, ge=512, description="Tokens a chat may hold, 512 or more")
    house: Directory | None = Field(
        None, description="Directory of house.toml, voice.md and facts.md, if not the shipped house"
    )
    catalog: Directory | None = Field(
        None, description="Product feed (TSV, CSV, JSONL or XML), if not the house's own"
    )
    redis_url: str = Field(
        "",
        pattern=r"^((redis|rediss|unix)://.+)?$",
        description="Redis to keep chats in (redis://, rediss:// or unix://), if not the embedded one",
        repr=False,
    )
    state_dir: Directory = Field(
        default_factory=paths.state_dir, description="Directory where the embedded Redis keeps chats"
    )
    cache_dir: Directory = Field(
        default_factory=paths.cache_dir, description="Directory for what can be fetched or computed again"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much to log: debug, info, warning or error"
    )
    api_keys: List = Field([], description="Keys that callers may present", repr=False)
    allowed_origins: List = Field([], description="Origins of other sites' pages that may connect")
    session_ttl: float = Field(
        30 * 86400, gt=0, description="Seconds, above 0, after which a quiet chat is forgotten"
    )
    max_connections_per_client: int = Field(8, ge=1, description="Connections a client may hold, 1 or more")
    messages_per_minute: int = Field(30, ge=1, description="Messages a client may send a minute, 1 or more")
    sessions_per_minute: int = Field(20, ge=1, description="Chats a client may begin a minute, 1 or more")


def load(flags: Mapping[str, object] | None = None, config: Path | None = None) -> Settings:
    """The settings in force.

    Args:
        flags: values given on the command line by setting name; None values count as not given.
        config: TOML file; None is `./concierge.toml` if there is one.

    Raises:
        UserError: the file cannot be read, or a setting is unknown or has a wrong value.
    """
    table = _read(config)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return Settings.model_validate({**table, **EnvSettingsSource(Settings)(), **given})
    except ValidationError as error:
        raise UserError(_explain(error.errors()[0])) from None


def _read(config: Path | None) -> dict[str, Any]:
    """The TOML file's table, with its relative paths made relative to the file."""
    path = config or TOML
    if config is None and not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"--config {path}: not a readable TOML file ({error}).") from error
    for unknown in table.keys() - Settings.model_fields.keys():
        close = difflib.get_close_matches(unknown, Settings.model_fields, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(Settings.model_fields)}."
        raise UserError(f"{path}: there is no setting {unknown}; {hint}")
    for name in ("house", "catalog", "state_dir", "cache_dir"):
        if isinstance(table.get(name), str):
            table[name] = path.absolute().parent / Path(table[name]).expanduser()
    return table


def _explain(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    field = Settings.model_fields[name]
    places = [flag(name)] if name in FLAGS else []
    places += [environment(name), f"{name} in {TOML}"]
    value = f" cannot be {error['input']!r}" if field.repr else " is not right"
    return f"{places[0]} (or {', or '.join(places[1:])}){value}; it is: {field.description}."


def flag(name: str) -> str:
    """The command-line flag of a setting."""
    return "--" + name.replace("_", "-")


def environment(name: str) -> str:
    """The environment variable of a setting."""
    return f"CONCIERGE_{name.upper()}"
