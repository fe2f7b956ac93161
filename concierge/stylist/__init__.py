"""What to say: search, prompt, and the stream of a reply."""

from concierge.stylist.encoder import open_encoder
from concierge.stylist.house import House
from concierge.stylist.intent import Mark
from concierge.stylist.speech import Finished, TextDelta
from concierge.stylist.stylist import Grounding, StyleEvent, Stylist

__all__ = ["Finished", "Grounding", "House", "Mark", "StyleEvent", "Stylist", "TextDelta", "open_encoder"]
