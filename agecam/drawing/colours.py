"""A colour for each person in view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from agecam.drawing.label_image import Colour

PALETTE: Final[tuple[Colour, ...]] = (
    (233, 180, 86),  # sky blue
    (0, 159, 230),  # orange
    (115, 158, 0),  # bluish green
    (66, 228, 240),  # yellow
    (167, 121, 204),  # reddish purple
    (0, 94, 213),  # vermilion
    (221, 34, 170),  # violet
    (238, 255, 221),  # white, a little green
    (153, 204, 170),  # grayish green
    (255, 238, 136),  # pale cyan
)
"""Told apart with any colour vision. The first six are those of Okabe and Ito ("Color Universal Design",
2008), the others were chosen one by one for being as far from all before them as can be. Any two are at least
10.8 apart by CIEDE2000 in normal, protanope, deuteranope and tritanope sight, as the first six are (simulated
after Machado, Oliveira and Fernandes, 2009)."""


def default_colour(track_id: int) -> Colour:
    """The colour of a track of which nothing else is known."""
    return PALETTE[track_id % len(PALETTE)]


class TrackColours:
    """Gives each person in view a colour of his own, which he keeps while he is there.

    A new one gets the colour that nobody in view has, of several the one that has been out of view for
    longest; where there are more people than colours, one that the fewest share. Who was away gets his own
    back unless it was given to somebody else. One for each stream, so that all its drawings agree.
    """

    def __init__(self) -> None:
        self._owned: dict[int, Colour] = {}
        """By track, also of those away whose colours nobody else has been given."""
        self._used: list[Colour] = list(PALETTE)
        """All colours, those that have been out of view for longest first."""

    def update(self, track_ids: Iterable[int]) -> Mapping[int, Colour]:
        """The colours of the tracks in view in a frame."""
        in_view = list(track_ids)
        if not in_view:
            return MappingProxyType({})
        shares = Counter(self._owned[track_id] for track_id in in_view if track_id in self._owned)
        for track_id in in_view:
            if track_id not in self._owned:
                colour = min(self._used, key=lambda one: shares[one])  # the first of equals
                self._owned = {
                    owner: owned
                    for owner, owned in self._owned.items()
                    if owned != colour or owner in in_view
                }
                self._owned[track_id] = colour
                shares[colour] += 1
        colours = {track_id: self._owned[track_id] for track_id in in_view}
        seen = set(colours.values())
        self._used.sort(key=seen.__contains__)  # stable: those in view go last
        return MappingProxyType(colours)

    def reset(self) -> None:
        """Forget everybody."""
        self._owned.clear()
        self._used = list(PALETTE)
