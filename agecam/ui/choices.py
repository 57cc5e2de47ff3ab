"""The switches of the window, each named once: setting, action, key, menu entry, preferences, label style."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agecam.drawing.label_text import LabelStyle
from agecam.settings import Settings


class ChoiceGroup(enum.Enum):
    """Which part of the menu and of the preferences has a switch; the value is its title."""

    LABELS = "Labels"
    VIEW = "View"
    RECORDING = "Recording"


@dataclass(frozen=True, slots=True)
class StyleValue:
    """The value that a field of :class:`LabelStyle` has while a switch is on, and while it is off."""

    field: str
    on: object = True
    off: object = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A switch. ``name`` is that of its action, ``field`` the one of :class:`Settings`, a ``bool``."""

    name: str
    field: str
    text: str
    tip: str
    key: str
    group: ChoiceGroup = ChoiceGroup.LABELS
    style: StyleValue | None = None
    plain_key: str = ""
    """A key without a modifier, which holds where nothing that has the focus wants it."""

    @property
    def key_text(self) -> str:
        """Its keys as they are called."""
        return ", ".join(key for key in (self.key, self.plain_key) if key)

    def value(self, settings: Settings) -> bool:
        """Whether it is on."""
        return bool(getattr(settings, self.field))


CHOICES: Final = (
    Choice(
        "groups",
        "show_groups",
        "Age groups",
        "Show groups of ages in place of years",
        "Ctrl+A",
        style=StyleValue("age", "group", "years"),
    ),
    Choice(
        "interval",
        "show_interval",
        "Age range",
        "Show how sure the age is",
        "Ctrl+I",
        style=StyleValue("show_interval"),
    ),
    Choice(
        "gender",
        "show_gender",
        "Gender",
        "Show the estimated gender",
        "Ctrl+G",
        style=StyleValue("show_gender"),
    ),
    Choice(
        "confidence",
        "show_confidence",
        "Probabilities",
        "Show how sure group and gender are",
        "Ctrl+P",
        style=StyleValue("show_confidence"),
    ),
    Choice("blur", "blur", "Blur faces", "Make faces unrecognisable", "Ctrl+B", style=StyleValue("blur")),
    Choice("mirror", "mirror", "Mirror", "Show the camera as in a mirror", "Ctrl+M", ChoiceGroup.VIEW),
    Choice(
        "statistics",
        "show_statistics",
        "Statistics",
        "Show rates, delay and times over the picture",
        "Ctrl+T",
        ChoiceGroup.VIEW,
        plain_key="I",
    ),
    Choice(
        "strip",
        "show_strip",
        "Last recordings and snapshots",
        "Show the last recordings and snapshots below the picture",
        "Ctrl+J",
        ChoiceGroup.VIEW,
    ),
    Choice(
        "countdown",
        "countdown",
        "Count down from three",
        "Begin a recording three seconds after the click",
        "Ctrl+Shift+D",
        ChoiceGroup.RECORDING,
    ),
    Choice(
        "snapshot_sound",
        "snapshot_sound",
        "Sound with snapshots",
        "Make a sound when a snapshot is taken",
        "Ctrl+Shift+S",
        ChoiceGroup.RECORDING,
    ),
)

BY_NAME: Final = {choice.name: choice for choice in CHOICES}


def in_group(group: ChoiceGroup) -> tuple[str, ...]:
    """The names of its switches."""
    return tuple(choice.name for choice in CHOICES if choice.group is group)


LABEL_SIZES: Final[Mapping[str, float]] = {"small": 0.8, "large": 1.4}
"""Texts of labels, as a multiple of the usual size: a step of sizes less, and two more."""
SMALLEST_FACES: Final[Mapping[str, float]] = {"4%": 0.04, "8%": 0.08, "15%": 0.15}
"""The smallest face that has a label, as a part of the image's height: about 7, 3.5 and 2 m from a camera
that sees 60 degrees across, of a face 18 cm high."""


def label_style(settings: Settings) -> LabelStyle:
    """How labels look with these settings."""
    fields: dict[str, Any] = {
        one.style.field: one.style.on if one.value(settings) else one.style.off
        for one in CHOICES
        if one.style is not None
    }
    return LabelStyle(
        **fields,
        size=LABEL_SIZES.get(settings.label_size or "", 1.0),
        smallest_face=SMALLEST_FACES.get(settings.smallest_face or "", 0.0),
    )
