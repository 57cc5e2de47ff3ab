"""The people of one input or session, gathered while frames pass, in memory that does not grow with time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection, Estimate, Frame, Person
from agecam.opencv import cv2
from agecam.output.report_data import AGE_BINS, CountOverTime, InputReport, PersonReport, age_bin

MeasureCrop = Callable[[Frame, Detection, float], float]
"""From a frame, a face in it and a limit: how good a crop it makes, above 0; 0 may be given where the crop
would not be better than the limit."""


@dataclass(frozen=True, slots=True)
class GatheringConfig:
    """Sizes of what is kept of one input, so that the longest one needs no more memory than a short one."""

    max_people: int = 300
    """People who are listed, with a crop of 3 to 6 kB each; of more, those who were in view for longest."""
    crop_px: int = 128
    """Longer side of a crop, pixels: twice what a page shows, for fine screens."""
    crop_sides: float = 1.7
    """Side of a crop, in sides of the face: hair and chin are in it."""
    jpeg_quality: int = 82
    better: float = 1.05
    """A crop takes the place of another where it is so many times as good: each costs 0.3 ms to encode."""
    count_bins: int = 240
    """Stretches of time in which people are counted, more than half of them used; a chart is as fine."""
    count_bin_s: float = 0.25
    """Their first length, seconds; it doubles whenever there is no room for more."""
    queue_bytes: int = 30_000_000
    """Queue of frames: these are held beside those of other sinks. 10 frames of 1280 x 720."""


DEFAULT_CONFIG: Final = GatheringConfig()


@dataclass(slots=True)
class Seen:
    """One track so far."""

    first_s: float
    last_s: float
    seen_s: float = 0.0
    estimate: Estimate | None = None
    quality: float = 0.0
    crop_jpeg: bytes = b""
    is_guest: bool = False
    """Whether only repeated frames have shown him: he is not counted, most likely he has been already."""


class PeopleGatherer:
    """Of one input or session; bounded in memory, however many people pass. One thread uses it at a time."""

    def __init__(
        self, name: str, measure: MeasureCrop | None, config: GatheringConfig = DEFAULT_CONFIG
    ) -> None:
        """``name`` is that of the input; without ``measure`` no face is kept."""
        self._name, self._measure, self._config = name, measure, config
        self._seen: dict[int, Seen] = {}
        self._in_view: frozenset[int] = frozenset()
        self._first_s = self._last_s = 0.0
        self._last_step_s = 0.0
        self._is_still = False
        self._more = 0
        self._ages = [0] * AGE_BINS
        self._female = self._male = 0
        self._count = _Count(config)
        self.frames = 0

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last one."""
        return self._last_s + self._last_step_s - self._first_s

    @property
    def number(self) -> int:
        """Of all people so far."""
        return len(self._counted()) + self._more

    def seen(self, track_id: int) -> Seen | None:
        """What is known of one of them; ``None`` where he is counted alone, or was never in view."""
        return self._seen.get(track_id)

    def add(self, frame: Frame, people: Sequence[Person], *, is_repeat: bool = False) -> None:
        """Take a frame and the confirmed people in it.

        One that ``is_repeat``, as when a file is played again, goes on with those who are known and counts
        nobody who is new.
        """
        if not self.frames:
            self._first_s, self._is_still = frame.time_s, frame.is_still
        else:
            self._pass(frame.time_s - self._last_s)
        self.frames += 1
        self._last_s = frame.time_s
        if frame.duration_s is not None:
            self._last_step_s = frame.duration_s
        self._in_view = frozenset(person.track_id for person in people)
        self._count.add(frame.time_s - self._first_s, len(self._in_view))
        for person in people:
            seen = self._seen.setdefault(
                person.track_id, Seen(frame.time_s, frame.time_s, is_guest=is_repeat)
            )
            seen.last_s, seen.is_guest = frame.time_s, seen.is_guest and is_repeat
            seen.estimate = person.estimate or seen.estimate
            self._keep_better_crop(frame, person.face, seen)
        while len(self._seen) > max(self._config.max_people, len(self._in_view)):
            self._drop_shortest()

    def leave(self, least_s: float = 0.0) -> None:
        """Nobody is in view any more: what comes is another source, or another place of it.

        Of those who were, they are forgotten whom too few frames showed: ``least_s`` seconds.
        """
        for track_id in self._in_view:
            if self._seen[track_id].seen_s < least_s or self._seen[track_id].is_guest:
                del self._seen[track_id]
        self._in_view = frozenset()

    def show_faces(self, measure: MeasureCrop | None) -> None:
        """Keep crops from now on as ``measure`` says; without it forget those that are there, too."""
        self._measure = measure
        if measure is None:
            for seen in self._seen.values():
                seen.quality, seen.crop_jpeg = 0.0, b""

    def ages(self) -> tuple[int, ...]:
        """How many people there were of each age: :attr:`agecam.output.report_data.InputReport.ages`."""
        ages = list(self._ages)
        for seen in self._counted().values():
            if seen.estimate is not None:
                ages[age_bin(seen.estimate.age)] += 1
        return tuple(ages)

    def count(self) -> CountOverTime:
        """How many people were in view, over time."""
        return self._count.over_time(self._first_s)

    def report(self) -> InputReport:
        """All that was gathered so far."""
        female, male = self._female, self._male
        listed = []
        for track_id, seen in self._counted().items():
            # The last frame stands too, and nothing came after it.
            rest_s = self._last_step_s if track_id in self._in_view and not self._is_still else 0.0
            crop = base64.b64encode(seen.crop_jpeg).decode()
            listed.append(
                PersonReport(
                    track_id, seen.estimate, seen.first_s, seen.last_s, round(seen.seen_s + rest_s, 4), crop
                )
            )
            if seen.estimate is not None:
                female, male = _count_gender(seen.estimate, female, male)
        return InputReport(
            self._name,
            self._is_still,
            self.frames,
            0.0 if self._is_still else round(self.seconds, 4),
            tuple(sorted(listed, key=lambda one: (one.first_s, one.track_id))),
            self._more,
            self.ages(),
            female,
            male,
            self.count(),
            hides_faces=self._measure is None,
        )

    def _counted(self) -> dict[int, Seen]:
        return {track_id: seen for track_id, seen in self._seen.items() if not seen.is_guest}

    def _pass(self, step_s: float) -> None:
        """The frame before has stood for so long."""
        self._last_step_s = step_s
        for track_id in self._in_view:
            self._seen[track_id].seen_s += step_s

    def _keep_better_crop(self, frame: Frame, face: Detection, seen: Seen) -> None:
        if self._measure is None:
            return
        limit = seen.quality * self._config.better
        quality = self._measure(frame, face, limit)
        if quality > limit:
            seen.quality = quality
            seen.crop_jpeg = _crop_jpeg(frame.image_bgr, face.box, self._config)

    def _drop_shortest(self) -> None:
        """Of those who are out of view, the one who was seen for the shortest time is counted alone.

        Guests go first, and are not.
        """
        out_of_view = (track_id for track_id in self._seen if track_id not in self._in_view)
        shortest = min(
            out_of_view, key=lambda track_id: (not self._seen[track_id].is_guest, self._seen[track_id].seen_s)
        )
        dropped = self._seen.pop(shortest)
        if dropped.is_guest:
            return
        self._more += 1
        if dropped.estimate is not None:
            self._ages[age_bin(dropped.estimate.age)] += 1
            self._female, self._male = _count_gender(dropped.estimate, self._female, self._male)


class _Count:
    """People over time, in bins that double their length where time goes on."""

    def __init__(self, config: GatheringConfig) -> None:
        self._max_bins, self._bin_s = config.count_bins, config.count_bin_s
        self._bins: list[tuple[int, int]] = []
        """Of each the number of frames and the sum of people in them."""
        self._most = 0

    def add(self, time_s: float, number: int) -> None:
        self._most = max(self._most, number)
        while time_s >= self._bin_s * self._max_bins:
            self._bin_s *= 2
            pairs = zip(self._bins[::2], [*self._bins[1::2], (0, 0)], strict=False)
            self._bins = [(one[0] + other[0], one[1] + other[1]) for one, other in pairs]
        index = max(0, int(time_s / self._bin_s))
        self._bins += [(0, 0)] * (index + 1 - len(self._bins))
        frames, people = self._bins[index]
        self._bins[index] = (frames + 1, people + number)

    def over_time(self, start_s: float) -> CountOverTime:
        """Where no frame falls into a bin, the one before still stands."""
        means = list[float]()
        for frames, people in self._bins:
            means.append(round(people / frames, 3) if frames else means[-1])
        return CountOverTime(start_s, self._bin_s, tuple(means), self._most)


def _count_gender(estimate: Estimate, female: int, male: int) -> tuple[int, int]:
    return (female + 1, male) if estimate.female >= 0.5 else (female, male + 1)


def _crop_jpeg(
    image_bgr: NDArray[np.uint8], box: tuple[float, float, float, float], config: GatheringConfig
) -> bytes:
    """A square round the face, or what of it lies in the image, as JPEG; empty where nothing does."""
    x, y, width, height = box
    half = config.crop_sides * max(width, height) / 2
    x0, y0 = max(0, round(x + width / 2 - half)), max(0, round(y + height / 2 - half))
    x1, y1 = round(x + width / 2 + half), round(y + height / 2 + half)
    region = image_bgr[y0 : max(y1, 0), x0 : max(x1, 0)]
    if not region.size:
        return b""
    scale = config.crop_px / max(region.shape[:2])
    if scale < 1:
        size = (max(1, round(region.shape[1] * scale)), max(1, round(region.shape[0] * scale)))
        region = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, data = cv2.imencode(".jpg", region, (cv2.IMWRITE_JPEG_QUALITY, config.jpeg_quality))
    return bytes(data)
