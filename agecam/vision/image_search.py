"""Detection in single photographs, with all the time it takes: tiles, a border, verification, turning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.boxes import iou
from agecam.vision.face_network import INPUT_PX, Proposals
from agecam.vision.face_networks import FaceNetworks, crop_rois, uncut
from agecam.vision.face_regression import with_confidence
from agecam.vision.nms import non_max_suppression
from agecam.vision.pyramid import Pyramid, Roi, tiles
from agecam.vision.tile_selection import Seen, fewest_tiles, open_places, sure_detections, tiles_at
from agecam.vision.turned import is_upright, turned_back, turned_image


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Settings of :func:`search_image`; scores are in [0, 1].

    Set on the 259 faces of 21 group photographs (``benchmarks/group_photographs.py``).
    """

    tiles_per_side: tuple[int, int, int] = (2, 4, 7)
    """Tiles have a half and a quarter of the image's longer side, and a seventh where those of a quarter show
    small faces."""
    longest_aspect: float = 2.0
    """Of an image longer than so many of its shorter side (a panorama, a screenshot of a whole page), tiles
    have the side that they have of one so long. Faces are as small beside the shorter side, of which every
    tile would else have all: in a panorama of 8000 x 1000 pixels no face of 40 pixels was found."""
    sure_side_px: int = 400
    """Half tiles of this side are always searched, so that no face of 33 pixels depends on a proposal."""
    proposal_score: float = 0.1
    """Any other tile is searched where the whole image or larger tiles show a place of such a score."""
    weak_proposal_score: float = 0.03
    """The same for quarter tiles of an image whose half tiles are large: of 288 small faces beside near ones
    (``benchmarks/far_faces.py``) 231 are found by 31 runs an image, with 0.1 only 204 by 20, and 233 by 54
    where all tiles with the centre of a place are searched."""
    proposal_size: float = 0.4
    """Width of such a place in sides of the tile, at most: a tile adds nothing to what fills it."""
    known_score: float = 0.6
    known_size: float = 0.1
    """A place is left out where a detection of this score fills this share of its region and would be
    confirmed: smaller tiles would detect it once more. One that would be rejected they may detect better."""
    place_margin: float = 1.5
    """A tile for a place holds it whole, with a quarter of its width all round. Few tiles do for all places:
    the 21 photographs take 589 runs of the full-range network, where all tiles in which the centre of a place
    was, of a known face too, took 849, and all tiles 1,330, for the same 461 faces and four more."""
    crowd_face_size: float = 0.12
    """A face this small, as a share of a quarter tile's side, makes smaller ones likely."""
    crowd_faces: int = 5
    """So many of them are a crowd: all half tiles are searched, and all smaller ones with the centre of a
    place, since the smallest faces are detected in one tile and not in the next. With few tiles 30 are lost,
    none above 21 pixels. Where half tiles detect so many more than the whole image, all of them are searched
    too: on a sheet of 100 portraits of 36 pixels the whole image shows 3 faces and 21 places."""
    stride: float = 0.6
    """Of a tile's side, so that neighbouring tiles overlap by the largest face that they are for."""
    min_face_px: int = 12
    """Smaller detections are as often a collar as a face, and nothing could be estimated from them."""
    judged_px: int = 64
    """Least side of a face in the smaller copy of the image in which verifier and color judge it. The
    verifier sees 32 pixels; a face of 300 pixels takes 0.3 ms instead of 1.5, and no decision changed."""
    min_log_odds: float = 1.4
    """Log-odds of :func:`agecam.vision.face_regression.face_log_odds` from which a detection is a face."""
    again_iou: float = 0.65
    """IoU with a detection that is no face from which another one is of the same thing."""
    again_log_odds: float = 1.0
    """And so much more it then takes: a hand is detected at many sizes, and one of them may pass."""
    sides: float = 4.0
    """Side of the region in which the detectors are run on it again, in sides of the face."""
    filling_size: float = 0.7
    """A face this large, as a share of the image's longer side, fills it: the usual verification would show
    little but a made-up border (9 of 200 FairFace images were lost so, now 1 of 120)."""
    filling_sides: float = 2.0
    """Side of that region for such a face; the better network's score counts, since they disagree on it."""
    wide_borders: tuple[float, ...] = (0.6, 1.0)
    """Borders, as shares of the image's longer side, where nothing was found: for blurred faces that fill it,
    profiles, and faces that its edge cuts."""
    hard_size: float = 0.2
    """Side of a face that is found so, as a share of the image's longer side."""
    hard_min_log_odds: float = 0.0
    """Log-odds from which it is a face: of 177 proposals on portraits that one face fills, or a hand, 87 % of
    the faces have more, and 8 % of the others."""
    upright_log_odds: float = 4.5
    """Log-odds by the verifier from which an upright face of several says that the image is upright. Groups
    on their side or upside down have upright detections too, of less in 18 of 20; the likeliest face of an
    upright group has 4.2 and more. A tenth of portraits have less, for which three more searches are too
    many: a face alone is taken as it is detected."""
    upright_lead: float = 1.0
    """Log-odds that a face in a turned image must have more than any in the upright one."""


_BORDER_SHARE: Final = 0.3
"""Width of :func:`with_border` as a share of the image's longer side; a constant, since training cuts its
crops with it. Without a border 11 of 150 FairFace images had no detection, with this one none of 70."""


def search_image(
    networks: FaceNetworks, image_bgr: NDArray[np.uint8], config: SearchConfig, *, crowd_score: float
) -> list[Detection]:
    """Faces of one image ``(h, w, 3)`` uint8, from left to right.

    Where none is upright, or none of several surely, images turned by quarters are searched, and where there
    is none at all the image itself with wider borders. ``crowd_score`` is the score from which a small face
    makes smaller tiles worth their time.
    """
    pyramid = Pyramid(image_bgr)
    faces = _search_upright(networks, pyramid, config, crowd_score)

    def log_odds(face: Detection) -> float:
        return _verifier_log_odds(networks, pyramid, face, config)

    # Networks detect some faces that lie on their side or upside down, and misplace their eyes and mouth.
    is_alone = len(faces) == 1
    if not any(
        is_upright(face) and (is_alone or log_odds(face) >= config.upright_log_odds) for face in faces
    ):
        faces = faces or _search_hard(networks, pyramid, config)
        likeliest = max(map(log_odds, faces), default=-np.inf)
        quarters = _best_quarters(networks, image_bgr, config, likeliest + config.upright_lead)
        if quarters:
            turned = Pyramid(turned_image(image_bgr, quarters))
            found = _search_upright(networks, turned, config, crowd_score)
            if len(found) >= len(faces):
                faces = [turned_back(face, quarters, pyramid.size_wh) for face in found]
    return sorted(faces, key=lambda face: face.box[0])


def _search_upright(
    networks: FaceNetworks, pyramid: Pyramid, config: SearchConfig, crowd_score: float
) -> list[Detection]:
    search = _TileSearch(networks, pyramid, config)
    search.run_whole()
    size_wh = pyramid.size_wh
    longest = min(max(size_wh), config.longest_aspect * min(size_wh))
    halves, quarters, sevenths = (
        tiles(size_wh, int(longest / per_side), config.stride) for per_side in config.tiles_per_side
    )
    in_whole = _count(search.seen)
    chosen = halves if search.is_large else search.fewest(halves, search.places)
    if _count(search.run_tiles(chosen)) >= in_whole + config.crowd_faces:
        search.run_tiles(halves)
    places = search.places
    small = search.run_tiles(search.fewest(quarters, places))
    small = [one for one in small if one.share <= config.crowd_face_size]
    small = [one for one in small if one.detection.score >= crowd_score]
    if small:
        is_crowd = _count(small) >= config.crowd_faces
        if is_crowd:
            known = len(search.places)
            search.run_tiles(halves)
            places = np.concatenate([places, search.places[known:]])
            search.run_tiles(search.all(quarters, search.likely(places)))
        select = search.all if is_crowd else search.fewest
        search.run_tiles(select(sevenths, search.likely(search.places)))
    return _confirmed_faces(networks, pyramid, (one.detection for one in search.seen), config)


def _count(seen: Iterable[Seen]) -> int:
    """How many faces these may be, without duplicates."""
    return len(non_max_suppression(one.detection for one in seen))


class _TileSearch:
    """Runs the networks on an image and on tiles of it; remembers detections, and where faces may be."""

    def __init__(self, networks: FaceNetworks, pyramid: Pyramid, config: SearchConfig) -> None:
        self._networks = networks
        self._config = config
        self.pyramid = pyramid
        self.is_large = max(pyramid.size_wh) >= config.sure_side_px * config.tiles_per_side[0]
        self._least_score = config.weak_proposal_score if self.is_large else config.proposal_score
        self._searched: set[Roi] = set()
        self._faces: dict[int, bool] = {}
        self.seen: list[Seen] = []
        """All detections, duplicates included."""
        self.places: Proposals = np.empty((0, 4), np.float32)

    def run_whole(self) -> None:
        """Run both networks on the whole image, as it is and with a border."""
        whole = self.pyramid.whole(INPUT_PX)
        longest = max(self.pyramid.size_wh)
        found, self.places = self._networks.full_range.detect_and_propose(whole, self._least_score)
        self._see(found + self._networks.short_range.detect(whole), longest)
        bordered = self.pyramid.bordered(_BORDER_SHARE, INPUT_PX)
        self._see(self._networks.detect_image(bordered), longest * (1 + 2 * _BORDER_SHARE))

    def run_tiles(self, rois: Sequence[Roi]) -> list[Seen]:
        """Run the full-range network on tiles that it was not run on before.

        Returns what it detects there, but for faces that their edges cut.
        """
        before, proposed = len(self.seen), [self.places]
        rois = [roi for roi in rois if roi not in self._searched]
        self._searched.update(rois)
        for roi, region in crop_rois(self.pyramid, rois):
            found, places = self._networks.full_range.detect_and_propose(region, self._least_score)
            proposed.append(places)
            self._see(uncut(found, roi, self.pyramid.size_wh), roi[2])
        self.places = np.concatenate(proposed)
        return self.seen[before:]

    def fewest(self, rois: Sequence[Roi], places: Proposals) -> list[Roi]:
        """Few tiles that hold all open ones of the places that such tiles would show better."""
        places = self._open(rois, places)
        return fewest_tiles(rois, places, self.pyramid.size_wh, margin=self._config.place_margin)

    def all(self, rois: Sequence[Roi], places: Proposals) -> list[Roi]:
        """All tiles in which the centre of one of these lies."""
        return tiles_at(rois, self._open(rois, places))

    def likely(self, places: Proposals) -> Proposals:
        """All but the weak places."""
        return places[places[:, 3] >= self._config.proposal_score]

    def _open(self, rois: Sequence[Roi], places: Proposals) -> Proposals:
        side = rois[0][2] if rois else 0
        places = places[places[:, 2] < self._config.proposal_size * side]
        config = self._config
        sure = sure_detections(self.seen, score=config.known_score, share=config.known_size)
        return open_places(places, [one for one in sure if self._is_face(one)] if len(places) else [])

    def _is_face(self, one: Detection) -> bool:
        """Whether its own score would confirm it; remembered, since each level of tiles asks."""
        if id(one) not in self._faces:
            log_odds = self._networks.log_odds(*self.pyramid.shrunk_face(one, self._config.judged_px))
            confidence = with_confidence(log_odds, one.score, self._networks.regression)
            self._faces[id(one)] = confidence >= self._config.min_log_odds
        return self._faces[id(one)]

    def _see(self, found: Iterable[Detection], side: float) -> None:
        self.seen += (Seen(one, max(one.box[2:]) / side) for one in found)


def _best_quarters(
    networks: FaceNetworks, image_bgr: NDArray[np.uint8], config: SearchConfig, least_log_odds: float
) -> int:
    """By how many right angles to turn an image, anticlockwise, for the likeliest face; 0 for none."""
    best = 0
    for quarters in (1, 3, 2):
        turned = turned_image(image_bgr, quarters)
        pyramid = Pyramid(turned)
        found = networks.detect_whole(pyramid)
        found += networks.detect_image(pyramid.bordered(_BORDER_SHARE, INPUT_PX))
        for face in _confirmed_faces(networks, pyramid, found, config):
            log_odds = _verifier_log_odds(networks, pyramid, face, config)
            if log_odds > least_log_odds:
                best, least_log_odds = quarters, log_odds
    return best


def _search_hard(networks: FaceNetworks, pyramid: Pyramid, config: SearchConfig) -> list[Detection]:
    """Large faces that wider borders show, less sure ones too."""
    found = networks.detect_whole(pyramid)
    for share in (_BORDER_SHARE, *config.wide_borders):
        found += networks.detect_image(pyramid.bordered(share, INPUT_PX))
    least_px = config.hard_size * max(pyramid.size_wh)
    large_enough = (one for one in found if max(one.box[2:]) >= least_px)
    return _confirmed_faces(
        networks, pyramid, large_enough, replace(config, min_log_odds=config.hard_min_log_odds)
    )


def _verifier_log_odds(
    networks: FaceNetworks, pyramid: Pyramid, face: Detection, config: SearchConfig
) -> float:
    return networks.verifier_log_odds(*pyramid.shrunk_face(face, config.judged_px))


def _confirmed_faces(
    networks: FaceNetworks, pyramid: Pyramid, found: Iterable[Detection], config: SearchConfig
) -> list[Detection]:
    rejected: list[Detection] = []

    def confirm(one: Detection) -> Detection | None:
        again = any(iou(one.box, other.box) > config.again_iou for other in rejected)
        least = config.min_log_odds + (config.again_log_odds if again else 0)
        confirmed = _confirmed(networks, pyramid, one, config, least)
        if confirmed is None:
            rejected.append(one)
        return confirmed

    return non_max_suppression((one for one in found if max(one.box[2:]) >= config.min_face_px), confirm)


def _confirmed(
    networks: FaceNetworks, pyramid: Pyramid, detection: Detection, config: SearchConfig, least: float
) -> Detection | None:
    """The detection where its log-odds are at least so large; the detectors are run on it if they decide."""
    log_odds = networks.log_odds(*pyramid.shrunk_face(detection, config.judged_px))
    regression = networks.regression
    if with_confidence(log_odds, 0, regression) >= least:
        return detection
    if with_confidence(log_odds, 1, regression) < least:
        return None
    is_filling = max(detection.box[2:]) > config.filling_size * max(pyramid.size_wh)
    sides = config.filling_sides if is_filling else config.sides
    region = pyramid.square(detection.centre, sides * max(detection.box[2:]), INPUT_PX)
    short_range = networks.score_in(networks.short_range, region, detection)

    def confidence(full_range: float) -> float:
        return max(short_range, full_range) if is_filling else (short_range + full_range) / 2

    # The short-range network takes half the time, and rejects half of what both reject.
    if with_confidence(log_odds, confidence(1), regression) < least:
        return None
    score = confidence(networks.score_in(networks.full_range, region, detection))
    if with_confidence(log_odds, score, regression) < least:
        return None
    return replace(detection, score=max(detection.score, score))


def with_border(image_bgr: NDArray[np.uint8], share: float = _BORDER_SHARE) -> tuple[NDArray[np.uint8], int]:
    """The image with its edge repeated all round, and by how many pixels: for faces that fill an image.

    Both networks miss such faces, or misplace their eyes and mouth, until there is something round them.
    ``share`` is the border's width in sides of the image's longer side.
    """
    border_px = round(share * max(image_bgr.shape[:2]))
    margins = (border_px,) * 4
    return np.asarray(cv2.copyMakeBorder(image_bgr, *margins, cv2.BORDER_REPLICATE), np.uint8), border_px
