"""The dialog of the camera on a simulated driver: what is chosen, obtained, hidden, locked and remembered."""

from pathlib import Path

import pytest
from PyQt6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from agecam.live.camera_control import camera_key
from agecam.live.recording import RecordingPhase
from agecam.live.state import SourceState
from agecam.settings import Settings
from agecam.sources import Camera
from agecam.sources.camera_controls import ControlName
from agecam.ui.camera_dialog import CameraDialog
from agecam.ui.window import MainWindow
from tests.live.camera_driver import ALL_CONTROLS, SIZE_KEYS, WEBCAM, Driver
from tests.ui.helpers import (
    MAX_WAIT_MS,
    OpenWindow,
    wait_for_recording,
    wait_for_state,
    wait_until_closed,
)


def dialog_of(qtbot: QtBot, window: MainWindow) -> CameraDialog:
    """Opened as its user would."""
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(window.controls["camera"].isEnabled, timeout=MAX_WAIT_MS)
    window.controls.button("camera").click()
    dialog = window.findChild(CameraDialog)
    assert isinstance(dialog, CameraDialog)
    assert dialog.isVisible()
    return dialog


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    """As soon as it may be clicked: a camera that stalls for a moment locks it."""
    qtbot.waitUntil(button.isEnabled, timeout=MAX_WAIT_MS)
    button.click()


def choose(dialog: CameraDialog, size: str) -> None:
    row = dialog.size_box.findText(size)
    assert row >= 0
    dialog.size_box.setCurrentIndex(row)
    dialog.size_box.activated.emit(row)


def test_a_size_is_chosen_told_as_it_is_obtained_and_remembered_for_that_camera(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    driver = Driver(ALL_CONTROLS)
    window = open_window(None, opener=driver.opener())
    dialog = dialog_of(qtbot, window)
    assert dialog.windowTitle() == "Webcam"
    assert [dialog.size_box.itemText(row) for row in range(dialog.size_box.count())] == [
        *("64 × 48", "128 × 96"),
    ]
    choose(dialog, "64 × 48")
    qtbot.waitUntil(lambda: dialog.obtained.text().startswith("64 × 48 at 30 frames"), timeout=MAX_WAIT_MS)
    assert dialog.size_box.currentText() == "64 × 48"
    assert [driver.values[key] for key in SIZE_KEYS] == [64, 48]
    qtbot.waitUntil(dialog.usual.isEnabled, timeout=MAX_WAIT_MS)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    remembered = Settings.load(tmp_path / "config" / "settings.json")
    assert remembered.camera_modes == {camera_key(WEBCAM): "64x48@30"}

    other = Driver(ALL_CONTROLS)
    again = open_window(None, opener=other.opener(), chosen=remembered)
    dialog = dialog_of(qtbot, again)
    assert [other.values[key] for key in SIZE_KEYS] == [64, 48]
    click(qtbot, dialog.usual)
    qtbot.waitUntil(lambda: other.values[SIZE_KEYS[0]] == 1280, timeout=MAX_WAIT_MS)
    assert again.settings.camera_modes == {}
    assert driver.threads == other.threads == {"agecam-capture"}, "no other thread touches the device"


def test_brightness_and_exposure_are_set_by_sliders(qtbot: QtBot, open_window: OpenWindow) -> None:
    driver = Driver(ALL_CONTROLS)
    dialog = dialog_of(qtbot, open_window(None, opener=driver.opener()))
    assert (dialog.brightness.value(), dialog.exposure.value()) == (50, 50), "an eighth is half way"
    assert dialog.automatic.isChecked()
    assert not dialog.exposure.isEnabled()
    dialog.brightness.setValue(80)
    click(qtbot, dialog.automatic)
    qtbot.waitUntil(dialog.exposure.isEnabled, timeout=MAX_WAIT_MS)
    dialog.exposure.setValue(20)
    wanted = {
        ControlName.BRIGHTNESS.value: 0.8,
        ControlName.AUTO_EXPOSURE.value: 0.25,
        ControlName.EXPOSURE.value: pytest.approx(0.008),
    }
    qtbot.waitUntil(lambda: {key: driver.values[key] for key in wanted} == wanted, timeout=MAX_WAIT_MS)
    assert driver.threads == {"agecam-capture"}


def test_brightness_and_exposure_are_remembered_for_their_camera_until_its_defaults_are_restored(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window(None, opener=Driver(ALL_CONTROLS).opener())
    dialog = dialog_of(qtbot, window)
    dialog.brightness.setValue(80)
    click(qtbot, dialog.automatic)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    remembered = Settings.load(tmp_path / "config" / "settings.json")
    assert remembered.camera_controls == {camera_key(WEBCAM): "brightness=0.8 auto_exposure=0"}

    driver = Driver(ALL_CONTROLS)
    again = open_window(None, opener=driver.opener(), chosen=remembered)
    dialog = dialog_of(qtbot, again)
    brightness = ControlName.BRIGHTNESS.value
    assert (driver.values[brightness], driver.values[ControlName.AUTO_EXPOSURE.value]) == (0.8, 0.25)
    assert dialog.brightness.value() == 80
    assert not dialog.automatic.isChecked()
    click(qtbot, dialog.restore)
    qtbot.waitUntil(lambda: dialog.brightness.value() == 50, timeout=MAX_WAIT_MS)
    qtbot.waitUntil(dialog.automatic.isChecked, timeout=MAX_WAIT_MS)
    assert again.settings.camera_controls == {}
    assert driver.threads == {"agecam-capture"}, "no other thread touches the device"


def test_what_the_driver_does_not_offer_is_hidden(qtbot: QtBot, open_window: OpenWindow) -> None:
    driver = Driver({ControlName.BRIGHTNESS: 0.5})
    dialog = dialog_of(qtbot, open_window(None, opener=driver.opener()))
    assert dialog.brightness.isVisible()
    assert not dialog.exposure.isVisible()
    assert not dialog.automatic.isVisible()


def test_size_and_rate_are_locked_while_a_recording_runs(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    driver = Driver(ALL_CONTROLS)
    window = open_window(None, opener=driver.opener(), record=tmp_path / "out.mp4")
    dialog = dialog_of(qtbot, window)
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=3)
    qtbot.waitUntil(lambda: not dialog.size_box.isEnabled(), timeout=MAX_WAIT_MS)
    assert "locked while a recording runs" in dialog.note.text()
    assert dialog.brightness.isEnabled()
    opened = driver.opened
    window.commands.camera.choose_mode(None)
    window.controls["record"].trigger()
    qtbot.waitUntil(dialog.size_box.isEnabled, timeout=MAX_WAIT_MS)
    assert driver.opened == opened


def test_the_list_of_cameras_follows_what_is_plugged_in(qtbot: QtBot, open_window: OpenWindow) -> None:
    driver = Driver(ALL_CONTROLS)
    plugged = [WEBCAM]
    opener = driver.opener()
    desk = Camera(2, "Desk camera", "/dev/video2", "V4L2", "usb1/1-2")
    window = open_window(
        None, opener=type(opener)(list_cameras=lambda: list(plugged), open_camera=opener.open_camera)
    )
    box = window.controls.cameras
    for now in ([WEBCAM], [WEBCAM, desk], [desk]):
        plugged[:] = now
        texts = [one.name for one in now]
        window.cameras_changed()
        qtbot.waitUntil(
            lambda texts=texts: [box.itemText(row) for row in range(box.count())] == texts,  # type: ignore[misc]
            timeout=MAX_WAIT_MS,
        )
    assert box.currentIndex() == -1, "the one that is shown is not there"
