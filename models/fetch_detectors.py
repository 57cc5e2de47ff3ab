"""Take the two face detectors out of the MediaPipe wheel that ships them, and list them in the manifest.

MediaPipe's later wheels hold no model files. The files are in this folder already: this script is how they
came here, and it checks them. ``python models/fetch_detectors.py`` needs pip and a network connection;
``--check`` only compares the files with their checksums.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MEDIAPIPE = "0.10.21"
# The wheel's files are the same for every platform and Python: name one, so that pip on any can get it.
WHEEL = ["--only-binary=:all:", "--python-version=3.12", "--platform=manylinux_2_28_x86_64"]
SHORT_RANGE_SHA256 = "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
FULL_RANGE_SHA256 = "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1"
SHA256 = {
    "face_detection_short_range.tflite": SHORT_RANGE_SHA256,
    "face_detection_full_range_sparse.tflite": FULL_RANGE_SHA256,
}
FOLDER = Path(__file__).resolve().parent


def verified(name: str, content: bytes) -> bytes:
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        sys.exit(f"{name} does not have the expected checksum.")
    return content


def fetch() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder, *WHEEL]
        subprocess.run([*command, f"mediapipe=={MEDIAPIPE}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in SHA256:
                (member,) = (entry for entry in archive.namelist() if entry.endswith(f"/{name}"))
                (FOLDER / name).write_bytes(verified(name, archive.read(member)))


def list_in_manifest() -> None:
    path = FOLDER / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    others = [entry for entry in manifest.get("detectors", []) if entry["file"] not in SHA256]
    manifest["detectors"] = [
        {"file": name, "sha256": sha256, "source": f"mediapipe {MEDIAPIPE}", "license": "Apache-2.0"}
        for name, sha256 in SHA256.items()
    ] + others
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare files and checksums")
    if not parser.parse_args().check:
        fetch()
        list_in_manifest()
    for name in SHA256:
        verified(name, (FOLDER / name).read_bytes())


if __name__ == "__main__":
    main()
