"""The session on a network camera: a served MJPEG stream on loopback that goes away and comes back."""

import http.server
import re
import threading
import time
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from agecam.live.capture import SourceRequest
from agecam.live.notices import NoticeKind
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.opencv import cv2
from tests.live.helpers import MakeSession, state_of, wait_for


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


def wait_for_label(session: Session) -> None:
    def labelled() -> bool:
        latest = session.latest()
        return latest is not None and any(one.confirmed and one.estimate for one in latest.people)

    wait_for(labelled, "a label")


def test_a_network_camera_is_labelled_recorded_and_found_again_after_a_break(
    make_session: MakeSession, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    session = make_session()
    camera = NetworkCamera(astronaut_bgr)
    try:
        session.start_recording(tmp_path / "out.mp4")
        session.show(SourceRequest(camera.address))
        wait_for_label(session)
        # On a busy machine two frames, far apart, are enough for a label.
        wait_for(lambda: session.state().recording.written >= 3, "three frames")
    finally:
        camera.unplug()
    wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "disconnected")
    time.sleep(0.5)  # the length of the break
    again = NetworkCamera(astronaut_bgr, port=camera.server_port)
    try:
        wait_for(lambda: state_of(session) is SourceState.LIVE, "live")
        wait_for_label(session)
        wait_for(lambda: session.state().recording.written >= 6, "three more")
        session.close()
    finally:
        again.unplug()
    with av.open(str(tmp_path / "out.mp4")) as container:
        times_s = [float(frame.time) for frame in container.decode(video=0)]
    assert len(times_s) >= 6
    longest_s = max(np.diff(times_s))
    assert longest_s > 0.4, "the break is there, at its true length"
    (gap,) = [notice.text for notice in session.take_notices() if notice.kind is NoticeKind.WARNING]
    told = re.fullmatch(r"The stream was away for (\d+\.\d) s; the recording goes on\.", gap)
    assert told is not None
    assert 0.4 < float(told[1]) <= longest_s + 0.06


def test_an_address_where_nobody_answers_is_told(make_session: MakeSession) -> None:
    session = make_session()
    session.show(SourceRequest("http://127.0.0.1:9/video.mjpg"))
    wait_for(lambda: state_of(session) is SourceState.WAITING, "the answer that there is none")
    assert "127.0.0.1" in session.state().source.message
    assert "\n" not in session.state().source.message


def test_a_camera_that_answers_later_than_the_start_is_shown_when_it_does(
    make_session: MakeSession, astronaut_bgr: NDArray[np.uint8]
) -> None:
    early = NetworkCamera(astronaut_bgr)
    early.unplug()
    session = make_session()
    session.show(SourceRequest(early.address))
    wait_for(lambda: state_of(session) is SourceState.WAITING, "no answer")
    late = NetworkCamera(astronaut_bgr, port=early.server_port)
    try:
        wait_for(lambda: state_of(session) is SourceState.LIVE, "the camera, by itself")
        session.close()
    finally:
        late.unplug()
