"""The entry points that :mod:`benchmarks.fuzz` gives damaged input to, each as the program itself uses it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from agecam.paths import models_dir
from benchmarks import fuzz_corpus
from benchmarks.fuzz_mutation import damage_bytes, damage_json, damage_table

Corpus = Mapping[str, bytes]
"""Whole files by their names."""

_MAX_FRAMES: Final = 300
_MAX_READING_S: Final = 1.0
"""Seconds after which no further frame is asked for: a file of many large frames is long, not slow."""
_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """What is read, and of what its input is made.

    ``make`` writes whole files into a folder, ``damage`` one case of them into another, and ``read`` does
    with that what the program does. An :class:`agecam.errors.AgeCamError` is the one exception it may raise.
    ``warm_up`` reads the whole files once in each process before its first case, where libraries load late:
    TensorFlow takes longer to import than a case may take.
    """

    make: Callable[[Path], None]
    damage: Callable[[Corpus, Random, Path], None]
    read: Callable[[Path], None]
    max_memory: int = 700 * _MB
    """Peak memory of the process, libraries included, bytes."""
    warm_up: Callable[[Path], None] | None = None


def _one_damaged_file(corpus: Corpus, rng: Random, folder: Path) -> None:
    name = rng.choice(sorted(corpus))
    suffix = Path(rng.choice(sorted(corpus))).suffix if rng.random() < 0.1 else Path(name).suffix
    others = [corpus[other] for other in rng.sample(sorted(corpus), min(3, len(corpus)))]
    (folder / f"input{suffix}").write_bytes(damage_bytes(corpus[name], others, rng))


def _read_source(folder: Path) -> None:
    from agecam.errors import AgeCamError
    from agecam.sources import open_source, read_image
    from agecam.sources.files import is_image
    from agecam.sources.image import is_still
    from agecam.sources.prefetch import each_frame

    (path,) = folder.iterdir()
    is_still(path)
    if is_image(path):
        with contextlib.suppress(AgeCamError):
            read_image(path)
    source = open_source(str(path), list_cameras=lambda *_: [])
    try:
        source.open()
        ends_s = time.monotonic() + _MAX_READING_S
        for frame in islice(each_frame(source), _MAX_FRAMES):
            assert frame.image_bgr.dtype == np.uint8
            assert frame.image_bgr.ndim == 3
            if time.monotonic() > ends_s:
                break
    finally:
        source.close()


def _damage_settings(corpus: Corpus, rng: Random, folder: Path) -> None:
    (folder / "settings.json").write_bytes(damage_json(corpus["settings.json"].decode(), rng))


def _read_settings(folder: Path) -> None:
    from agecam.settings import Settings

    path = folder / "settings.json"
    settings = Settings.load(path)
    settings.save(path)
    assert Settings.load(path) == settings


def _make_manifest(folder: Path) -> None:
    shutil.copy(models_dir() / "manifest.json", folder)


def _damage_manifest(corpus: Corpus, rng: Random, folder: Path) -> None:
    (folder / "manifest.json").write_bytes(damage_json(corpus["manifest.json"].decode(), rng))


def _read_manifest(folder: Path) -> None:
    from agecam import doctor
    from agecam.errors import ModelError
    from agecam.vision.calibration import AGES, estimates
    from agecam.vision.manifest import Manifest

    report = doctor.collect(
        lambda _: "0.10.33",
        models=folder,
        list_cameras=list,
        missing_libraries=list,
        has_display=lambda: True,
    )
    doctor.render(report), doctor.to_json(report)
    manifest = Manifest.read(folder)
    even = np.full((1, AGES), 1 / AGES, np.float32)
    (estimate,) = estimates(even, np.full(1, 0.7, np.float32), manifest.calibration)
    assert 0 <= estimate.age_low <= estimate.age <= estimate.age_high <= AGES
    assert 0 <= estimate.female <= 1
    with contextlib.suppress(ModelError):  # there are no models in this folder
        manifest.model_bytes("age", "litert")


def _make_models(folder: Path) -> None:
    for path in models_dir().iterdir():
        if path.suffix in (".tflite", ".json"):
            shutil.copy(path, folder)


def _damage_model(corpus: Corpus, rng: Random, folder: Path) -> None:
    damaged = rng.choice(sorted(name for name in corpus if name.endswith(".tflite")))
    for name, content in corpus.items():
        new = damage_bytes(content, list(corpus.values()), rng) if name == damaged else content
        (folder / name).write_bytes(new)


def _read_models(folder: Path) -> None:
    from agecam.vision.classifier import LiteRtClassifier
    from agecam.vision.face_network import FULL_RANGE, SHORT_RANGE, LiteRtFaceNetwork

    for name in (SHORT_RANGE, FULL_RANGE):
        LiteRtFaceNetwork(folder / name, min_score=0.3).close()
    LiteRtClassifier(folder)


def _damage_keras(corpus: Corpus, rng: Random, folder: Path) -> None:
    model = rng.choice(sorted(name for name in corpus if name.endswith(".keras")))
    within = f"{Path(model).stem}/"
    parts = {name.removeprefix(within): part for name, part in corpus.items() if name.startswith(within)}
    if rng.random() < 0.3:
        content = damage_bytes(corpus[model], list(parts.values()), rng)
    else:
        name = rng.choice(sorted(parts))
        is_text = name.endswith(".json")
        old = parts[name]
        parts[name] = damage_json(old.decode(), rng) if is_text else damage_bytes(old, [old], rng)
        content = fuzz_corpus.zipped(parts)
    (folder / model).write_bytes(content)


def _read_keras(folder: Path) -> None:
    import keras

    from train.model.build import describe, load_model

    for path in sorted(folder.glob("*.keras")):
        describe(load_model(path))
        keras.backend.clear_session()


def _damage_labels(corpus: Corpus, rng: Random, folder: Path) -> None:
    files = fuzz_corpus.labelled_images() | {"labels.csv": corpus["labels.csv"]}
    name = rng.choice(("labels.csv", "labels.csv", *sorted(files)))
    is_table = name == "labels.csv"
    old = files[name]
    files[name] = (
        damage_table(old.decode(), rng) if is_table else damage_bytes(old, list(files.values()), rng)
    )
    if rng.random() < 0.5:
        archive = fuzz_corpus.zipped(files)
        is_hit = rng.random() < 0.5
        (folder / "faces.zip").write_bytes(damage_bytes(archive, [archive], rng) if is_hit else archive)
        return
    for name, content in files.items():
        (folder / "faces" / name).parent.mkdir(exist_ok=True)
        (folder / "faces" / name).write_bytes(content)


def _read_labels(folder: Path) -> None:
    from agecam.errors import AgeCamError
    from train.data.readers import read_dataset
    from train.data.stores import decode, open_store

    (path,) = folder.iterdir()
    dataset = read_dataset(path)
    store = open_store(path)
    for sample in dataset.samples:
        with contextlib.suppress(AgeCamError):
            decode(store.read(sample.file))


def _damage_prepared(corpus: Corpus, rng: Random, folder: Path) -> None:
    damaged = rng.choice(("table.csv", "table.csv", *sorted(corpus)))
    for name, content in corpus.items():
        new = content
        if name == damaged and name.endswith(".csv"):
            new = damage_table(content.decode(), rng)
        elif name == damaged and name.endswith(".json"):
            new = damage_json(content.decode(), rng)
        elif name == damaged:
            new = damage_bytes(content, list(corpus.values()), rng)
        (folder / name).write_bytes(new)


def _read_prepared(folder: Path) -> None:
    from train.data.batch_maker import BatchConfig
    from train.data.batches import Batches
    from train.data.crops import load_crops
    from train.data.make_crops import prepare_crops
    from train.data.table import TRAIN, Table
    from train.errors import DataError

    with contextlib.suppress(DataError):
        prepare_crops([], folder)
    rows = Table.load(folder).require_split(TRAIN, folder)
    config = BatchConfig(64, 2, None, 0.5, seed=0, mixup=0.0, workers=0)
    Batches(load_crops(folder), rows, ("age", "gender"), config)[0]


def _make_answers(folder: Path) -> None:
    (folder / "videos").mkdir()
    fuzz_corpus.make_videos(folder / "videos")
    jpegs = [content for name, content in fuzz_corpus.labelled_images().items() if name.endswith(".jpg")]
    parts = [
        b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)
        for jpeg in jpegs * 3
    ]
    answers = {
        "mjpeg.http": (b"multipart/x-mixed-replace; boundary=x", b"".join(parts)),
        "page.http": (b"text/html", b"<html><body>Welcome</body></html>"),
    }
    for path in (folder / "videos").iterdir():
        answers[f"{path.stem}.http"] = (b"application/octet-stream", path.read_bytes())
    shutil.rmtree(folder / "videos")
    for name, (kind, body) in answers.items():
        (folder / name).write_bytes(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n\r\n%b" % (kind, body))
    (folder / "moved.http").write_bytes(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
    (folder / "playlist.http").write_bytes(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n"
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts\n"
    )
    (folder / "describe.rtsp").write_bytes(
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: 84\r\n\r\n"
        b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    )


def _read_stream(folder: Path) -> None:
    from agecam.errors import SourceLostError
    from agecam.sources.prefetch import each_frame
    from agecam.sources.stream import StreamConfig, StreamSource

    (path,) = folder.iterdir()
    scheme = "rtsp" if path.suffix == ".rtsp" else "http"
    with _server(path.read_bytes()) as port:
        config = StreamConfig(open_timeout_s=1.0, read_timeout_s=0.5, probe_s=0.2)
        source = StreamSource(f"{scheme}://127.0.0.1:{port}/", config)
        try:
            source.open()
            with contextlib.suppress(SourceLostError):
                for _ in islice(each_frame(source), _MAX_FRAMES):
                    pass
        finally:
            source.close()


@contextlib.contextmanager
def _server(answer: bytes) -> Iterator[int]:
    """A port on the loopback device where every connection is given ``answer``, then nothing more."""
    ending = threading.Event()

    def serve() -> None:
        connections = []
        while not ending.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                connections.append(connection)
                connection.settimeout(1)
                connection.recv(4096)
                connection.sendall(answer)
                if len(connections) % 2:  # every other one is told the end
                    connection.shutdown(socket.SHUT_WR)
        for connection in connections:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        thread = threading.Thread(target=serve, name="fuzz-server")
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ending.set()
            thread.join()


ENTRY_POINTS: Final[Mapping[str, EntryPoint]] = {
    "images": EntryPoint(fuzz_corpus.make_images, _one_damaged_file, _read_source),
    "videos": EntryPoint(fuzz_corpus.make_videos, _one_damaged_file, _read_source),
    "settings": EntryPoint(fuzz_corpus.make_settings, _damage_settings, _read_settings),
    "manifest": EntryPoint(_make_manifest, _damage_manifest, _read_manifest),
    "tflite": EntryPoint(_make_models, _damage_model, _read_models),
    "keras": EntryPoint(fuzz_corpus.make_keras, _damage_keras, _read_keras, 3000 * _MB, _read_keras),
    "labels": EntryPoint(fuzz_corpus.make_labels, _damage_labels, _read_labels),
    "prepared": EntryPoint(
        fuzz_corpus.make_prepared, _damage_prepared, _read_prepared, 3000 * _MB, _read_prepared
    ),
    "streams": EntryPoint(_make_answers, _one_damaged_file, _read_stream),
}
"""By name. Keras brings TensorFlow, which takes most of a gigabyte."""


def read_corpus(folder: Path) -> Corpus:
    """The files that :attr:`EntryPoint.make` has written, by their paths within the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {_key(path.relative_to(folder)): path.read_bytes() for path in files}


def _key(path: Path) -> str:
    return "/".join(part for part in path.parts if part != "parts")
