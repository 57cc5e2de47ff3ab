"""What the README promises: nothing leaves the machine.

The library that finds faces holds no way to send anything, and no command opens an internet socket: neither
Python (an audit hook in every process, ``network_guard/sitecustomize.py``) nor native code (``strace``).
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.output import VideoWriter

_GUARD = Path(__file__).resolve().parent / "network_guard"

# Telemetry and HTTP clients, as MediaPipe from 0.10.35 on holds them: curl on Linux, WinINet on Windows,
# NSURLSession on macOS; all in lower case. Compilers cut short constants into pieces: hence "https://play.goo".
_SENDERS = re.compile(
    rb"clearcut|firelog|https://play\.goo|google-analytics|libcurl|curl_easy|user-agent|http/1\.1"
    rb"|wininet|winhttp|nsurlsession|cfnetwork"
)
# type.googleapis.com names types of protobuf messages, and is never looked up.
_SERVICES = re.compile(rb"(?<!type\.)googleapis\.(?:com|cn)")
_ADDRESSES = re.compile(rb"https?://([\w.-]+)")
# In messages that tell people where to read more.
_DOCUMENTATION = {
    *(b"docs.rs", b"github.com", b"go", b"goto", b"json-schema.org"),
    *(b"www.tensorflow.org", b"www.winimage.com"),
}
# The names of imported functions stand between zero bytes in an ELF file.
_IMPORTS = re.compile(rb"\0(getaddrinfo|gethostbyname\w*|socket|connect|send|sendto|sendmsg|inet_pton)\0")


def _mediapipe_libraries() -> list[Path]:
    spec = importlib.util.find_spec("mediapipe")
    assert spec is not None
    assert spec.origin is not None
    files = Path(spec.origin).parent.rglob("*")
    return [file for file in files if file.suffix in (".so", ".dylib", ".dll", ".pyd")]


def test_detector_library_holds_no_way_to_send_anything() -> None:
    libraries = _mediapipe_libraries()
    assert libraries
    for library in libraries:
        content = library.read_bytes().lower()
        assert set(_SENDERS.findall(content)) == set()
        assert set(_SERVICES.findall(content)) == set()
        assert set(_ADDRESSES.findall(content)) <= _DOCUMENTATION
        if content.startswith(b"\x7felf"):
            assert set(_IMPORTS.findall(content)) == set()


def _traced(report: Path, command: Sequence[str]) -> list[str]:
    """The command under strace, which writes every call that opens or connects a socket."""
    options = ["-f", "-qq", "--seccomp-bpf", "-e", "trace=socket,connect", "-e", "signal=none"]
    return ["strace", *options, "-o", str(report), *command]


def _internet_calls(report: Path) -> list[str]:
    """Calls that open a socket of any kind but local ones, or ask systemd for the address of a host."""
    lines = report.read_text(errors="replace").splitlines()
    local = re.compile(r"socket\((AF_UNIX|AF_LOCAL|AF_NETLINK)\b")
    return [
        line
        for line in lines
        if ("socket(" in line and not local.search(line)) or re.search(r"connect\(.*resolve", line)
    ]


_OPEN_SOCKET = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()"


@pytest.fixture(scope="session")
def strace_works(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Whether strace is here, may trace, and sees a socket being opened."""
    report = tmp_path_factory.mktemp("strace") / "calls.txt"
    if shutil.which("strace") is None:
        return False
    command = _traced(report, [sys.executable, "-c", _OPEN_SOCKET])
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode == 0 and any("AF_INET" in call for call in _internet_calls(report))


def test_system_calls_of_the_commands_are_seen(strace_works: bool) -> None:
    if "CI" in os.environ:
        assert strace_works, "strace is missing (install the package strace), or may not trace here."
    elif not strace_works:
        pytest.skip("needs strace and the right to trace: only Python's own sockets are checked")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "python-sockets.txt"


@pytest.fixture
def environment(report: Path, tmp_path: Path) -> dict[str, str]:
    """Guarded, with the window off screen, and settings and logs of its own."""
    folders = {
        f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "STATE")
    }
    return {
        **os.environ,
        **folders,
        "PYTHONPATH": str(_GUARD),
        "AGECAM_NETWORK_REPORT": str(report),
        "QT_QPA_PLATFORM": "offscreen",
    }


@pytest.mark.parametrize(
    "code",
    [
        _OPEN_SOCKET,
        "import _socket; _socket.socket(_socket.AF_INET6)",
        "import urllib.request; urllib.request.urlopen('http://agecam.invalid')",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{_OPEN_SOCKET}'], check=True)",
    ],
    ids=["socket", "C module of socket", "look-up", "child process"],
)
def test_guard_stops_and_tells_of_any_internet_socket(
    code: str, environment: dict[str, str], report: Path
) -> None:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode != 0
    assert re.match(r"socket\.(__new__|getaddrinfo) ", report.read_text())


def test_guard_lets_local_sockets_be(environment: dict[str, str], report: Path) -> None:
    code = "import socket; socket.socketpair(); socket.socket(socket.AF_UNIX)"
    command = [sys.executable, "-c", code]
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert report.read_text() == ""


@pytest.fixture
def clip(tmp_path: Path, astronaut_bgr: NDArray[np.uint8]) -> Path:
    """A second of one face that stays where it is."""
    path = tmp_path / "face.mp4"
    with VideoWriter(path, 512, 512) as writer:
        for number in range(15):
            writer.write(astronaut_bgr, number / 15)
    return path


# All that `agecam bench` does, in a few frames of each kind and half a second live.
_BENCH = """
import sys
from pathlib import Path
from agecam.commands.arguments import BenchArguments
from agecam.commands.bench import run_bench
from agecam.commands.measure import MeasureConfig
few = MeasureConfig(sampled_frames=5, paced_frames=5, live_warm_up_s=0.1, live_s=0.5)
sys.exit(run_bench(BenchArguments(Path(sys.argv[1]), as_json=True), few))
"""
_AGECAM = ("-m", "agecam")
_COMMANDS = {
    "annotate": (*_AGECAM, "annotate", "{clip}", "-o", "{folder}/out.mp4", "--csv", "{folder}/out.csv"),
    "predict": (*_AGECAM, "predict", "{photograph}", "--json"),
    "window": (*_AGECAM, "{clip}", "--csv", "{folder}/window.csv", "--quit-after", "3"),
    "bench": ("-c", _BENCH, "{clip}"),
    "doctor": (*_AGECAM, "doctor"),
    "demo": (*_AGECAM, "demo", "--quit-after", "3"),
}


@pytest.mark.parametrize("name", _COMMANDS)
def test_command_opens_no_internet_socket(
    name: str,
    clip: Path,
    astronaut_bgr: NDArray[np.uint8],
    environment: dict[str, str],
    report: Path,
    strace_works: bool,
    tmp_path: Path,
) -> None:
    photograph = tmp_path / "face.png"
    cv2.imwrite(str(photograph), astronaut_bgr)
    places = {"clip": clip, "photograph": photograph, "folder": tmp_path}
    arguments = [argument.format_map(places) for argument in _COMMANDS[name]]
    command = [sys.executable, *arguments]
    calls = tmp_path / "calls.txt"
    if strace_works:
        command = _traced(calls, command)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert report.read_text() == ""
    if strace_works:
        assert _internet_calls(calls) == []
