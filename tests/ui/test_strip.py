"""The strip of the last recordings and snapshots."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from agecam.opencv import cv2
from agecam.output import VideoWriter
from agecam.settings import Settings
from agecam.ui.kept_files import KeptFile, latest_files, make_thumbnail
from tests.ui.helpers import MAX_WAIT_MS, NotedDesktop, OpenWindow, wait_for_labels


def keep(path: Path, image_bgr: NDArray[np.uint8], modified_s: float = 1000.0) -> Path:
    """A recording of two seconds, or a snapshot."""
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".png":
        cv2.imwrite(str(path), image_bgr)
    else:
        with VideoWriter(path, image_bgr.shape[1], image_bgr.shape[0]) as writer:
            for number in range(3):
                writer.write(image_bgr, float(number))
    os.utime(path, (modified_s, modified_s))
    return path


def test_the_latest_files_of_agecam_are_found_and_no_others(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8]
) -> None:
    videos, pictures = tmp_path / "videos", tmp_path / "pictures"
    for number, path in enumerate(
        (
            pictures / "AgeCam 2026-11-26 10-00-00.png",
            videos / "AgeCam 2026-11-26 10-00-01.mp4",
            videos / "AgeCam 2026-11-26 10-00-02.part.mp4",
            videos / "holiday.mp4",
            pictures / "AgeCam 2026-11-26 10-00-03.png",
        )
    ):
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (number, number))
    unusable = [tmp_path / "none", tmp_path / ("x" * 300), pictures / "AgeCam 2026-11-26 10-00-00.png"]
    found = latest_files([videos, pictures, *unusable], most=12)
    assert [file.path.name[-6:] for file in found] == ["03.png", "01.mp4", "00.png"]
    assert len(latest_files([videos, pictures], most=2)) == 2


def test_a_thumbnail_is_the_first_image_in_small_with_the_length_of_a_recording(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8]
) -> None:
    video = make_thumbnail(KeptFile(keep(tmp_path / "AgeCam 1.mp4", astronaut_bgr), 0), 64)
    image = make_thumbnail(KeptFile(keep(tmp_path / "AgeCam 1.png", astronaut_bgr), 0), 64)
    small = cv2.resize(astronaut_bgr, (64, 64), interpolation=cv2.INTER_AREA)
    for one in (video, image):
        assert one.image_bgr is not None
        assert one.image_bgr.shape == (64, 64, 3)
        assert np.abs(one.image_bgr.astype(int) - small).mean() < 6
    assert (video.length, image.length) == ("0:02", "")
    (tmp_path / "AgeCam 2.mp4").write_bytes(b"cut off")
    assert make_thumbnail(KeptFile(tmp_path / "AgeCam 2.mp4", 0), 64).image_bgr is None


def test_a_snapshot_appears_and_opens_at_a_click(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    desktop = NotedDesktop()
    window = open_window(str(demo_clip), loop=True, desktop=desktop)
    wait_for_labels(qtbot, window, people=1)
    assert not window.strip.isVisible(), "nothing has been kept yet"
    window.controls["snapshot"].trigger()
    qtbot.waitUntil(window.strip.isVisible, timeout=MAX_WAIT_MS)
    (button,) = window.strip.buttons
    assert button.accessibleName().startswith("Snapshot 20")
    (path,) = (tmp_path / "snapshots").iterdir()
    button.click()
    qtbot.waitUntil(lambda: desktop.opened == [path], timeout=MAX_WAIT_MS)
    button.actions()[0].trigger()
    qtbot.waitUntil(lambda: desktop.opened[1:] == [path.parent], timeout=MAX_WAIT_MS)
    path.unlink()
    button.click()
    qtbot.waitUntil(lambda: "not there any more" in window.message_text(), timeout=MAX_WAIT_MS)
    window.controls["fullscreen"].trigger()
    assert not window.strip.isVisible()
    window.controls["leave"].trigger()
    qtbot.waitUntil(lambda: window.strip.buttons == [], timeout=MAX_WAIT_MS)


def test_the_strip_shows_what_has_room_the_latest_first_until_it_is_turned_off(
    qtbot: QtBot,
    open_window: OpenWindow,
    settings: Settings,
    tmp_path: Path,
    astronaut_bgr: NDArray[np.uint8],
) -> None:
    small_bgr = np.ascontiguousarray(astronaut_bgr[::8, ::8])
    folder = tmp_path / "kept"
    for number in range(9):
        keep(folder / f"AgeCam {number}.png", small_bgr, number)
    keep(folder / "AgeCam 9.mp4", small_bgr, 9)
    chosen = replace(settings, recordings_folder=str(folder), snapshots_folder=str(folder))
    window = open_window(None, chosen=chosen)
    qtbot.waitUntil(window.strip.isVisible, timeout=MAX_WAIT_MS)
    latest = window.strip.buttons[0].accessibleName()
    assert re.fullmatch(r"Recording \d{4}-\d\d-\d\d \d\d:\d\d 0:02", latest)
    assert len(window.strip.buttons) == 10
    window.resize(700, 560)

    def visible() -> list[bool]:
        return [button.isVisible() for button in window.strip.buttons]

    qtbot.waitUntil(lambda: visible() == [True] * 6 + [False] * 4, timeout=MAX_WAIT_MS)
    assert all(window.strip.rect().contains(one.geometry()) for one in window.strip.buttons[:6])
    window.controls["strip"].trigger()
    assert not window.strip.isVisible()
    assert window.settings.show_strip is False
