"""MediaPipe is imported without what it would drag in, in a process that has imported nothing yet."""

import json
import subprocess
import sys

_IMPORT = """
import json, sys
started = []
def note(event, arguments):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.system", "os.exec", "os.fork"):
        started.append(f"{event} {arguments}")
sys.addaudithook(note)
from agecam.vision.mediapipe_tasks import load_mediapipe
mediapipe = load_mediapipe()
left_out = [name for name in ("tensorflow", "matplotlib", "sounddevice") if name in sys.modules]
print(json.dumps([started, left_out, mediapipe.__version__, hasattr(mediapipe.tasks.vision, "FaceDetector")]))
"""


def test_import_starts_no_program_and_loads_neither_tensorflow_nor_matplotlib_nor_sound() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
    started, loaded, version, has_detector = json.loads(done.stdout)
    assert started == []
    assert loaded == []
    assert version.startswith("0.10.")
    assert has_detector
