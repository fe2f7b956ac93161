"""Make the house's feed and illustrations from `feed/source`: `python scripts/make_house.py`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from house.draw import drawing
from house.feed import feed_text, read_pieces

FEED = Path(__file__).resolve().parents[1] / "feed"


def main(feed: Path = FEED) -> None:
    """Write `products.tsv` and `images/` into a directory; the same source always gives the same bytes."""
    pieces = read_pieces(FEED / "source")
    images = feed / "images"
    images.mkdir(parents=True, exist_ok=True)
    for piece in pieces:
        for color in piece.colors:
            svg = drawing(piece.draw, color, piece.material, f"{piece.title}, {color}")
            (images / piece.image(color)).write_text(svg, "utf-8", newline="\n")
    (feed / "products.tsv").write_text(feed_text(pieces), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
