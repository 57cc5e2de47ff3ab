"""Colours come out as they were recorded: SDR to a few code values, HDR as SDR that looks natural."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.sources.tone_map import ToneMapConfig, compress, light_to_pq, pq_to_light
from agecam.sources.video import VideoFileSource
from tests.sources.clips import read_all
from tests.sources.colour_clips import (
    BT601,
    BT709,
    HLG,
    PQ,
    SDR_BT2020,
    TO_BT2020,
    Tags,
    encode_signal,
    light_of,
    to_hlg,
    to_pq,
)

Image = NDArray[np.uint8]

PATCHES = [
    (1, 0, 0),
    (0, 1, 0),
    (0, 0, 1),
    (1, 1, 1),
    (0, 0, 0),
    (0.5, 0.5, 0.5),
    (0.8, 0.55, 0.4),
    (0.2, 0.6, 0.7),
    (0.95, 0.9, 0.1),
]


def patch(rgb: tuple[float, ...]) -> NDArray[np.float64]:
    return np.full((48, 64, 3), rgb, np.float64)


def middle_rgb(path: Path) -> list[NDArray[np.int64]]:
    return [frame.image_bgr[24, 32, ::-1].astype(np.int64) for frame in read_all(VideoFileSource(path))]


@pytest.mark.parametrize("codec", [("ffv1", "yuv420p"), ("ffv1", "yuv420p10le"), ("libx265", "yuv420p10le")])
@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize(
    ("matrix", "tags"),
    [("bt601", BT601), ("bt709", BT709), ("bt2020", Tags(9)), ("bt601", Tags(2))],
)
def test_every_matrix_and_range_gives_the_colours_that_were_recorded(
    tmp_path: Path, matrix: str, tags: Tags, is_full: bool, codec: tuple[str, str]
) -> None:
    signals = [patch(rgb) for rgb in PATCHES]
    tags = replace(tags, is_full=is_full)
    path = encode_signal(tmp_path / "patches.mkv", signals, tags, matrix=matrix, codec=codec)
    for found, rgb in zip(middle_rgb(path), PATCHES, strict=True):
        assert np.abs(found - np.multiply(rgb, 255)).max() <= (3 if codec[0] == "ffv1" else 5), rgb


def test_sdr_of_bt2020_shows_the_colours_of_bt709(tmp_path: Path) -> None:
    signals = [(patch(rgb) ** 2.4 @ TO_BT2020.T) ** (1 / 2.4) for rgb in PATCHES]
    path = encode_signal(tmp_path / "wide.mkv", signals, SDR_BT2020)
    for found, rgb in zip(middle_rgb(path), PATCHES, strict=True):
        # Near 0 a code value of 10 bits is several of 8.
        assert np.abs(found - np.multiply(rgb, 255))[np.array(rgb) > 0].max(initial=0) <= 3, rgb
        assert found[np.array(rgb) == 0].max(initial=0) <= 20, rgb


@pytest.mark.parametrize(("tags", "to_signal"), [(HLG, to_hlg), (PQ, to_pq)])
def test_hdr_shows_gray_as_bright_as_sdr_and_white_a_little_darker(
    tmp_path: Path, tags: Tags, to_signal: type
) -> None:
    levels = [0, 30, 90, 150, 180, 255]
    images = [np.full((48, 64, 3), level, np.uint8) for level in levels]
    signals = [to_signal(light_of(image)) for image in images]
    found = middle_rgb(encode_signal(tmp_path / "gray.mkv", signals, tags))
    for rgb, level in zip(found[:-1], levels, strict=False):
        assert np.abs(rgb - level).max() <= 3
    assert 225 <= found[-1].min() <= found[-1].max() <= 240
    lights = [to_signal(np.full((48, 64, 3), light, np.float64)) for light in (203, 400, 700, 1000)]
    bright = [int(rgb.mean()) for rgb in middle_rgb(encode_signal(tmp_path / "bright.mkv", lights, tags))]
    assert bright == sorted(bright)
    assert 243 <= bright[1] <= 253
    assert bright[-1] >= 254


@pytest.mark.parametrize(("tags", "to_signal"), [(HLG, to_hlg), (PQ, to_pq)])
@pytest.mark.parametrize("codec", ["ffv1", "libx265"])
def test_an_hdr_clip_of_a_phone_in_portrait_is_upright_with_natural_colours(
    tmp_path: Path, astronaut_bgr: Image, tags: Tags, to_signal: type, codec: str
) -> None:
    upright = cv2.resize(astronaut_bgr[:, 100:388], (288, 512), interpolation=cv2.INTER_AREA)
    stored = cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE)
    path = encode_signal(
        tmp_path / f"phone.{'mkv' if codec == 'ffv1' else 'mov'}",
        [to_signal(light_of(np.asarray(stored, np.uint8)))] * 3,
        tags,
        codec=(codec, "yuv420p10le"),
        rotation=-90,
    )
    frames = read_all(VideoFileSource(path))
    assert len(frames) == 3
    image = frames[0].image_bgr
    assert image.shape == (512, 288, 3)
    assert image.flags.c_contiguous
    assert not image.flags.writeable
    difference = image.astype(int) - upright
    assert np.abs(difference).mean() < 5
    face = difference[60:170, 60:170]
    assert np.abs(face.mean(axis=(0, 1))).max() < 5


def test_hdr_that_names_no_matrix_has_that_of_bt2020(tmp_path: Path, astronaut_bgr: Image) -> None:
    signal = to_hlg(light_of(astronaut_bgr[:256, 100:400]))
    known, unknown = (
        read_all(VideoFileSource(encode_signal(tmp_path / f"{tags.matrix}.mkv", [signal], tags)))[0]
        for tags in (HLG, replace(HLG, matrix=2))
    )
    assert np.array_equal(known.image_bgr, unknown.image_bgr)


def test_pq_and_the_curve_have_the_values_of_the_standards() -> None:
    # BT.2408, table 1: reference white, and the peak of a display.
    assert light_to_pq(np.array([203.0, 1000.0])) == pytest.approx([0.58, 0.75], abs=5e-3)
    assert pq_to_light(np.array([0.0, 1.0])) == pytest.approx([0, 10000])
    config = ToneMapConfig()
    light = compress(np.array([0.0, 1.0, 50.0, 1000.0, 4000.0]), config)
    assert light == pytest.approx([0, 1, 50, 203, 203], rel=1e-3)
    assert np.all(np.diff(compress(np.linspace(0, 1000, 500), config)) > 0)
