"""What is kept: the annotated video, snapshots, what was seen as a table, as JSON or on a page."""

from typing import TYPE_CHECKING

from agecam.lazy import lazy_names

if TYPE_CHECKING:
    from agecam.output.carried import CarriedStreams
    from agecam.output.containers import VIDEO_OUTPUTS, Quality
    from agecam.output.csv import CsvSink, GrowingCsvSink
    from agecam.output.image import IMAGE_OUTPUTS, ImageSink, SnapshotSink, write_image
    from agecam.output.json_lines import JsonSink
    from agecam.output.recorded import RecordedFrame, RecordingContent, RecordingOptions
    from agecam.output.recording import RecordingSink, VideoSink
    from agecam.output.report import ReportSink
    from agecam.output.report_data import InputReport
    from agecam.output.report_page import render_report
    from agecam.output.sink import QueuedSink, Sink, SinkConfig, SinkStatus, WhenFull
    from agecam.output.video import VideoOptions, VideoWriter
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "carried": ("CarriedStreams",),
            "containers": ("VIDEO_OUTPUTS", "Quality"),
            "csv": ("CsvSink", "GrowingCsvSink"),
            "image": ("IMAGE_OUTPUTS", "ImageSink", "SnapshotSink", "write_image"),
            "json_lines": ("JsonSink",),
            "recorded": ("RecordedFrame", "RecordingContent", "RecordingOptions"),
            "recording": ("RecordingSink", "VideoSink"),
            "report": ("ReportSink",),
            "report_data": ("InputReport",),
            "report_page": ("render_report",),
            "sink": ("QueuedSink", "Sink", "SinkConfig", "SinkStatus", "WhenFull"),
            "video": ("VideoOptions", "VideoWriter"),
        },
    )

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
