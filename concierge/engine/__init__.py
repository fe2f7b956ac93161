"""Tokens in, tokens out: continuous batching over llama.cpp with a shared prefix cache."""

from concierge.engine import kernels  # noqa: F401  they go before llama_cpp, which the next imports
from concierge.engine.engine import Engine
from concierge.engine.types import (
    Busy,
    Chunk,
    ContextOverflow,
    EngineError,
    EngineStats,
    FinishReason,
    InvalidRequest,
    Message,
    ModelInfo,
    Request,
    SamplingParams,
    Usage,
)

__all__ = [
    "Busy",
    "Chunk",
    "ContextOverflow",
    "Engine",
    "EngineError",
    "EngineStats",
    "FinishReason",
    "InvalidRequest",
    "Message",
    "ModelInfo",
    "Request",
    "SamplingParams",
    "Usage",
]
