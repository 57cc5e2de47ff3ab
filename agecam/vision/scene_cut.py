"""Scenes of a film: where a new shot begins, and what only looks like it.

All is judged on gray thumbnails. Two of neighbouring frames of one shot are alike up to a shift (the camera
pans) and up to brightness and contrast (a flash, exposure control, a fade), which is what the largest
normalized cross-correlation over shifts measures. On the clips of a classroom, a crowd, walkers and people
from behind (2,400 frames, 10 to 30 a second) it is 0.89 at least, and 0.82 with a flash that lifts the mean
to twice its value; between shots of different heads, also before one and the same background, it is 0.71 at
most.

A dissolve changes little from frame to frame. There the thumbnail half-way in time is a mixture of the first
and the last, and the same one all over; where things move, a place shows the one or the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2

_THUMBNAIL_WH: Final = (64, 36)
"""Size of a thumbnail in pixels: less than a thousandth of a frame, and still several for a face."""
_MARGIN_WH: Final = (8, 4)
"""The largest shift between thumbnails in pixels: an eighth of the frame."""
_LEAST_CONTRAST: Final = 1.0
"""Standard deviation in gray levels below which the middle of a thumbnail has nothing to be correlated."""
_CLEAR_CONTRAST: Final = 2.0
"""The same of which it certainly has, ..."""
_CLEAR: Final = 0.01
"""... and by how much a correlation is clear: far more than OpenCV's and ours differ by rounding."""
_UNCHANGED: Final = 6
"""Gray levels by which pixels of neighbouring frames differ without meaning anything."""
_DIFFERS: Final = 20.0
"""Gray levels by which pixels of two thumbnails differ enough to tell how a third is mixed of them."""
_LEAST_DIFFERING: Final = 0.02
"""Part of the pixels of which that must be true."""
_SHARE_TOLERANCE: Final = 0.25
"""By so much the share of a pixel may differ from that of the whole: people move while shots dissolve ..."""
_MIXED_TOLERANCE: Final = 0.8
"""... and by so much of its distance from 0 and from 1: a pixel that shows one of the two, as all do where
somebody just begins to move, is not mixed. Chosen."""
_SAMPLED_ROWS: Final = 180
"""Rows of a frame that a thumbnail is made of, five for each of its own, all of their pixels: enough to
average the noise of a sensor away. Whole rows are read sooner than single pixels of more of them."""

_BLACK: Final = 4
"""Gray levels up to which a pixel of a thumbnail is black, ..."""
_WHITE: Final = 251
"""... and from which it is white."""


@dataclass(frozen=True, slots=True)
class SceneConfig:
    """Settings of :class:`SceneTracker`; gray levels are of 255, correlations in [-1, 1]."""

    least_difference: float = 4.0
    """Mean difference of thumbnails in gray levels below which nothing has happened: people who walk through
    a room make up to 5.3 from frame to frame, a head in another's place before the same wall 6.9 at least."""
    restless_difference: float = 6.0
    """The same, from which somebody may be where somebody else was: see both figures above."""
    same_correlation: float = 0.77
    """Largest correlation of two shots; see the text at the head of this module for both sides of it."""
    same_correlation_after_pause: float = 0.5
    """The same for frames further apart than ``pause_s``: people walk through the image meanwhile. Of frames
    0.7 s apart in one shot the least was 0.5."""
    least_changed: float = 0.5
    """Part of a thumbnail that changes in a cut, at least: less is somebody who walks past close by ..."""
    other_correlation: float = 0.4
    """... unless the correlation is below this: two heads before the same plain wall have 0.06 to 0.3."""
    pause_s: float = 0.15
    """See above; at 10 frames a second no shot of the clips falls apart, at 5 one of the crowd would."""
    blank_contrast: float = 4.0
    """Standard deviation in gray levels up to which a thumbnail shows nothing, as when a shot fades to black
    or a flash blinds the camera. Those of the clips have 36 to 58."""
    blend_lags_s: tuple[float, ...] = (0.4, 0.8)
    """Frames so far apart are searched for dissolves: of half a second, and of one second."""
    blend_step_s: float = 0.06
    """Thumbnails are kept, and compared, so often for that."""
    blend_rest_s: float = 0.5
    """After a dissolve has been found its second half may last so long, and is no other."""
    mixed_s: float = 0.28
    """So long the old shot shows through then: a dissolve of half a second is found half-way."""
    blend_residual: float = 0.1
    """Part of the variance of a thumbnail half-way that no mixture explains, at most, in a dissolve. In made
    ones it is 0.07 at most over 0.4 s."""
    blend_share: tuple[float, float] = (0.1, 0.9)
    """Share of the later thumbnail in the mixture: outside, the frame half-way is one of the two."""
    blend_evenness: float = 0.78
    """Part of a thumbnail that is mixed in about the same way, at least: on the clips, half-way between
    frames that differ as shots do, it is 0.71 at most; in made dissolves mostly above 0.88."""
    return_s: float = 1.5
    """A shot that is back within so long is the same scene: a flash or a hand before the camera ended."""
    return_correlation: float = 0.85
    """Least correlation with the last frame before, to be that shot."""
    return_before_s: float = 0.4
    """Or with the one so long before it: a hand that comes over the lens is in the last one already."""
    former_shots: int = 4
    """So many shots are remembered for that: a hand before the camera makes two as it comes and goes."""
    clipped_share: float = 0.15
    """The share of white and black pixels that one of two thumbnails has more than the other, from which they
    are compared with equal tones: a flash that burns half of the image out leaves its shapes. Chosen."""
    light_difference: float = 6.0
    """Change of the mean in gray levels, within one scene, from which it is lit otherwise now."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a frame belongs to.

    ``number`` counts from 0 and is another in each shot. ``is_blank`` says that the frame shows nothing,
    ``is_relit`` that the light has changed since the frame before, so that colours tell nothing, and
    ``is_mixed`` that the shot before it still shows through. ``is_restless`` is true where much has changed
    since the frame before, so that somebody else may be where somebody was.
    """

    number: int = 0
    is_blank: bool = False
    is_relit: bool = False
    is_mixed: bool = False
    is_restless: bool = False

    @property
    def is_steady(self) -> bool:
        """Whether none of the four is so."""
        return not (self.is_blank or self.is_relit or self.is_mixed or self.is_restless)


@dataclass(frozen=True, slots=True)
class _Former:
    """A shot before this one: its number, its last thumbnail and one from before that, and when it ended."""

    number: int
    thumbnails: tuple[NDArray[np.uint8], ...]
    ended_s: float


class SceneTracker:
    """Numbers the shots of one source.

    >>> scenes = SceneTracker()
    >>> [scenes.update(thumbnail(frame.image_bgr), frame.time_s).number for frame in frames]
    [0, 0, 0, 1, 1]
    """

    def __init__(self, config: SceneConfig = SceneConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._number = self._newest = 0
        self._time_s = 0.0
        self._last: NDArray[np.uint8] | None = None
        self._earlier: NDArray[np.uint8] | None = None
        """Of blank frames, the thumbnail from some time before ``last``, which a hand may half cover."""
        self._was_blank = False
        self._formers: deque[_Former] = deque(maxlen=self._config.former_shots)
        """The latest last."""
        self._history: deque[tuple[float, NDArray[np.uint8]]] = deque()
        self._blended_s = -np.inf

    def update(self, thumbnail_gray: NDArray[np.uint8], time_s: float) -> Scene:
        """The scene of the next frame, from its :func:`thumbnail`; times must not decrease."""
        config = self._config
        if float(cv2.meanStdDev(thumbnail_gray)[1][0, 0]) <= config.blank_contrast:
            # Nothing to compare: what comes after is compared with what was before.
            if not self._was_blank:
                self._earlier = self._kept_at(self._time_s - config.return_before_s)
            self._was_blank = True
            self._history.clear()
            return Scene(self._number, is_blank=True)
        last, elapsed_s = self._last, time_s - self._time_s
        self._last, self._time_s = thumbnail_gray, time_s
        if last is None:
            self._keep(thumbnail_gray, time_s)
            return Scene(self._number)
        is_relit = False
        difference = mean_difference(last, thumbnail_gray)
        # After a blank frame both may be too dim to differ by much.
        if self._was_blank or difference > config.least_difference:
            is_relit = abs(float(cv2.mean(last)[0] - cv2.mean(thumbnail_gray)[0])) > config.light_difference
            if self._is_cut(last, thumbnail_gray, elapsed_s):
                self._cut(last, thumbnail_gray, time_s)
                is_relit = False
        if self._formers:
            self._return(thumbnail_gray, time_s)
        if self._keep(thumbnail_gray, time_s) and self._is_blend(thumbnail_gray, time_s):
            self._number = self._newest = self._newest + 1
            self._formers.clear()
            self._history.clear()
            self._blended_s = time_s
        self._was_blank = False
        is_mixed = time_s - self._blended_s < config.mixed_s
        is_restless = difference > config.restless_difference
        return Scene(self._number, is_relit=is_relit, is_mixed=is_mixed, is_restless=is_restless)

    def _is_cut(self, last: NDArray[np.uint8], thumbnail_gray: NDArray[np.uint8], elapsed_s: float) -> bool:
        config = self._config
        if _is_clearly_alike(
            last, thumbnail_gray, max(config.same_correlation, config.same_correlation_after_pause)
        ):
            return False
        correlation = _correlation(last, thumbnail_gray)
        if correlation < config.same_correlation:
            last, thumbnail_gray = _equally_clipped(last, thumbnail_gray, config.clipped_share)
            correlation = max(correlation, _correlation(last, thumbnail_gray))
        if elapsed_s > config.pause_s and not self._was_blank:
            return correlation < config.same_correlation_after_pause
        return correlation < config.same_correlation and (
            self._was_blank
            or correlation < config.other_correlation
            or _changed(last, thumbnail_gray) > config.least_changed
        )

    def _cut(self, last: NDArray[np.uint8], thumbnail_gray: NDArray[np.uint8], time_s: float) -> None:
        earlier = self._earlier if self._was_blank else self._kept_at(time_s - self._config.return_before_s)
        ended = _Former(self._number, (last,) if earlier is None else (last, earlier), time_s)
        self._history.clear()
        if not self._return(thumbnail_gray, time_s):
            self._number = self._newest = self._newest + 1
        self._formers.append(ended)

    def _return(self, thumbnail_gray: NDArray[np.uint8], time_s: float) -> bool:
        """Whether this is a former shot again, the number of which it then gets.

        That shows in the first frame after a cut, or in a later one, where a hand has gone by and by.
        """
        config = self._config
        while self._formers and time_s - self._formers[0].ended_s > config.return_s:
            self._formers.popleft()
        for former in reversed(self._formers):
            if former.number != self._number and any(
                _correlation(one, thumbnail_gray) >= config.return_correlation for one in former.thumbnails
            ):
                self._number = former.number
                # What came in between may look like it already, and is no shot to return to.
                while self._formers[-1] is not former:
                    self._formers.pop()
                self._formers.pop()
                return True
        return False

    def _kept_at(self, time_s: float) -> NDArray[np.uint8] | None:
        """The kept thumbnail that is nearest to a time."""
        return _nearest(self._history, time_s) if self._history else None

    def _keep(self, thumbnail_gray: NDArray[np.uint8], time_s: float) -> bool:
        """Whether it is kept, which not every one is."""
        history, config = self._history, self._config
        if time_s - self._blended_s < config.blend_rest_s:
            return False
        if history and time_s - history[-1][0] < config.blend_step_s:
            return False
        history.append((time_s, thumbnail_gray))
        while time_s - history[0][0] > max(config.blend_lags_s) + config.blend_step_s:
            history.popleft()
        return True

    def _is_blend(self, thumbnail_gray: NDArray[np.uint8], time_s: float) -> bool:
        """Whether the frame belongs to another shot, into which that of a while ago has dissolved."""
        history = self._history
        return bool(history) and any(
            time_s - history[0][0] >= lag_s and self._is_blend_since(thumbnail_gray, time_s, lag_s)
            for lag_s in self._config.blend_lags_s
        )

    def _is_blend_since(self, thumbnail_gray: NDArray[np.uint8], time_s: float, lag_s: float) -> bool:
        config = self._config
        before = _nearest(self._history, time_s - lag_s)
        return (
            mean_difference(before, thumbnail_gray) > config.least_difference
            and not _is_clearly_alike(before, thumbnail_gray, config.same_correlation)
            and _is_mixture(before, _nearest(self._history, time_s - lag_s / 2), thumbnail_gray, config)
            and _correlation(before, thumbnail_gray) < config.same_correlation
        )


def thumbnail(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A gray thumbnail of a frame: ``(36, 64)`` uint8."""
    rows = image_bgr.take(_sampled_rows(len(image_bgr)), axis=0)
    gray = cv2.cvtColor(rows, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(gray, _THUMBNAIL_WH, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=4)
def _sampled_rows(height: int) -> NDArray[np.intp]:
    few = min(height, _SAMPLED_ROWS)
    return (2 * np.arange(few) + 1) * height // (2 * few)


def is_nearer(image_bgr: NDArray[np.uint8], one_bgr: NDArray[np.uint8], other_bgr: NDArray[np.uint8]) -> bool:
    """Whether an image ``(h, w, 3)`` uint8 is of the shot of ``one_bgr`` rather than of ``other_bgr``'s."""
    image, one, other = map(thumbnail, (image_bgr, one_bgr, other_bgr))
    return mean_difference(image, one) <= mean_difference(image, other)


def _nearest(kept: Iterable[tuple[float, NDArray[np.uint8]]], time_s: float) -> NDArray[np.uint8]:
    return min(kept, key=lambda one: abs(one[0] - time_s))[1]


def mean_difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean absolute difference, gray levels."""
    return cv2.norm(a, b, cv2.NORM_L1) / a.size


def _changed(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Part of the pixels that differ by more than noise and a little movement make them."""
    return float((cv2.absdiff(a, b) > _UNCHANGED).mean())


def _equally_clipped(
    one: NDArray[np.uint8], other: NDArray[np.uint8], share: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two thumbnails; where one is clipped much more, the other gets its tones, by rank."""
    clipped = [float(np.mean((image <= _BLACK) | (image >= _WHITE))) for image in (one, other)]
    if abs(clipped[0] - clipped[1]) < share:
        return one, other
    if clipped[0] > clipped[1]:
        return one, _with_tones_of(one, other)
    return _with_tones_of(other, one), other


def _with_tones_of(tones: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image with the histogram of another of its size."""
    matched = np.empty(image.size, np.uint8)
    matched[np.argsort(image, axis=None, kind="stable")] = np.sort(tones, axis=None)
    return matched.reshape(image.shape)


def _is_clearly_alike(a: NDArray[np.uint8], b: NDArray[np.uint8], correlation: float) -> bool:
    """Whether :func:`_correlation` is at least so much, by that without a shift alone.

    It is for most frames of a shot, and takes a quarter of the time. False means nothing.
    """
    width, height = _MARGIN_WH
    one, other = a[height:-height, width:-width], b[height:-height, width:-width]
    mean, contrast = (float(value[0, 0]) for value in cv2.meanStdDev(one))
    other_mean, other_contrast = (float(value[0, 0]) for value in cv2.meanStdDev(other))
    distance_sq = cv2.norm(one, other, cv2.NORM_L2SQR) / one.size
    covariance = (contrast**2 + other_contrast**2 + (mean - other_mean) ** 2 - distance_sq) / 2
    return (
        other_contrast >= _CLEAR_CONTRAST and covariance >= (correlation + _CLEAR) * contrast * other_contrast
    )


def _correlation(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """The largest normalized cross-correlation of ``a`` with the middle of ``b``, over shifts."""
    width, height = _MARGIN_WH
    middle = b[height:-height, width:-width]
    if float(cv2.meanStdDev(middle)[1][0, 0]) < _LEAST_CONTRAST:
        return 0.0  # which OpenCV takes for like everything
    return float(cv2.minMaxLoc(cv2.matchTemplate(a, middle, cv2.TM_CCOEFF_NORMED))[1])


def _is_mixture(
    before: NDArray[np.uint8], middle: NDArray[np.uint8], after: NDArray[np.uint8], config: SceneConfig
) -> bool:
    """Whether a thumbnail is mixed, by least squares, of an earlier and a later one, and evenly so."""
    # By the sides of the triangle that the three make, which takes a quarter of the time of vectors.
    change_sq, moved_sq, left_sq = (
        cv2.norm(one, other, cv2.NORM_L2SQR)
        for one, other in ((before, after), (before, middle), (middle, after))
    )
    share = (change_sq + moved_sq - left_sq) / 2 / max(1e-9, change_sq)
    low, high = config.blend_share
    if not low <= share <= high:
        return False
    variance = middle.size * float(cv2.meanStdDev(middle)[1][0, 0]) ** 2
    if moved_sq - share**2 * change_sq > config.blend_residual * variance:
        return False
    first, mixed, last = (one.astype(np.float32).ravel() for one in (before, middle, after))
    change, moved = last - first, mixed - first
    differs = np.abs(change) > _DIFFERS
    if differs.mean() < _LEAST_DIFFERING:
        return False
    shares = moved[differs] / change[differs]
    tolerance = min(_SHARE_TOLERANCE, _MIXED_TOLERANCE * share, _MIXED_TOLERANCE * (1 - share))
    return float((np.abs(shares - share) < tolerance).mean()) >= config.blend_evenness
