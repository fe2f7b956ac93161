"""Products: a merchant's feed, what shoppers mean by their words, and search."""

from concierge.catalog.catalog import Catalog
from concierge.catalog.feed import BadRow, Feed, read_feed
from concierge.catalog.minilm import MiniLM
from concierge.catalog.product import Product, Variant
from concierge.catalog.wish import Wish

__all__ = ["BadRow", "Catalog", "Feed", "MiniLM", "Product", "Variant", "Wish", "read_feed"]
