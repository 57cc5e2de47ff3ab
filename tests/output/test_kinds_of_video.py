"""Each kind of video file: times of the frames, length, quality."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.output import VIDEO_OUTPUTS, Quality, VideoOptions, VideoWriter

Image = NDArray[np.uint8]

CODECS = {
    ".mp4": "h264",
    ".mov": "h264",
    ".mkv": "h264",
    ".webm": "vp9",
    ".avi": "mpeg4",
    ".gif": "gif",
}


def shades(path: Path) -> list[tuple[float, float]]:
    """When the images change, in seconds, and how bright they then are, from 0 to 255."""
    found: list[tuple[float, float]] = []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            level = float(frame.to_ndarray(format="gray").mean())
            if not found or abs(found[-1][1] - level) > 20:
                found.append((float(frame.time or 0), level))
    return found


def length_s(path: Path) -> float:
    with av.open(path) as container:
        assert container.duration is not None
        return container.duration / av.time_base


def shade(index: int) -> Image:
    """Dark and bright images in turn, ``(48, 64, 3)``."""
    return np.full((48, 64, 3), (40, 200)[index % 2], np.uint8)


def irregular_times(count: int = 40, least_s: float = 0.025) -> list[float]:
    """Times from 0, as a phone or a screen recorder leaves them: some close, some far apart."""
    gaps_s = np.random.default_rng(3).choice([least_s, 1 / 30, 0.04, 0.1234, 0.7, 2.345], count)
    return [float(time_s) for time_s in np.cumsum(gaps_s) - gaps_s[0]]


@pytest.mark.parametrize("suffix", VIDEO_OUTPUTS)
def test_each_frame_stands_at_its_time_and_the_last_as_long_as_it_did(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    times_s = irregular_times()
    with VideoWriter(path, 64, 48, VideoOptions(nominal_fps=30)) as writer:
        for index, time_s in enumerate(times_s):
            writer.write(shade(index), time_s, 2.0 if index == len(times_s) - 1 else None)
        assert writer.frames == len(times_s)
    tolerance_s = 0.010 if suffix == ".gif" else 0.005
    assert [time_s for time_s, _ in shades(path)] == pytest.approx(times_s, abs=tolerance_s)
    assert length_s(path) == pytest.approx(times_s[-1] + 2.0, abs=tolerance_s)
    with av.open(path) as container:
        assert container.streams.video[0].codec_context.name == CODECS[suffix]


@pytest.mark.parametrize("fps", [24_000 / 1001, 25, 30_000 / 1001, 50])
def test_an_avi_places_frames_of_a_usual_rate_to_the_millisecond(tmp_path: Path, fps: float) -> None:
    path = tmp_path / "clip.avi"
    with VideoWriter(path, 64, 48, VideoOptions(nominal_fps=fps)) as writer:
        for index in range(30):
            writer.write(shade(index), index / fps)
    assert [time_s for time_s, _ in shades(path)] == pytest.approx([i / fps for i in range(30)], abs=1e-3)
    assert length_s(path) == pytest.approx(30 / fps, abs=1e-3)


def test_an_avi_bridges_an_hour_without_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    with VideoWriter(path, 64, 48, VideoOptions(nominal_fps=25)) as writer:
        writer.write(shade(0), 0.0)
        writer.write(shade(1), 3600.0)
    assert [time_s for time_s, _ in shades(path)] == pytest.approx([0.0, 3600.0], abs=1e-3)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_frames_may_begin_later_than_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    with VideoWriter(path, 64, 48, VideoOptions(start_s=10.0)) as writer:
        for index in range(40):
            writer.write(shade(index), 10.48 + index / 20)
        assert writer.seconds == pytest.approx(39 / 20)
    with av.open(path) as container:
        times_s = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert times_s == pytest.approx([0.48 + index / 20 for index in range(40)], abs=2e-3)


def test_a_gif_leaves_out_what_players_would_show_too_long(tmp_path: Path) -> None:
    path = tmp_path / "clip.gif"
    with VideoWriter(path, 64, 48, VideoOptions(nominal_fps=100)) as writer:
        for index in range(50):
            writer.write(shade(index // 10), index / 100)
        assert writer.frames == 25
    with av.open(path) as container:
        times_s = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert np.diff(times_s).min() >= 0.02 - 1e-6
    assert [time_s for time_s, _ in shades(path)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_gif_loops_and_is_true_in_colours_that_come_later(tmp_path: Path, astronaut_bgr: Image) -> None:
    path = tmp_path / "clip.gif"
    image = np.ascontiguousarray(astronaut_bgr[:240, :320])
    boxed = image.copy()
    cv2.rectangle(boxed, (100, 50), (200, 150), (0, 255, 0), 3)
    inverted = 255 - image
    images = [image, image, boxed, inverted, inverted, image]
    with VideoWriter(path, 320, 240) as writer:
        for index, one in enumerate(images):
            writer.write(one, index / 10)
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in path.read_bytes()  # loops for ever
    with av.open(path) as container:
        seen = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    for shown, meant in zip(seen, images, strict=True):
        assert cv2.PSNR(shown, meant) > 29
    assert np.abs(seen[2][50, 120:180].astype(int) - (0, 255, 0)).max() < 16


def test_noise_of_a_camera_does_not_fill_a_gif(tmp_path: Path, astronaut_bgr: Image) -> None:
    image = np.ascontiguousarray(astronaut_bgr[:240, :320])
    random = np.random.default_rng(0)
    with VideoWriter(tmp_path / "noisy.gif", 320, 240) as writer:
        writer.write(image, 0.0)
    first = (tmp_path / "noisy.gif").stat().st_size
    with VideoWriter(tmp_path / "noisy.gif", 320, 240) as writer:
        for index in range(10):
            noise = random.normal(0, 2, image.shape)
            writer.write(np.clip(image + noise, 0, 255).astype(np.uint8), index / 10)
    assert (tmp_path / "noisy.gif").stat().st_size < 2 * first


@pytest.mark.parametrize("suffix", VIDEO_OUTPUTS)
def test_a_higher_quality_is_nearer_to_the_images_and_larger(
    tmp_path: Path, astronaut_bgr: Image, suffix: str
) -> None:
    images = [np.ascontiguousarray(astronaut_bgr[2 * i : 2 * i + 240, i : i + 320]) for i in range(12)]
    qualities: tuple[Quality, ...] = ("small", "standard", "high")
    sizes, distances_db = [], []
    for quality in qualities:
        path = tmp_path / f"{quality}{suffix}"
        with VideoWriter(path, 320, 240, VideoOptions(nominal_fps=25, quality=quality)) as writer:
            for index, image in enumerate(images):
                writer.write(image, index / 25)
        sizes.append(path.stat().st_size)
        with av.open(path) as container:
            last = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)][-1]
        distances_db.append(cv2.PSNR(last, images[-1]))
    assert sizes == sorted(sizes)
    assert distances_db == sorted(distances_db)
    assert distances_db[0] > 24
    ratio = {".gif": 1.0, ".avi": 0.9}.get(suffix, 0.75)
    assert sizes[0] < ratio * sizes[1] < ratio * sizes[2]
