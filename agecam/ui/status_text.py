"""What the status bar says: texts from the session's states, nothing of Qt."""

from __future__ import annotations

from agecam.live.recording import RecordingPhase, RecordingState
from agecam.live.statistics import Statistics
from agecam.ui.language import tr


def recording_text(recording: RecordingState) -> str:
    """How long a recording has run, and what it has lost; empty where none runs."""
    match recording.phase:
        case RecordingPhase.OFF:
            return ""
        case RecordingPhase.WAITING:
            return "● waiting for the picture"
        case RecordingPhase.FINISHING:
            return "● finishing"
    state = "❙❙ paused at" if recording.is_paused else "●"
    part = f"  part {recording.part}" if recording.part > 1 else ""
    dropped = f"  {recording.dropped} dropped" if recording.dropped else ""
    return f"{state} {time_text(recording.seconds)}{part}{dropped}"


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
