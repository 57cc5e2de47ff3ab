"""What is kept: the annotated video, snapshots, a table of what was seen."""

from agecam.output.csv import CsvLog
from agecam.output.files import unique_path
from agecam.output.image import save_snapshot, write_image
from agecam.output.recording import Recorder
from agecam.output.video import VideoWriter

__all__ = ["CsvLog", "Recorder", "VideoWriter", "save_snapshot", "unique_path", "write_image"]
