"""Sound, subtitles, chapters and title of a file, carried over into a video of it."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from agecam.output import CarriedStreams, VideoOptions, VideoWriter
from tests.output.media import FPS, Clip, beeps, end_of, flashes, flashing, lines_of, make_clip

FULL = Clip(
    sound=("aac", "aac"),
    subtitles="mov_text",
    chapters=((0.0, 2.0, "A"), (2.0, 4.5, "B"), (4.5, 6.0, "C")),
    title="A lesson",
)
IN_STEP_S = 0.020
FIRST_BEEP_S = 0.025
"""The beep at the very start: what encoders put first is left out, and players fade in."""


def annotate(source: Path, target: Path, start_s: float = 0.0, end_s: float | None = None) -> tuple[str, ...]:
    """Write the frames of ``source`` to ``target``, with what goes along; what was left out."""
    options = VideoOptions(nominal_fps=FPS, carried=CarriedStreams(source, start_s, end_s))
    reading = av.open(source, metadata_errors="replace")
    with reading as container, VideoWriter(target, 64, 48, options) as writer:
        origin_s = (container.start_time or 0) / av.time_base
        for frame in container.decode(video=0):
            time_s = float(frame.time or 0) - origin_s
            if start_s <= time_s + 1e-9 and (end_s is None or time_s < end_s - 1e-9):
                image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                writer.write(image, time_s, 1 / FPS)
    return writer.left_out


def chapters_of(path: Path) -> list[tuple[float, float, str]]:
    with av.open(path) as container:
        return [
            (
                float(one["start"] * (one["time_base"] or 0)),
                float(one["end"] * (one["time_base"] or 0)),
                one["metadata"]["title"],
            )
            for one in container.chapters()
        ]


def sounds_of(path: Path) -> list[tuple[str, str | None, bool]]:
    """Of each track of sound: codec, language, whether it is the default one."""
    with av.open(path) as container:
        return [
            (one.codec_context.name, one.language, bool(one.disposition & Disposition.default))
            for one in container.streams.audio
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_all_is_carried_over_in_step(tmp_path: Path, suffix: str) -> None:
    source, target = make_clip(tmp_path / "lesson.mp4", FULL), tmp_path / f"out{suffix}"
    assert annotate(source, target) == ()
    assert flashes(target) == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.005)
    for track in (0, 1):
        first, *others = beeps(target, track)
        assert first < FIRST_BEEP_S
        assert others == pytest.approx([1, 2, 3, 4, 5], abs=IN_STEP_S)
    codec = "opus" if suffix == ".webm" else "aac"
    german = "ger" if suffix == ".mov" else "deu"
    assert sounds_of(target) == [(codec, "eng", True), (codec, german, False)]
    assert lines_of(target) == [(0.5, 1.5, "one"), (2.0, 4.0, "two"), (4.5, 5.0, "three")]
    assert chapters_of(target) == [(0.0, 2.0, "A"), (2.0, 4.5, "B"), (4.5, 6.0, "C")]
    with av.open(target) as container:
        assert container.metadata.get("title") == "A lesson"
        assert container.streams.subtitles[0].language == "eng"
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(6.0, abs=1 / FPS)


@pytest.mark.parametrize("source_suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_part_has_what_belongs_to_it_clipped_and_moved(
    tmp_path: Path, source_suffix: str, suffix: str
) -> None:
    clip = FULL if source_suffix == ".mp4" else Clip(subtitles="ass", chapters=FULL.chapters)
    source, target = make_clip(tmp_path / f"lesson{source_suffix}", clip), tmp_path / f"out{suffix}"
    assert annotate(source, target, 1.3, 4.2) == ()
    assert flashes(target) == pytest.approx([0.7, 1.7, 2.7], abs=0.005)
    assert beeps(target) == pytest.approx([0.7, 1.7, 2.7], abs=IN_STEP_S)
    lines = lines_of(target)
    assert [text for *_, text in lines] == ["one", "two"]
    assert [line[:2] for line in lines] == [
        pytest.approx(times, abs=2e-3) for times in ((0, 0.2), (0.7, 2.7))
    ]
    assert chapters_of(target) == [(0.0, 0.7, "A"), (0.7, 2.9, "B")]
    assert end_of(target) == pytest.approx(2.9, abs=0.005)
    assert end_of(target, "audio") == pytest.approx(2.9, abs=0.025)


def test_an_avi_has_the_sound_and_says_what_it_cannot_hold(tmp_path: Path) -> None:
    source, target = make_clip(tmp_path / "lesson.mp4", FULL), tmp_path / "out.avi"
    assert annotate(source, target, 1.3, 4.2) == (
        "out.avi can hold no chapters; those of lesson.mp4 are left out.",
        "out.avi can hold no subtitles; those of lesson.mp4 are left out.",
    )
    assert flashes(target) == pytest.approx([0.7, 1.7, 2.7], abs=0.005)
    for track in (0, 1):
        assert beeps(target, track) == pytest.approx([0.7, 1.7, 2.7], abs=IN_STEP_S)
    assert [codec for codec, *_ in sounds_of(target)] == ["mp3float", "mp3float"]


@pytest.mark.parametrize(("encoder", "codec"), [("dvdsub", "dvd_subtitle"), ("dvbsub", "dvb_subtitle")])
def test_subtitles_that_are_images_go_where_such_can_be_held(
    tmp_path: Path, encoder: str, codec: str
) -> None:
    source = tmp_path / "film.mkv"
    with av.open(source, "w") as output:
        images, subtitles = output.add_stream("mpeg4", FPS), output.add_stream(encoder)
        images.width, images.height, images.pix_fmt = 64, 48, "yuv420p"
        for index in range(2 * FPS):
            frame = av.VideoFrame.from_ndarray(flashing(index / FPS), format="bgr24")
            output.mux(images.encode(frame))
            if index == FPS:
                packet = av.Packet(b"\0\4\0\2")
                packet.stream, packet.time_base = subtitles, Fraction(1, 1000)
                packet.pts = packet.dts = 1000
                packet.duration = 400
                output.mux(packet)
        output.mux(images.encode())
    target = tmp_path / "out.mkv"
    assert annotate(source, target, 0.4) == ()
    with av.open(target) as container:
        (stream,) = container.streams.subtitles
        assert stream.codec_context.codec.canonical_name == codec
        (shown,) = [one for one in container.demux(stream) if one.size]
    assert bytes(shown) == b"\0\4\0\2"
    assert float((shown.pts or 0) * shown.time_base) == pytest.approx(0.6, abs=0.005)
    assert annotate(source, tmp_path / "out.mp4") == (
        "out.mp4 can hold no such subtitles; those of film.mkv are left out.",
    )


def test_a_gif_says_what_it_cannot_hold(tmp_path: Path) -> None:
    source, target = make_clip(tmp_path / "lesson.mp4", FULL), tmp_path / "out.gif"
    assert annotate(source, target) == (
        "out.gif can hold no chapters; those of lesson.mp4 are left out.",
        "out.gif can hold no sound; that of lesson.mp4 is left out.",
        "out.gif can hold no subtitles; those of lesson.mp4 are left out.",
    )
    assert flashes(target) == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.01)


def test_a_gif_of_a_silent_clip_has_nothing_to_say(tmp_path: Path) -> None:
    assert annotate(make_clip(tmp_path / "silent.mp4", Clip(sound=())), tmp_path / "out.gif") == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_images_that_begin_after_the_sound_still_do(tmp_path: Path, suffix: str) -> None:
    source = make_clip(tmp_path / "late.mp4", Clip(video_from_s=0.48))
    target = tmp_path / f"out{suffix}"
    annotate(source, target)
    assert flashes(target) == pytest.approx([1, 2, 3, 4, 5], abs=0.005)
    assert beeps(target)[1:] == pytest.approx([1, 2, 3, 4, 5], abs=IN_STEP_S)
    with av.open(target) as container:
        assert next(container.decode(video=0)).time == pytest.approx(0.48, abs=0.005)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
def test_a_source_whose_clock_does_not_begin_at_0_stays_in_step(tmp_path: Path, suffix: str) -> None:
    source = make_clip(tmp_path / "camcorder.ts", Clip())
    target = tmp_path / f"out{suffix}"
    annotate(source, target, 1.3, 4.2)
    shown, heard = flashes(target), beeps(target)
    assert len(shown) == len(heard) == 3
    assert heard == pytest.approx(shown, abs=IN_STEP_S)


@pytest.mark.parametrize(
    ("codec", "rate", "suffix", "expected"),
    [
        ("pcm_s16le", 44_100, ".mp4", "aac"),
        ("pcm_s16le", 44_100, ".mov", "pcm_s16le"),
        ("libmp3lame", 11_025, ".webm", "opus"),
        ("libmp3lame", 44_100, ".mp4", "aac"),
        ("ac3", 48_000, ".mp4", "ac3"),
        ("flac", 48_000, ".mkv", "flac"),
        ("libopus", 48_000, ".webm", "opus"),
        ("libopus", 48_000, ".mov", "aac"),
        ("pcm_u8", 8_000, ".avi", "mp3float"),
        ("mp2", 44_100, ".mkv", "mp2"),
    ],
)
def test_sound_is_copied_where_it_can_be_and_else_converted(
    tmp_path: Path, codec: str, rate: int, suffix: str, expected: str
) -> None:
    source = make_clip(tmp_path / "source.mkv", Clip(seconds=4, sound=(codec,), rate=rate))
    target = tmp_path / f"out{suffix}"
    assert annotate(source, target, 0.52) == ()
    assert [name for name, *_ in sounds_of(target)] == [expected]
    assert beeps(target) == pytest.approx([0.48, 1.48, 2.48], abs=IN_STEP_S)


def test_sound_that_begins_long_after_the_images_is_in_step(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4", Clip(seconds=9))
    source = tmp_path / "late.mkv"
    with av.open(whole) as container, av.open(source, "w") as output:
        streams = {one.index: output.add_stream_from_template(one, opaque=True) for one in container.streams}
        for packet in container.demux():
            if packet.dts is None or (packet.stream.type == "audio" and packet.dts * packet.time_base < 5):
                continue
            packet.stream = streams[packet.stream_index]
            output.mux(packet)
    for suffix in (".mp4", ".avi", ".webm"):
        target = tmp_path / f"out{suffix}"
        annotate(source, target)
        assert flashes(target) == pytest.approx(list(range(9)), abs=0.005)
        assert beeps(target)[-3:] == pytest.approx([6, 7, 8], abs=IN_STEP_S)


def test_sound_lasts_longer_than_the_images_unless_they_were_broken_off(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "lesson.mp4", Clip())
    for whole, ends_s in ((True, 6.0), (False, 2.0)):
        target = tmp_path / "out.mp4"
        writer = VideoWriter(target, 64, 48, VideoOptions(nominal_fps=FPS, carried=CarriedStreams(source)))
        for index in range(2 * FPS):
            writer.write(flashing(index / FPS), index / FPS)
        writer.close(whole=whole)
        assert end_of(target, "audio") == pytest.approx(ends_s, abs=0.05)
        assert end_of(target) == pytest.approx(2.0, abs=0.005)


def test_the_other_of_two_videos_is_told(tmp_path: Path) -> None:
    source, target = tmp_path / "two.mkv", tmp_path / "out.mkv"
    plain = make_clip(tmp_path / "plain.mkv", Clip(seconds=1))
    with av.open(plain) as container, av.open(source, "w") as output:
        video = container.streams.video[0]
        targets = [output.add_stream_from_template(video, opaque=True) for _ in range(2)]
        for packet in container.demux(video):
            if packet.dts is not None:
                for one in targets:
                    packet.stream = one
                    output.mux(packet)
    assert annotate(source, target) == ("two.mkv holds 2 videos; out.mkv has one of them.",)


def test_a_source_that_cannot_be_read_costs_the_sound_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "absent.mp4", tmp_path / "out.mp4"
    options = VideoOptions(nominal_fps=FPS, carried=CarriedStreams(source))
    with VideoWriter(target, 64, 48, options) as writer:
        for index in range(50):
            writer.write(flashing(index / FPS), index / FPS)
    assert writer.left_out == (
        "What else absent.mp4 holds cannot be taken over; out.mp4 has its images alone.",
    )
    assert flashes(target) == pytest.approx([0.0, 1.0])


def test_sound_that_the_new_file_refuses_costs_the_sound_alone(tmp_path: Path) -> None:
    source, target = (
        make_clip(tmp_path / "odd.mkv", Clip(seconds=2, sound=("libopus",))),
        tmp_path / "out.mkv",
    )
    source.write_bytes(source.read_bytes().replace(b"A_OPUS", b"A_FLAC"))  # whose header it then lacks
    assert annotate(source, target) == (
        "What else odd.mkv holds cannot be taken over; out.mkv has its images alone.",
    )
    assert flashes(target) == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
def test_a_damaged_source_keeps_the_sound_that_can_be_read(tmp_path: Path, suffix: str) -> None:
    whole = make_clip(tmp_path / "whole.mkv", Clip())
    data = bytearray(whole.read_bytes())
    source, target = tmp_path / "damaged.mkv", tmp_path / f"out{suffix}"
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    source.write_bytes(data)
    options = VideoOptions(nominal_fps=FPS, carried=CarriedStreams(source))
    with VideoWriter(target, 64, 48, options) as writer:
        for index in range(6 * FPS):
            writer.write(flashing(index / FPS), index / FPS)
    assert flashes(target) == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.005)
    heard = beeps(target)
    assert heard[1:3] == pytest.approx([1, 2], abs=IN_STEP_S)


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".webm"])
def test_a_damaged_time_makes_no_day_of_silence(tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / "odd.mkv", tmp_path / f"out{suffix}"
    with (
        av.open(make_clip(tmp_path / "whole.mkv", Clip(seconds=4))) as container,
        av.open(source, "w") as output,
    ):
        streams = {one.index: output.add_stream_from_template(one, opaque=True) for one in container.streams}
        for packet in container.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "audio" and packet.pts * packet.time_base > 3.2:
                packet.pts = packet.dts = packet.pts + round(80_000 / packet.time_base)
            packet.stream = streams[packet.stream_index]
            output.mux(packet)
    annotate(source, target)
    assert flashes(target) == pytest.approx([0, 1, 2, 3], abs=0.005)
    assert beeps(target)[1:] == pytest.approx([1, 2, 3], abs=IN_STEP_S)
    assert end_of(target, "audio") < 5


def test_fonts_are_carried_from_mkv_to_mkv(tmp_path: Path) -> None:
    source, target = tmp_path / "source.mkv", tmp_path / "out.mkv"
    plain = make_clip(tmp_path / "plain.mkv", Clip(seconds=1))
    with av.open(plain) as container, av.open(source, "w") as output:
        streams = {one.index: output.add_stream_from_template(one, opaque=True) for one in container.streams}
        output.add_attachment("Sans.ttf", "font/ttf", b"not really a font")
        for packet in container.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
    annotate(source, target)
    with av.open(target) as container:
        (font,) = container.streams.attachments
        assert (font.name, font.mimetype, font.data) == ("Sans.ttf", "font/ttf", b"not really a font")


def test_a_title_in_another_encoding_is_no_error(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "buch.mkv", Clip(seconds=1, title="B\u00fccher"))
    source.write_bytes(source.read_bytes().replace("B\u00fccher".encode(), b"B\xfccher."))
    assert annotate(source, tmp_path / "out.mp4") == ()
    with av.open(tmp_path / "out.mp4") as container:
        assert container.metadata["title"] == "B\ufffdcher."


def turned(path: Path) -> int:
    """How far players turn the images, in degrees."""
    with av.open(path) as container:
        return int(next(container.decode(video=0)).rotation)


def test_the_rotation_of_the_source_is_not_carried_as_frames_are_upright(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "phone.mp4", Clip(seconds=1, sound=()))
    upright, on_its_side = ((1, 0, 0, 0, 1, 0, 0, 0, 16384), (0, 1, 0, -1, 0, 0, 0, 0, 16384))
    upright_bytes, side_bytes = (
        b"".join((one << 16).to_bytes(4, signed=True) for one in matrix) for matrix in (upright, on_its_side)
    )
    head, track = source.read_bytes().split(b"tkhd", 1)
    source.write_bytes(head + b"tkhd" + track.replace(upright_bytes, side_bytes, 1))
    assert abs(turned(source)) == 90
    annotate(source, tmp_path / "out.mp4")
    assert turned(tmp_path / "out.mp4") == 0


def test_much_of_the_source_is_never_in_memory(tmp_path: Path) -> None:
    """Sound is read as the images come: none of it lies behind them in the file by much."""
    source, target = make_clip(tmp_path / "long.mp4", Clip(seconds=30)), tmp_path / "out.mkv"
    annotate(source, target)
    latest = {"video": 0.0, "audio": 0.0}
    with av.open(target) as container:
        for packet in container.demux():
            if packet.pts is None:
                continue
            latest[packet.stream.type] = float(packet.pts * packet.time_base)
            assert abs(latest["video"] - latest["audio"]) < 0.5


_WRITES_UNTIL_KILLED = """
import os, sys
from pathlib import Path
from agecam.output import CarriedStreams, VideoOptions, VideoWriter
from tests.output.media import FPS, flashing

options = VideoOptions(nominal_fps=FPS, carried=CarriedStreams(Path(sys.argv[1])))
writer = VideoWriter(sys.argv[2], 64, 48, options)
for index in range(8 * FPS):
    writer.write(flashing(index / FPS), index / FPS)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_killed_program_leaves_images_and_sound_but_the_last_second(tmp_path: Path, suffix: str) -> None:
    """Though the next subtitle is far away, for which the others would wait."""
    clip = Clip(seconds=20, subtitles="subrip", lines=((0.5, 1.0, "soon"), (18.0, 19.0, "late")))
    source, target = make_clip(tmp_path / "source.mkv", clip), tmp_path / f"killed{suffix}"
    subprocess.run([sys.executable, "-c", _WRITES_UNTIL_KILLED, str(source), str(target)], check=False)
    assert flashes(target)[-1] == pytest.approx(7.0, abs=0.005)
    assert beeps(target)[-1] == pytest.approx(7.0, abs=IN_STEP_S)
    assert [text for *_, text in lines_of(target)] == ["soon"]
