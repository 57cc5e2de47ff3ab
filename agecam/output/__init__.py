"""What is kept: the annotated video, snapshots, a table of what was seen."""

from agecam.output.csv import CsvSink
from agecam.output.image import ImageSink, SnapshotSink, write_image
from agecam.output.recording import VideoSink
from agecam.output.sink import QueuedSink, Sink, SinkConfig, SinkStatus, WhenFull
from agecam.output.video import VideoWriter

__all__ = [
    "CsvSink",
    "ImageSink",
    "QueuedSink",
    "Sink",
    "SinkConfig",
    "SinkStatus",
    "SnapshotSink",
    "VideoSink",
    "VideoWriter",
    "WhenFull",
    "write_image",
]
