"""Network streams from a camera that this file serves on the loopback device."""

import dataclasses
import http.server
import itertools
import socket
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import SourceError, SourceLostError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources import open_source
from agecam.sources.stream import StreamConfig, StreamSource, without_secrets

_BOUNDARY = "image"
_INTERVAL_S = 0.04
_LONG_S = 600.0
_PATIENT = StreamConfig(open_timeout_s=_LONG_S, read_timeout_s=_LONG_S)


class _Handler(http.server.BaseHTTPRequestHandler):
    """A network camera: each image shows its number as its brightness."""

    server: "CameraServer"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/video":
            self._send_video()
        elif path == "/recording.mp4":
            self._send_body("video/mp4", self.server.recording.read_bytes())
        elif path == "/page":
            self._send_body("text/html", b"<html><body>Welcome to your camera</body></html>" * 20)
        else:
            self.send_error(int(path.strip("/")))

    def _send_body(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # the reader has seen enough
            return

    def _send_video(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        try:
            for number in range(self.server.frames):
                if self.server.ending.is_set():
                    break
                jpeg = cv2.imencode(".jpg", self.server.image(number))[1].tobytes()
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                self.server.ending.wait(_INTERVAL_S)
            if self.server.falls_silent:
                self.server.ending.wait()
        except OSError:  # the reader has left
            return

    def log_message(self, *_: object) -> None:
        pass


class CameraServer(http.server.ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, recording: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.recording = recording
        self.ending = threading.Event()
        self.frames = 10_000
        self.falls_silent = False

    @staticmethod
    def image(number: int) -> NDArray[np.uint8]:
        return np.full((120, 160, 3), number % 200 + 20, np.uint8)

    @staticmethod
    def number_of(image_bgr: NDArray[np.uint8]) -> int:
        return round(float(image_bgr.mean())) - 20

    def url(self, path: str = "video", user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_port}/{path}"


class FrameClock:
    """Counts the frames of a live stream: each is given its number, from 1 on, as its time in seconds."""

    def __init__(self, alarm_at: int) -> None:
        self.alarm = threading.Event()
        self._alarm_at = alarm_at
        self._numbers = itertools.count(1)

    def __call__(self) -> float:
        number = next(self._numbers)
        if number == self._alarm_at:
            self.alarm.set()
        return float(number)


@pytest.fixture
def server(demo_clip: Path) -> Iterator[CameraServer]:
    server = CameraServer(demo_clip)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.ending.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(server: CameraServer) -> Iterator[StreamSource]:
    source = StreamSource(server.url(), _PATIENT)
    source.open()
    yield source
    source.close()


def read(source: StreamSource) -> Frame:
    frame = source.read()
    assert frame is not None
    return frame


def test_gives_frames_as_they_come(opened: StreamSource) -> None:
    frames = [read(opened) for _ in range(10)]
    assert opened.is_live
    assert opened.frame_count is None
    assert frames[0].image_bgr.shape == (120, 160, 3)
    assert not frames[0].image_bgr.flags.writeable
    assert [frame.index for frame in frames] == list(range(10))
    assert np.all(np.diff([frame.time_s for frame in frames]) > 0)


def test_a_slow_reader_gets_the_newest_frame(server: CameraServer) -> None:
    clock = FrameClock(alarm_at=60)
    source = StreamSource(server.url(), _PATIENT, clock=clock)
    source.open()
    try:
        read(source)
        assert clock.alarm.wait(_LONG_S), "the stream is decoded whether or not it is read"
        frame = read(source)
        assert frame.time_s >= 60
        assert frame.index == frame.time_s - 1, "what was left out is counted"
        assert server.number_of(frame.image_bgr) == frame.time_s - 1
    finally:
        source.close()


class StoppingClock(FrameClock):
    """Holds the stream up at one frame, until it is released."""

    def __init__(self, stops_at: int) -> None:
        super().__init__(stops_at)
        self.released = threading.Event()

    def __call__(self) -> float:
        time_s = super().__call__()
        if self.alarm.is_set():
            self.released.wait()
        return time_s


def test_frames_that_come_at_once_are_given_one_after_the_other(server: CameraServer) -> None:
    clock = StoppingClock(stops_at=61)
    config = dataclasses.replace(_PATIENT, longest_wait_s=3.5, most_waiting=5)
    source = StreamSource(server.url(), config, clock=clock)
    source.open()
    try:
        assert clock.alarm.wait(_LONG_S)
        frames = [read(source) for _ in range(4)]
        assert [frame.index for frame in frames] == [56, 57, 58, 59]
        assert [server.number_of(frame.image_bgr) for frame in frames] == [56, 57, 58, 59]
    finally:
        clock.released.set()
        source.close()


def read_on(source: StreamSource) -> None:
    for _ in range(1000):
        source.read()


def test_tells_when_the_camera_is_switched_off(server: CameraServer, opened: StreamSource) -> None:
    read(opened)
    server.ending.set()
    with pytest.raises(SourceLostError, match="sends no more pictures"):
        read_on(opened)


def test_tells_when_the_camera_falls_silent(server: CameraServer) -> None:
    server.frames, server.falls_silent = 60, True
    source = StreamSource(server.url(), StreamConfig(open_timeout_s=_LONG_S, read_timeout_s=3.0))
    source.open()
    try:
        with pytest.raises(SourceLostError, match="sends no more pictures"):
            read_on(source)
    finally:
        source.close()


def test_can_be_opened_again_after_a_loss(server: CameraServer) -> None:
    server.frames = 60
    source = open_source(server.url())
    for _ in range(2):
        source.open()
        frame = source.read()
        assert frame is not None
        assert frame.index == 0
        source.close()
    source.close()
    assert source.read() is None


def test_gives_every_frame_of_a_recording(server: CameraServer) -> None:
    source = StreamSource(server.url("recording.mp4"), _PATIENT)
    source.open()
    try:
        assert not source.is_live
        fps, count = source.fps, source.frame_count
        assert fps is not None
        assert count is not None
        times_s = [frame.time_s for frame in iter(source.read, None)]
        assert times_s == pytest.approx([index / fps for index in range(count)], abs=0.01)
    finally:
        source.close()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("401", "wants a user name and a password"),
        ("403", "refuses to show this address"),
        ("404", "is not there"),
        ("503", "answers with an error of its own"),
        ("page", "sends no video that AgeCam knows"),
    ],
)
def test_says_why_an_address_gives_no_video(server: CameraServer, path: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        StreamSource(server.url(path)).open()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("carrier-pigeon://127.0.0.1/video", "of a kind that AgeCam cannot open"),
        ("http://no-such-host.invalid/video", "cannot be reached"),
    ],
)
def test_says_why_an_address_cannot_be_opened(url: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        StreamSource(url).open()


def test_says_that_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # held, so that nobody else takes the port, and refusing
        with pytest.raises(SourceError, match="refuses the connection"):
            StreamSource(f"rtsp://127.0.0.1:{bound.getsockname()[1]}/video").open()


def test_does_not_wait_for_ever_for_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        source = StreamSource(
            f"http://127.0.0.1:{mute.getsockname()[1]}/video", StreamConfig(open_timeout_s=0.5)
        )
        with pytest.raises(SourceError, match="does not answer"):
            source.open()


def test_never_shows_the_password(server: CameraServer) -> None:
    source = StreamSource(server.url("404?token=hush", user="admin:hush@"))
    with pytest.raises(SourceError) as caught:
        source.open()
    shown = "".join(traceback.format_exception(caught.value)) + source.name
    assert "hush" not in shown
    assert "admin" not in shown
    assert source.name == server.url("404")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam.local:554/live", "rtsp://cam.local:554/live"),
        ("rtsp://u:p@cam.local/live#t", "rtsp://cam.local/live"),
        ("rtsp://cam.local/video/u:p/live", "rtsp://cam.local/video/"),
        ("rtsp://u:p@ss/wrd@cam.local/live", "rtsp://cam.local/live"),
        # Either side of the last @ may be the secret: nothing is shown.
        ("rtsp://u:p@ss/w?rd@cam.local/live", "rtsp://…"),
        ("https://cam.local/live?user=me@token", "https://…"),
        ("https://u:p@cam.local/live?user=me@token", "https://…"),
        ("http://[::1]:80/v?user=u&pwd=p", "http://[::1]:80/v"),
        ("http://u:p@[fe80::1%eth0]:80/v", "http://[fe80::1%eth0]:80/v"),
        ("rtsp://u:p w@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://u%3Ap%40cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://u%253Ap%2540cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://cam.local/live%3Fpwd=p", "rtsp://cam.local/live"),
        ("rtsp://cam.local:554/user=u&password=p&channel=1.sdp", "rtsp://cam.local:554/"),
        ("http://cam.local/video/a;session=s", "http://cam.local/video/"),
        # The @ was forgotten, or mistyped.
        ("rtsp://u:p:cam.local/live", "rtsp://…"),
        ("rtsp://u:p/cam.local/live", "rtsp://…"),
        ("rtsp://u:p cam.local", "rtsp://…"),
        ("u:p@rtsp://cam.local/live", "…"),
        ("async:http://u:p@cam.local/live", "…"),
    ],
)
def test_shows_an_address_without_its_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
