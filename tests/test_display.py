"""Whether a window can be opened is found out without Qt, which aborts where it cannot."""

import socket
from pathlib import Path

import pytest

from agecam.display import check_window_libraries, has_display
from agecam.errors import AgeCamError
from agecam.system_libraries import SystemLibrary

_X_PORT = 6000


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_desktop_systems_always_have_a_display(system: str) -> None:
    assert has_display({}, system)


@pytest.mark.parametrize("platform", ["offscreen", "vnc:size=800x600", "eglfs"])
def test_platforms_without_a_display_server_need_none(platform: str) -> None:
    assert has_display({"QT_QPA_PLATFORM": platform}, "linux")


@pytest.mark.parametrize("display", ["", "nonsense", ":", ":x", "wrong:name:"])
def test_no_display_server_is_no_display(display: str) -> None:
    assert not has_display({"DISPLAY": display}, "linux")


def test_an_x_server_that_accepts_a_connection_is_a_display() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1] - _X_PORT
        assert has_display({"DISPLAY": f"127.0.0.1:{number}.0"}, "linux")


def test_an_x_server_that_refuses_is_no_display() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        number = bound.getsockname()[1] - _X_PORT
        assert not has_display({"DISPLAY": f"127.0.0.1:{number}"}, "linux")


def test_the_x_server_of_the_tests_is_a_display(x_display: str) -> None:
    assert has_display({"DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb"}, "linux")


@pytest.mark.parametrize("there", [True, False])
def test_wayland_is_a_display_where_its_socket_is(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "wayland-0").touch()
    environment = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert has_display(environment, "linux") is there


def test_a_missing_library_of_the_window_is_an_error_that_names_it() -> None:
    missing = [SystemLibrary("libthat-is-not.so.7", "libthat7", "window")]
    with pytest.raises(AgeCamError, match=r"cannot be opened here\. Install .*libthat"):
        check_window_libraries({}, lambda: missing)


@pytest.mark.parametrize(
    "environment", [{"QT_QPA_PLATFORM": "offscreen"}, {"WAYLAND_DISPLAY": "wayland-0"}, {}]
)
def test_libraries_that_the_window_does_not_need_are_no_error(environment: dict[str, str]) -> None:
    needed_for = "window" if environment else "list of cameras"
    check_window_libraries(environment, lambda: [SystemLibrary("libfoo.so.1", "libfoo1", needed_for)])
