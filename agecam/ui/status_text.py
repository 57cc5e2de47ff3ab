"""What the status bar says: texts from the session's states, nothing of Qt."""

from __future__ import annotations

from agecam.live.recording import RecordingPhase, RecordingState
from agecam.live.statistics import Statistics


def recording_text(recording: RecordingState) -> str:
    """How long a recording has run, and what it has lost; empty where none runs."""
    match recording.phase:
        case RecordingPhase.OFF:
            return ""
        case RecordingPhase.WAITING:
            return "● waiting for the picture"
        case RecordingPhase.FINISHING:
            return "● finishing"
    minutes, seconds = divmod(int(recording.seconds), 60)
    state = "❙❙ paused at" if recording.is_paused else "●"
    part = f"  part {recording.part}" if recording.part > 1 else ""
    dropped = f"  {recording.dropped} dropped" if recording.dropped else ""
    return f"{state} {minutes}:{seconds:02d}{part}{dropped}"


def numbers_text(faces: int, numbers: Statistics, *, is_still: bool = False) -> str:
    """Faces, frames a second and delay; a photograph has neither rate nor delay."""
    seen = f"{faces} {'face' if faces == 1 else 'faces'}"
    if is_still:
        return f"{seen}   still picture"
    return f"{seen}   {numbers.fps_shown:.0f} fps   {numbers.latency_ms_p95:.0f} ms delay"


def numbers_detail(numbers: Statistics) -> str:
    """The same in full sentences, with the time of each stage."""
    stages = ", ".join(f"{name} {value:.1f} ms" for name, value in numbers.stages_ms.items())
    return (
        f"Frames a second: {numbers.fps_captured:.1f} captured, {numbers.fps_analysed:.1f} analysed, "
        f"{numbers.fps_shown:.1f} shown, {numbers.dropped} skipped so far.\n"
        f"From capture to screen: {numbers.latency_ms_p50:.0f} ms, 95 % within "
        f"{numbers.latency_ms_p95:.0f} ms.\n{stages}"
    )
