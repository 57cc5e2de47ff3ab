"""Face detection: MediaPipe's two official detectors, near and far, merged into one list of faces.

The short-range network (128 x 128 pixels, BlazeFace, Bazarevsky et al., "BlazeFace: Sub-millisecond Neural
Face Detection on Mobile GPUs", 2019) sees faces within about two metres of a webcam; the full-range network
(192 x 192, sparse) sees faces about a twelfth of the picture high. Smaller ones are found on tiles.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Face
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.system_libraries import how_to_install_libraries, missing_libraries
from agecam.vision.boxes import iou, overlap
from agecam.vision.mediapipe_tasks import load_mediapipe, silenced_stderr

SHORT_RANGE: Final = "face_detection_short_range.tflite"
FULL_RANGE: Final = "face_detection_full_range_sparse.tflite"

MIN_SCORE: Final = 0.5
_MERGE_OVERLAP: Final = 0.45
_KEYPOINTS: Final = 4  # right eye, left eye, nose tip, mouth centre; MediaPipe's ears are not used
_DETECTOR_INPUT_PX: Final = 384  # twice what the full-range network sees, and so the most it gets
TILE_PARTS: Final = (2, 3)
"""Tiles have sides of a half and of a third of the picture's longer side."""
_TILE_STRIDE: Final = 0.6
_BORDER_SHARE: Final = 0.3
_SMALLEST_TILE_PX: Final = 64
_NETWORK_MIN_SCORE: Final = 0.3
_CLEAR_SCORE: Final = 0.75
_CONFIRMED: Final = 0.5
_LOOK_SIDES: Final = 4.0
_LOOK_OVERLAP: Final = 0.3


Area = tuple[int, int, int, int]
"""Part of a picture: x, y, width, height in pixels."""


@dataclass(frozen=True, slots=True)
class Look:
    """A closer look at one face: how sure it is one, in [0, 1], and where it is now, if it was found."""

    sureness: float
    face: Face | None


class Detector(Protocol):
    """Finds faces in a picture."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Face]:
        """Faces of one picture ``(h, w, 3)`` uint8, from left to right."""
        ...

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Face]:
        """The same with far more time, for faces that :meth:`detect` is too quick for."""
        ...

    def detect_in(self, image_bgr: NDArray[np.uint8], areas: Sequence[Area]) -> list[Face]:
        """Small faces in parts of a picture, in pixels of the whole; the same one may come twice."""
        ...

    def look_again(self, image_bgr: NDArray[np.uint8], face: Face) -> Look:
        """What it says of one face when it sees that face and little else."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _View:
    """Part of a picture as MediaPipe gets it: shrunk by a whole factor."""

    image: Any
    width: int
    height: int
    factor: int
    area: Area
    picture_size: tuple[int, int]


class MediaPipeDetector:
    """Both MediaPipe detectors, near and far.

    ``min_score`` is the least score that :meth:`detect` reports. Not thread-safe: one detector per
    thread. Close it, or use it as a context manager.

    Raises :class:`ModelError` when a detector file is missing or damaged.
    """

    def __init__(self, models: Path | None = None, *, min_score: float = MIN_SCORE) -> None:
        folder = models or models_dir()
        self._mediapipe = load_mediapipe()
        self._min_score = min_score
        self._full_range = self._create(folder / FULL_RANGE)
        try:
            self._short_range = self._create(folder / SHORT_RANGE)
        except ModelError:
            self._full_range.close()
            raise

    def _create(self, path: Path) -> Any:
        if not path.is_file():
            raise ModelError(f"The face detector {path} is missing. Reinstall AgeCam, or restore that file.")
        tasks = self._mediapipe.tasks
        options = tasks.vision.FaceDetectorOptions(
            # The bytes, not the path: MediaPipe cannot open paths with non-ASCII letters on Windows.
            base_options=tasks.BaseOptions(model_asset_buffer=path.read_bytes()),
            min_detection_confidence=_NETWORK_MIN_SCORE,
        )
        try:
            with silenced_stderr():
                network = tasks.vision.FaceDetector.create_from_options(options)
                # The first run logs too, and allocates: better here than on the first frame.
                blank = np.zeros((_DETECTOR_INPUT_PX, _DETECTOR_INPUT_PX, 3), dtype=np.uint8)
                network.detect(self._image(blank))
                return network
        except OSError as error:  # MediaPipe's own library does not load
            missing = missing_libraries()
            how = how_to_install_libraries(missing)
            raise ModelError(
                f"MediaPipe cannot be loaded. {how if missing else 'Run `agecam doctor` to see why.'}"
            ) from error
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"The face detector {path} cannot be loaded. Reinstall AgeCam, or restore that file."
            ) from error

    def _image(self, image_rgb: NDArray[np.uint8]) -> Any:
        return self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=image_rgb)

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Face]:
        """Faces of one picture ``(h, w, 3)`` uint8, from left to right, by one run of both networks."""
        found = [face for face in self._run_whole(image_bgr) if face.score >= self._min_score]
        return sorted(merge_faces(found), key=lambda face: face.box[0])

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Face]:
        """The same with overlapping tiles, for small faces, and a border, for those that fill the picture.

        It takes ten times as long and more.

        It follows weak finds too, and has all but clear faces confirmed by :meth:`look_again`: of 259
        faces on 21 group photographs it finds 84 % (:meth:`detect` alone: 41 %), of those 48 pixels and
        larger 96 %, with 1 % of false ones.
        """
        height, width = image_bgr.shape[:2]
        found = self._run_whole(image_bgr)
        bordered, border_px = with_border(image_bgr)
        found += [_moved(face, -border_px, -border_px) for face in self._run_whole(bordered)]
        for parts in TILE_PARTS:
            for tile in tiles(width, height, parts):
                found += self._run(self._full_range, self._see(image_bgr, tile))
        faces = merge_faces(found, lambda face: self._confirmed(image_bgr, face))
        return sorted(faces, key=lambda face: face.box[0])

    def detect_in(self, image_bgr: NDArray[np.uint8], areas: Sequence[Area]) -> list[Face]:
        """Small faces in parts of a picture, in pixels of the whole; the same one may come twice."""
        found = [face for area in areas for face in self._run(self._full_range, self._see(image_bgr, area))]
        return [face for face in found if face.score >= self._min_score]

    def _run_whole(self, image_bgr: NDArray[np.uint8]) -> list[Face]:
        whole = self._see(image_bgr, (0, 0, image_bgr.shape[1], image_bgr.shape[0]))
        return self._run(self._full_range, whole) + self._run(self._short_range, whole)

    def _confirmed(self, image_bgr: NDArray[np.uint8], face: Face) -> Face | None:
        if face.score >= _CLEAR_SCORE:
            return face
        sureness = self.look_again(image_bgr, face).sureness
        return replace(face, score=max(face.score, sureness)) if sureness >= _CONFIRMED else None

    def look_again(self, image_bgr: NDArray[np.uint8], face: Face) -> Look:
        """How sure both networks are of one face when it fills a quarter of their view, in [0, 1].

        The mean of their best scores there, 0 for one that no longer finds it. Backs of heads, folds and
        prints that pass for a face at one size and place fail here, faces seen from the side do not: on
        film, means over three frames were at most 0.62 for false faces and at least 0.7 for true ones.
        """
        view, x0, y0 = _square_about(image_bgr, face.centre, _LOOK_SIDES * max(face.box[2:]))
        x, y, width, height = face.box
        expected = (x - x0, y - y0, width, height)
        seen = self._see(view, (0, 0, view.shape[1], view.shape[0]))
        best = [
            max(
                (one for one in self._run(network, seen) if iou(one.box, expected) > _LOOK_OVERLAP),
                key=lambda one: one.score,
                default=None,
            )
            for network in (self._full_range, self._short_range)
        ]
        found = [one for one in best if one is not None]
        sureness = sum(one.score for one in found) / len(best)
        if not found:
            return Look(sureness, None)
        return Look(sureness, _moved(max(found, key=lambda one: one.score), x0, y0))

    def _see(self, image_bgr: NDArray[np.uint8], area: Area) -> _View:
        x, y, width, height = area
        view = image_bgr[y : y + height, x : x + width]
        factor = max(1, -(-max(width, height) // _DETECTOR_INPUT_PX))
        if factor > 1:
            # MediaPipe shrinks by sampling single pixels; averaging first keeps small faces whole. Whole
            # factors, and so a few pixels less at the edge, because they are ten times as fast.
            small = (max(1, width // factor), max(1, height // factor))
            view = view[: small[1] * factor, : small[0] * factor]
            view = cv2.resize(view, small, interpolation=cv2.INTER_AREA)
        rgb = cv2.cvtColor(view, cv2.COLOR_BGR2RGB)
        picture_height, picture_width = image_bgr.shape[:2]
        return _View(
            self._image(rgb), rgb.shape[1], rgb.shape[0], factor, area, (picture_width, picture_height)
        )

    def _run(self, network: Any, view: _View) -> list[Face]:
        detections = network.detect(view.image).detections
        x0, y0, factor = view.area[0], view.area[1], view.factor
        width, height = factor * view.width, factor * view.height
        faces = []
        for detection in detections:
            box = detection.bounding_box
            points = [(x0 + k.x * width, y0 + k.y * height) for k in detection.keypoints[:_KEYPOINTS]]
            face = Face(
                box=(
                    x0 + box.origin_x * factor,
                    y0 + box.origin_y * factor,
                    box.width * factor,
                    box.height * factor,
                ),
                score=float(detection.categories[0].score),
                keypoints=np.array(points, dtype=np.float32),
            )
            if is_plausible(face) and not _is_cut_by_tile(face, view.area, *view.picture_size):
                faces.append(face)
        return faces

    def close(self) -> None:
        """Release both networks; calling it twice does no harm."""
        for network in (self._full_range, self._short_range):
            with contextlib.suppress(RuntimeError, ValueError), silenced_stderr():
                network.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def with_border(image_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """The picture with its edge repeated all round, and by how many pixels: for faces that fill a picture.

    Both networks miss such faces, or misplace their eyes and mouth, until there is something round them.
    """
    border_px = round(_BORDER_SHARE * max(image_bgr.shape[:2]))
    around = (border_px,) * 4
    return np.asarray(cv2.copyMakeBorder(image_bgr, *around, cv2.BORDER_REPLICATE), np.uint8), border_px


def tiles(width: int, height: int, parts: int) -> list[Area]:
    """Squares ``(x, y, width, height)`` that cover a picture, each overlapping the next by 0.4 and more.

    Their side is the picture's longer side divided by ``parts``; none where that is too small to help.
    """
    size = min(max(width, height) // parts, width, height)
    if size < _SMALLEST_TILE_PX:
        return []
    across, down = (
        np.linspace(0, side - size, 1 + int(np.ceil((side - size) / (_TILE_STRIDE * size))))
        for side in (width, height)
    )
    return [(round(x), round(y), size, size) for y in down for x in across]


def is_plausible(face: Face) -> bool:
    """Whether eyes, nose and mouth lie as they can on a head: apart, and the mouth off the eye line.

    Backs of heads and patterns that a detector takes for faces often have their points in a heap.
    """
    right_eye, left_eye, _, mouth = face.keypoints.astype(np.float64)
    size = float(np.hypot(face.box[2], face.box[3]))
    eyes = left_eye - right_eye
    down = mouth - (right_eye + left_eye) / 2
    eye_distance, drop = float(np.hypot(*eyes)), float(np.hypot(*down))
    if not np.isfinite(size) or size <= 0 or eye_distance < 0.04 * size or drop < 0.08 * size:
        return False
    # Sine of the angle between eye line and eyes-to-mouth; negative would be a mirrored face.
    sine = (eyes[0] * down[1] - eyes[1] * down[0]) / (eye_distance * drop)
    return bool(sine > 0.5)


def _is_cut_by_tile(face: Face, area: Area, width: int, height: int) -> bool:
    """Whether an inner edge of the tile runs through the face: another tile holds it whole."""
    x, y, w, h = face.box
    x0, y0, area_width, area_height = area
    return (
        (x0 > 0 and x < x0)
        or (y0 > 0 and y < y0)
        or (x0 + area_width < width and x + w > x0 + area_width)
        or (y0 + area_height < height and y + h > y0 + area_height)
    )


def _moved(face: Face, dx: int, dy: int) -> Face:
    x, y, width, height = face.box
    keypoints = face.keypoints + np.array((dx, dy), dtype=np.float32)
    return replace(face, box=(x + dx, y + dy, width, height), keypoints=keypoints)


def _square_about(
    image_bgr: NDArray[np.uint8], centre: tuple[float, float], side: float
) -> tuple[NDArray[np.uint8], int, int]:
    """A square part of the picture and its left and top; what lies outside repeats the border."""
    height, width = image_bgr.shape[:2]
    size = max(2, round(side))
    # A centre outside the picture still has to leave a pixel of it in view.
    left = int(np.clip(round(centre[0] - size / 2), 1 - size, width - 1))
    top = int(np.clip(round(centre[1] - size / 2), 1 - size, height - 1))
    right, bottom = left + size, top + size
    view = image_bgr[max(0, top) : bottom, max(0, left) : right]
    margins = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    if any(margins):
        view = np.asarray(cv2.copyMakeBorder(view, *margins, cv2.BORDER_REPLICATE), dtype=np.uint8)
    return view, left, top


def merge_faces(faces: Iterable[Face], confirm: Callable[[Face], Face | None] | None = None) -> list[Face]:
    """One face for each group of overlapping finds: the one with the highest score.

    Greedy non-maximum suppression on intersection over the smaller box, so that a small find inside a
    large one of the same face goes too. A find that ``confirm`` turns down makes room for the next best.
    """
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(overlap(face.box, other.box) < _MERGE_OVERLAP for other in kept):
            confirmed = confirm(face) if confirm else face
            if confirmed:
                kept.append(confirmed)
    return kept
