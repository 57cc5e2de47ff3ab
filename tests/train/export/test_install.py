"""A process that is killed while new models take the place of old ones leaves models that are whole."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agecam.vision.manifest import MANIFEST, Manifest
from train.errors import DataError
from train.export.install import install, staging_folder

NAMES = ("age.keras", "age.tflite", "gender.keras", "gender.tflite")
KILLED_AT_EACH_MOMENT = """
import json, os, shutil, signal, sys
from pathlib import Path
from train.export.install import install

def install_until(staged, out, moment):
    manifest = json.loads((staged / "manifest.json").read_bytes())
    seen = 0

    def watch(event, arguments):
        nonlocal seen
        changes = event in ("os.rename", "os.remove", "os.chmod", "shutil.copyfile", "shutil.copymode") or (
            event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        )
        if changes:
            seen += 1
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    install(staged, out, manifest)

old, new, folder = map(Path, sys.argv[1:])
for moment in range(1, 200):
    staged, out = (shutil.copytree(one, folder / f"{one.name}-{moment}") for one in (new, old))
    process = os.fork()
    if not process:
        code = 1
        try:
            install_until(staged, out, moment)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    print(code)
    if code != -signal.SIGKILL:
        break
"""
"""One process that is a new one at each moment: starting Python takes longer than all that it does."""


def write_models(folder: Path, content: str) -> Path:
    """Files and a manifest that lists them, as far as checksums go."""
    folder.mkdir()
    models: dict[str, dict[str, object]] = {}
    for name in NAMES:
        data = f"{content} {name}".encode() * 1000
        (folder / name).write_bytes(data)
        head, suffix = name.split(".")
        runtime = {"keras": "keras", "tflite": "litert"}[suffix]
        entry = models.setdefault(head, {"preprocessing": 1, "calibration": {}})
        entry[runtime] = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {"version": 1, "models": models, "detectors": [content]}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def contents(folder: Path) -> set[str]:
    """The first words of all files that the program would run; it checks them as it reads them."""
    manifest = Manifest.read(folder)
    return {
        manifest.model_bytes(task, runtime).split()[0].decode()
        for task in ("age", "gender")
        for runtime in ("keras", "litert")
    }


def test_a_kill_at_any_moment_leaves_the_old_models_or_the_new_ones(tmp_path: Path) -> None:
    old, new = write_models(tmp_path / "old", "old"), write_models(tmp_path / "new", "new")
    command = [sys.executable, "-c", KILLED_AT_EACH_MOMENT, str(old), str(new), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *killed, last = map(int, done.stdout.split())
    assert (set(killed), last) == ({-signal.SIGKILL}, 0), done.stderr
    found = []
    for moment in range(1, len(killed) + 1):
        out = tmp_path / f"old-{moment}"
        found.append(contents(out))
        # The next export cleans up.
        staged = shutil.copytree(new, tmp_path / f"again-{moment}")
        install(staged, out, json.loads((staged / MANIFEST).read_bytes()))
        assert contents(out) == {"new"}
        assert sorted(path.name for path in out.iterdir()) == sorted((*NAMES, MANIFEST))
    found.append(contents(tmp_path / f"old-{len(killed) + 1}"))
    assert len(found) > 12
    turn = found.index({"new"})
    assert turn > 4
    assert found[:turn] == [{"old"}] * turn
    assert found[turn:] == [{"new"}] * (len(found) - turn)


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    out, staged = write_models(tmp_path / "out", "old"), write_models(tmp_path / "staged", "new")
    (out / "README.md").write_text("mine")
    (out / "age.deadbeef.keras").write_text("left by a kill")
    install(staged, out, json.loads((staged / MANIFEST).read_bytes()))
    assert sorted(path.name for path in out.iterdir()) == sorted((*NAMES, MANIFEST, "README.md"))
    assert contents(out) == {"new"}


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyError), staging_folder(tmp_path / "a" / "new"):
        raise KeyError
    assert not (tmp_path / "a" / "new").exists()
    old = write_models(tmp_path / "old", "old")
    (old / ".export-0123abcd").mkdir()
    with staging_folder(old) as staged:
        assert not (old / ".export-0123abcd").exists()
        (staged / "age.keras").write_text("half")
    assert sorted(path.name for path in old.iterdir()) == sorted((*NAMES, MANIFEST))


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_two_exports_to_one_folder_do_not_mix(tmp_path: Path) -> None:
    with (
        staging_folder(tmp_path / "out"),
        pytest.raises(DataError, match="Another export"),
        staging_folder(tmp_path / "out"),
    ):
        pass
