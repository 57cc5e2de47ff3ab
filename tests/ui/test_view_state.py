"""What the window shows for each state of session and settings."""

import dataclasses

import pytest
from PyQt6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from agecam.live.camera_control import CameraState, camera_key
from agecam.live.recording import RecordingPhase, RecordingState
from agecam.live.state import SessionState, SourceState, SourceStatus
from agecam.live.statistics import Statistics
from agecam.settings import Settings
from agecam.sources import Camera
from agecam.sources.camera_controls import CameraControls
from agecam.sources.camera_modes import CameraMode
from agecam.ui.camera_view import camera_view
from agecam.ui.choices import CHOICES, label_style
from agecam.ui.pages import PAGES
from agecam.ui.view_state import ViewState, WindowFacts, view_state
from tests.ui.helpers import OpenWindow

ON = RecordingState(RecordingPhase.ON, 1, None, 61.0, 1500)
TWINS = (Camera(0, "Webcam", "/dev/video0", "V4L2"), Camera(2, "Webcam", "/dev/video2", "V4L2"))


def view_of(
    state: SourceState,
    recording: RecordingState | None = None,
    *,
    is_camera: bool | None = None,
    camera: Camera | None = None,
    settings: Settings | None = None,
    facts: WindowFacts | None = None,
) -> ViewState:
    source = SourceStatus(state, "name", "message", is_camera, camera)
    return view_state(
        SessionState(source, recording or RecordingState()), settings or Settings(), facts or WindowFacts()
    )


@pytest.mark.parametrize("state", list(SourceState))
def test_every_state_has_the_live_view_or_a_page(state: SourceState) -> None:
    page = view_of(state).page
    assert page in PAGES if page is not None else state in (SourceState.LIVE, SourceState.ENDED)


def test_the_source_is_locked_while_it_is_recorded() -> None:
    for recording, may_change in ((RecordingState(), True), (ON, False)):
        view = view_of(SourceState.DISCONNECTED, recording, facts=WindowFacts(cameras=TWINS))
        assert [view.actions[name].enabled for name in ("open_file", "open_address", "demo")] == (
            [may_change] * 3
        )
        assert view.cameras.enabled is may_change
    assert view.actions["record"].enabled, "it can be stopped"


@pytest.mark.parametrize(
    ("is_camera", "enabled", "lit"), [(True, True, True), (False, False, False), (None, True, True)]
)
def test_mirror_is_lit_for_cameras_alone(is_camera: bool | None, enabled: bool, lit: bool) -> None:
    mirror = view_of(SourceState.LIVE, is_camera=is_camera).actions["mirror"]
    assert (mirror.enabled, mirror.checked) == (enabled, lit)

    mirror = view_of(SourceState.FAILED, is_camera=None).actions["mirror"]
    assert (mirror.enabled, mirror.checked) == (False, False), "nothing is shown that could be mirrored"


def test_a_still_picture_has_no_rate_and_a_delay_is_called_one() -> None:
    numbers = Statistics(fps_shown=6.0, latency_ms_p95=385.0)
    facts = WindowFacts(faces=1, statistics=numbers)
    assert view_of(SourceState.LIVE, facts=facts).numbers == "1 face   6 fps   385 ms delay"
    facts = dataclasses.replace(facts, is_still=True)
    assert view_of(SourceState.LIVE, facts=facts).numbers == "1 face   still picture"


def test_two_cameras_of_one_name_are_told_apart_in_the_list() -> None:
    view = view_of(SourceState.LIVE, camera=TWINS[1], facts=WindowFacts(cameras=TWINS))
    assert view.cameras.texts == ("Webcam (/dev/video0)", "Webcam (/dev/video2)")
    assert view.cameras.chosen == 1


def test_a_lost_camera_is_named_and_none_is_chosen() -> None:
    view = view_of(SourceState.DISCONNECTED, camera=TWINS[1], facts=WindowFacts(cameras=TWINS[:1]))
    assert (view.title, view.cameras.chosen) == ("name – AgeCam", -1)


def test_models_that_cannot_be_used_have_a_page_of_their_own() -> None:
    assert view_of(SourceState.ANALYSIS_FAILED).page is SourceState.ANALYSIS_FAILED
    assert PAGES[SourceState.ANALYSIS_FAILED].title != PAGES[SourceState.FAILED].title


def test_each_switch_is_one_field_of_the_settings_and_no_two_share_a_key() -> None:
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert {choice.field for choice in CHOICES} <= fields
    assert (
        len({choice.field for choice in CHOICES}) == len({choice.key for choice in CHOICES}) == len(CHOICES)
    )


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.name)
def test_a_switch_changes_its_action_and_its_label_style(choice: object) -> None:
    assert choice in CHOICES
    one = next(entry for entry in CHOICES if entry is choice)
    off = dataclasses.replace(Settings(), **{one.field: False})  # type: ignore[arg-type]
    on = dataclasses.replace(Settings(), **{one.field: True})  # type: ignore[arg-type]
    checked = [view_of(SourceState.LIVE, settings=s).actions[one.name].checked for s in (off, on)]
    assert checked == [False, True]
    if one.style is not None:
        values = [getattr(label_style(s), one.style.field) for s in (off, on)]
        assert values == [one.style.off, one.style.on]


def test_while_a_recording_counts_down_the_same_button_and_escape_stop_that() -> None:
    view = view_of(SourceState.LIVE, facts=WindowFacts(countdown_s=2))
    record = view.actions["record"]
    assert (view.countdown_s, record.enabled, record.text) == (2, True, "✕ Cancel")
    assert view.actions["leave"].enabled
    assert not view_of(SourceState.LIVE).actions["leave"].enabled


def test_the_strip_is_left_out_in_full_screen_before_the_agreement_and_where_it_is_turned_off() -> None:
    assert view_of(SourceState.LIVE).shows_strip
    assert not view_of(SourceState.LIVE, facts=WindowFacts(is_fullscreen=True)).shows_strip
    assert not view_of(SourceState.LIVE, facts=WindowFacts(asks_for_agreement=True)).shows_strip
    assert not view_of(SourceState.LIVE, settings=Settings(show_strip=False)).shows_strip


def test_what_a_camera_gives_is_shown_beside_what_it_is_asked_for() -> None:
    camera = TWINS[0]
    modes = (CameraMode(640, 480, 30.0), CameraMode(1280, 720, 15.0), CameraMode(1280, 720, 30.0))
    gives = CameraState(camera, CameraMode(1280, 720, 29.97), modes, CameraControls())
    session = SessionState(
        SourceStatus(SourceState.LIVE, "Webcam", "", True, camera), RecordingState(), camera=gives
    )
    view = camera_view(session, Settings(), Statistics(fps_captured=24.8))
    assert view is not None
    assert (view.chosen, view.is_usual) == (CameraMode(1280, 720, 30.0), True)
    assert view.obtained == "1280 × 720 at 29.97 frames a second; 25 arrive"
    assert view.sizes == ((640, 480), (1280, 720))
    assert view.rates((1280, 720)) == (15.0, 30.0)
    assert view.nearest((640, 480), 15.0) == CameraMode(640, 480, 30.0)
    wanted = Settings(camera_modes={camera_key(camera): "1920x1080@60", "other": "broken"})
    view = camera_view(session, wanted, Statistics())
    assert view is not None
    assert (view.chosen, view.is_usual) == (CameraMode(1920, 1080, 60.0), False)
    assert view.obtained == "1280 × 720 at 29.97 frames a second"
    assert camera_view(dataclasses.replace(session, camera=None), Settings(), Statistics()) is None


def test_the_mark_of_a_recording_lies_over_no_page(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window(None)
    window.resize(640, 480)
    stage = window.stage
    stage.show_view(view_of(SourceState.DISCONNECTED, ON))
    page = stage.page(SourceState.DISCONNECTED)
    viewport = page.viewport()
    assert viewport is not None
    assert stage.recording.isVisible()
    top = viewport.mapTo(stage, QPoint(0, 0)).y()
    assert top > stage.recording.geometry().bottom()
    stage.show_view(view_of(SourceState.DISCONNECTED))
    assert viewport.mapTo(stage, QPoint(0, 0)).y() == 0, "the room is given back"
