"""Whole files for :mod:`benchmarks.fuzz` to damage, small and of every kind that is read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

_SIZE_WH: Final = (64, 48)
_FRAMES: Final = 8
_SOUND_RATE: Final = 48_000
_ORIENTATION: Final = 0x0112

_IMAGES: Final[Mapping[str, tuple[str, str, Mapping[str, Any]]]] = {
    "plain.jpg": ("JPEG", "RGB", {}),
    "progressive.jpg": ("JPEG", "RGB", {"progressive": True}),
    "gray.jpg": ("JPEG", "L", {}),
    "cmyk.jpg": ("JPEG", "CMYK", {}),
    "plain.png": ("PNG", "RGB", {}),
    "alpha.png": ("PNG", "LA", {}),
    "palette.png": ("PNG", "P", {"transparency": 3}),
    "deep.png": ("PNG", "I;16", {}),
    "plain.gif": ("GIF", "P", {}),
    "lossy.webp": ("WEBP", "RGB", {}),
    "lossless.webp": ("WEBP", "RGBA", {"lossless": True}),
    "plain.tif": ("TIFF", "RGB", {}),
    "lzw.tif": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "deflate.tif": ("TIFF", "L", {"compression": "tiff_adobe_deflate"}),
    "jpeg.tif": ("TIFF", "RGB", {"compression": "jpeg"}),
    "fax.tif": ("TIFF", "1", {"compression": "group4"}),
    "float.tif": ("TIFF", "F", {}),
    "plain.bmp": ("BMP", "RGB", {}),
    "palette.bmp": ("BMP", "P", {}),
    "plain.ppm": ("PPM", "RGB", {}),
    "plain.pgm": ("PPM", "L", {}),
    "plain.pbm": ("PPM", "1", {}),
    "plain.jp2": ("JPEG2000", "RGB", {}),
    "plain.avif": ("AVIF", "RGB", {}),
}
_ANIMATIONS: Final = {"moving.gif": "GIF", "moving.webp": "WEBP", "moving.png": "PNG", "moving.avif": "AVIF"}
_VIDEOS: Final = {
    "h264.mp4": ("libx264", "aac"),
    "silent.mp4": ("libx264", None),
    "mpeg4.mov": ("mpeg4", "aac"),
    "h264.mkv": ("libx264", "aac"),
    "vp8.webm": ("libvpx", "libopus"),
    "mjpeg.avi": ("mjpeg", "mp2"),
    "mpeg2.ts": ("mpeg2video", "mp2"),
    "flv1.flv": ("flv", None),
    "mpeg1.mpg": ("mpeg1video", "mp2"),
    "wmv2.wmv": ("wmv2", None),
}


def frames() -> list[NDArray[np.uint8]]:
    """A few frames of something that moves: ``(48, 64, 3)`` uint8 RGB."""
    width, height = _SIZE_WH
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).integers(0, 40, (height, width, 3))
    ramps = np.stack([x * 3, y * 4, (x + y) * 2], axis=2)
    return [np.asarray(np.roll(ramps, 5 * i, axis=1) + noise, np.uint8) for i in range(_FRAMES)]


def make_images(folder: Path) -> None:
    """Still and animated images of each format, colour and orientation."""
    import pillow_heif

    images = [Image.fromarray(frame) for frame in frames()]
    for name, (kind, mode, options) in _IMAGES.items():
        deep = np.asarray(images[0].convert("L"), np.uint16) * 257
        image = Image.fromarray(deep) if mode == "I;16" else images[0].convert(mode)
        image.save(folder / name, kind, **options)
    tags = Image.Exif()
    tags[_ORIENTATION] = 6
    for name in ("turned.jpg", "turned.png", "turned.webp", "turned.tif", "turned.avif"):
        images[0].save(folder / name, exif=tags)
    for name, kind in _ANIMATIONS.items():
        images[0].save(folder / name, kind, save_all=True, append_images=images[1:], duration=40)
    images[0].save(folder / "pages.tif", save_all=True, append_images=images[1:3])
    pillow_heif.from_pillow(images[0]).save(folder / "plain.heic", quality=60)


def make_videos(folder: Path) -> None:
    """Clips of a few frames in each container, some with sound; codecs that this PyAV lacks are left out."""
    for name, (codec, sound) in _VIDEOS.items():
        try:
            _encode(folder / name, codec, sound)
        except (av.FFmpegError, ValueError, LookupError):
            (folder / name).unlink(missing_ok=True)
    images = [Image.fromarray(frame) for frame in frames()]
    images[0].save(folder / "moving.gif", save_all=True, append_images=images[1:], duration=40)


def _encode(path: Path, codec: str, sound_codec: str | None) -> None:
    with av.open(path, "w") as container:
        video = container.add_stream(codec, rate=25)
        assert isinstance(video, VideoStream)
        video.width, video.height = _SIZE_WH
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        video.options = {"threads": "1"}
        tone = container.add_stream(sound_codec, rate=_SOUND_RATE, layout="stereo") if sound_codec else None
        for image in frames():
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(video.encode())
        if isinstance(tone, AudioStream):
            samples = np.zeros((1, 2 * 1920), np.int16)
            for index in range(_FRAMES):
                frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
                frame.rate, frame.pts, frame.time_base = _SOUND_RATE, 1920 * index, Fraction(1, _SOUND_RATE)
                container.mux(tone.encode(frame))
            container.mux(tone.encode())


def make_settings(folder: Path) -> None:
    """A settings file as the program writes it."""
    from agecam.settings import Settings

    Settings(camera="Webcam", recordings_folder="/tmp/out").save(folder / "settings.json")


def make_labels(folder: Path) -> None:
    """A table of labels of each form."""
    (folder / "labels.csv").write_text(
        "file,age,gender,race,dob,date,person,split\na.jpg,23,male,White,,,anna,train\n"
        "b.png,30-39,female,,,,anna,\nc.jpg,70+,,Other,,,,test\nd.webp,,f,,3.4.1990,2020-05-01,,\n"
    )


def labelled_images() -> dict[str, bytes]:
    """The images that the table of :func:`make_labels` names."""
    made = {}
    for name, kind in {"a.jpg": "JPEG", "b.png": "PNG", "c.jpg": "JPEG", "d.webp": "WEBP"}.items():
        buffer = io.BytesIO()
        Image.fromarray(frames()[0]).save(buffer, kind)
        made[name] = buffer.getvalue()
    return made


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive of some files, compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_prepared(folder: Path) -> None:
    """The files of a prepared folder of six faces."""
    from train.data.crops import STORED_PX

    rng = np.random.default_rng(0)
    np.save(folder / "crops.npy", rng.integers(0, 255, (6, STORED_PX, STORED_PX), np.uint8))
    np.save(folder / "status.npy", np.ones(6, np.uint8))
    (folder / "prepared.json").write_text(
        json.dumps({"images": 6, "names_sha256": "0" * 64, "preprocessing": 1})
    )
    rows = ["row,dataset,file,age_low,age_high,female,race,group,split"]
    splits = ("train", "train", "train", "validation", "test", "test")
    rows += [
        f"{i},some,{i}.jpg,{20 + i},{20 + i},{i % 2},White,{i},{split}" for i, split in enumerate(splits)
    ]
    (folder / "table.csv").write_text("\n".join(rows) + "\n")


def make_keras(folder: Path) -> None:
    """Three models that hold each kind of layer that networks have once or twice, and the parts of each.

    Reading one takes Keras about 10 ms a layer: so they are small, and a case reads one of them.
    """
    import keras
    from keras import layers

    from train.model.batch_norm import batch_normalization

    def head(x: Any, name: str, units: int, output: keras.Layer) -> Any:
        features = layers.Dropout(0.2, name=f"{name}_dropout")(x)
        return output(layers.Dense(units, name=f"{name}_logits")(features))

    image = keras.Input((12, 12, 1), name="image")
    x = layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False, name="standardise")(image)
    x = layers.Conv2D(4, 3, 3, "same", use_bias=False, name="stem_conv")(x)
    x = layers.ReLU(6.0, name="stem_relu")(batch_normalization("stem_norm")(x))
    age = head(layers.Flatten(name="flatten")(x), "age", 101, layers.Softmax(name="age"))
    x = layers.Resizing(16, 16, name="enlarge")(image)
    x = layers.Add(name="add")([x, layers.DepthwiseConv2D(3, padding="same", name="depth_conv")(x)])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    gender = head(x, "gender", 1, layers.Activation("sigmoid", name="gender"))
    pooled = [layers.MaxPooling2D(2, name="max_pool")(image), layers.AveragePooling2D(2, name="pool")(image)]
    x = layers.Flatten(name="flatten")(layers.Concatenate(name="join")(pooled))
    years = head(x, "age", 1, layers.Rescaling(20.0, 35.0, name="age"))
    both = {"age": years, "gender": head(x, "gender", 2, layers.Softmax(name="gender"))}
    for name, outputs in (("compact_age", age), ("mobilenet-0.5_gender", gender), ("vgg_age_gender", both)):
        path = folder / f"{name}.keras"
        keras.Model(image, outputs, name=name).save(path)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder / "parts" / name)
