"""Boxes and labels on an image: one way for preview, snapshot, recording and the command line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.colours import TrackColours, default_colour
from agecam.drawing.config import DEFAULT_CONFIG, DrawingConfig
from agecam.drawing.label_image import Colour, Plate, lay_out_plate, render_label
from agecam.drawing.label_layout import Box, LabelSpot, place_labels
from agecam.drawing.label_text import LabelStyle, label_texts
from agecam.drawing.overlay import OutlinedBox, Overlay, PlacedPlate, covered_rect
from agecam.messages import Detection, Person
from agecam.opencv import cv2

DARK: Final[Colour] = (24, 20, 20)
_SUBPIXEL_BITS: Final = 3
_QUARTER: Final = np.linspace(0, np.pi / 2, 4)
_ANGLES: Final = np.concatenate([start + _QUARTER for start in np.arange(4) * np.pi / 2])
_ARCS: Final = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)]).reshape(4, len(_QUARTER), 2)
_MIRRORED_KEYPOINTS: Final = np.array([1, 0, 2, 3])
_DEFAULT_STYLE: Final = LabelStyle()
_HELD_LAYOUT: Final = replace(DEFAULT_CONFIG, move_cost=1e6, text_slack=1e6)
"""No label leaves its place or size, whatever it covers there: other costs stay far below."""


class FaceCovers:
    """The boxes that blurring covers: of all faces, and for a while of those that were lost.

    One for each stream, updated at every frame, drawn or not, so that who turns away for a moment is covered
    in the very first frame that is kept.
    """

    def __init__(self, config: DrawingConfig = DEFAULT_CONFIG) -> None:
        self._config = config
        self._covered: dict[int, tuple[Box, float]] = {}
        """By track: the box, and when it was last seen."""

    def update(self, people: Sequence[Person], time_s: float) -> tuple[Box, ...]:
        """The boxes to cover at ``time_s`` seconds, pixels; times must not decrease."""
        covered = {person.track_id: (person.face.box, time_s) for person in people}
        for track_id, (box, seen_s) in self._covered.items():
            if track_id not in covered and time_s - seen_s <= self._config.hidden_s:
                covered[track_id] = (box, seen_s)
        self._covered = covered
        return tuple(box for box, _ in covered.values())

    def reset(self) -> None:
        """Forget who was there."""
        self._covered.clear()


@dataclass(frozen=True, slots=True)
class LabelLayout:
    """How the labels of a frame are laid out, to be kept in the frames beside it.

    ``positions`` tells of each track at which of the places about the face its label is
    (:class:`agecam.drawing.label_layout.PlacedLabel`), ``text_px`` how large its text is, ``colours`` its
    colour; ``is_crowded`` whether far faces have short labels. Texts are as large as :attr:`LabelStyle.size`
    was, which is ``style_size``.
    """

    positions: Mapping[int, int] = field(default_factory=dict)
    is_crowded: bool = False
    text_px: Mapping[int, int] = field(default_factory=dict)
    colours: Mapping[int, Colour] = field(default_factory=dict)
    style_size: float = 1.0

    def colour(self, track_id: int) -> Colour:
        """That of a track, known or not."""
        return self.colours.get(track_id) or default_colour(track_id)


class Annotator:
    """Draws boxes and labels on the frames of one stream; the layout stays put from frame to frame.

    It prints the estimates that it is given: those of
    :class:`agecam.drawing.hysteresis.EstimateHysteresis` do not flicker. ``style`` may be set at any time
    and holds from the next frame on. Not safe for use by several threads at once.
    """

    def __init__(self, style: LabelStyle = _DEFAULT_STYLE, config: DrawingConfig = DEFAULT_CONFIG) -> None:
        self.style = style
        self._config = config
        self._layout = LabelLayout()
        self._covers = FaceCovers(config)
        self._colours = TrackColours()

    @property
    def layout(self) -> LabelLayout:
        """That of the last frame that was drawn."""
        return self._layout

    def draw(
        self,
        image_bgr: NDArray[np.uint8],
        people: Sequence[Person],
        time_s: float,
        covered: Sequence[Box] | None = None,
        colours: Mapping[int, Colour] | None = None,
    ) -> NDArray[np.uint8]:
        """A copy of the image ``(h, w, 3)`` uint8 with a box and a label on each confirmed person.

        Text follows the height of its face, within bounds that follow the image's. Labels stay inside the
        image, and off faces, hair and other labels where there is room. Where the style says so, all faces
        are blurred, of people confirmed or not, and stay covered for a while when they are lost. ``time_s``
        is the frame's, and must not decrease. ``covered`` are the boxes to blur where the stream has a
        :class:`FaceCovers` of its own, as one with several annotators must, and ``colours`` those of the
        tracks where it has its :class:`agecam.drawing.colours.TrackColours`.
        """
        height, width = image_bgr.shape[:2]
        overlay = self.lay_out((width, height), people, time_s, covered, colours)
        return draw_overlay(image_bgr, overlay, self._config)

    def lay_out(
        self,
        size_wh: tuple[int, int],
        people: Sequence[Person],
        time_s: float,
        covered: Sequence[Box] | None = None,
        colours: Mapping[int, Colour] | None = None,
    ) -> Overlay:
        """What :meth:`draw` draws on a frame of this size, drawn by nobody yet; the same is remembered."""
        style = self.style
        if not style.blur:
            self._covers.reset()
            covered = ()
        elif covered is None:
            covered = self._covers.update(people, time_s)
        config = self._config
        crowd = config.crowd_left if self._layout.is_crowded else config.crowd
        in_view = [person.track_id for person in people if person.confirmed]
        colours = self._colours.update(in_view) if colours is None else colours
        layout = replace(self._layout, is_crowded=len(in_view) >= crowd, colours=colours)
        overlay, self._layout = _lay_out(size_wh, people, covered, style, layout, config)
        return overlay

    def reset(self) -> None:
        """Forget the layout and who was there: call it when another stream begins or time starts anew."""
        self._layout = LabelLayout()
        self._covers.reset()
        self._colours.reset()


def annotate_in_layout(
    image_bgr: NDArray[np.uint8],
    people: Sequence[Person],
    covered: Sequence[Box],
    style: LabelStyle,
    layout: LabelLayout,
) -> NDArray[np.uint8]:
    """What :meth:`Annotator.draw` gives, with labels at the places that ``layout`` has for them.

    For a frame between two that an annotator has drawn: labels stay where they are in the one before. The
    boxes ``covered`` are blurred where the style says so. Nothing is remembered; any thread may call it.
    """
    height, width = image_bgr.shape[:2]
    return draw_overlay(image_bgr, lay_out_in((width, height), people, covered, style, layout))


def lay_out_in(
    size_wh: tuple[int, int],
    people: Sequence[Person],
    covered: Sequence[Box],
    style: LabelStyle,
    layout: LabelLayout,
) -> Overlay:
    """What :func:`annotate_in_layout` draws on a frame of this size."""
    return _lay_out(size_wh, people, covered, style, layout, _HELD_LAYOUT)[0]


def annotate(
    image_bgr: NDArray[np.uint8], people: Sequence[Person], style: LabelStyle = _DEFAULT_STYLE
) -> NDArray[np.uint8]:
    """What :meth:`Annotator.draw` gives for a single photograph."""
    return Annotator(style).draw(image_bgr, people, 0.0)


def _lay_out(
    size_wh: tuple[int, int],
    people: Sequence[Person],
    covered: Sequence[Box],
    style: LabelStyle,
    layout: LabelLayout,
    config: DrawingConfig,
) -> tuple[Overlay, LabelLayout]:
    """All that belongs on a frame of this size, and its layout.

    Labels go by the sizes and positions of ``layout``, the frame's before, as ``config`` says. Where nobody
    has a label for a moment, they are remembered.
    """
    height = size_wh[1]
    line_px = max(1, round(height / config.height_per_line_px))
    confirmed = [person for person in people if person.confirmed]
    text_px = {person.track_id: _text_px(person, height, style, layout, config) for person in confirmed}
    plates: list[Plate] = []
    spots: list[LabelSpot] = []
    for person in confirmed:
        is_far = person.face.box[3] < config.far_face * height
        least = style.smallest_face * height
        if person.track_id in layout.positions:
            least *= config.smallest_face_left
        is_labelled = person.estimate is not None and person.face.box[3] >= least
        texts = label_texts(person.estimate, style) if person.estimate and is_labelled else ("", ())
        if texts[0]:
            small = () if is_far and layout.is_crowded else texts[1]
            plate = lay_out_plate(texts[0], small, text_px[person.track_id])
            plates.append(plate)
            spots.append(LabelSpot(person.track_id, person.face.box, plate.size_wh))
    placed = place_labels(
        spots,
        [person.face.box for person in confirmed],
        size_wh,
        2 * line_px,
        tentative=[person.face.box for person in people if not person.confirmed],
        before=layout.positions,
        config=config,
    )
    overlay = Overlay(
        size_wh,
        tuple(covered) if style.blur else (),
        tuple(OutlinedBox(person.face.box, layout.colour(person.track_id)) for person in confirmed),
        tuple(
            PlacedPlate(plate, place.x, place.y, layout.colour(place.track_id))
            for plate, place in zip(plates, placed, strict=True)
        ),
        line_px,
    )
    if placed:
        positions = {one.track_id: one.position for one in placed}
        layout = replace(layout, positions=positions, text_px=text_px, style_size=style.size)
    return overlay, layout


def draw_overlay(
    image_bgr: NDArray[np.uint8], overlay: Overlay, config: DrawingConfig = DEFAULT_CONFIG
) -> NDArray[np.uint8]:
    """A copy of the image ``(h, w, 3)`` uint8, of the overlay's size, with all of it drawn."""
    image = cover(image_bgr, overlay.covered, config)
    _draw_boxes(image, overlay.boxes, overlay.line_px, config)
    for placed in overlay.plates:
        plate = placed.plate
        label = render_label(plate.large, plate.small, plate.text_px, placed.colour)
        label.paste(image, placed.x, placed.y)
    return image


def _text_px(
    person: Person, image_height: int, style: LabelStyle, layout: LabelLayout, config: DrawingConfig
) -> int:
    """The size of a person's digits, in steps: that of the frame before while it is nearly right."""
    least = max(config.min_text_px, style.size * config.least_text * image_height)
    most = max(least, style.size * config.most_text * image_height)
    wanted = min(max(style.size * config.text_per_face * person.face.box[3], least), most)
    before = layout.text_px.get(person.track_id)
    if (
        before
        and style.size == layout.style_size
        and abs(math.log(wanted / before)) < config.text_slack * math.log(config.text_step)
    ):
        return before
    steps = round(math.log(wanted / least) / math.log(config.text_step))
    return round(least * config.text_step**steps)


def mirror_people(people: Sequence[Person], width_px: int) -> tuple[Person, ...]:
    """The people of an image ``width_px`` wide, where they are in its mirror image.

    The eye on the left of the image stays first, whosever right eye it now seems to be.
    """
    return tuple(_mirror_person(person, width_px) for person in people)


def _mirror_person(person: Person, width_px: int) -> Person:
    face = person.face
    keypoints = face.keypoints[_MIRRORED_KEYPOINTS]
    np.subtract(width_px - 1, keypoints[:, 0], out=keypoints[:, 0])
    return replace(person, face=Detection(mirror_box(face.box, width_px), face.score, keypoints))


def mirror_box(box: Box, width_px: int) -> Box:
    """The box ``(x, y, width, height)`` of an image ``width_px`` wide, where it is in its mirror image."""
    x, y, width, height = box
    return width_px - x - width, y, width, height


def _draw_boxes(
    image: NDArray[np.uint8], boxes: Sequence[OutlinedBox], line_px: int, config: DrawingConfig
) -> None:
    """Boxes with rounded corners, dark at both edges so that they show on any background."""
    # Two thin lines cost a third of one wide one under the coloured line.
    dark_px = max(1, line_px // 3)
    beside = (line_px + dark_px) / 2
    outlines = _rounded_outlines([one.box for one in boxes], (beside, -beside, 0.0), config.corner_radius)
    for (outer, inner, line), one in zip(outlines, boxes, strict=True):
        cv2.polylines(image, [outer, inner], True, DARK, dark_px, cv2.LINE_AA, _SUBPIXEL_BITS)
        cv2.polylines(image, [line], True, one.colour, line_px, cv2.LINE_AA, _SUBPIXEL_BITS)


def _rounded_outlines(boxes: Sequence[Box], outward: Sequence[float], rounding: float) -> NDArray[np.int32]:
    """Corners of rounded boxes, each moved ``outward`` by so many pixels, in fractions of a pixel.

    ``(boxes, outward, corners, 2)``, xy. Fractions, so that a box that follows a slow movement glides instead
    of hopping.
    """
    radii, centres = [], []
    for x, y, width, height in boxes:
        radius = min(width, height) * rounding
        left, top, right, bottom = x + radius, y + radius, x + width - radius, y + height - radius
        radii.append([radius + one for one in outward])
        centres.append(((right, bottom), (left, bottom), (left, top), (right, top)))
    arcs = np.array(radii).reshape(-1, len(outward), 1, 1, 1) * _ARCS
    points = np.array(centres).reshape(-1, 1, 4, 1, 2) + arcs
    points = np.rint(points * (1 << _SUBPIXEL_BITS)).reshape(len(boxes), len(outward), len(_ANGLES), 2)
    return np.asarray(points, np.int32)


def cover(
    image_bgr: NDArray[np.uint8], boxes: Sequence[Box], config: DrawingConfig = DEFAULT_CONFIG
) -> NDArray[np.uint8]:
    """A copy of the image ``(h, w, 3)`` uint8 with the faces in these boxes made unrecognisable."""
    image = image_bgr.copy()
    for box in boxes:
        pixelate(image, box, config)
    return image


def pixelate(image: NDArray[np.uint8], box: Box, config: DrawingConfig = DEFAULT_CONFIG) -> None:
    """Replace a face, hair and chin included, by a few squares of its mean colours, in the image itself.

    ``box`` is the face's, in pixels of ``image``, ``(h, w, channels)`` uint8.
    """
    left, top, right, bottom = covered_rect(box, config)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(image.shape[1], right), min(image.shape[0], bottom)
    if x1 <= x0 or y1 <= y0:
        return
    region = image[y0:y1, x0:x1]
    pixel = max(1.0, box[2] / config.blur_squares)
    few = (max(1, round((x1 - x0) / pixel)), max(1, round((y1 - y0) / pixel)))
    mosaic = cv2.resize(region, few, interpolation=cv2.INTER_AREA)
    region[:] = cv2.resize(mosaic, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)
