"""The screen stays on while it is wanted, and whatever the system does the window goes on."""

import shutil
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PyQt6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from agecam.ui.inhibitors import CaffeinateInhibitor, PortalInhibitor, ScreenSaverInhibitor, SessionBus
from agecam.ui.screen_awake import Inhibitor, ScreenAwake
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow

MAX_WAIT_S = MAX_WAIT_MS / 1000
StartDesktop = Callable[[str], Callable[[], str]]


class Noting:
    """An inhibitor that notes what it is asked."""

    def __init__(self, *, grants: bool = True) -> None:
        self.calls: list[str] = []
        self.called = threading.Event()
        self._grants = grants

    def inhibit(self) -> bool:
        self.calls.append("inhibit")
        self.called.set()
        return self._grants

    def release(self) -> None:
        self.calls.append("release")
        self.called.set()


def wait_for_call(one: Noting) -> None:
    assert one.called.wait(MAX_WAIT_S)
    one.called.clear()


def test_the_system_is_asked_once_and_what_it_granted_is_taken_back() -> None:
    one = Noting()
    awake = ScreenAwake(lambda: [one])
    awake.keep(True)
    wait_for_call(one)
    awake.keep(True)
    awake.keep(False)
    wait_for_call(one)
    awake.keep(True)
    wait_for_call(one)
    awake.close()
    assert one.calls == ["inhibit", "release", "inhibit", "release"]
    awake.keep(True)
    awake.close()
    assert len(one.calls) == 4, "nothing is asked for any more"


def test_the_next_way_is_tried_where_one_is_refused() -> None:
    refused, granted, spare = Noting(grants=False), Noting(), Noting()
    awake = ScreenAwake(lambda: [refused, granted, spare])
    awake.keep(True)
    wait_for_call(granted)
    awake.close()
    assert (refused.calls, granted.calls, spare.calls) == (["inhibit"], ["inhibit", "release"], [])


class Failing(Noting):
    """One whose system answers nonsense."""

    def inhibit(self) -> bool:
        super().inhibit()
        raise TypeError("nonsense")


def test_the_next_way_is_tried_where_one_answers_nonsense() -> None:
    failing, granted = Failing(), Noting()
    awake = ScreenAwake(lambda: [failing, granted])
    awake.keep(True)
    wait_for_call(granted)
    awake.close()
    assert (failing.calls, granted.calls) == (["inhibit"], ["inhibit", "release"])


def test_without_a_wish_the_system_is_not_asked() -> None:
    def make() -> Sequence[Inhibitor]:
        raise AssertionError("asked")

    awake = ScreenAwake(make)
    awake.keep(False)
    awake.close()


@pytest.fixture
def bus_address() -> Iterator[str]:
    """A message bus of its own."""
    program = shutil.which("dbus-daemon")
    if sys.platform != "linux" or program is None:
        pytest.skip("needs dbus-daemon")
    command = [program, "--session", "--nofork", "--nopidfile", "--print-address"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert daemon.stdout is not None
    try:
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.wait()
        daemon.stdout.close()


@pytest.fixture
def start_desktop(bus_address: str) -> Iterator[StartDesktop]:
    """Offers a service on that bus; gives what waits for the next line about a call."""
    started: list[subprocess.Popen[str]] = []

    def start(service: str) -> Callable[[], str]:
        command = [sys.executable, "-m", "tests.ui.fake_desktop", bus_address, service]
        desktop = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(desktop)
        lines = desktop.stdout
        assert lines is not None
        assert lines.readline() == "ready\n"
        return lambda: lines.readline().strip()

    yield start
    for desktop in started:
        desktop.terminate()
        desktop.communicate()


def ways(address: str) -> Sequence[Inhibitor]:
    bus = SessionBus({"DBUS_SESSION_BUS_ADDRESS": address})
    return [ScreenSaverInhibitor(bus), PortalInhibitor(bus)]


def test_the_screen_saver_of_a_desktop_is_inhibited_and_released(
    bus_address: str, start_desktop: StartDesktop
) -> None:
    next_call = start_desktop("org.freedesktop.ScreenSaver")
    awake = ScreenAwake(lambda: ways(bus_address))
    for _ in range(2):
        awake.keep(True)
        assert next_call() == "Inhibit AgeCam Live picture or recording"
        awake.keep(False)
        assert next_call() == "UnInhibit 4000000001"
    awake.keep(True)
    assert next_call().startswith("Inhibit")
    awake.close()
    assert next_call() == "UnInhibit 4000000001"


def test_the_portal_is_asked_where_the_desktop_has_no_such_service(
    bus_address: str, start_desktop: StartDesktop
) -> None:
    next_call = start_desktop("org.freedesktop.portal.Desktop")
    awake = ScreenAwake(lambda: ways(bus_address))
    awake.keep(True)
    assert next_call() == "Inhibit '' 8 {'reason': 'Live picture or recording'}"
    awake.close()
    assert next_call() == "Close"


def test_without_a_bus_nothing_is_granted_and_none_is_started(tmp_path: Path) -> None:
    for environment in ({}, {"XDG_RUNTIME_DIR": str(tmp_path)}):
        bus = SessionBus(environment)
        assert not ScreenSaverInhibitor(bus).inhibit()
        assert not PortalInhibitor(bus).inhibit()


def test_a_bus_that_was_not_there_is_asked_as_soon_as_it_is(
    bus_address: str, start_desktop: StartDesktop, tmp_path: Path
) -> None:
    missing = SessionBus({"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path / 'bus'}"})
    assert not ScreenSaverInhibitor(missing).inhibit()
    bus = SessionBus({"DBUS_SESSION_BUS_ADDRESS": bus_address})
    one = ScreenSaverInhibitor(bus)
    assert not one.inhibit(), "no desktop is there yet"
    start_desktop("org.freedesktop.ScreenSaver")
    assert one.inhibit()
    one.release()


@pytest.mark.skipif(sys.platform != "linux", reason="needs abstract Unix sockets")
def test_a_bus_that_never_answers_holds_up_no_window(qtbot: QtBot) -> None:
    # No path: the folders of tests may be deeper than the 107 characters that the address of a socket has.
    name = f"agecam-{uuid.uuid4().hex}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        server.settimeout(MAX_WAIT_S)
        awake = ScreenAwake(lambda: ways(f"unix:abstract={name}"))
        awake.keep(True)
        try:
            connection, _ = server.accept()
            turns: list[int] = []
            timer = QTimer()
            timer.timeout.connect(lambda: turns.append(1))
            timer.start(1)
            qtbot.waitUntil(lambda: len(turns) > 100, timeout=MAX_WAIT_MS)
            timer.stop()
            connection.close()
        finally:
            awake.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the program")
def test_caffeinate_runs_until_the_screen_may_blank(tmp_path: Path) -> None:
    program = tmp_path / "caffeinate"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\nexec sleep 600\n')
    program.chmod(0o755)
    one = CaffeinateInhibitor(str(program))
    assert one.inhibit()
    one.release()
    assert not CaffeinateInhibitor(str(tmp_path / "missing")).inhibit()


def test_the_screen_stays_on_in_full_screen_and_while_recording(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    one = Noting()
    window = open_window(str(demo_clip), loop=True, fullscreen=True, awake=ScreenAwake(lambda: [one]))

    def has_called(*calls: str) -> None:
        qtbot.waitUntil(lambda: one.calls == list(calls), timeout=MAX_WAIT_MS)

    has_called("inhibit")
    window.controls["leave"].trigger()
    has_called("inhibit", "release")
    window.controls["record"].trigger()
    has_called("inhibit", "release", "inhibit")
    window.close_without_asking()
    has_called("inhibit", "release", "inhibit", "release")
