"""Packages load what they offer when it is asked for, and the window begins without what it can."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_WINDOW = "import agecam.live.session, agecam.ui.app, agecam.ui.start_probe, sys; print(*sys.modules)"


@pytest.mark.parametrize("package", ["agecam.output", "agecam.sources"])
def test_a_package_gives_all_that_it_names_and_nothing_else(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        of_module = getattr(module, name)
        assert getattr(of_module, "__module__", package).startswith((package, "typing")), name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing


def test_the_window_begins_without_ffmpeg_the_analysis_and_its_dialogs() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _WINDOW], cwd=_ROOT, capture_output=True, text=True, check=True, timeout=600
    )
    loaded = set(ended.stdout.split())
    assert {"agecam.ui.window", "agecam.live.session"} <= loaded
    heavy = {"av", "ai_edge_litert", "agecam.vision.analyzer", "agecam.output.video", "agecam.sources.video"}
    later = {"agecam.ui.preferences", "agecam.ui.collect", "agecam.ui.camera_dialog", "importlib.metadata"}
    assert not loaded & (heavy | later | {"PyQt6.QtMultimedia", "PyQt6.QtDBus", "xml.etree.ElementTree"})
