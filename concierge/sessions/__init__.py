"""Conversations in Redis, embedded or yours."""

from concierge.sessions.embedded import EmbeddedRedis
from concierge.sessions.item import Item, Session
from concierge.sessions.store import SessionNotFound, SessionStore, StoreUnavailable

__all__ = ["EmbeddedRedis", "Item", "Session", "SessionNotFound", "SessionStore", "StoreUnavailable"]
