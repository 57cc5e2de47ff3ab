"""What the status bar says: texts from the session's states, nothing of Qt."""

from __future__ import annotations

from typing import Final

from agecam.live.recording import RecordingPhase, RecordingState
from agecam.live.statistics import Statistics
from agecam.live.table import TableState
from agecam.ui.language import tr

LOW_ROOM_S: Final = 300.0
"""A disk that lasts no longer than this at a recording's rate is warned of: time enough to do something."""


def recording_text(recording: RecordingState) -> str:
    """How long a recording has run, and how large it is; empty where none runs."""
    match recording.phase:
        case RecordingPhase.OFF:
            return ""
        case RecordingPhase.WAITING:
            return tr("● waiting for the picture")
        case RecordingPhase.FINISHING:
            return tr("● finishing")
    size = f"   {size_text(recording.size_bytes)}" if recording.size_bytes else ""
    return f"{'❙❙' if recording.is_paused else '●'} {time_text(recording.seconds)}{size}"


def recording_detail(recording: RecordingState) -> str:
    """Whether it is paused, its part, and what it has lost; empty where there is nothing to say."""
    if recording.phase not in (RecordingPhase.ON, RecordingPhase.PAUSED):
        return ""
    parts = (
        tr("paused") if recording.is_paused else "",
        tr("part {number}", number=recording.part) if recording.part > 1 else "",
        tr("{count} dropped", count=recording.dropped) if recording.dropped else "",
    )
    return " · ".join(part for part in parts if part)


def recording_warning(recording: RecordingState) -> str:
    """A sentence on a disk that is about to be full; empty where it is not."""
    room_s = recording.room_s
    if room_s is None or room_s >= LOW_ROOM_S or recording.phase is RecordingPhase.OFF:
        return ""
    if room_s < 60:
        return tr("Disk almost full: less than a minute left")
    return tr("Disk almost full: about {minutes} min left", minutes=f"{room_s // 60:.0f}")


def table_text(table: TableState) -> str:
    """For how long a table of people has been written; empty where none is."""
    if table.is_running:
        return tr("Writing CSV {time}", time=time_text(table.seconds))
    return tr("Finishing CSV") if table.is_finishing else ""


def size_text(size_bytes: int) -> str:
    """A size of files, in the units that file managers use.

    >>> size_text(345_678), size_text(12_345_678), size_text(2_500_000_000)
    ('346 kB', '12.3 MB', '2.50 GB')
    """
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1e3:.0f} kB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 1_000_000_000 else f"{size_bytes / 1e9:.2f} GB"


def time_text(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any.

    >>> time_text(61.9), time_text(3661)
    ('1:01', '1:01:01')
    """
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def numbers_text(faces: int, numbers: Statistics, rest: str = "") -> str:
    """Faces, frames a second and delay; what is at ``rest``, as that says, has neither rate nor delay."""
    seen = tr("{count} face" if faces == 1 else "{count} faces", count=faces)
    if rest:
        return f"{seen}   {rest}"
    fps = tr("{fps} fps", fps=f"{numbers.fps_shown:.0f}")
    return f"{seen}   {fps}   {tr('{delay} ms delay', delay=f'{numbers.latency_ms_p95:.0f}')}"


def numbers_detail(numbers: Statistics) -> str:
    """The same in full sentences, with the time of each stage."""
    stages = ", ".join(f"{name} {value:.1f} ms" for name, value in numbers.stages_ms.items())
    rates = tr(
        "Frames a second: {captured} captured, {analysed} analysed, {shown} shown, "
        "{dropped} skipped so far.\nFrom capture to screen: {middle} ms, 95 % within {most} ms.",
        captured=f"{numbers.fps_captured:.1f}",
        analysed=f"{numbers.fps_analysed:.1f}",
        shown=f"{numbers.fps_shown:.1f}",
        dropped=numbers.dropped,
        middle=f"{numbers.latency_ms_p50:.0f}",
        most=f"{numbers.latency_ms_p95:.0f}",
    )
    return f"{rates}\n{stages}"
