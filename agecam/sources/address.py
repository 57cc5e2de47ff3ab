"""Network addresses, shown without the user names, passwords and tokens that they may hold."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_HOST: Final = re.compile(r"([^\s:\[\]/@]*|\[[0-9a-f:.]*(%[\w.-]+)?\])(:\d*)?", re.IGNORECASE)
_NOT_A_SCHEME: Final = re.compile(
    r"(rtsps?|rtmp[a-z]*|https?|udp|tcp|rtp|srt|mms[a-z]*)([:;]|//|\\)", re.IGNORECASE
)
"""The beginning of an address that lacks a character, or has another in its place."""


def without_secrets(url: str) -> str:
    """The address without user name, password, query and fragment, fit to be shown.

    Everything up to the last ``@`` goes, because an unescaped password may hold any character before it.
    Where that may stand in a query, or what is left is no host, nothing but the scheme is sure to be no
    secret. Of the path those parts go that some cameras put user and password into (``/user=admin&...``,
    ``/admin:12345/...``).
    """
    scheme, _, rest = _unquoted(url).strip().partition("://")
    if not _SCHEME.fullmatch(scheme):
        return "…"
    before, at, rest = rest.rpartition("@")
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    if (at and re.search(r"[?#]", before)) or not _HOST.fullmatch(host):
        return f"{scheme}://…"
    named = re.search(r"[=&;:]", path)
    if named:
        path = path[: path.rfind("/", 0, named.start()) + 1]
    return f"{scheme}://{host}{slash}{path}"


def is_mistyped_address(spec: str) -> bool:
    """Whether what is neither a file nor ``scheme://...`` was meant as an address, and may hold a secret.

    >>> is_mistyped_address("rtsp//anna:secret@camera/live"), is_mistyped_address("holiday.mp4")
    (True, False)
    """
    spec = _unquoted(spec).strip()
    if "://" in spec:
        return False
    before, at, _ = spec.rpartition("@")
    return bool(
        _NOT_A_SCHEME.match(spec)
        or (at and (":" in before or not PurePath(spec).suffix))
        or re.search(r"[?&]\w+=|user\w*=.*pass\w*=", spec, re.IGNORECASE)
    )


def shown_input(spec: str) -> str:
    """What a user named as an input, fit to be shown: files as they are, addresses without their secrets."""
    if "://" in spec:
        return without_secrets(spec)
    return "…" if is_mistyped_address(spec) else spec


def _unquoted(text: str) -> str:
    """``text`` without percent-encoding, however often that was applied."""
    while (decoded := unquote(text)) != text:
        text = decoded
    return text
