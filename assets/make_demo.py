"""Make ``demo.mp4`` and ``demo.json`` beside this file: two people who walk about in front of a webcam.

The people are cut out of two public-domain photographs that ship with libraries (``README.md`` names
them); the room is drawn. ``demo.json`` says where each face is, frame by frame. Run it with the development
environment: ``python assets/make_demo.py``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import matplotlib as mpl
import numpy as np
import skimage.data
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from agecam.opencv import cv2
from agecam.sources import read_image

WIDTH, HEIGHT, FPS, DURATION_S = 1280, 720, 25, 13
DESK_Y = 612

Points = list[tuple[int, int]]


@dataclass(frozen=True)
class Actor:
    """A person cut out of a photograph, and the way they go.

    ``face`` is the face's box in the photograph ``(x, y, width, height)``; ``path`` has rows of time in
    seconds, the face's centre x in pixels of the clip, and its width in pixels of the clip. ``near`` and
    ``far`` give a width of the face and the height in the clip, y in pixels, of its centre then.
    """

    name: str
    photo: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    face: tuple[float, float, float, float]
    path: list[tuple[float, float, float]]
    near: tuple[float, float]
    far: tuple[float, float]
    step_hz: float

    def place(self, time_s: float) -> tuple[float, float, float, float]:
        """Face centre x, y and width in pixels, and the lean in degrees, at one moment."""
        rows = np.array(self.path)
        x = float(PchipInterpolator(rows[:, 0], rows[:, 1])(time_s))
        width = float(PchipInterpolator(rows[:, 0], rows[:, 2])(time_s))
        y = float(np.interp(width, [self.far[0], self.near[0]], [self.far[1], self.near[1]]))
        phase = 2 * np.pi * self.step_hz * time_s
        return (
            x + 0.03 * width * np.sin(phase / 2),
            y + 0.025 * width * np.sin(phase),
            width,
            2.5 * float(np.sin(phase / 2 + 0.6)),
        )

    def matrix(self, time_s: float) -> NDArray[np.float64]:
        """The similarity ``(2, 3)`` from pixels of the photograph to pixels of the clip."""
        x, y, width, lean = self.place(time_s)
        left, top, face_width, face_height = self.face
        centre = (left + face_width / 2, top + face_height / 2)
        matrix: NDArray[np.float64] = cv2.getRotationMatrix2D(centre, lean, width / face_width)
        matrix[:, 2] += (x - centre[0], y - centre[1])
        return matrix


def cut_out(photo: NDArray[np.uint8], outer: Points, inner: Points) -> NDArray[np.float32]:
    """The opacity ``(h, w)`` in [0, 1] of the person that lies within ``outer`` and fills ``inner``.

    GrabCut (Rother, Kolmogorov, Blake, 2004) finds the outline between the two.
    """
    mask = np.full(photo.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.fillPoly(mask, [np.array(outer, np.int32)], cv2.GC_PR_FGD)
    cv2.fillPoly(mask, [np.array(inner, np.int32)], cv2.GC_FGD)
    cv2.setRNGSeed(1)
    cv2.grabCut(photo, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    person = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels, areas, _ = cv2.connectedComponentsWithStats(person)
    person = (labels == 1 + areas[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    person = cv2.erode(cv2.morphologyEx(person, cv2.MORPH_CLOSE, np.ones((9, 9))), np.ones((3, 3)))
    return np.asarray(cv2.GaussianBlur(person.astype(np.float32), (0, 0), 1.2), np.float32)


def collins() -> Actor:
    photo = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    outer = [(15, 511), (15, 400), (60, 245), (95, 225), (110, 160), (180, 140), (150, 110), (145, 60)]
    outer += [(180, 15), (240, 5), (300, 40), (308, 90), (290, 130), (265, 150), (310, 200), (315, 240)]
    outer += [(350, 270), (370, 345), (430, 340), (500, 400), (511, 440), (511, 511)]
    inner = [(60, 511), (50, 400), (90, 250), (125, 235), (130, 170), (185, 160), (190, 130), (165, 90)]
    inner += [(175, 50), (210, 25), (260, 35), (290, 75), (285, 110), (255, 140), (250, 170), (290, 220)]
    inner += [(340, 300), (350, 365), (420, 360), (480, 420), (490, 511)]
    return Actor(
        "Eileen Collins",
        photo,
        cut_out(photo, outer, inner),
        face=(177, 83, 95, 95),
        path=[
            (0, 260, 105), (2.4, 390, 185), (4.4, 640, 125), (6.2, 930, 92), (7.6, 1010, 78),
            (9.2, 1080, 92), (10.2, 1500, 100), (11.2, 1500, 100), (12.2, 1050, 112), (13, 900, 126),
        ],
        near=(190, 270),
        far=(78, 372),
        step_hz=1.3,
    )  # fmt: skip


def hopper() -> Actor:
    photo = read_image(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    outer = [(5, 599), (10, 500), (40, 390), (175, 320), (205, 320), (165, 300), (148, 185), (152, 105)]
    outer += [(165, 50), (200, 15), (300, 10), (365, 65), (385, 110), (380, 200), (370, 300), (340, 320)]
    outer += [(480, 380), (508, 420), (511, 599)]
    inner = [(35, 599), (40, 480), (60, 410), (190, 345), (210, 315), (180, 290), (165, 220), (162, 115)]
    inner += [(220, 40), (290, 35), (350, 90), (355, 270), (320, 330), (455, 390), (490, 440), (490, 599)]
    return Actor(
        "Grace Hopper",
        photo,
        cut_out(photo, outer, inner),
        face=(170, 145, 195, 195),
        path=[
            (0, 1010, 98), (2.6, 960, 120), (4.6, 690, 190), (6.6, 360, 228),
            (8.6, 320, 165), (10.8, 430, 84), (13, 520, 108),
        ],
        near=(235, 290),
        far=(84, 468),
        step_hz=0.9,
    )  # fmt: skip


def room() -> NDArray[np.float32]:
    """A room out of focus: wall, window, door, painting; ``(HEIGHT, WIDTH, 3)`` float32 BGR."""
    wall = np.linspace((168, 190, 200), (122, 146, 160), HEIGHT)[:, None].repeat(WIDTH, axis=1)
    image = wall.astype(np.uint8)
    # Window with sky, and its frame.
    cv2.rectangle(image, (70, 60), (450, 430), (225, 232, 236), -1)
    for x, y in ((84, 74), (268, 74), (84, 252), (268, 252)):
        image[y : y + 164, x : x + 168] = np.linspace((250, 226, 196), (242, 240, 230), 164)[:, None]
    # A painting: sky, hills, field.
    cv2.rectangle(image, (872, 112), (1218, 352), (58, 84, 104), -1)
    image[126:338, 886:1204] = np.linspace((214, 196, 150), (196, 214, 226), 212)[:, None]
    hills = [(886, 262), (960, 206), (1030, 250), (1110, 190), (1203, 246), (1203, 337), (886, 337)]
    cv2.fillPoly(image, [np.array(hills)], (120, 138, 104))
    cv2.fillPoly(image, [np.array([(886, 292), (1203, 272), (1203, 337), (886, 337)])], (96, 160, 170))
    # Door with two panels.
    cv2.rectangle(image, (540, 110), (760, HEIGHT), (104, 124, 138), -1)
    cv2.rectangle(image, (556, 126), (744, HEIGHT), (176, 196, 206), -1)
    for top in (150, 390):
        cv2.rectangle(image, (584, top), (716, top + 200), (150, 170, 182), -1)
    cv2.circle(image, (730, 430), 8, (60, 120, 150), -1)
    blurred = cv2.GaussianBlur(image, (0, 0), 7).astype(np.float32)
    # Light falls off towards the corners, as in a cheap lens.
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    distance = np.hypot((x - WIDTH / 2) / WIDTH, (y - HEIGHT / 2) / HEIGHT)
    lit: NDArray[np.float32] = blurred * (1.04 - 0.45 * distance**2)[..., None].astype(np.float32)
    return lit


def desk() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The desk that stands before the camera: BGR and opacity, so that nobody ends at the waist in air."""
    random = np.random.default_rng(7)
    grain = cv2.resize(random.normal(0, 5, (60, 8)).astype(np.float32), (WIDTH, HEIGHT - DESK_Y))
    colour = np.linspace((96, 132, 172), (58, 84, 116), HEIGHT - DESK_Y, dtype=np.float32)
    image = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    image[DESK_Y:] = colour[:, None] + grain[..., None]
    image[:DESK_Y] = image[DESK_Y]
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[DESK_Y:] = 1
    return image, cv2.GaussianBlur(alpha, (0, 0), 1.5)


def paint(
    scene: NDArray[np.float32], owner: NDArray[np.uint8], actor: Actor, number: int, time_s: float
) -> NDArray[np.float32]:
    """The scene with one actor before it; marks their pixels with ``number`` in ``owner``."""
    matrix = actor.matrix(time_s)
    scale = float(np.hypot(*matrix[0, :2]))
    image = np.dstack([actor.photo * actor.alpha[..., None], actor.alpha])
    if scale < 1:
        # A warp samples four pixels: without a blur the far figure would flicker.
        image = cv2.GaussianBlur(image, (0, 0), 0.45 / scale)
    warped = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    alpha = warped[..., 3:]
    shadow = cv2.GaussianBlur(cv2.resize(alpha, (WIDTH // 8, HEIGHT // 8)), (0, 0), 3)
    shadow = cv2.warpAffine(
        cv2.resize(shadow, (WIDTH, HEIGHT)), np.array([[1, 0, 22], [0, 1, 14.0]]), (WIDTH, HEIGHT)
    )
    owner[alpha[..., 0] > 0.5] = number
    painted: NDArray[np.float32] = warped[..., :3] + scene * (1 - 0.3 * shadow[..., None]) * (1 - alpha)
    return painted


def face_box(actor: Actor, time_s: float) -> tuple[float, float, float, float]:
    """Where the actor's face is: ``(x, y, width, height)`` in pixels of the clip, perhaps outside it."""
    x, y, width, _ = actor.place(time_s)
    height = width * actor.face[3] / actor.face[2]
    return x - width / 2, y - height / 2, width, height


def visible_share(owner: NDArray[np.uint8], box: tuple[float, float, float, float], number: int) -> float:
    """How much of a face, the ellipse in its box, is in the frame and not hidden by somebody else."""
    x, y, width, height = box
    ellipse = np.zeros((HEIGHT + 800, WIDTH + 800), np.uint8)
    centre = (round(x + width / 2) + 400, round(y + height / 2) + 400)
    cv2.ellipse(ellipse, centre, (round(width / 2), round(height / 2)), 0, 0, 360, 1, -1)
    seen = ellipse[400:-400, 400:-400][owner == number].sum()
    return float(seen / max(1, ellipse.sum()))


def main() -> None:
    folder = Path(__file__).parent
    actors = [collins(), hopper()]
    background = room()
    desk_image, desk_alpha = desk()
    truth: list[list[dict[str, Any]]] = []
    with av.open(
        folder / "demo.mp4", "w", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, FPS)
        # One thread: the encoder then writes the same file each time.
        stream.options = {"crf": "23", "preset": "slow", "threads": "1"}
        for index in range(FPS * DURATION_S):
            time_s = index / FPS
            scene, owner = background, np.zeros((HEIGHT, WIDTH), np.uint8)
            for number, actor in sorted(enumerate(actors, 1), key=lambda item: item[1].place(time_s)[2]):
                scene = paint(scene, owner, actor, number, time_s)
            scene = scene + (desk_image - scene) * desk_alpha[..., None]
            owner[DESK_Y:] = 0
            faces = [(number, face_box(actor, time_s)) for number, actor in enumerate(actors, 1)]
            truth.append(
                [
                    {
                        "person": number - 1,
                        "box": [round(value, 1) for value in box],
                        "visible": round(visible_share(owner, box, number), 2),
                    }
                    for number, box in faces
                ]
            )
            image = np.ascontiguousarray(scene.clip(0, 255).astype(np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    lines = ",\n".join(json.dumps(frame) for frame in truth)
    clip = {"fps": FPS, "width": WIDTH, "height": HEIGHT, "people": [actor.name for actor in actors]}
    # One line a frame: short, and a change to the clip can be read.
    (folder / "demo.json").write_text(f'{json.dumps(clip)[:-1]}, "frames": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
