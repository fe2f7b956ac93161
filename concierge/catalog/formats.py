"""Feed files as merchants export them, taken apart into rows: TSV, CSV, JSON, JSONL, RSS, Atom; gzip or not.

The content decides, never the file's name. Attribute names and values are as Google Merchant Center takes
them (https://support.google.com/merchants/answer/7052112), in any of their spellings.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from concierge.catalog import shopify
from concierge.catalog.row import Row

_CONTROL = bytes(set(range(32)) - set(b"\t\n\r"))
_ALIASES = {
    "colour": "color",
    "offer_id": "id",
    "sku": "id",
    "name": "title",
    "url": "link",
    "image": "image_link",
    "image_url": "image_link",
    "sizes": "size",
    "colors": "color",
    "materials": "material",
    "product_types": "product_type",
    "additional_image_links": "additional_image_link",
    "additional_images": "additional_image_link",
    "summary": "description",
    "content": "description",
}
_LISTED = frozenset({"additional_image_link", "size"})
REQUIRED = ("id", "title", "price")


class Unreadable(Exception):
    """The file as a whole makes no sense; says why, as a clause."""


def rows(data: bytes) -> Iterator[Row]:
    """The items of a feed file in their order. Raises Unreadable."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(f"its gzip data is damaged ({error})") from error
    text = decode(data)
    start = text.lstrip()[:1]
    if not start:
        raise Unreadable("it is empty")
    if start == "<":
        return _xml(text)
    return _json(text) if start in "[{" else _table(text)


def decode(data: bytes) -> str:
    """Text of unknown encoding: by its byte order mark, else UTF-8, else as declared, else Windows-1252."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if data[1:2] == b"\0" or data[:1] == b"\0":
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        declared = re.match(rb"\s*<\?xml[^>]{0,100}encoding=[\"']([\w-]{1,20})", data)
        for encoding in (declared[1].decode() if declared else "cp1252", "cp1252", "latin-1"):
            try:
                return data.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
        return data.decode("latin-1")


@lru_cache(maxsize=4096)
def attribute(name: str) -> str:
    """An attribute's name in its plain form: `g:Image Link` and `imageLink` are `image_link`."""
    name = name.strip().strip('"').removeprefix("g:")
    if not name.isupper():
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    name = re.sub(r"[\s_-]+", "_", name).lower().strip("_")
    return _ALIASES.get(name, name)


def _add(values: dict[str, str], name: str, value: str) -> None:
    """The first of several values counts, but for attributes that may have many."""
    if name in _LISTED and values.get(name) and value:
        values[name] += f",{value}"
    elif value and not values.get(name):
        values[name] = value


# --- delimited text ---


def _table(text: str) -> Iterator[Row]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")
    first = next(i for i, line in enumerate(lines) if line.strip())
    delimiter, names = _header(lines[first])
    read = _records(lines, first + 1, delimiter, names)
    return shopify.items(read) if shopify.is_export(names) else read


def _header(line: str) -> tuple[str, list[str]]:
    """The delimiter that yields the required columns, and the columns' names."""
    best: list[str] = []
    for delimiter in "\t,;|":
        names = [attribute(n) for n in _split(line, delimiter)]
        if all(r in names for r in REQUIRED) or shopify.is_export(names):
            return delimiter, names
        best = max(best, names, key=len)
    missing = ", ".join(r for r in REQUIRED if r not in best)
    raise Unreadable(f"its first line names no column {missing}")


def _split(line: str, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, quoting=quoting), [])  # type: ignore[arg-type]
    except csv.Error:
        return line.split(delimiter)


def _records(lines: Sequence[str], start: int, delimiter: str, names: Sequence[str]) -> Iterator[Row]:
    number = start
    while number < len(lines):
        line = number + 1
        cells, taken = _record(lines, number, delimiter)
        number += taken
        if not any(cells):
            continue
        if len(cells) > len(names) and any(c.strip() for c in cells[len(names) :]):
            yield Row(line, problem=f"{len(cells)} columns where the header has {len(names)}")
            continue
        values: dict[str, str] = {}
        for name, cell in zip(names, cells, strict=False):
            if cell:
                _add(values, name, cell.strip())
        yield Row(line, values)


def _record(lines: Sequence[str], number: int, delimiter: str) -> tuple[list[str], int]:
    """The cells that start on a line and the lines they take: quoted cells may run over several.

    A quote that is never closed is an inch mark or a slip, and must not swallow the rest of the file.
    """
    line = lines[number]
    if '"' not in line:
        return line.split(delimiter), 1
    if line.count('"') % 2 == 0:
        return _split(line, delimiter), 1
    if line.startswith('"') or delimiter + '"' in line:
        record = line
        for taken in range(2, min(200, len(lines) - number) + 1):
            record += "\n" + lines[number + taken - 1]
            if lines[number + taken - 1].count('"') % 2:
                return _split_over_lines(record, delimiter), taken
    return _split(line, delimiter, csv.QUOTE_NONE), 1


def _split_over_lines(record: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(record.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error:
        return record.split(delimiter)


# --- JSON ---

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_SPACE = re.compile(r"\s*")


def _json(text: str) -> Iterator[Row]:
    start = _skip(text, 0)
    if text[start] == "[":
        return _array(text, start)
    try:
        whole, end = _DECODER.raw_decode(text, start)
        if _skip(text, end) == len(text):
            listed = next(
                (v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], dict)), None
            )
            if listed is not None and "title" not in whole:
                return (_object(i, item) for i, item in enumerate(listed, 1))
    except (ValueError, RecursionError):
        pass
    return _lines(text)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _array(text: str, start: int) -> Iterator[Row]:
    position, line, counted = _skip(text, start + 1), 1, 0
    while text[position : position + 1] != "]":
        line, counted = line + text.count("\n", counted, position), position
        try:
            item, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"its JSON array breaks off or is damaged at line {line}") from error
        yield _object(line, item)
        position = _skip(text, end)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            raise Unreadable(f"its JSON array breaks off or is damaged at line {line}")


def _lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield _object(number, _DECODER.decode(line))
            except (ValueError, RecursionError):
                yield Row(number, problem="not valid JSON")


def _object(line: int, item: Any) -> Row:
    if not isinstance(item, dict):
        return Row(line, problem="not a JSON object")
    values: dict[str, str] = {}
    for part in (item, item.get("attributes"), item.get("productAttributes")):
        if isinstance(part, dict):
            for name, value in part.items():
                plain = attribute(name)
                _add(values, plain, _plain(value, plain))
    return Row(line, values)


def _plain(value: Any, name: str) -> str:
    """A JSON value as a feed's cell; prices are objects in Content API and Merchant API."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        parts = [p for v in value if (p := _plain(v, name))]
        return {"color": "/", "material": "/"}.get(name, ",").join(
            parts if name != "product_type" else parts[:1]
        )
    if isinstance(value, dict):
        currency = value.get("currency") or value.get("currencyCode") or ""
        if "amountMicros" in value:
            micros = str(value["amountMicros"])
            return (
                f"{int(micros) / 1e6:.2f} {currency}" if micros.isdecimal() and len(micros) < 19 else micros
            )
        return f"{value['value']} {currency}" if "value" in value else ""
    return "" if value is None or isinstance(value, bool) else str(value)


# --- XML ---


def _xml(text: str) -> Iterator[Row]:
    parser = _XmlReader()
    try:
        parser.expat.Parse(text.encode("utf-8", "replace").translate(None, _CONTROL), True)
    except expat.ExpatError as error:
        raise Unreadable(f"its XML is damaged ({error})") from error
    if not parser.items_seen:
        raise Unreadable("its XML has no <item> or <entry>")
    return iter(parser.rows)


class _XmlReader:
    """RSS 2.0 and Atom by expat's events. Prefixes are read leniently, as many feeds forget to declare `g:`.

    Entities other than XML's own five are refused, so none can be blown up or fetched.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.items_seen = False
        self.expat = expat.ParserCreate("utf-8")
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._text
        self.expat.EntityDeclHandler = self._entity
        self._prefixes = {"", "g"}
        self._row: Row | None = None
        self._depth = 0
        self._name = ""
        self._parts: list[str] = []

    def _entity(self, *_: object) -> None:
        raise Unreadable("its XML declares entities, which are not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._row is None:
            for name, value in attributes.items():
                if name.startswith("xmlns:") and value.startswith("http://base.google.com/"):
                    self._prefixes.add(name[6:])
            if tag.lower() in ("item", "entry", "product"):
                self._row, self._depth, self.items_seen = Row(self.expat.CurrentLineNumber), 0, True
            return
        self._depth += 1
        if self._depth == 1:
            prefix, _, local = tag.rpartition(":")
            self._name = attribute(local) if prefix in self._prefixes else ""
            self._parts = []
            if (
                self._name == "link"
                and "href" in attributes
                and attributes.get("rel", "alternate") == "alternate"
            ):
                self._parts.append(attributes["href"])

    def _text(self, text: str) -> None:
        if self._depth == 1 or (self._depth > 1 and self._name == "description"):
            self._parts.append(text)

    def _end(self, tag: str) -> None:
        if self._row is None:
            return
        if self._depth == 0:
            self.rows.append(self._row)
            self._row = None
            return
        if self._depth == 1 and self._name:
            _add(self._row.values, self._name, "".join(self._parts).strip())
        self._depth -= 1
