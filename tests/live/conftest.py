"""Sessions on real clips and photographs, closed after each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agecam.live.feed import FeedConfig, RecordingFeed
from agecam.live.session import Session
from agecam.output import VideoWriter
from agecam.sources import open_source
from agecam.vision.analyzer import create_analyzer
from tests.live.feed_helpers import FOREVER, KeepingRecorder, MakeFeed
from tests.live.helpers import MakeSession


@pytest.fixture
def make_session() -> Iterator[MakeSession]:
    """Sessions that are started at once and closed after the test; takes what :class:`Session` takes."""
    sessions: list[Session] = []

    def make(*arguments: object, **options: object) -> Session:
        make_analyzer = arguments[0] if arguments else create_analyzer
        session = Session(make_analyzer, lambda: None, **options)  # type: ignore[arg-type]
        sessions.append(session)
        session.start()
        return session

    yield make
    for session in sessions:
        session.close()


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path) -> Path:
    """The first second and a half of the demo clip."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    source = open_source(str(demo_clip))
    source.open()
    with VideoWriter(path, 1280, 720) as writer:
        while (frame := source.read()) is not None and frame.time_s < 1.5:
            writer.write(frame.image_bgr, frame.time_s)
    source.close()
    return path


@pytest.fixture
def recorder() -> KeepingRecorder:
    return KeepingRecorder()


@pytest.fixture
def make_feed(recorder: KeepingRecorder) -> Iterator[MakeFeed]:
    """Feeds of ``recorder`` that are started at once and closed after the test."""
    feeds: list[RecordingFeed] = []

    def make(config: FeedConfig = FOREVER, clock: Callable[[], float] | None = None) -> RecordingFeed:
        feed = RecordingFeed(recorder, config) if clock is None else RecordingFeed(recorder, config, clock)
        feeds.append(feed)
        feed.start()
        return feed

    yield make
    for feed in feeds:
        feed.close()
