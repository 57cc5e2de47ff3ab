"""What is kept: the annotated video, snapshots, what was seen as a table, as JSON or on a page."""

from agecam.output.carried import CarriedStreams
from agecam.output.containers import VIDEO_OUTPUTS, Quality
from agecam.output.csv import CsvSink, GrowingCsvSink
from agecam.output.image import IMAGE_OUTPUTS, ImageSink, SnapshotSink, write_image
from agecam.output.json_lines import JsonSink
from agecam.output.parts import RecordedFrame
from agecam.output.recording import RecordingContent, RecordingOptions, RecordingSink, VideoSink
from agecam.output.report import ReportSink
from agecam.output.report_data import InputReport
from agecam.output.report_page import render_report
from agecam.output.sink import QueuedSink, Sink, SinkConfig, SinkStatus, WhenFull
from agecam.output.video import VideoOptions, VideoWriter

__all__ = [
    "IMAGE_OUTPUTS",
    "VIDEO_OUTPUTS",
    "CarriedStreams",
    "CsvSink",
    "GrowingCsvSink",
    "ImageSink",
    "InputReport",
    "JsonSink",
    "Quality",
    "QueuedSink",
    "RecordedFrame",
    "RecordingContent",
    "RecordingOptions",
    "RecordingSink",
    "ReportSink",
    "Sink",
    "SinkConfig",
    "SinkStatus",
    "SnapshotSink",
    "VideoOptions",
    "VideoSink",
    "VideoWriter",
    "WhenFull",
    "render_report",
    "write_image",
]
