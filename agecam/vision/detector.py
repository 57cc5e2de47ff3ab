"""Face detection: MediaPipe's two official detectors, near and far, merged into one list of faces.

The short-range network (128 x 128 pixels, BlazeFace, Bazarevsky et al., "BlazeFace: Sub-millisecond Neural
Face Detection on Mobile GPUs", 2019) sees faces within about two metres of a webcam; the full-range network
(192 x 192, sparse) sees faces about a twelfth of the picture high. Smaller ones are found on tiles.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.system_libraries import how_to_install_libraries, missing_libraries
from agecam.vision.boxes import iou
from agecam.vision.mediapipe_tasks import call_directly, load_mediapipe, silenced_stderr
from agecam.vision.nms import is_plausible, non_max_suppression, prioritized_nms, translated
from agecam.vision.pyramid import Pyramid, Roi, RoiImage, tiles

SHORT_RANGE: Final = "face_detection_short_range.tflite"
FULL_RANGE: Final = "face_detection_full_range_sparse.tflite"

MIN_SCORE: Final = 0.5
_KEYPOINTS: Final = 4  # right eye, left eye, nose tip, mouth centre; MediaPipe's ears are not used
_LONGEST_VIEW_PX: Final = 384  # twice what the full-range network sees, and so the most it gets
_TILE_PARTS: Final = (2, 3)
"""Tiles of a search have sides of a half and of a third of the picture's longer side."""
_CROWD_TILE_PARTS: Final = (4, 6)
_CROWD_SIZE: Final = 0.12
"""Where faces are this small a part of the smallest tiles, smaller ones are likely to be about."""
_SEARCH_STRIDE: Final = 0.6
_BORDER_SHARE: Final = 0.3
_NETWORK_MIN_SCORE: Final = 0.3
_CLEAR_SCORE: Final = 0.75
_CONFIRMED: Final = 0.5
_SMALLEST_FACE_PX: Final = 12
"""Smaller finds are as often a collar as a face, and nothing could be said of them."""
_FILLING: Final = 0.7
"""Faces this large, as a share of the picture's longer side, fill it."""
_FILLING_LOOK_SIDES: Final = 2.0
_FILLING_CONFIRMED: Final = 0.6
_LOOK_SIDES: Final = 4.0
_LOOK_OVERLAP: Final = 0.3


@dataclass(frozen=True, slots=True)
class Verification:
    """A closer look at one face: how sure it is one, in [0, 1], and where it is now, if it was found."""

    confidence: float
    face: Detection | None


class Detector(Protocol):
    """Finds faces in a picture.

    :meth:`detect` and :meth:`search` are for single pictures. Frames of a film go to :meth:`detect_frame`
    first, then to the others where what is known asks for more.
    """

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Faces of one picture ``(h, w, 3)`` uint8, from left to right."""
        ...

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """The same with far more time, for faces that :meth:`detect` is too quick for."""
        ...

    def detect_frame(self, picture: Pyramid, areas: Sequence[Roi]) -> list[Detection]:
        """Faces that a view of the whole picture and closer ones of some areas show."""
        ...

    def detect_frame_concurrently(self, picture: Pyramid, areas: Sequence[Roi]) -> list[Detection]:
        """The same, in one thread while another uses the other methods."""
        ...

    def redetect_rois(self, picture: Pyramid, areas: Sequence[Roi], *, near: bool) -> list[Detection]:
        """Faces that a glance may miss: small ones in some areas and, if asked for, very near ones."""
        ...

    def verify(self, picture: Pyramid, face: Detection) -> Verification:
        """What it says of one face when it sees that face and little else."""
        ...

    def close(self) -> None: ...


class MediaPipeDetector:
    """Both MediaPipe detectors, near and far.

    ``min_score`` is the least score that is reported, except by :meth:`search`. Not thread-safe: one
    detector per thread, and one more thread for :meth:`detect_frame_concurrently`, which then takes
    the place of :meth:`detect_frame`. Close it, or use it as a context manager.

    Raises :class:`ModelError` when a detector file is missing or damaged.
    """

    def __init__(self, models: Path | None = None, *, min_score: float = MIN_SCORE) -> None:
        self._folder = models or models_dir()
        self._mediapipe = load_mediapipe()
        self._min_score = min_score
        self._networks: list[Any] = []
        self._apart: Any = None
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="agecam-detect")
        try:
            short_range = self._helper.submit(self._create, SHORT_RANGE)
            self._full_range = self._create(FULL_RANGE)
            self._short_range = short_range.result()
        except ModelError:
            self.close()
            raise

    def _create(self, name: str) -> Any:
        path = self._folder / name
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
                call_directly(network)
                # The first run logs too, and allocates: better here than on the first frame.
                blank = np.zeros((_LONGEST_VIEW_PX, _LONGEST_VIEW_PX, 3), dtype=np.uint8)
                self._networks.append(network)
                network.detect(self._mediapipe_image(blank))
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

    def _mediapipe_image(self, image_rgb: NDArray[np.uint8]) -> Any:
        return self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=image_rgb)

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Faces of one picture ``(h, w, 3)`` uint8, from left to right, by one run of both networks."""
        found = non_max_suppression(self._sure(self._see_whole(Pyramid(image_bgr))))
        return sorted(found, key=lambda face: face.box[0])

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """The same with overlapping tiles, for small faces, and a border, for those that fill the picture.

        It takes 15 times as long, and in a crowd, where the tiles become smaller, 70 times.

        It follows weak finds too, and has all but clear faces confirmed by :meth:`verify`: of 259
        faces on 21 group photographs it finds 96 % (:meth:`detect` alone: 41 %), of those 48 pixels and
        larger 99 %, with 2 % of false ones (``benchmarks/group_photographs.py``).
        """
        picture = Pyramid(image_bgr)
        found = self._see_whole(picture)
        bordered, border_px = with_border(image_bgr)
        found += [translated(face, -border_px, -border_px) for face in self._see_whole(Pyramid(bordered))]
        smallest = 0.0
        for parts in (*_TILE_PARTS, *_CROWD_TILE_PARTS):
            if parts in _CROWD_TILE_PARTS and smallest > _CROWD_SIZE:
                break
            areas = tiles(*picture.size, parts, _SEARCH_STRIDE)
            on_tiles = self._see(self._full_range, picture.size, _views(picture, areas))
            smallest = min((max(face.box[2:]) / areas[0][2] for face in self._sure(on_tiles)), default=1.0)
            found += on_tiles
        large_enough = (face for face in found if max(face.box[2:]) >= _SMALLEST_FACE_PX)
        faces = non_max_suppression(large_enough, lambda face: self._confirmed(picture, face))
        return sorted(faces, key=lambda face: face.box[0])

    def detect_frame(self, picture: Pyramid, areas: Sequence[Roi]) -> list[Detection]:
        """Faces that the full-range network finds in the whole picture, and those it finds in areas alone.

        The areas are seen by a second one, at the same time where there is a second core.
        """
        if not areas:
            return self._glanced(self._run(self._full_range, _whole(picture)), [])
        views = _views(picture, areas)
        on_areas = self._helper.submit(self._see, self._second_network(), picture.size, views)
        whole = self._run(self._full_range, _whole(picture))
        return self._glanced(whole, on_areas.result())

    def detect_frame_concurrently(self, picture: Pyramid, areas: Sequence[Roi]) -> list[Detection]:
        """The same, by the second network alone, in one thread while another uses the other methods."""
        network = self._second_network()
        whole = self._run(network, _whole(picture))
        return self._glanced(whole, self._see(network, picture.size, _views(picture, areas)))

    def _second_network(self) -> Any:
        if self._apart is None:
            self._apart = self._create(FULL_RANGE)
        return self._apart

    def _glanced(self, on_whole: Iterable[Detection], on_areas: Iterable[Detection]) -> list[Detection]:
        whole = self._sure(on_whole)
        clear = [face for face in whole if face.score >= MIN_SCORE]
        weak = [face for face in whole if face.score < MIN_SCORE]
        return prioritized_nms(clear, weak + self._sure(on_areas))

    def redetect_rois(self, picture: Pyramid, areas: Sequence[Roi], *, near: bool) -> list[Detection]:
        """Small faces in some areas and, if asked for, what the short-range network finds in the whole."""
        views = _views(picture, areas)
        if not near:
            return non_max_suppression(self._sure(self._see(self._full_range, picture.size, views)))
        on_whole = self._helper.submit(self._run, self._short_range, _whole(picture))
        on_areas = self._see(self._full_range, picture.size, views)
        return prioritized_nms(self._sure(on_areas), self._sure(on_whole.result()))

    def verify(self, picture: Pyramid, face: Detection) -> Verification:
        """How sure both networks are of one face when it fills a quarter of their view, in [0, 1].

        The mean of their best scores there, 0 for one that no longer finds it. Backs of heads, folds and
        prints that pass for a face at one size and place fail here, faces seen from the side do not: on
        film, means over three frames were at most 0.62 for false faces and at least 0.7 for true ones.
        """
        best = self._best_about(picture, face, _LOOK_SIDES)
        confidence = sum(one.score for one in best) / 2
        return Verification(confidence, max(best, key=lambda one: one.score, default=None))

    def _best_about(self, picture: Pyramid, face: Detection, sides: float) -> list[Detection]:
        """The best find of each network at a face's place, in a view so many times as wide as the face."""
        view = picture.square(face.centre, sides * max(face.box[2:]), _LONGEST_VIEW_PX)
        best = (
            max(
                (one for one in found if iou(one.box, face.box) > _LOOK_OVERLAP),
                key=lambda one: one.score,
                default=None,
            )
            for found in self._run_both(view)
        )
        return [one for one in best if one is not None]

    def _run_both(self, view: RoiImage) -> tuple[list[Detection], list[Detection]]:
        """What the full-range and the short-range network find, both at a time on two cores."""
        short_range = self._helper.submit(self._run, self._short_range, view)
        return self._run(self._full_range, view), short_range.result()

    def _sure(self, faces: Iterable[Detection]) -> list[Detection]:
        return [face for face in faces if face.score >= self._min_score]

    def _confirmed(self, picture: Pyramid, face: Detection) -> Detection | None:
        if face.score >= _CLEAR_SCORE:
            return face
        if max(face.box[2:]) > _FILLING * max(picture.size):
            # The usual look would show little but a made-up border, and the networks disagree so near.
            best = self._best_about(picture, face, _FILLING_LOOK_SIDES)
            return face if any(one.score >= _FILLING_CONFIRMED for one in best) else None
        confidence = self.verify(picture, face).confidence
        return replace(face, score=max(face.score, confidence)) if confidence >= _CONFIRMED else None

    def _see_whole(self, picture: Pyramid) -> list[Detection]:
        view = _whole(picture)
        return self._run(self._full_range, view) + self._run(self._short_range, view)

    def _see(
        self, network: Any, size: tuple[int, int], views: Iterable[tuple[Roi, RoiImage]]
    ) -> list[Detection]:
        return [
            face
            for area, view in views
            for face in self._run(network, view)
            if not _is_cut_by_tile(face, area, *size)
        ]

    def _run(self, network: Any, view: RoiImage) -> list[Detection]:
        rgb = np.asarray(cv2.cvtColor(view.image_bgr, cv2.COLOR_BGR2RGB), np.uint8)
        x0, y0, scale = view.x0, view.y0, view.scale
        height, width = (scale * side for side in rgb.shape[:2])
        faces = []
        for detection in network.detect(self._mediapipe_image(rgb)).detections:
            box = detection.bounding_box
            points = [(x0 + k.x * width, y0 + k.y * height) for k in detection.keypoints[:_KEYPOINTS]]
            face = Detection(
                box=(
                    x0 + box.origin_x * scale,
                    y0 + box.origin_y * scale,
                    box.width * scale,
                    box.height * scale,
                ),
                score=float(detection.categories[0].score),
                keypoints=np.array(points, dtype=np.float32),
            )
            if is_plausible(face):
                faces.append(face)
        return faces

    def close(self) -> None:
        """Release the networks; calling it twice does no harm."""
        self._helper.shutdown()
        for network in self._networks:
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


def _views(picture: Pyramid, areas: Iterable[Roi]) -> list[tuple[Roi, RoiImage]]:
    """Made in one go, since a pyramid serves one thread at a time."""
    return [(area, picture.part(area, _LONGEST_VIEW_PX)) for area in areas]


def _whole(picture: Pyramid) -> RoiImage:
    return picture.part((0, 0, *picture.size), _LONGEST_VIEW_PX)


def _is_cut_by_tile(face: Detection, area: Roi, width: int, height: int) -> bool:
    """Whether an inner edge of the tile runs through the face: another tile holds it whole."""
    x, y, w, h = face.box
    x0, y0, area_width, area_height = area
    return (
        (x0 > 0 and x < x0)
        or (y0 > 0 and y < y0)
        or (x0 + area_width < width and x + w > x0 + area_width)
        or (y0 + area_height < height and y + h > y0 + area_height)
    )
