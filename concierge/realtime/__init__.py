"""The wire: the OpenAI Realtime protocol, text modality, over one WebSocket a client."""

from concierge.realtime.endpoint import Realtime, store_unavailable, turn_away

__all__ = ["Realtime", "store_unavailable", "turn_away"]
