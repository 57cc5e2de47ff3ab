"""Whether memory grows: minutes of a looping clip through the live session, and how many megabytes it gained.

    python benchmarks/soak.py [CLIP] [--minutes 20]

Without a clip it is a made-up scene of ten moving faces at 30 frames a second. What is gained while models
load and buffers fill does not count: the growth is from the first tenth of the time (a minute at most) on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from agecam.commands.scene import write_scene
from agecam.live.capture import SourceRequest
from agecam.live.session import Session
from agecam.vision.analyzer import create_analyzer

_WARM_UP_S = 60.0
_SAMPLE_S = 1.0
_FACES = 10


def resident_mb() -> float:
    """Resident memory of this process in MB of 10^6 bytes; ``ps`` is on Linux and macOS."""
    listed = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=True
    )
    return int(listed.stdout) * 1024 / 1e6


def soak(clip: str, seconds: float) -> float:
    """Play the clip for so long; prints memory minute by minute and returns the growth in MB."""
    changed = threading.Event()
    session = Session(create_analyzer, changed.set)
    session.start()
    samples: list[tuple[float, float]] = []
    analysed = 0
    try:
        session.show(SourceRequest(clip, loop=True))
        started_s = sampled_s = told_s = time.monotonic()
        seen = None
        while (now_s := time.monotonic()) < started_s + seconds:
            changed.wait(_SAMPLE_S)
            changed.clear()
            latest = session.latest()
            if latest is not seen and latest is not None:
                seen = latest
                analysed += 1
                session.painted(latest)
            if now_s - sampled_s >= _SAMPLE_S:
                sampled_s = now_s
                samples.append((now_s - started_s, resident_mb()))
            if now_s - told_s >= 60:
                told_s = now_s
                rate = session.statistics().fps_analysed
                print(
                    f"{(now_s - started_s) / 60:3.0f} min: {samples[-1][1]:.1f} MB, {rate:.0f} fps",
                    flush=True,
                )
    finally:
        session.close()
    warm_s = min(_WARM_UP_S, seconds / 10)
    warm = [memory for at_s, memory in samples if at_s >= warm_s]
    share = max(1, len(warm) // 10)
    growth = statistics.median(warm[-share:]) - statistics.median(warm[:share])
    print(f"{analysed} frames analysed; at most {max(warm):.1f} MB; growth {growth:+.1f} MB")
    return growth


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("clip", nargs="?", help="a video; a made-up scene without one")
    parser.add_argument("--minutes", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
        clip = options.clip
        if clip is None:
            scene = Path(folder) / "scene.mp4"
            write_scene(scene, _FACES)
            clip = str(scene)
        soak(clip, options.minutes * 60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
