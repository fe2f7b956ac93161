"""Concierge: a low-latency AI concierge for retail and luxury houses."""

__version__ = "0.1.0"
