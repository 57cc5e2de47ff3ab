"""The one runner: what it draws, for whom, and what sinks get."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.colours import PALETTE
from agecam.drawing.label_image import Colour
from agecam.drawing.label_text import LabelStyle
from agecam.drawing.preview import preview_image
from agecam.live.pipeline import Pipeline, Preview
from agecam.messages import Frame, Person
from agecam.opencv import cv2
from agecam.vision.analyzer import Analyzer, create_analyzer


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Analyzer]:
    with create_analyzer() as analyzer:
        yield analyzer


class KeepingSink:
    """Keeps what it gets."""

    def __init__(self, *, needs_drawing: bool) -> None:
        self.needs_drawing = needs_drawing
        self.written: list[tuple[Frame, Sequence[Person]]] = []

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        self.written.append((frame, people))

    def end(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def frames(astronaut_bgr: NDArray[np.uint8]) -> list[Frame]:
    """Half a second of one person, long enough for a label."""
    return [Frame(astronaut_bgr, number / 25, number) for number in range(12)]


def drawn_at(image_bgr: NDArray[np.uint8], plain_bgr: NDArray[np.uint8], left: int, right: int) -> int:
    """How many pixels between two columns are drawn on."""
    changed = np.abs(image_bgr[:, left:right].astype(int) - plain_bgr[:, left:right]).max(axis=2) > 40
    return int(changed.sum())


def test_a_sink_gets_the_fused_estimates_and_the_screen_the_held_ones(
    analyzer: Analyzer, frames: list[Frame]
) -> None:
    sink = KeepingSink(needs_drawing=False)
    pipeline = Pipeline(analyzer, sinks=lambda: [sink])
    pipeline.reset()
    annotated = [pipeline.process(frame) for frame in frames]
    assert [frame for frame, _ in sink.written] == frames, (
        "a sink that wants no drawing gets frames as they are"
    )
    assert [people for _, people in sink.written] == [one.analysis.people for one in annotated]
    for one in annotated:
        for printed, fused in zip(one.people, one.analysis.people, strict=True):
            if printed.estimate is not None and fused.estimate is not None:
                assert abs(printed.estimate.age - fused.estimate.age) <= 0.51
    assert annotated[-1].people[0].estimate is not None


def test_a_small_preview_is_made_of_the_half_that_the_analysis_has_made(
    analyzer: Analyzer, frames: list[Frame]
) -> None:
    pipeline = Pipeline(analyzer)
    pipeline.reset()
    pipeline.preview_wh = (150, 150)
    image = frames[0].image_bgr
    shown = pipeline.process(frames[0]).preview
    assert shown is not None
    np.testing.assert_array_equal(shown.image_bgra, preview_image(image, (150, 150)))
    half = analyzer.half_of(image)
    assert half is not None
    assert half.shape == (256, 256, 3)
    assert analyzer.half_of(image.copy()) is None, "it is another image"
    analyzer.reset()
    assert analyzer.half_of(image) is None


def test_nothing_is_drawn_that_nobody_sees_or_keeps(analyzer: Analyzer, frames: list[Frame]) -> None:
    rows = KeepingSink(needs_drawing=False)
    pipeline = Pipeline(analyzer, sinks=lambda: [rows])
    pipeline.reset()
    unseen = pipeline.process(frames[0], Preview.NONE)
    assert unseen.preview is None
    assert unseen.plain_bgr is None
    mirrored = pipeline.process(frames[1], Preview.MIRRORED)
    assert mirrored.preview is not None
    assert mirrored.plain_bgr is None
    plain = pipeline.process(frames[2], Preview.PLAIN)
    assert plain.preview is not None
    assert plain.plain_bgr is None
    np.testing.assert_array_equal(plain.preview.image_bgra[..., :3], frames[2].image_bgr)


def test_a_recording_is_drawn_unmirrored_beside_a_mirrored_preview(
    analyzer: Analyzer, frames: list[Frame]
) -> None:
    video = KeepingSink(needs_drawing=True)
    pipeline = Pipeline(analyzer, sinks=lambda: [video])
    pipeline.reset()
    annotated = [pipeline.process(frame, Preview.MIRRORED) for frame in frames][-1]
    plain, _ = video.written[-1]
    original = frames[-1].image_bgr
    assert annotated.preview is not None
    # The astronaut's face is left of the middle, and right of it in the mirror.
    assert drawn_at(plain.image_bgr, original, 130, 330) > 500
    reflected = np.asarray(cv2.flip(original, 1), np.uint8)
    np.testing.assert_array_equal(annotated.preview.image_bgra[..., :3], reflected)
    ((x, _, width, _),) = [one.box for one in annotated.preview.overlay.boxes]
    assert 512 - 330 < x < x + width < 512 - 130
    ((left, _, side, _),) = [one.face.box for one in annotated.people if one.confirmed]
    assert (x, width) == (512 - left - side, side)
    assert (plain.time_s, plain.index) == (frames[-1].time_s, frames[-1].index)


def colours_drawn(image_bgr: NDArray[np.uint8]) -> set[Colour]:
    """Those of the bars of labels: areas of one colour, which a photograph has not."""
    kernel = np.ones((12, 2), np.uint8)
    return {
        colour
        for colour in PALETTE
        if cv2.erode((image_bgr == colour).all(axis=2).astype(np.uint8), kernel).any()
    }


def test_preview_and_recording_have_the_same_colours_whenever_it_began(
    analyzer: Analyzer, frames: list[Frame]
) -> None:
    pipeline = Pipeline(analyzer)
    pipeline.reset()
    annotated = [pipeline.process(frame, Preview.MIRRORED, draw_plain=frame.index > 8) for frame in frames]
    before, last = annotated[8], annotated[-1]
    assert before.layout is not None
    assert last.layout is not None
    assert before.layout.colours == last.layout.colours
    assert last.preview is not None
    assert last.plain_bgr is not None
    colours = set(last.layout.colours.values())
    assert {one.colour for one in last.preview.overlay.plates} == colours_drawn(last.plain_bgr) == colours


def test_all_frames_at_once_give_what_one_after_the_other_gives_once_people_are_confirmed(
    analyzer: Analyzer, frames: list[Frame]
) -> None:
    pipeline = Pipeline(analyzer)
    pipeline.reset()
    single = [pipeline.process(frame) for frame in frames]
    pipeline.reset()
    together = list(pipeline.process_all(frames, draw_plain=True))
    assert not all(person.confirmed for person in single[0].people)
    compared = 0
    for one, other in zip(single, together, strict=True):
        assert [(p.track_id, p.face.box) for p in one.people] == [
            (p.track_id, p.face.box) for p in other.people
        ]
        assert all(person.confirmed for person in other.people)
        assert other.plain_bgr is not None
        assert not np.array_equal(other.plain_bgr, other.analysis.frame.image_bgr)
        assert set(other.analysis.stages_ms) >= {"detect", "align", "classify", "track", "draw"}
        if all(person.confirmed for person in one.people):
            compared += 1
            assert [p.estimate for p in one.analysis.people] == [p.estimate for p in other.analysis.people]
    assert compared > len(frames) // 2


@pytest.mark.parametrize("preview", [Preview.NONE, Preview.MIRRORED])
def test_a_face_lost_a_moment_ago_is_covered_in_the_first_frame_that_is_kept(
    analyzer: Analyzer, frames: list[Frame], preview: Preview
) -> None:
    kept: list[KeepingSink] = []
    pipeline = Pipeline(analyzer, style=LabelStyle(blur=True), sinks=lambda: kept)
    pipeline.reset()
    for frame in frames:
        pipeline.process(frame, preview)
    wall = np.full_like(frames[0].image_bgr, 128)
    wall[::2, ::2] = 0  # detail that blurring takes away
    kept.append(KeepingSink(needs_drawing=True))
    lost = pipeline.process(Frame(wall, frames[-1].time_s + 0.04, len(frames)), preview)
    (recorded, _) = kept[0].written[0]
    assert len(lost.covered) == 1
    x, y, width, height = (round(value) for value in lost.covered[0])
    face = np.s_[y + height // 4 : y + 3 * height // 4, x + width // 4 : x + 3 * width // 4]
    assert wall[face].std() > 40
    assert recorded.image_bgr[face].std() < 5, "the place of the lost face is blurred"


def test_a_repeated_frame_has_the_people_and_labels_of_the_one_before(
    analyzer: Analyzer, frames: list[Frame]
) -> None:
    pipeline = Pipeline(analyzer)
    pipeline.reset()
    with pytest.raises(RuntimeError):
        pipeline.repeat(frames[0])
    # Its models are run on somebody new in every frame.
    last = [pipeline.process(frame, Preview.MIRRORED) for frame in frames[:6]][-1]
    assert last.analysis.people[0].raw is not None
    brighter = np.asarray(cv2.add(frames[-1].image_bgr, np.full_like(frames[-1].image_bgr, 3)), np.uint8)
    frame = Frame(brighter, 6 / 25, 6)
    repeated = pipeline.repeat(frame, Preview.MIRRORED)
    assert repeated.analysis.frame is frame
    assert set(repeated.analysis.stages_ms) == {"draw"}
    (person,) = repeated.analysis.people
    assert (person.face, person.estimate) == (last.analysis.people[0].face, last.analysis.people[0].estimate)
    assert person.raw is None
    assert repeated.preview is not None
    assert last.preview is not None
    assert repeated.preview.overlay == last.preview.overlay
    np.testing.assert_array_equal(repeated.preview.image_bgra[..., :3], cv2.flip(brighter, 1))
    pipeline.style = LabelStyle("none", show_interval=False, show_gender=False)
    bare = pipeline.repeat(frame, Preview.MIRRORED)
    assert bare.preview is not None
    assert not bare.preview.overlay.plates
