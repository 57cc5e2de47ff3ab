"""What a report gathers of an input while its frames pass."""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.messages import Detection, Estimate, Frame, Person
from agecam.opencv import cv2
from agecam.output import InputReport, ReportSink, WhenFull
from agecam.output.gathering import DEFAULT_CONFIG, GatheringConfig
from agecam.output.report_data import CountOverTime, PersonReport

Image = NDArray[np.uint8]
MakeFrame = Callable[..., Frame]

YOUNG, OLD = Estimate(12.4, 9.0, 16.0, 0.9), Estimate(71.6, 65.0, 78.0, 0.2)


def person(track_id: int, estimate: Estimate | None = YOUNG, *, x: float = 100, score: float = 0.9) -> Person:
    face = Detection((x, 60.0, 40.0, 40.0), score, np.zeros((4, 2), np.float32))
    return Person(track_id, face, estimate, None)


def by_score(_frame: Frame, face: Detection, _limit: float) -> float:
    return face.score


def gathered(
    passed: Iterable[tuple[Frame, Sequence[Person]]],
    *,
    with_crops: bool = True,
    config: GatheringConfig = DEFAULT_CONFIG,
) -> InputReport:
    with ReportSink(
        None, "clip.mp4", by_score, with_crops=with_crops, when_full=WhenFull.WAIT, config=config
    ) as sink:
        for frame, people in passed:
            sink.write(frame, people)
    sink.raise_error()
    return sink.report()


def crop_of(report: PersonReport) -> Image:
    data = np.frombuffer(base64.b64decode(report.crop_jpeg), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def test_each_person_has_the_last_estimate_and_the_times_in_view(frame: MakeFrame) -> None:
    frames = [frame(index, start_s=10.0) for index in range(10)]
    people = [
        [person(1, None if index == 0 else OLD)] + [person(2)] * (index in (3, 4, 7)) for index in range(10)
    ]
    report = gathered(zip(frames, people, strict=True))
    assert (report.name, report.frames, report.is_still, report.error) == ("clip.mp4", 10, False, None)
    assert report.duration_s == pytest.approx(1.0)  # the last frame stands as long as the one before
    first, second = report.people
    assert (first.track_id, first.estimate, second.track_id, second.estimate) == (1, OLD, 2, YOUNG)
    assert (first.first_s, first.last_s, first.seen_s) == pytest.approx((10.0, 10.9, 1.0))
    assert (second.first_s, second.last_s, second.seen_s) == pytest.approx((10.3, 10.7, 0.3))
    assert (report.female, report.male) == (1, 1)
    assert [index for index, count in enumerate(report.ages) if count] == [2, 14]  # 10 to 14, 70 to 74


def test_the_last_frame_stands_as_long_as_its_file_says(frame: MakeFrame) -> None:
    last = replace(frame(2), duration_s=5.0)
    report = gathered([(frame(0), [person(1)]), (frame(1), []), (last, [person(1)])])
    assert report.duration_s == pytest.approx(5.2)
    assert report.people[0].seen_s == pytest.approx(5.1)


def test_times_can_count_from_the_first_frame(frame: MakeFrame) -> None:
    with ReportSink(None, "camera", by_score, from_first_frame=True) as sink:
        for index in range(3):
            sink.write(frame(index, start_s=5000.0), [person(1)])
    report = sink.report()
    assert (report.people[0].first_s, report.people[0].last_s) == pytest.approx((0.0, 0.2))
    assert report.count.start_s == 0.0


def test_people_not_confirmed_are_left_out(frame: MakeFrame) -> None:
    report = gathered([(frame(0), [replace(person(1), confirmed=False)])])
    assert (report.people, report.count.most, sum(report.ages)) == ((), 0, 0)


def test_the_best_crop_is_kept(frame: MakeFrame) -> None:
    def marked(gray: int) -> Image:
        return np.full((240, 320, 3), gray, np.uint8)

    scores = ((0.5, 40), (0.9, 120), (0.7, 200))
    report = gathered(
        (frame(index, image_bgr=marked(gray)), [person(1, score=score)])
        for index, (score, gray) in enumerate(scores)
    )
    crop = crop_of(report.people[0])
    assert crop.shape == (68, 68, 3)  # 1.7 sides of the face, not enlarged
    assert float(crop.mean()) == pytest.approx(120, abs=3)


def test_a_crop_shows_the_face_and_is_small(astronaut_bgr: Image) -> None:
    image = cv2.resize(astronaut_bgr, (2048, 2048))
    face = Detection((720.0, 280.0, 400.0, 400.0), 0.9, np.zeros((4, 2), np.float32))
    report = gathered([(Frame(np.asarray(image, np.uint8), 0.0, 0), [Person(1, face, YOUNG, None)])])
    crop = crop_of(report.people[0])
    assert crop.shape == (128, 128, 3)
    expected = cv2.resize(image[140:820, 580:1260], (128, 128), interpolation=cv2.INTER_AREA)
    assert float(np.abs(crop.astype(float) - expected).mean()) < 8
    assert len(report.people[0].crop_jpeg) < 12_000


@pytest.mark.parametrize("x", [-35.0, 310.0, 5000.0])
def test_a_face_at_the_edge_or_outside_is_no_failure(frame: MakeFrame, x: float) -> None:
    report = gathered([(frame(0), [person(1, x=x)])])
    assert bool(report.people[0].crop_jpeg) == (x < 320)


def test_without_crops_no_face_is_kept(frame: MakeFrame) -> None:
    report = gathered([(frame(0), [person(1)])], with_crops=False)
    assert report.hides_faces
    assert report.people[0].crop_jpeg == ""


def test_many_people_take_no_more_memory_and_all_of_them_count(frame: MakeFrame) -> None:
    config = GatheringConfig(max_people=3)
    stays = person(1, OLD)
    passed = [(frame(index), [stays, person(index + 2)]) for index in range(50)]
    report = gathered(passed, config=config)
    assert report.people[0].track_id == 1
    assert (len(report.people), report.more_people, report.number) == (3, 48, 51)
    assert (sum(report.ages), report.female, report.male) == (51, 50, 1)
    assert report.people[0].seen_s == pytest.approx(5.0)


def test_people_over_time_stay_as_few_numbers_as_a_chart_shows(frame: MakeFrame) -> None:
    config = GatheringConfig(count_bins=8, count_bin_s=0.25)
    report = gathered(
        ((frame(index), [person(1)] if index < 50 else [person(1), person(2)]) for index in range(100)),
        config=config,
    )
    assert report.count == CountOverTime(0.0, 2.0, (1.0, 1.0, 1.5, 2.0, 2.0), 2)


def test_times_without_frames_keep_the_number_before(frame: MakeFrame) -> None:
    report = gathered([(frame(0), [person(1)]), (frame(10), [])], config=GatheringConfig(count_bin_s=0.25))
    assert report.count.means == (1.0, 1.0, 1.0, 1.0, 0.0)


def test_a_photograph_has_faces_and_no_times(frame: MakeFrame) -> None:
    report = gathered([(replace(frame(0), is_still=True), [person(1), person(2, OLD)])])
    assert report.is_still
    assert (report.duration_s, [one.seen_s for one in report.people]) == (0.0, [0.0, 0.0])
    assert report.number == 2


def test_a_report_is_written_as_json_and_read_again(tmp_path: Path, frame: MakeFrame) -> None:
    path, name = tmp_path / "clip.report-part", "scans [/2024]\udcff <b>.mp4"
    with ReportSink(path, name, by_score) as sink:
        sink.write(frame(0), [person(1), person(2, None)])
    report = InputReport.from_json(path.read_bytes())
    assert report == sink.report()
    assert report.name == name
    assert sink.status().path == path


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"people": [{}], "count": {}}', '{"people": 1}'])
def test_what_is_no_report_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="not a report of an input"):
        InputReport.from_json(text)


def test_fields_of_another_version_are_not_read(frame: MakeFrame) -> None:
    fields = json.loads(gathered([(frame(0), [person(1)])]).to_json())
    with pytest.raises(ValueError, match="not a report"):
        InputReport.from_json(json.dumps({**fields, "new": 1}))


def test_a_report_that_cannot_be_written_is_an_error_of_the_sink(tmp_path: Path, frame: MakeFrame) -> None:
    with ReportSink(tmp_path / "absent" / "part", "clip.mp4", by_score) as sink:
        sink.write(frame(0), [])
    with pytest.raises(OutputError, match="There is no folder"):
        sink.raise_error()


def test_without_a_frame_nothing_is_written(tmp_path: Path) -> None:
    ReportSink(tmp_path / "part", "clip.mp4", by_score).close()
    assert not (tmp_path / "part").exists()
