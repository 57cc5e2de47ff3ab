"""Whether memory grows with the length of a file: hours of video through what annotates files.

    python -m benchmarks.long_clip [--hours 4] [--csv]

The clip is a small copy of the built-in one, 160 x 120 at 5 frames a second, encoded once and its packets
repeated until it is long enough. The growth is from the first tenth of the frames to the last, in MB of 10^6
bytes of resident memory; the program ends with 1 where it is above 20.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Final

import av
from av.video.stream import VideoStream

from agecam.commands.annotate import run_job
from agecam.commands.job import Job
from agecam.paths import demo_clip
from benchmarks.soak import resident_mb

_SIZE_WH: Final = (160, 120)
_FPS: Final = 5
_PART_FRAMES: Final = 50
_MAX_GROWTH_MB: Final = 20.0
_SAMPLES: Final = 200


def write_long_clip(path: Path, frames: int) -> None:
    """A clip of so many frames, in seconds also where it lasts for hours."""
    with av.open(str(demo_clip())) as demo, av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=_FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *_SIZE_WH, "yuv420p"
        stream.codec_context.gop_size = _PART_FRAMES
        packets = []
        for index, frame in zip(range(_PART_FRAMES), demo.decode(video=0), strict=False):
            small = frame.reformat(*_SIZE_WH, "yuv420p")
            small.pts, small.time_base = index, Fraction(1, _FPS)
            packets += stream.encode(small)
        packets += stream.encode()
        contents = [(bytes(packet), packet.is_keyframe) for packet in packets]
        for index in range(frames):
            content, is_keyframe = contents[index % len(contents)]
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, Fraction(1, _FPS)
            packet.pts = packet.dts = index
            packet.is_keyframe = is_keyframe
            container.mux(packet)


def growth_mb(clip: Path, folder: Path, frames: int, *, with_csv: bool) -> float:
    """Annotate the clip; prints memory on the way and returns how much it grew."""
    samples: list[float] = []
    every = max(1, frames // _SAMPLES)
    counter = count(1)
    started_s = time.monotonic()

    def on_frame(done: int, _total: int | None) -> None:
        if next(counter) % every == 0:
            samples.append(resident_mb())
            if len(samples) % (_SAMPLES // 10) == 0:
                rate = done / (time.monotonic() - started_s)
                print(f"{done} frames: {samples[-1]:.1f} MB, {rate:.0f} a second", flush=True)

    rows = folder / "rows.csv" if with_csv else None
    print(run_job(Job(str(clip), folder / "annotated.mp4", csv=rows), on_frame).sentence())
    warm = samples[len(samples) // 10 :]
    share = max(1, len(warm) // 10)
    return statistics.median(warm[-share:]) - statistics.median(warm[:share])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--hours", type=float, default=4.0, help="length of the clip")
    parser.add_argument("--csv", action="store_true", help="write a table too")
    options = parser.parse_args()
    frames = round(options.hours * 3600 * _FPS)
    with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
        clip = Path(folder) / "long.mp4"
        write_long_clip(clip, frames)
        growth = growth_mb(clip, Path(folder), frames, with_csv=options.csv)
    print(f"{frames} frames: growth {growth:+.1f} MB")
    return int(growth > _MAX_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
