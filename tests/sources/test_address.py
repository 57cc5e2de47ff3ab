"""What may be an address is never shown with its secrets, however it was typed."""

from pathlib import Path

import pytest

from agecam.errors import AddressError, SourceError
from agecam.sources import open_source
from agecam.sources.address import is_mistyped_address, shown_input
from agecam.sources.files import check_file, input_file

MISTYPED = [
    "rtsp//anna:hush@camera/live",
    "rtsp:/anna:hush@camera/live",
    "rtsp:anna:hush@camera/live.mp4",
    "rtsp;//anna:hush@camera/live",
    "http:\\\\anna:hush@camera\\live",
    "anna:hush@camera",
    "anna:hush@camera/live.mp4",
    "anna:hush@[fe80::1]:554/live",
    "anna%3Ahush%40camera/live",
    "anna:hu sh@camera",
    "anna-hush@camera/live",
    "camera/live?token=hush",
    " HTTPS//camera/live?token=hush",
    "user=anna_password=hush_channel=1.sdp",
]
FILES = [
    "holiday.mp4",
    "IMG_1@2x.png",
    "rtsp.mp4",
    "http/clip.mp4",
    "a&b.png",
    "C:\\clips\\a.mp4",
    "0",
    "Webcam",
    "user=anna.mp4",
]


@pytest.mark.parametrize("spec", MISTYPED)
def test_a_mistyped_address_is_told_without_a_word_of_it(spec: str) -> None:
    assert is_mistyped_address(spec)
    assert shown_input(spec) == "…"
    for attempt in (
        lambda: input_file(spec),
        lambda: open_source(spec, list_cameras=lambda *_: []),
        lambda: check_file(Path(spec)),
    ):
        with pytest.raises(AddressError, match="such as rtsp://user:password@host/path") as caught:
            attempt()
        assert "hush" not in str(caught.value)
        assert "anna" not in str(caught.value)


@pytest.mark.parametrize("spec", FILES)
def test_names_of_files_and_cameras_are_none(spec: str) -> None:
    assert not is_mistyped_address(spec)
    assert shown_input(spec) == spec
    assert input_file(spec) == Path(spec)


def test_a_file_that_is_there_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("anna:hush@camera").write_bytes(b"something")
    assert input_file("anna:hush@camera") == Path("anna:hush@camera")
    check_file(Path("anna:hush@camera"))


@pytest.mark.parametrize("spec", ["file://[x/clip.mp4", "a\0b", "file:///a%00b", "x" * 5000])
def test_what_is_no_name_at_all_is_told(spec: str) -> None:
    with pytest.raises(SourceError):
        open_source(spec, list_cameras=lambda *_: [])
