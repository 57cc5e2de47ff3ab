"""Frames of made-up films: heads on bodies before a background, and who is where in each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.vision.boxes import iou
from benchmarks.identity_people import FACE_PX, PATCH_PX, Head

WIDTH, HEIGHT = 960, 540
"""Of a frame, pixels."""
PAN_PX: Final = 320
"""How much wider than a frame a background is."""

_COVERED: Final = 255
"""In the map of who is seen where: something before all people."""
_NOBODY: Final = 254
_OPAQUE: Final = 0.5
_RADIUS: Final = 0.7
"""Of a head as a cylinder, in widths of the face."""
_NOISE: Final = 3.0
"""Standard deviation of a camera's noise, gray levels."""
_GONE: Final = 0.1
"""Share of a shot's light below which nothing of it is seen any more."""

_SAME_PLACE_IOU: Final = 0.3
"""Faces that have so much in common are in one place: a box of either could be of both."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a face is: centre and width of its box in pixels of the frame, its roll and its turn.

    Of a turned head the place is that of its axis.
    """

    x: float
    y: float
    width_px: float
    roll_deg: float = 0.0
    yaw_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Camera:
    """What a camera does to one frame: ``gain`` and ``offset`` to gray levels, a pan, a hand over the lens.

    ``covered`` is the share of the frame's width that the hand covers, from the left.
    """

    gain: float = 1.0
    offset: float = 0.0
    pan_px: float = 0.0
    covered: float = 0.0


@dataclass(frozen=True, slots=True)
class Actor:
    """A person and where they are at so many seconds of a shot, ``None`` when out of it."""

    person: int
    head: Head
    path: Callable[[float], Pose | None]


@dataclass(frozen=True, slots=True)
class Shot:
    """A continuous piece of film. Of ``actors``, later ones are nearer to the camera."""

    seconds: float
    background_bgr: NDArray[np.uint8]
    actors: Sequence[Actor]
    camera: Callable[[float], Camera] = lambda _: Camera()


@dataclass(frozen=True, slots=True)
class Join:
    """How one shot follows another, and how long that takes.

    A dissolve shows both at a time, a fade goes through black, and a cut may have black frames.
    """

    kind: Literal["cut", "dissolve", "fade"] = "cut"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Truth:
    """One person in one frame: the box ``(x, y, w, h)`` of the face, and the share of it that is seen."""

    person: int
    box: tuple[float, float, float, float]
    visible: float


@dataclass(frozen=True, slots=True)
class Film:
    """Shots one after another; ``joins`` has one entry less."""

    kind: str
    shots: Sequence[Shot]
    joins: Sequence[Join] = field(default_factory=tuple)
    fps: float = 25.0
    seed: int = 0

    def __iter__(self) -> Iterator[tuple[Frame, tuple[Truth, ...]]]:
        random = np.random.default_rng(self.seed)
        noise = np.repeat(random.normal(0, _NOISE, (HEIGHT + 64, WIDTH + 64, 1)), 3, axis=2).astype(np.int16)
        for index, parts in enumerate(self._timeline()):
            image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            truths: list[Truth] = []
            for shot, time_s, light in parts:
                layer, seen = render(shot, time_s)
                image = cv2.addWeighted(layer, light, image, 1.0, 0.0)
                if light > _GONE:
                    truths += [Truth(one.person, one.box, one.visible * light) for one in seen]
            if len(parts) > 1:
                truths = _strongest(truths)
            top, left = random.integers(0, 64, 2)
            grain = noise[top : top + HEIGHT, left : left + WIDTH]
            pixels = np.asarray(cv2.add(image, grain, dtype=cv2.CV_8U), np.uint8)
            pixels.flags.writeable = False
            yield Frame(pixels, index / self.fps, index), tuple(truths)

    def _timeline(self) -> Iterator[list[tuple[Shot, float, float]]]:
        """For each frame the shots in it, the time within each, and its share of light."""
        starts, ends, _ = self._times()
        for index in range(round(ends[-1] * self.fps)):
            time_s = index / self.fps
            yield [
                (shot, time_s - starts[i], light)
                for i, shot in enumerate(self.shots)
                if (light := self._light(i, time_s)) > 0
            ]

    def _times(self) -> tuple[list[float], list[float], list[float]]:
        """When each shot begins and ends, and when nothing of the one before a join is seen any more."""
        starts, ends, gone = [0.0], [self.shots[0].seconds], []
        for shot, join in zip(self.shots[1:], self.joins, strict=True):
            begin = ends[-1] - join.seconds if join.kind == "dissolve" else ends[-1]
            if join.kind == "cut":
                begin += join.seconds
            starts.append(begin)
            gone.append(ends[-1] - (_GONE * join.seconds if join.kind == "dissolve" else 0.0))
            ends.append(begin + shot.seconds)
        return starts, ends, gone

    def _light(self, shot: int, time_s: float) -> float:
        starts, ends, _ = self._times()
        since, left = time_s - starts[shot], ends[shot] - time_s
        if since < -1e-9 or left <= 1e-9:
            return 0.0
        light = 1.0
        for place, elapsed in ((shot - 1, since), (shot, left)):
            join = self.joins[place] if 0 <= place < len(self.joins) else Join()
            if join.kind == "dissolve":
                light = min(light, elapsed / join.seconds)
            elif join.kind == "fade":
                light = min(light, 2 * elapsed / join.seconds)
        return max(0.0, light)

    @property
    def cuts(self) -> list[int]:
        """The first frame after each join in which nobody of the shot before is seen any more."""
        return [int(np.ceil(time_s * self.fps - 1e-6)) for time_s in self._times()[2]]


def _strongest(truths: Sequence[Truth]) -> list[Truth]:
    """Faces of two shots that show through one another, without those in the place of one of more light.

    A box there shows the stronger face: which of two it fits better is told by a few pixels alone.
    """
    return [
        one
        for one in truths
        if not any(
            other.visible > one.visible and iou(other.box, one.box) >= _SAME_PLACE_IOU for other in truths
        )
    ]


def render(shot: Shot, time_s: float) -> tuple[NDArray[np.uint8], list[Truth]]:
    """A frame ``(HEIGHT, WIDTH, 3)`` uint8 of a shot, without noise, and the people in it."""
    camera = shot.camera(time_s)
    left = round(PAN_PX / 2 + camera.pan_px)
    image = shot.background_bgr[:, left : left + WIDTH].copy()
    owners = np.full((HEIGHT, WIDTH), _NOBODY, np.uint8)
    placed: list[tuple[int, Pose]] = []
    for owner, actor in enumerate(shot.actors):
        pose = actor.path(time_s)
        if pose is not None:
            pose = Pose(pose.x - camera.pan_px, pose.y, pose.width_px, pose.roll_deg, pose.yaw_deg)
            _paint(image, owners, owner, actor.head, pose)
            placed.append((owner, pose))
    if camera.covered:
        cover = round(camera.covered * WIDTH)
        cv2.rectangle(image, (0, 0), (cover, HEIGHT), (96, 122, 176), -1)
        image[:, :cover] = cv2.GaussianBlur(image[:, :cover], (0, 0), 8)
        owners[:, :cover] = _COVERED
    truths = [
        Truth(shot.actors[owner].person, _box(pose), _visible(owners, owner, pose)) for owner, pose in placed
    ]
    if (camera.gain, camera.offset) != (1.0, 0.0):
        image = np.asarray(cv2.convertScaleAbs(image, alpha=camera.gain, beta=camera.offset), np.uint8)
    return image, [one for one in truths if one.visible > 0]


def make_background(random: np.random.Generator) -> NDArray[np.uint8]:
    """A room without faces: slow shades, furniture and texture, ``(HEIGHT, WIDTH + PAN_PX, 3)`` uint8."""
    width = WIDTH + PAN_PX
    shade = random.uniform(60, 190)
    coarse = np.clip(shade + random.normal(0, 18, (3, 5, 3)), 0, 255).astype(np.uint8)
    image = cv2.resize(coarse, (width, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(random.integers(4, 9))):
        x, y = int(random.integers(-50, width)), int(random.integers(-50, HEIGHT))
        w, h = int(random.integers(60, 380)), int(random.integers(60, 320))
        gray = random.uniform(30, 225)
        color = tuple(int(value) for value in np.clip(gray + random.normal(0, 20, 3), 0, 255))
        cv2.rectangle(image, (x, y), (x + w, y + h), color, -1)
    texture = cv2.GaussianBlur(random.normal(0, 40, image.shape).astype(np.float32), (0, 0), 3)
    return np.asarray(np.clip(cv2.GaussianBlur(image, (0, 0), 1.5) + texture, 0, 255), np.uint8)


def _face_x(pose: Pose) -> float:
    """Where the middle of a face is once the head is turned about its axis."""
    return pose.x - _RADIUS * pose.width_px * float(np.sin(np.radians(pose.yaw_deg)))


def _box(pose: Pose) -> tuple[float, float, float, float]:
    side = pose.width_px
    return _face_x(pose) - side / 2, pose.y - side / 2, side, side


def _visible(owners: NDArray[np.uint8], owner: int, pose: Pose) -> float:
    """The share of a face's oval that shows it."""
    radius = 0.42 * pose.width_px
    x, y = np.meshgrid(np.linspace(-1, 1, 15), np.linspace(-1, 1, 15))
    inside = np.hypot(x, y) <= 1
    columns = np.round(_face_x(pose) + radius * x[inside]).astype(int)
    rows = np.round(pose.y + radius * y[inside]).astype(int)
    held = (columns >= 0) & (columns < WIDTH) & (rows >= 0) & (rows < HEIGHT)
    return float(np.sum(owners[rows[held], columns[held]] == owner) / len(columns))


def _paint(image: NDArray[np.uint8], owners: NDArray[np.uint8], owner: int, head: Head, pose: Pose) -> None:
    side = pose.width_px
    centre = (round(pose.x), round(pose.y + 1.75 * side))
    axes = (round(1.05 * side), round(1.15 * side))
    cv2.ellipse(image, centre, axes, 0, 0, 360, head.shirt_bgr, -1, cv2.LINE_AA)
    cv2.ellipse(owners, centre, axes, 0, 0, 360, owner, -1)
    scale = side / FACE_PX
    patch, alpha = turned(head, pose.yaw_deg)
    if scale < 0.7:  # a warp samples four pixels and would alias: average first
        small = (max(8, round(PATCH_PX * scale)),) * 2
        patch, alpha = (cv2.resize(one, small, interpolation=cv2.INTER_AREA) for one in (patch, alpha))
    ratio = scale * PATCH_PX / len(patch)
    angle = np.radians(pose.roll_deg)
    linear = ratio * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    offset = np.array([pose.x, pose.y]) - linear @ np.full(2, (len(patch) - 1) / 2)
    reach = scale * PATCH_PX / 2 * 1.2
    x0, y0 = max(0, int(pose.x - reach)), max(0, int(pose.y - reach))
    x1, y1 = min(WIDTH, int(pose.x + reach) + 1), min(HEIGHT, int(pose.y + reach) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    matrix = np.hstack([linear, (offset - (x0, y0))[:, None]])
    size = (x1 - x0, y1 - y0)
    warped = cv2.warpAffine(patch, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    weight = cv2.warpAffine(alpha, matrix, size)[..., None]
    region = image[y0:y1, x0:x1]
    region[:] = (region + weight * (warped - region)).astype(np.uint8)
    owners[y0:y1, x0:x1][weight[..., 0] > _OPAQUE] = owner


def turned(head: Head, yaw_deg: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Image and alpha of a head as if turned about its axis: a cylinder, of which the far side is made up."""
    if abs(yaw_deg) < 0.5:
        return head.image_bgr, head.alpha
    radius = _RADIUS * FACE_PX
    columns = (np.arange(PATCH_PX) - PATCH_PX / 2) / radius
    angle = np.arcsin(np.clip(columns, -1, 1)) + np.radians(yaw_deg)
    source = np.sin(np.clip(angle, -np.pi / 2, np.pi / 2)) * radius
    beyond = np.abs(columns) > 1
    source[beyond] = columns[beyond] * radius
    map_x = np.tile((source + PATCH_PX / 2).astype(np.float32), (PATCH_PX, 1))
    map_y = np.tile(np.arange(PATCH_PX, dtype=np.float32)[:, None], (1, PATCH_PX))
    patch = cv2.remap(head.image_bgr, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(head.alpha, map_x, map_y, cv2.INTER_LINEAR)
    return np.asarray(patch, np.uint8), np.asarray(alpha, np.float32)
