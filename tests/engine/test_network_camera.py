"""The engine on a network camera: a served MJPEG stream on loopback that goes away and comes back."""

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.engine.capture import SourceRequest
from agecam.engine.engine import Engine
from agecam.engine.state import SourceState
from agecam.opencv import cv2
from agecam.vision.analyzer import create_analyzer

_LONGEST_S = 40.0


class NetworkCamera(http.server.ThreadingHTTPServer):
    """Sends one photograph again and again, until it is unplugged."""

    daemon_threads = False

    def __init__(self, picture_bgr: NDArray[np.uint8], port: int = 0) -> None:
        self.jpeg = cv2.imencode(".jpg", picture_bgr)[1].tobytes()
        self.unplugged = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/video.mjpg"

    def unplug(self) -> None:
        self.unplugged.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: NetworkCamera

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while not self.server.unplugged.wait(0.04):
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
                self.wfile.write(b"Content-Length: %d\r\n\r\n" % len(self.server.jpeg))
                self.wfile.write(self.server.jpeg + b"\r\n")
        except ConnectionError:
            pass  # the viewer has left

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(create_analyzer, on_change=lambda: None)
    engine.start()
    yield engine
    engine.close()


def wait_for_state(engine: Engine, *states: SourceState) -> None:
    deadline_s = time.monotonic() + _LONGEST_S
    while engine.status().state not in states:
        assert time.monotonic() < deadline_s, f"waited too long for {states}: {engine.status()}"
        time.sleep(0.02)


def wait_for_label(engine: Engine) -> None:
    deadline_s = time.monotonic() + _LONGEST_S
    while not ((shown := engine.latest()) and any(p.settled and p.estimate for p in shown.analysis.people)):
        assert time.monotonic() < deadline_s, "waited too long for a label"
        time.sleep(0.02)


def test_a_network_camera_is_labelled_recorded_and_found_again_after_a_break(
    engine: Engine, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    camera = NetworkCamera(astronaut_bgr)
    try:
        engine.start_recording(tmp_path / "out.mp4")
        engine.show(SourceRequest(camera.address))
        wait_for_label(engine)
    finally:
        camera.unplug()
    wait_for_state(engine, SourceState.DISCONNECTED)
    time.sleep(0.5)
    again = NetworkCamera(astronaut_bgr, port=camera.server_port)
    try:
        engine.retry()
        wait_for_state(engine, SourceState.LIVE)
        wait_for_label(engine)
        engine.close()
    finally:
        again.unplug()
    with av.open(str(tmp_path / "out.mp4")) as container:
        times_s = [float(frame.time) for frame in container.decode(video=0)]
    assert len(times_s) >= 6
    assert max(np.diff(times_s)) > 0.4, "the break is there, at its true length"


def test_an_address_where_nobody_answers_is_told(engine: Engine) -> None:
    engine.show(SourceRequest("http://127.0.0.1:9/video.mjpg"))
    wait_for_state(engine, SourceState.FAILED)
    assert "127.0.0.1" in engine.status().message
    assert "\n" not in engine.status().message
