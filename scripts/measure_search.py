"""Measures search: recall@5 over tests/catalog/labels.jsonl of each way to rank, and what each costs.

    .venv/bin/python scripts/measure_search.py              # all tables, in half a minute on two cores
    .venv/bin/python scripts/measure_search.py --weights    # also: other shares of words and meanings

A label is what a shopper writes, what they wrote before, and the pieces that a store manager would bring.
recall@5 is the share of those pieces among the first five found, of five where there are more; labels with no
such piece count apart. Every third label (the first, the fourth, ...) is held out: weights are chosen on the
others. The split was drawn after the labels and the vocabulary were written, so it keeps the weights honest,
not the word lists.

"alone" ranks all pieces by the words as typed, earlier messages before them, and knows no limits of price,
size, color, kind, person or stock. "within limits" understands the message first, leaves out what breaks a
limit, and then ranks by that one score. "hybrid" is search as it ships. Its limits always apply.

The GGUF embedder is MiniLM's own weights at 16 bits in llama.cpp.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from concierge.catalog import MiniLM, Product, Wish, read_feed
from concierge.catalog import search as searching
from concierge.catalog.embedding import Embedder
from concierge.catalog.index import Index
from concierge.catalog.minilm import EPSILON, HEADS, LAYERS, WIDTH, Floats, fetch
from concierge.catalog.understanding import Understanding
from concierge.paths import cache_dir

ROOT = Path(__file__).parent.parent
FEED = ROOT / "feed" / "products.tsv"
LARGE = 50_000
Encode = Callable[[Sequence[str]], Floats]
Score = Callable[[str], Floats]


@dataclass(frozen=True)
class Label:
    query: str
    history: list[str]
    relevant: frozenset[str]

    @property
    def typed(self) -> str:
        return " ".join([*self.history, self.query])


class Shop:
    """A feed, indexed, with the seconds that took."""

    def __init__(self, feed: Path, embedder: Embedder) -> None:
        started = time.perf_counter()
        self.index = Index(read_feed(feed).products, embedder)
        self._known = embedder.known
        self.forget()
        self.load_seconds = time.perf_counter() - started

    def forget(self) -> None:
        """Let no message have been read before, as a message is read once where it counts."""
        self.understanding = Understanding(self.index, self._known)

    def understand(self, label: Label) -> Wish:
        return self.understanding.understand(label.query, label.history, ())

    def hybrid(self, label: Label) -> list[str]:
        return [p.id for p in searching.search(self.index, self.understand(label), 5)]

    def ranked(self, score: Score, limits: bool) -> Callable[[Label], list[str]]:
        def find(label: Label) -> list[str]:
            if not limits:
                return self._best(score(label.typed), np.ones(len(self.index.products), np.bool_))
            wish = self.understand(label)
            return (
                []
                if wish.kind == "none"
                else self._best(score(wish.text), searching.allowed(self.index, wish))
            )

        return find

    def _best(self, scores: Floats, mask: Any) -> list[str]:
        where = np.flatnonzero(mask)
        return [self.index.products[i].id for i in where[np.argsort(-scores[where], kind="stable")][:5]]


def recall(find: Callable[[Label], list[str]], labels: Sequence[Label]) -> float:
    return statistics.fmean(
        len(label.relevant & set(find(label))) / min(5, len(label.relevant))
        for label in labels
        if label.relevant
    )


def milliseconds(find: Callable[[Label], object], labels: Sequence[Label]) -> tuple[float, float]:
    """Median and 95th percentile a query, each asked once, after ten to warm up."""
    for label in labels[:10]:
        find(Label(f"{label.query} please", label.history, label.relevant))
    taken = []
    for label in labels:
        started = time.perf_counter()
        find(label)
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken), float(np.percentile(taken, 95))


def text_of(product: Product) -> str:
    return f"{product.title}. {product.product_type}. {product.material}. {product.description}"


# --- the encoder, in numpy and in llama.cpp ---


def by_encoder(encode: Encode, products: Sequence[Product]) -> tuple[Score, float]:
    """A score by cosine, and the seconds that encoding the products took."""
    started = time.perf_counter()
    vectors = encode([text_of(p) for p in products])
    taken = time.perf_counter() - started
    return lambda text: vectors @ encode([text])[0], taken


def gguf_encoder() -> Encode:
    """MiniLM in llama.cpp."""
    from llama_cpp import LLAMA_POOLING_TYPE_MEAN, Llama

    path = Path(tempfile.gettempdir()) / f"concierge-minilm-{os.getpid()}.gguf"
    try:
        write_gguf(*fetch(cache_dir()), path)
        llama = Llama(
            str(path),
            embedding=True,
            pooling_type=LLAMA_POOLING_TYPE_MEAN,
            n_ctx=512,
            n_batch=512,
            n_ubatch=512,
            n_threads=os.cpu_count(),
            n_threads_batch=os.cpu_count(),
            verbose=False,
        )
    finally:
        path.unlink(missing_ok=True)
    return lambda texts: np.array(llama.embed(list(texts), normalize=True), np.float32)


def write_gguf(weights_path: Path, tokenizer_path: Path, path: Path) -> None:
    """MiniLM as GGUF of architecture `bert`, laid out as llama.cpp's convert_hf_to_gguf.py does."""
    import gguf

    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    weights = load_file(weights_path)
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_context_length(len(weights["embeddings.position_embeddings.weight"]))
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(len(weights["encoder.layer.0.intermediate.dense.bias"]))
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(EPSILON)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([_piece(token) for token in vocabulary])
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control if _is_special(t) else normal for t in vocabulary])
    writer.add_token_type_count(2)
    for add, token in (
        (writer.add_bos_token_id, "[CLS]"),
        (writer.add_sep_token_id, "[SEP]"),
        (writer.add_eos_token_id, "[SEP]"),
        (writer.add_unk_token_id, "[UNK]"),
        (writer.add_pad_token_id, "[PAD]"),
        (writer.add_mask_token_id, "[MASK]"),
    ):
        add(tokenizer.token_to_id(token))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, LAYERS)
    for name, tensor in weights.items():
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if target:  # not so position_ids, which are no weights, and the pooler's
            exact = tensor.ndim == 1 or "position" in name or "token_type" in name
            writer.add_tensor(target, tensor.astype(np.float32 if exact else np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _is_special(token: str) -> bool:
    return token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def _piece(token: str) -> str:
    """llama.cpp marks the beginnings of words, WordPiece marks their continuations."""
    return token if _is_special(token) else token[2:] if token.startswith("##") else f"\u2581{token}"


# --- the tables ---


def write_large(path: Path) -> None:
    """The shipped products over and over, under other ids, titles and prices."""
    with FEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    firsts = list({row["item_group_id"]: row for row in rows}.values())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t")
        writer.writeheader()
        for number in range(LARGE):
            row = firsts[number % len(firsts)]
            price = Decimal(row["price"].split()[0]) + number // len(firsts)
            own = {"id": f"i{number}", "item_group_id": "", "price": f"{price} EUR"}
            writer.writerow(row | own | {"title": f"{row['title']} No {number}"})


def quality(shop: Shop, labels: Sequence[Label]) -> None:
    held_out = labels[::3]
    index, products = shop.index, shop.index.products
    minilm = MiniLM.open(cache_dir()).sentences
    encoders: dict[str, Encode] = {"MiniLM, full (numpy)": minilm}
    encoders["MiniLM, full (GGUF F16, llama.cpp)"] = llama = gguf_encoder()
    scores: dict[str, Score] = {
        "lexical (BM25)": lambda text: index.rank(text).lexical,
        "semantic (static table)": lambda text: index.rank(text).semantic,
    }
    seconds: dict[str, float] = {}
    for name, encode in encoders.items():
        scores[name], seconds[name] = by_encoder(encode, products)

    print("\n| ranking | recall@5 | held out | ms, p50 | p95 |\n|---|---|---|---|---|")
    finders = {
        f"{name}, {kind}": shop.ranked(score, limits)
        for limits, kind in ((False, "alone"), (True, "within limits"))
        for name, score in scores.items()
    }
    for name, find in (finders | {"**hybrid, as shipped**": shop.hybrid}).items():
        shop.forget()
        median, p95 = milliseconds(find, labels)
        figures = f"{recall(find, labels):.3f} | {recall(find, held_out):.3f} | {median:.2f} | {p95:.2f}"
        print(f"| {name} | {figures} |")
    empty = [label for label in labels if not label.relevant]
    right = sum(not shop.hybrid(label) for label in empty)
    print(f"\nLabels: {len(labels)}, {len(held_out)} of them held out.", end=" ")
    print(f"{right} of the {len(empty)} that nothing fits are answered with nothing by hybrid.")
    if llama is not None:
        texts = [text_of(p) for p in products] + [label.typed for label in labels]
        cosines = np.einsum("ij,ij->i", minilm(texts), llama(texts))
        print(f"GGUF against numpy: cosine {cosines.min():.4f} at least, {cosines.mean():.4f} on average.")
    print(f"\n| encoder | {len(products)} pieces | {LARGE:,} pieces, extrapolated |\n|---|---|---|")
    for name, taken in seconds.items():
        print(f"| {name} | {taken:.1f} s | {taken * LARGE / len(products) / 60:.0f} min |")


def speed(labels: Sequence[Label], embedder: Embedder) -> None:
    print("| items | load | understand + search, p50 | p95 |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        large = Path(directory) / "feed.tsv"
        write_large(large)
        for path in (FEED, large):
            fresh = Shop(path, embedder)
            median, p95 = milliseconds(fresh.hybrid, labels)
            count = f"{len(fresh.index.products):,}"
            print(f"| {count} | {fresh.load_seconds:.2f} s | {median:.2f} ms | {p95:.2f} ms |")


def shares(shop: Shop, labels: Sequence[Label]) -> None:
    """Recall over tuning and held-out labels for other shares of words and meanings."""
    print("\n| LEXICAL | SEMANTIC | tuning | held out |\n|---|---|---|---|")
    tuning = [label for i, label in enumerate(labels) if i % 3]
    shipped = searching.LEXICAL, searching.SEMANTIC
    for tenths in range(0, 11, 2):
        searching.LEXICAL, searching.SEMANTIC = tenths / 10, 1 - tenths / 10
        figures = f"{recall(shop.hybrid, tuning):.3f} | {recall(shop.hybrid, labels[::3]):.3f}"
        print(f"| {searching.LEXICAL:.1f} | {searching.SEMANTIC:.1f} | {figures} |")
    searching.LEXICAL, searching.SEMANTIC = shipped


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", action="store_true", help="also try other shares of words and meanings")
    args = parser.parse_args()
    lines = (ROOT / "tests" / "catalog" / "labels.jsonl").read_text("utf-8").splitlines()
    read = [json.loads(text) for text in lines]
    labels = [Label(r["query"], r["history"], frozenset(r["relevant"])) for r in read]
    embedder = Embedder.open(cache_dir())
    speed(labels, embedder)  # first, while nothing is warm and no other threads run
    shop = Shop(FEED, embedder)
    quality(shop, labels)
    if args.weights:
        shares(shop, labels)


if __name__ == "__main__":
    main()
