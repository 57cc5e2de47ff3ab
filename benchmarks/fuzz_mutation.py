"""Damage for :mod:`benchmarks.fuzz`: of bytes, of JSON values and of tables, decided by one generator."""

from __future__ import annotations

import copy
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

_HEADER_BYTES: Final = 256
"""How far in numbers of a header are looked for."""
_ODD_NUMBERS: Final = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MAX_BLOCK: Final = 4096
_PNG: Final = b"\x89PNG\r\n\x1a\n"

_NESTED: Final = "[" * 200_000
"""Deeper than any parser that recurses goes."""
ODD_TEXTS: Final = (
    *("", " ", "\x00", "NaN", "-inf", "1e400", "-1", "9" * 400, "９", "0x10", "true", "null", "../../x"),
    *('"', "'", "a" * 70_000, "\ud800", "\u202e", "[red]", "{0}%s", "=1+1", "70+", "30-20", "5-", "\r\n,"),
)
_ODD_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**70, -(2**63), 0.5, 1e308, float("nan"), float("inf"), -float("inf")),
    *([], {}, [[]], [None], {"": None}, {"version": 1}, [1, 2, 3], *ODD_TEXTS),
)


def damage_bytes(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """``data`` after one to eight changes; ``others`` are files of which parts may come."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        rng.choice(_CHANGES)(changed, others, rng)
    if changed.startswith(_PNG) and rng.random() < 0.5:
        return _with_right_checksums(bytes(changed))
    return bytes(changed)


def _place(data: bytearray, rng: Random) -> int:
    """Anywhere, half the time near the start, where headers are."""
    end = len(data) if rng.random() < 0.5 else min(len(data), _HEADER_BYTES)
    return rng.randrange(end) if end else 0


def _length(data: bytearray, rng: Random) -> int:
    return rng.randint(1, max(1, min(_MAX_BLOCK, len(data) // rng.choice((2, 8, 64)))))


def _flip_bits(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    for _bit in range(rng.choice((1, 2, 16))):
        if data:
            data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _set_bytes(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    at = _place(data, rng)
    data[at : at + rng.choice((1, 2, 4, 16))] = rng.randbytes(rng.choice((1, 2, 4, 16)))


def _set_number(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    """An integer at the limits of its type, in either byte order."""
    kind = rng.choice(("B", "H", "I", "Q"))
    number = rng.choice(_ODD_NUMBERS) & (1 << 8 * struct.calcsize(kind)) - 1
    at = _place(data, rng)
    data[at : at + struct.calcsize(kind)] = struct.pack(rng.choice("<>") + kind, number)


def _cut(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    del data[_place(data, rng) :]


def _zero(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    at, length = _place(data, rng), _length(data, rng)
    data[at : at + length] = bytes(len(data[at : at + length]))


def _remove(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    at = _place(data, rng)
    del data[at : at + _length(data, rng)]


def _repeat(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    at = _place(data, rng)
    data[at:at] = data[at : at + _length(data, rng)] * rng.choice((1, 2, 30))


def _insert(data: bytearray, _: Sequence[bytes], rng: Random) -> None:
    at = _place(data, rng)
    data[at:at] = rng.randbytes(_length(data, rng))


def _splice(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    """The end of another file, or a part of one in the middle."""
    if not others:
        return
    other = rng.choice(others)
    at, start, length = _place(data, rng), rng.randrange(len(other) + 1), _length(data, rng)
    if rng.random() < 0.5:
        data[at:] = other[start:]
    else:
        data[at : at + length] = other[start : start + length]


_CHANGES: Final[Sequence[Callable[[bytearray, Sequence[bytes], Random], None]]] = (
    _flip_bits,
    _set_bytes,
    _set_number,
    _cut,
    _zero,
    _remove,
    _repeat,
    _insert,
    _splice,
)


def _with_right_checksums(png: bytes) -> bytes:
    """The same chunks, so that a decoder believes what was changed in them."""
    made, at = bytearray(png[:8]), 8
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        body = png[at + 4 : at + 8 + length]
        made += png[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(made + png[at:])


def damage_json(text: str, rng: Random) -> bytes:
    """A JSON text with odd values, or one that is none."""
    kind = rng.random()
    if kind < 0.03:
        return (rng.choice((_NESTED, '{"a":' * 200_000, "", "\ufeff" + text, text * 2))).encode()
    if kind < 0.3:
        return damage_bytes(text.encode(), [text.encode()], rng)
    value = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 5))):
        value = _with_odd_value(value, rng)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _with_odd_value(value: Any, rng: Random) -> Any:
    """``value`` with one part of it replaced, removed, renamed or put one deeper."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return copy.deepcopy(rng.choice(([value], {"": value}, *_ODD_VALUES, *_ODD_VALUES)))
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = rng.choice(keys)
    match rng.randrange(8), value:
        case 0, _:
            del value[key]
        case 1, dict():
            value[rng.choice(ODD_TEXTS)] = value.pop(key)
        case 2, list():
            value[key:key] = [value[key]] * rng.choice((1, 1000))
        case _:
            value[key] = _with_odd_value(value[key], rng)
    return value


def damage_table(text: str, rng: Random) -> bytes:
    """A CSV text with odd cells, rows and columns, in some encoding, or one that is none."""
    if rng.random() < 0.3:
        return damage_bytes(text.encode(), [text.encode()], rng)
    rows = [line.split(",") for line in text.splitlines()]
    for _ in range(rng.choice((1, 2, 4))):
        at = rng.randrange(len(rows)) if rng.random() < 0.7 else 0
        row = rows[at]
        match rng.randrange(6):
            case 0:
                row.append(rng.choice(ODD_TEXTS))
            case 1 if len(row) > 1:
                row.pop(rng.randrange(len(row)))
            case 2:
                rows.insert(at, list(row))
            case 3:
                rng.shuffle(row)
            case _:
                row[rng.randrange(len(row))] = rng.choice(ODD_TEXTS)
    made = rng.choice(("\n", "\r\n", "\r")).join(",".join(row) for row in rows)
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"))
    return made.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")
