"""What is kept: the annotated video, snapshots, a table of what was seen."""

from agecam.output.carried import CarriedStreams
from agecam.output.containers import VIDEO_OUTPUTS, Quality
from agecam.output.csv import CsvSink, GrowingCsvSink
from agecam.output.image import IMAGE_OUTPUTS, ImageSink, SnapshotSink, write_image
from agecam.output.parts import RecordedFrame
from agecam.output.recording import RecordingOptions, RecordingSink, VideoSink
from agecam.output.sink import QueuedSink, Sink, SinkConfig, SinkStatus, WhenFull
from agecam.output.video import VideoOptions, VideoWriter

__all__ = [
    "IMAGE_OUTPUTS",
    "VIDEO_OUTPUTS",
    "CarriedStreams",
    "CsvSink",
    "GrowingCsvSink",
    "ImageSink",
    "Quality",
    "QueuedSink",
    "RecordedFrame",
    "RecordingOptions",
    "RecordingSink",
    "Sink",
    "SinkConfig",
    "SinkStatus",
    "SnapshotSink",
    "VideoOptions",
    "VideoSink",
    "VideoWriter",
    "WhenFull",
    "write_image",
]
