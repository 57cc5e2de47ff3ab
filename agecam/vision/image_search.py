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
from agecam.vision.turned import is_upright, turned_back, turned_image


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Settings of :func:`search_image`; scores are in [0, 1].

    Set on the 259 faces of 21 group photographs (``benchmarks/group_photographs.py``).
    """

    tiles_per_side: tuple[int, ...] = (2, 4)
    """Tiles have a half and a quarter of the image's longer side."""
    crowd_tiles_per_side: tuple[int, ...] = (7,)
    """And these where the tiles before show small faces."""
    sure_side_px: int = 400
    """Half tiles of this side are always searched, so that no face of 33 pixels depends on a proposal."""
    proposal_score: float = 0.1
    """Any other tile is searched where the whole image or larger tiles show a place of at least this score.
    The 21 photographs take 849 runs of the full-range network, where all tiles of a half, a third and, in a
    crowd, a quarter and a sixth took 1,330, and 120 portraits of 410 pixels 298 for 4,485, with the same
    faces; of 288 small ones beside near ones (``benchmarks/far_faces.py``) 241 are found, for 215."""
    proposal_size: float = 0.4
    """Width of such a place in sides of the tile, at most: a tile adds nothing to what fills it."""
    crowd_face_size: float = 0.12
    """A face this small, as a share of a tile's side, makes smaller ones likely."""
    stride: float = 0.6
    """Of a tile's side, so that neighbouring tiles overlap by the largest face that they are for."""
    min_face_px: int = 12
    """Smaller detections are as often a collar as a face, and nothing could be estimated from them."""
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
    upright_lead: float = 1.0
    """Log-odds that a face in a turned image must have more than any in the upright one."""


_BORDER_SHARE: Final = 0.3
"""Width of :func:`with_border` as a share of the image's longer side; a constant, since training cuts its
crops with it. Without a border 11 of 150 FairFace images had no detection, with this one none of 70."""


def search_image(
    networks: FaceNetworks, image_bgr: NDArray[np.uint8], config: SearchConfig, *, crowd_score: float
) -> list[Detection]:
    """Faces of one image ``(h, w, 3)`` uint8, from left to right.

    Where none is found, images turned by quarters are searched, and the image itself with wider borders.
    ``crowd_score`` is the score from which a small face makes smaller tiles worth their time.
    """
    faces = _search_upright(networks, image_bgr, config, crowd_score)
    if not any(is_upright(face) for face in faces):
        # Networks detect some faces that lie on their side, and misplace their eyes and mouth.
        faces = faces or _search_hard(networks, image_bgr, config)
        pyramid = Pyramid(image_bgr)
        log_odds = max((networks.verifier_log_odds(pyramid, one) for one in faces), default=-np.inf)
        quarters = _best_quarters(networks, image_bgr, config, log_odds + config.upright_lead)
        if quarters:
            height, width = image_bgr.shape[:2]
            turned = _search_upright(networks, turned_image(image_bgr, quarters), config, crowd_score)
            faces = [turned_back(face, quarters, (width, height)) for face in turned]
    return sorted(faces, key=lambda face: face.box[0])


def _search_upright(
    networks: FaceNetworks, image_bgr: NDArray[np.uint8], config: SearchConfig, crowd_score: float
) -> list[Detection]:
    pyramid = Pyramid(image_bgr)
    found, proposals = networks.full_range.detect_and_propose(pyramid.whole(INPUT_PX), config.proposal_score)
    found += networks.short_range.detect(pyramid.whole(INPUT_PX))
    found += networks.detect_image(pyramid.bordered(_BORDER_SHARE, INPUT_PX))
    smallest = 0.0
    for per_side in (*config.tiles_per_side, *config.crowd_tiles_per_side):
        if per_side in config.crowd_tiles_per_side and smallest > config.crowd_face_size:
            break
        smallest = 1.0
        rois = tiles(pyramid.size_wh, per_side, config.stride)
        if per_side > config.tiles_per_side[0] or max(pyramid.size_wh) < config.sure_side_px * per_side:
            rois = _promising(rois, proposals, config)
        proposed = [proposals]
        for roi, region in crop_rois(pyramid, rois):
            on_tile, places = networks.full_range.detect_and_propose(region, config.proposal_score)
            proposed.append(places)
            on_tile = uncut(on_tile, roi, pyramid.size_wh)
            sizes = (max(one.box[2:]) / roi[2] for one in on_tile if one.score >= crowd_score)
            smallest = min((smallest, *sizes))
            found += on_tile
        proposals = np.concatenate(proposed)
    return _confirmed_faces(networks, pyramid, found, config)


def _promising(rois: Sequence[Roi], proposals: Proposals, config: SearchConfig) -> list[Roi]:
    """The tiles in which a place was proposed that they would show better."""
    x, y, size = proposals.T
    return [
        (left, top, width, height)
        for left, top, width, height in rois
        if np.any(
            (x >= left)
            & (x < left + width)
            & (y >= top)
            & (y < top + height)
            & (size < config.proposal_size * width)
        )
    ]


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
            log_odds = networks.verifier_log_odds(pyramid, face)
            if log_odds > least_log_odds:
                best, least_log_odds = quarters, log_odds
    return best


def _search_hard(
    networks: FaceNetworks, image_bgr: NDArray[np.uint8], config: SearchConfig
) -> list[Detection]:
    """Large faces that wider borders show, less sure ones too."""
    pyramid = Pyramid(image_bgr)
    found = networks.detect_whole(pyramid)
    for share in (_BORDER_SHARE, *config.wide_borders):
        found += networks.detect_image(pyramid.bordered(share, INPUT_PX))
    least_px = config.hard_size * max(pyramid.size_wh)
    large_enough = (one for one in found if max(one.box[2:]) >= least_px)
    return _confirmed_faces(
        networks, pyramid, large_enough, replace(config, min_log_odds=config.hard_min_log_odds)
    )


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
    log_odds, regression = networks.log_odds(pyramid, detection), networks.regression
    if with_confidence(log_odds, 0, regression) >= least:
        return detection
    if with_confidence(log_odds, 1, regression) < least:
        return None
    is_filling = max(detection.box[2:]) > config.filling_size * max(pyramid.size_wh)
    sides = config.filling_sides if is_filling else config.sides
    scores = [one.score for one in networks.best_around(pyramid, detection, sides)]
    confidence = max(scores, default=0.0) if is_filling else sum(scores) / 2
    if with_confidence(log_odds, confidence, regression) < least:
        return None
    return replace(detection, score=max(detection.score, confidence))


def with_border(image_bgr: NDArray[np.uint8], share: float = _BORDER_SHARE) -> tuple[NDArray[np.uint8], int]:
    """The image with its edge repeated all round, and by how many pixels: for faces that fill an image.

    Both networks miss such faces, or misplace their eyes and mouth, until there is something round them.
    ``share`` is the border's width in sides of the image's longer side.
    """
    border_px = round(share * max(image_bgr.shape[:2]))
    margins = (border_px,) * 4
    return np.asarray(cv2.copyMakeBorder(image_bgr, *margins, cv2.BORDER_REPLICATE), np.uint8), border_px
