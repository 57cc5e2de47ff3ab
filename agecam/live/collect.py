"""Images of people in view who say their true age or gender, for training: which frames, and their files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.live.notices import Notices, Remedy
from agecam.messages import Detection, Frame, Person
from agecam.opencv import cv2
from agecam.output.collection import LABELS_FILE, CollectedPerson, Collection, Gender, TrueLabel
from agecam.vision.align import alignment_matrix
from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.quality import visible_share

__all__ = ["CollectConfig", "CollectState", "CollectedPerson", "Collector", "Gender", "TrueLabel"]


@dataclass(frozen=True, slots=True)
class CollectConfig:
    """Which frames are kept, and how much of them."""

    least_step_s: float = 0.2
    """Between two images of one person: nearer ones are the same but for noise."""
    longest_step_s: float = 1.5
    """After so long an image is kept also of a person who has not moved: light and expression change."""
    least_change: float = 0.06
    """How much nose, tilt, size or place differ from every recent image, see :func:`_pose`: about a fifth of
    what a head turned to half profile changes."""
    compared: int = 12
    """Recent images that a new one is compared with."""
    least_visible: float = 0.97
    """Share of the face that lies in the frame."""
    most_hidden: float = 0.03
    """Intersection of the face's box with another's over the smaller: one of the two is hidden there."""
    least_px: float = 48.0
    """Root of the face's area, pixels: the models' crops enlarge smaller ones threefold."""
    sides: float = 2.2
    """Side of an image, in sides of the face: all that an aligned crop takes with its margin, tilted too, and
    enough around it for the face to be detected again."""
    largest_px: int = 512
    """Side of an image at most: crops are 160 pixels wide."""
    away_s: float = 10.0
    """Collecting ends when the person has been out of view for so long."""


DEFAULT_CONFIG: Final = CollectConfig()
_CLOSES_WITHIN_S: Final = 30.0
"""A disk that takes longer is left behind."""


@dataclass(frozen=True, slots=True)
class CollectProgress:
    """How many images were ``taken`` of the person with that ``number`` in view, of those ``wanted``."""

    number: int
    name: str
    taken: int
    wanted: int


@dataclass(frozen=True, slots=True)
class CollectState:
    """What is being collected, and what the folder holds; ``people`` as it was last read."""

    folder: Path | None = None
    running: tuple[CollectProgress, ...] = ()
    people: tuple[CollectedPerson, ...] = ()
    is_hidden: bool = False
    """Whether faces are hidden, so that nobody can be collected."""

    @property
    def images(self) -> int:
        """In the folder."""
        return sum(person.images for person in self.people)


@dataclass(slots=True)
class _Job:
    number: int
    label: TrueLabel
    wanted: int
    taken: int = 0
    kept: int = 0
    """Of those taken, in the folder."""
    is_dropped: bool = False
    """Whether nothing more is to be kept, since it would be deleted or cannot be written."""
    last_s: float | None = None
    seen_s: float | None = None
    poses: list[NDArray[np.float64]] = field(default_factory=list)


class Collector:
    """Keeps images of people who have agreed to it, spread over time and poses.

    Files are written by ``run``, which does one piece of work after another in a thread of its own. All
    methods return at once and may be called from any thread; failures are told by ``notices``.
    """

    def __init__(
        self,
        notices: Notices,
        run: Callable[[Callable[[], None]], None],
        on_change: Callable[[], None],
        config: CollectConfig = DEFAULT_CONFIG,
    ) -> None:
        self._notices = notices
        self._run = run
        self._on_change = on_change
        self._config = config
        self._lock = threading.Lock()
        self._jobs: dict[int, _Job] = {}
        self._collection: Collection | None = None
        self._people: tuple[CollectedPerson, ...] = ()
        self._is_hidden = False

    def state(self) -> CollectState:
        """What is being collected, and what there is."""
        with self._lock:
            running = tuple(
                CollectProgress(job.number, job.label.name, job.taken, job.wanted)
                for job in self._jobs.values()
            )
            folder = None if self._collection is None else self._collection.folder
            return CollectState(folder, running, self._people, self._is_hidden)

    def use(self, folder: Path) -> None:
        """Keep images in that folder from now on, and find out what it holds."""
        with self._lock:
            if self._collection is None or self._collection.folder != folder:
                self._collection, self._people = Collection(folder), ()
        self._do(lambda _collection: None)

    def hide_faces(self, hidden: bool) -> None:
        """Collect nobody while faces are hidden; what runs ends."""
        with self._lock:
            self._is_hidden = hidden
        if hidden:
            self.stop_all()

    def start(self, number: int, label: TrueLabel, wanted: int, *, has_consent: bool) -> None:
        """Collect ``wanted`` images of the person with that number in view, who has agreed to it.

        Nothing is collected while faces are hidden.
        """
        if not has_consent or (label.age is None and label.gender is None) or not label.name:
            raise ValueError("needs consent, a name, and an age or a gender")
        with self._lock:
            if self._is_hidden:
                return
            self._jobs[number] = _Job(number, label, wanted)
        self._on_change()

    def stop(self, number: int) -> None:
        """Collect no more of that person; what was taken stays."""
        with self._lock:
            job = self._jobs.get(number)
        if job is not None:
            self._end(job, "")
            self._on_change()

    def stop_all(self) -> None:
        """Collect no more of anybody."""
        for progress in self.state().running:
            self.stop(progress.number)

    def remove(self, name: str) -> None:
        """Delete the images of a person; nothing more is collected of him."""
        self._drop_jobs(lambda job: job.label.name == name)
        self._do(lambda collection: collection.remove(name))

    def remove_all(self) -> None:
        """Delete the images of everybody; nothing more is collected."""
        self._drop_jobs(lambda _job: True)
        self._do(lambda collection: collection.remove_all())

    def close(self) -> None:
        """Collect no more, and wait until all that was asked for is done, deletions above all."""
        self.stop_all()
        done = threading.Event()
        self._run(done.set)
        done.wait(_CLOSES_WITHIN_S)

    def observe(self, frame: Frame, people: Sequence[Person]) -> None:
        """Take what is wanted of a frame; ``track_id`` and times are those of the session."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            person = next((one for one in people if one.track_id == job.number), None)
            if job.seen_s is None or person is not None:
                job.seen_s = frame.time_s
            others = [one.face for one in people if one is not person]
            if person is not None and self._wants(job, frame, person.face, others):
                self._take(job, face_image(frame.image_bgr, person.face, others, self._config))
            if job.taken >= job.wanted:
                self._end(job, "")
            elif frame.time_s - job.seen_s > self._config.away_s:
                self._end(job, " The person is out of view.")

    def _wants(self, job: _Job, frame: Frame, face: Detection, others: Sequence[Detection]) -> bool:
        config = self._config
        since_s = np.inf if job.last_s is None else frame.time_s - job.last_s
        is_good = (
            since_s >= config.least_step_s
            and np.sqrt(face.box[2] * face.box[3]) >= config.least_px
            and visible_share(face, (frame.width, frame.height)) >= config.least_visible
            and all(intersection_over_smaller(face.box, other.box) <= config.most_hidden for other in others)
        )
        pose = _pose(face, frame) if is_good else None
        if pose is None:
            return False
        is_new = all(np.abs(pose - other).max() >= config.least_change for other in job.poses)
        if not is_new and since_s < config.longest_step_s:
            return False
        job.poses = [*job.poses, pose][-config.compared :]
        job.last_s = frame.time_s
        return True

    def _take(self, job: _Job, image_bgr: NDArray[np.uint8]) -> None:
        job.taken += 1

        def add(collection: Collection) -> None:
            if not job.is_dropped:
                collection.add(job.label, image_bgr)
                job.kept += 1

        self._do(add, job)

    def _end(self, job: _Job, why: str) -> None:
        with self._lock:
            if self._jobs.pop(job.number, None) is None:
                return
        self._do(lambda collection: self._tell_end(job, collection.folder, why))

    def _tell_end(self, job: _Job, folder: Path, why: str) -> None:
        if job.is_dropped:
            return
        if job.kept:
            self._notices.tell(
                f"Images of {job.label.name} collected: {job.kept}, in {folder}.{why}",
                Remedy.SHOW_IN_FOLDER,
                folder / LABELS_FILE,
            )
        else:
            self._notices.warn(f"No image of {job.label.name} was collected.{why}")

    def _drop_jobs(self, is_meant: Callable[[_Job], bool]) -> None:
        with self._lock:
            for job in [job for job in self._jobs.values() if is_meant(job)]:
                job.is_dropped = True
                del self._jobs[job.number]

    def _do(self, work: Callable[[Collection], None], job: _Job | None = None) -> None:
        """Do something with the folder, off the caller's thread, and then see what it holds."""
        with self._lock:
            collection = self._collection
        if collection is None:
            return

        def run() -> None:
            try:
                work(collection)
                people = collection.people()
            except OutputError as error:
                self._fail(error, job)
                return
            with self._lock:
                if self._collection is collection:
                    self._people = people
            self._on_change()

        self._run(run)

    def _fail(self, error: OutputError, job: _Job | None) -> None:
        """A job that cannot write ends, and tells it once."""
        if job is None or not job.is_dropped:
            self._notices.error(str(error), Remedy.CHOOSE_COLLECTION_FOLDER)
        if job is not None:
            self._drop_jobs(lambda one: one is job)
            job.is_dropped = True
        self._on_change()


def face_image(
    image_bgr: NDArray[np.uint8],
    face: Detection,
    others: Sequence[Detection] = (),
    config: CollectConfig = DEFAULT_CONFIG,
) -> NDArray[np.uint8]:
    """A square about a face with the face in its middle: ``(s, s, 3)`` uint8.

    What lies outside the frame repeats its border, as in aligned crops. Faces of others in it are covered by
    their mean colour: they have not agreed to anything.
    """
    x, y, width, height = face.box
    half = config.sides * max(width, height) / 2
    x0, y0 = round(x + width / 2 - half), round(y + height / 2 - half)
    side = max(1, round(2 * half))
    rows = np.clip(np.arange(y0, y0 + side), 0, image_bgr.shape[0] - 1)
    columns = np.clip(np.arange(x0, x0 + side), 0, image_bgr.shape[1] - 1)
    square = image_bgr[rows[:, None], columns]
    for other in others:
        left, top = round(other.box[0]) - x0, round(other.box[1]) - y0
        right, bottom = left + round(other.box[2]), top + round(other.box[3])
        covered = square[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if covered.size:
            covered[:] = covered.mean(axis=(0, 1))
    if side > config.largest_px:
        size = (config.largest_px, config.largest_px)
        square = np.asarray(cv2.resize(square, size, interpolation=cv2.INTER_AREA), np.uint8)
    return square


def _pose(face: Detection, frame: Frame) -> NDArray[np.float64] | None:
    """What changes with pose and place, each as a share: ``(6,)`` float64; ``None`` where nothing is known.

    The nose on the aligned face, sideways and along it; tilt in radians; size as a logarithm; place in the
    frame, at half its weight.
    """
    try:
        matrix = alignment_matrix(face.keypoints, 1)
    except ValueError:  # eyes and mouth in one place
        return None
    nose = matrix[:, :2] @ face.keypoints[2].astype(np.float64) + matrix[:, 2]
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    tilt = float(np.arctan2(matrix[1, 0], matrix[0, 0]))
    x, y = face.centre
    place = (x / (2 * frame.width), y / (2 * frame.height))
    return np.array([*nose, tilt, np.log(scale), *place])
