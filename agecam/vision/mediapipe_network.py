"""A face network run by MediaPipe's own task: the reference that :class:`LiteRtFaceNetwork` is held to."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.system_libraries import how_to_install_libraries, missing_libraries
from agecam.vision.face_network import INPUT_PX, KEYPOINTS, Proposals, damaged_network
from agecam.vision.manifest import detector_bytes
from agecam.vision.mediapipe_tasks import call_directly, load_mediapipe
from agecam.vision.nms import is_plausible
from agecam.vision.pyramid import RoiImage
from agecam.vision.silence import silenced_stderr


class MediaPipeFaceNetwork:
    """A face network run by MediaPipe's task; ``min_score`` is the least score, in [0, 1], that it reports.

    ``content`` is that of the file, where it has been read and checked.

    Raises :class:`ModelError` when ``path`` is missing or damaged, or MediaPipe's library does not load.
    """

    def __init__(self, path: Path, *, min_score: float, content: bytes | None = None) -> None:
        self._content = content or detector_bytes(path)
        self._min_score = min_score
        self._mediapipe = load_mediapipe()
        self._tasks: dict[float, Any] = {}
        try:
            self._tasks[min_score] = self._create_task(min_score)
        except OSError as error:
            self.close()
            missing = missing_libraries()
            how = how_to_install_libraries(missing)
            raise ModelError(
                f"MediaPipe cannot be loaded. {how if missing else 'Run `agecam doctor` to see why.'}"
            ) from error
        except (RuntimeError, ValueError) as error:
            self.close()
            raise damaged_network(path) from error

    def detect(self, region: RoiImage) -> list[Detection]:
        """As :meth:`agecam.vision.face_network.FaceNetwork.detect` says."""
        return self._detect(region, self._min_score)

    def detect_and_propose(self, region: RoiImage, min_score: float) -> tuple[list[Detection], Proposals]:
        """As :meth:`agecam.vision.face_network.FaceNetwork.detect_and_propose` says, a place for each face.

        A task takes one least score, so this runs another one.
        """
        places = [(*one.centre, one.box[2], one.score) for one in self._detect(region, min_score)]
        return self.detect(region), np.array(places, np.float32).reshape(-1, 4)

    def _detect(self, region: RoiImage, min_score: float) -> list[Detection]:
        rgb = np.asarray(cv2.cvtColor(region.image_bgr, cv2.COLOR_BGR2RGB), np.uint8)
        x0, y0, scale = region.x0, region.y0, region.scale
        height, width = (scale * side for side in rgb.shape[:2])
        detections = []
        for found in self._run(rgb, min_score):
            box = found.bounding_box
            points = [(x0 + k.x * width, y0 + k.y * height) for k in found.keypoints[:KEYPOINTS]]
            detection = Detection(
                box=(
                    x0 + box.origin_x * scale,
                    y0 + box.origin_y * scale,
                    box.width * scale,
                    box.height * scale,
                ),
                score=float(found.categories[0].score),
                keypoints=np.array(points, dtype=np.float32),
            )
            if is_plausible(detection):
                detections.append(detection)
        return detections

    def _run(self, image_rgb: NDArray[np.uint8], min_score: float) -> Any:
        if min_score not in self._tasks:
            self._tasks[min_score] = self._create_task(min_score)
        return self._tasks[min_score].detect(self._image(image_rgb)).detections

    def _image(self, image_rgb: NDArray[np.uint8]) -> Any:
        return self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=image_rgb)

    def _create_task(self, min_score: float) -> Any:
        tasks = self._mediapipe.tasks
        options = tasks.vision.FaceDetectorOptions(
            # The bytes, not the path: MediaPipe cannot open paths with non-ASCII letters on Windows.
            base_options=tasks.BaseOptions(model_asset_buffer=self._content),
            min_detection_confidence=min_score,
        )
        with silenced_stderr():
            task = tasks.vision.FaceDetector.create_from_options(options)
            call_directly(task)
            # The first run logs.
            task.detect(self._image(np.zeros((INPUT_PX, INPUT_PX, 3), dtype=np.uint8)))
        return task

    def close(self) -> None:
        """Release the tasks; calling it twice does no harm."""
        for task in self._tasks.values():
            with contextlib.suppress(RuntimeError, ValueError), silenced_stderr():
                task.close()
