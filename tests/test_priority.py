"""Threads that work ahead leave the processor to those that others wait for."""

import contextlib
import os
import sys
import threading
from pathlib import Path

import pytest

from agecam.priority import Ahead
from agecam.sources import open_source
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.vision.analyzer import create_analyzer


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_decoding_and_detecting_ahead_have_a_lower_priority_than_what_waits_for_them(demo_clip: Path) -> None:
    reader = PrefetchSource(open_source(str(demo_clip)))
    reader.open()
    with (
        contextlib.closing(reader),
        create_analyzer() as analyzer,
        contextlib.closing(analyzer.analyze_all(each_frame(reader))) as analyses,
    ):
        next(analyses)
        niceness = {
            thread.name: os.getpriority(os.PRIO_PROCESS, thread.native_id or 0)
            for thread in threading.enumerate()
            if thread.name.startswith(("agecam-decode", "agecam-prefetch", threading.current_thread().name))
        }
    own = niceness[threading.current_thread().name]
    assert niceness["agecam-prefetch-detect_0"] == min(own + Ahead.DETECTING, 19)
    assert niceness["agecam-decode"] == min(own + Ahead.DECODING, 19)
