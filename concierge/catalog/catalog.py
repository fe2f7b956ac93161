"""The catalog of a house: its products, what a shopper means, and the best pieces for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from concierge.catalog.embedding import Embedder
from concierge.catalog.feed import BadRow, Feed, read_feed
from concierge.catalog.index import Index
from concierge.catalog.product import Product
from concierge.catalog.search import search
from concierge.catalog.understanding import Understanding
from concierge.catalog.wish import Wish


class Catalog:
    """A feed's products, indexed. Immutable: to reload, open another and put it in this one's place.

    Attributes:
        products: by id, in the feed's order.
        bad_rows: rows of the feed that were skipped, and why.
        valid_until: when a sale begins or ends next, so that the feed has to be read again; or None.
    """

    def __init__(self, feed: Feed, embedder: Embedder) -> None:
        self.products: Mapping[str, Product] = MappingProxyType({p.id: p for p in feed.products})
        self.bad_rows: tuple[BadRow, ...] = feed.bad_rows
        self.valid_until: datetime | None = feed.valid_until
        self._index = Index(feed.products, embedder)
        self._understanding = Understanding(self._index, embedder.known)

    @classmethod
    def open(cls, path: Path, cache_dir: Path, currency: str = "") -> Catalog:
        """Read and index the feed at `path`; blocks, at the very first start for about 15 seconds.

        Args:
            currency: of bare prices where no price names one.

        Raises:
            UserError: the feed is not usable, or the search model cannot be had.
        """
        return cls(read_feed(path, currency=currency), Embedder.open(cache_dir))

    def understand(
        self, message: str, history: Sequence[str], shown: Sequence[Product], *, wishes: bool = False
    ) -> Wish:
        """What a shopper wishes for. Never raises, whatever the text.

        Args:
            history: the shopper's earlier messages, oldest first.
            shown: the pieces shown last, in their order on the page.
            wishes: it is known to wish for pieces, also where none of its words tells.
        """
        return self._understanding.understand(message, history, shown, wishes=wishes)

    def search(self, wish: Wish, limit: int = 5) -> list[Product]:
        """The best products for a wish, best first; none if none is within its limits.

        Limits (price, size, color family, gender, kind, material, stock) are filters, never hints.
        """
        return search(self._index, wish, limit)
