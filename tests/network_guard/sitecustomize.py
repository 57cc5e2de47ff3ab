"""Runs at the start of every Python process of a command that ``test_no_network.py`` starts.

The folder is on ``PYTHONPATH`` there, so that child processes have it too. Whatever would open an internet
socket or look up a host, through whichever module, is written to ``AGECAM_NETWORK_REPORT`` and then fails.
"""

import os
import socket
import sys
import traceback
from typing import Any

_report = os.open(os.environ["AGECAM_NETWORK_REPORT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")


def _forbid_internet(event: str, arguments: tuple[Any, ...]) -> None:
    opens = event == "socket.__new__" and arguments[1] in _INTERNET
    if opens or event in _LOOK_UPS:
        where = "".join(traceback.format_stack(limit=8))
        os.write(_report, f"{event} {arguments[1:]}\n{where}\n".encode())
        raise OSError(f"{event} is forbidden here")


sys.addaudithook(_forbid_internet)
