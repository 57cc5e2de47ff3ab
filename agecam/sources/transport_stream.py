"""Whether an MPEG transport stream ends early (ISO/IEC 13818-1, 2.4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_SYNC: Final = 0x47
_PACKET_BYTES: Final = 188
# Bytes from one packet to the next, and how many of them come before it (a time) or after it (a checksum).
_SPACINGS: Final = {188: 0, 192: 4, 204: 0}
_PES_START: Final = b"\x00\x00\x01"
_EXCERPT_PACKETS: Final = 2000
"""Read from the beginning and the end of a file; every stream has a packet in so many, 0.1 s of HDTV."""


@dataclass(frozen=True, slots=True)
class _Packet:
    pid: int
    begins: bool
    """Whether its payload begins a packet of the stream (PES)."""
    counter: int
    is_full: bool
    """Whether no stuffing says that the packet of the stream ends here."""
    payload: bytes


def is_cut_off(file: BinaryIO, size: int) -> bool:
    """Whether ``file`` of ``size`` bytes is a transport stream that ends early.

    That is within one of its packets; or, where it was written from its beginning, also within a packet of
    one of its streams. One in 184 of these is called cut off that is whole, because it fills its last packet.
    What was recorded from a broadcast begins and ends anywhere and is not judged by it.
    """
    file.seek(0)
    head = file.read(_EXCERPT_PACKETS * max(_SPACINGS))
    for spacing, offset in _SPACINGS.items():
        syncs = head[offset : 5 * spacing : spacing]
        if len(syncs) > 2 and all(byte == _SYNC for byte in syncs):
            break
    else:
        return False
    if size % spacing:
        return True
    first: dict[int, _Packet] = {}
    for packet in _packets(head[offset:], spacing):
        first.setdefault(packet.pid, packet)
    streams = [packet for packet in first.values() if packet.payload.startswith(_PES_START)]
    if not streams or not all(packet.begins and packet.counter == 0 for packet in streams):
        return False
    file.seek(max(0, size - _EXCERPT_PACKETS * spacing))
    last = {packet.pid: packet for packet in _packets(file.read()[offset:], spacing)}
    return any(packet.pid in last and last[packet.pid].is_full for packet in streams)


def _packets(data: bytes, spacing: int) -> Iterator[_Packet]:
    """Those with a payload."""
    for start in range(0, len(data) - _PACKET_BYTES + 1, spacing):
        packet = data[start : start + _PACKET_BYTES]
        control = packet[3] >> 4 & 3
        if packet[0] != _SYNC or not control & 1:
            continue
        pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
        # An adaptation field: its length, flags, two clocks of 6 bytes where flagged, then stuffing.
        length = packet[4] if control & 2 else -1
        flags = packet[5] if length > 0 else 0
        used = 1 + 6 * (flags >> 4 & 1) + 6 * (flags >> 3 & 1)
        is_full = length < 0 or (length > 0 and length <= used)
        yield _Packet(pid, bool(packet[1] & 0x40), packet[3] & 15, is_full, packet[5 + length :])
