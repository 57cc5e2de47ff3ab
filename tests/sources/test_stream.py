import http.server
import socket
import threading
import time
import traceback
from pathlib import Path

import numpy as np
import pytest

from agecam.errors import SourceError, SourceLostError
from agecam.opencv import cv2
from agecam.sources import open_source, stream
from agecam.sources.stream import StreamSource, without_secrets

_BOUNDARY = "picture"
_INTERVAL_S = 0.04


class _Handler(http.server.BaseHTTPRequestHandler):
    """A network camera: each picture shows its number as its brightness."""

    server: "CameraServer"

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/video":
            self._send_video()
        elif path == "/recording.mp4":
            self._send_body("video/mp4", self.server.recording.read_bytes())
        elif path == "/page":
            self._send_body("text/html", b"<html><body>Welcome to your camera</body></html>" * 20)
        else:
            self.send_error(int(path.strip("/")))

    def _send_body(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # the reader has seen enough
            return

    def _send_video(self):
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        number = 0
        try:
            while not self.server.ending.is_set() and number < self.server.frames:
                jpeg = cv2.imencode(".jpg", self.server.picture(number))[1].tobytes()
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                self.server.sent = number
                number += 1
                self.server.ending.wait(_INTERVAL_S)
            if self.server.falls_silent:
                self.server.ending.wait()
        except OSError:  # the reader has left
            return

    def log_message(self, *_):
        pass


class CameraServer(http.server.ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, recording: Path):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.recording = recording
        self.ending = threading.Event()
        self.frames = 10_000
        self.falls_silent = False
        self.sent = -1

    @staticmethod
    def picture(number):
        return np.full((120, 160, 3), number % 200 + 20, np.uint8)

    @staticmethod
    def number_of(image_bgr):
        return round(float(image_bgr.mean())) - 20

    def url(self, path="video", user=""):
        return f"http://{user}127.0.0.1:{self.server_port}/{path}"


@pytest.fixture
def server(demo_clip):
    server = CameraServer(demo_clip)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.ending.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(server):
    source = StreamSource(server.url())
    source.open()
    yield source
    source.close()


def test_gives_pictures_as_they_come(opened):
    frames = [opened.read() for _ in range(10)]
    assert opened.is_live
    assert opened.frame_count is None
    assert frames[0].image_bgr.shape == (120, 160, 3)
    assert not frames[0].image_bgr.flags.writeable
    assert [frame.index for frame in frames] == list(range(10))
    times_s = [frame.time_s for frame in frames]
    assert np.all(np.diff(times_s) > 0)
    assert abs(times_s[-1] - time.monotonic()) < 1


def test_a_slow_reader_gets_the_newest_picture(server, opened):
    opened.read()
    time.sleep(1)
    sent = server.sent
    frame = opened.read()
    assert server.number_of(frame.image_bgr) >= sent - 3
    assert time.monotonic() - frame.time_s < 0.3


def read_on(source):
    for _ in range(1000):
        source.read()


def test_tells_when_the_camera_is_switched_off(server, opened):
    opened.read()
    server.ending.set()
    with pytest.raises(SourceLostError, match="sends no more pictures"):
        read_on(opened)


def test_tells_when_the_camera_falls_silent(server, monkeypatch):
    monkeypatch.setattr(stream, "READ_TIMEOUT_S", 0.5)
    server.frames, server.falls_silent = 60, True
    source = StreamSource(server.url())
    source.open()
    try:
        with pytest.raises(SourceLostError, match="sends no more pictures"):
            read_on(source)
    finally:
        source.close()


def test_can_be_opened_again_after_a_loss(server):
    server.frames = 60
    source = open_source(server.url())
    for _ in range(2):
        source.open()
        assert source.read().index == 0
        source.close()
    source.close()
    assert source.read() is None


def test_gives_every_frame_of_a_recording(server):
    source = StreamSource(server.url("recording.mp4"))
    source.open()
    try:
        assert not source.is_live
        count = source.frame_count
        times_s = [frame.time_s for frame in iter(source.read, None)]
        assert times_s == pytest.approx([index / source.fps for index in range(count)], abs=0.01)
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
def test_says_why_an_address_gives_no_video(server, path, sentence):
    with pytest.raises(SourceError, match=sentence):
        StreamSource(server.url(path)).open()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("carrier-pigeon://127.0.0.1/video", "of a kind that AgeCam cannot open"),
        ("http://no-such-host.invalid/video", "cannot be reached"),
    ],
)
def test_says_why_an_address_cannot_be_opened(url, sentence):
    with pytest.raises(SourceError, match=sentence):
        StreamSource(url).open()


def test_says_that_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(SourceError, match="refuses the connection"):
        StreamSource(f"rtsp://127.0.0.1:{port}/video").open()


def test_does_not_wait_for_ever_for_an_answer(monkeypatch):
    monkeypatch.setattr(stream, "OPEN_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        started_s = time.monotonic()
        with pytest.raises(SourceError, match="does not answer"):
            StreamSource(f"http://127.0.0.1:{mute.getsockname()[1]}/video").open()
        assert time.monotonic() - started_s < 5


def test_never_shows_the_password(server):
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
        ("rtsp://u:p@ss/w?rd@cam.local/live", "rtsp://cam.local/live"),
        ("http://[::1]:80/v?user=u&pwd=p", "http://[::1]:80/v"),
    ],
)
def test_shows_an_address_without_its_secrets(url, shown):
    assert without_secrets(url) == shown
