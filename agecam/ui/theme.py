"""Colours as tokens, light and dark, following the system unless the user chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication

from agecam.paths import assets_dir

ThemeChoice = Literal["system", "light", "dark"]
THEME_CHOICES: Final[tuple[ThemeChoice, ...]] = get_args(ThemeChoice)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme, as ``#rrggbb``.

    Texts have a contrast of 4.5 to 1 or more to the surfaces that they are on, marks of focus 3 to 1 (WCAG
    2.2, 1.4.3 and 1.4.11); a test holds them to it.
    """

    window: str
    """Behind everything but the picture."""
    bar: str
    button: str
    button_hover: str
    button_checked: str
    button_off: str
    text: str
    text_muted: str
    text_off: str
    """Of what cannot be used now, which WCAG leaves out."""
    text_on_checked: str
    text_on_accent: str
    accent: str
    focus: str
    record: str
    """Text of the button that records, and of the mark."""
    recording: str
    """Surface of the same button while it records; its text is white."""
    done: str
    warning: str
    error: str
    """Stripes of messages."""
    border: str


DARK: Final = Tokens(
    window="#101216",
    bar="#1d2026",
    button="#2a2e36",
    button_hover="#353a44",
    button_checked="#2f4d73",
    button_off="#22252b",
    text="#e8eaed",
    text_muted="#b6bcc6",
    text_off="#6b717b",
    text_on_checked="#ffffff",
    text_on_accent="#101216",
    accent="#2f81f7",
    focus="#8ab4f8",
    record="#ff8f87",
    recording="#c9302c",
    done="#3fa66a",
    warning="#d9a21b",
    error="#e5534b",
    border="#3a3f49",
)
LIGHT: Final = Tokens(
    window="#f4f5f7",
    bar="#ffffff",
    button="#e9ebef",
    button_hover="#dde0e6",
    button_checked="#1f5fbf",
    button_off="#f1f2f4",
    text="#1b1e24",
    text_muted="#50565f",
    text_off="#a0a5ae",
    text_on_checked="#ffffff",
    text_on_accent="#ffffff",
    accent="#1f6feb",
    focus="#1f5fbf",
    record="#b3261e",
    recording="#c9302c",
    done="#1c7c45",
    warning="#9a6700",
    error="#b3261e",
    border="#cfd3da",
)

_STYLE: Final = "Fusion"
_STYLED: Final = "agecamStyle"
"""A property of the application: whether it has that style."""
MARK: Final = "#7b818c"
"""Arrows and frames of boxes: 3 to 1 on the buttons of both themes."""


@dataclass(frozen=True, slots=True)
class OnImage:
    """Colours of what is drawn over the picture, on nearly black plates: the same in both themes."""

    plate: str = "#101216"
    """Nearly opaque, ``plate_alpha`` of 255."""
    plate_alpha: int = 215
    text: str = "#f2f3f5"
    muted: str = "#b6bcc6"
    line: str = "#4a505b"
    first: str = "#8ab4f8"
    second: str = "#f0b35a"
    """Lines of plots."""


ON_IMAGE: Final = OnImage()

_STAGE: Final = """
QWidget#stage { background: #101216; }
QWidget#recordingMark, QWidget#statistics, QWidget#playback { background: rgba(16, 18, 22, 215);
    border-radius: 6px; }
QWidget#recordingMark QLabel, QWidget#statistics QLabel, QWidget#playback QLabel { color: #f2f3f5; }
QWidget#recordingMark { background: rgba(190, 38, 34, 235); }
QWidget#recordingMark[paused="true"] { background: rgba(110, 84, 10, 235); }
QWidget#recordingMark QLabel { font-weight: 600; }
QLabel#tableMark { color: #ffffff; background: rgba(24, 96, 64, 235); border-radius: 6px; font-weight: 600;
    padding: 4px 10px; }
QLabel#recordingWarning { background: #ffd166; border-radius: 4px; padding: 1px 6px; }
QWidget#recordingMark QLabel#recordingWarning { color: #1b1e24; }
QFrame#countdownView { background: rgba(16, 18, 22, 215); border-radius: 18px; }
QFrame#countdownView QLabel { color: #ffffff; font-weight: 600; }
QFrame#countdownView QPushButton { color: #f2f3f5; background: #2a2e36; }
QFrame#countdownView QPushButton:hover { background: #353a44; }
QWidget#playback QToolButton { color: #f2f3f5; background: #2a2e36; }
QWidget#playback QToolButton:hover { background: #353a44; }
QWidget#playback QToolButton:checked { background: #2f4d73; }
QWidget#playback QToolButton:disabled { color: #6b717b; background: #22252b; }
"""
"""What lies over the picture is the same in both themes, since pictures are."""


def _asset(name: str) -> str:
    """The path of an image that ships with the program, as style sheets want it."""
    return (assets_dir() / name).as_posix()


def style_sheet(tokens: Tokens, text_pt: float) -> str:
    """The style sheet of a theme where text is ``text_pt`` points large."""
    t = tokens
    return f"""
QWidget#window, QWidget#page, QWidget#pageContent {{ background: {t.window}; }}
QWidget#controls {{ background: {t.bar}; }}
QWidget#footer {{ background: {t.bar}; }}
QFrame#people {{ background: {t.bar}; border: 0; border-left: 1px solid {t.border}; }}
QListView#peopleList {{ background: {t.bar}; border: 2px solid transparent; }}
QListView#peopleList:focus {{ border: 2px solid {t.focus}; border-radius: 6px; }}
QToolButton#panelClose {{ padding: 2px 6px; }}
QLabel#panelTitle {{ font-weight: 600; color: {t.text}; }}
QLabel#panelNumbers, QLabel#collected, QLabel#nobody {{ color: {t.text_muted}; }}
QWidget#footer QLabel {{ color: {t.text_muted}; }}
QToolButton, QPushButton {{ padding: 6px 10px; border-radius: 6px; border: 2px solid transparent;
    color: {t.text}; background: {t.button}; }}
QToolButton:hover, QPushButton:hover {{ background: {t.button_hover}; }}
QToolButton:checked {{ background: {t.button_checked}; color: {t.text_on_checked};
    border-color: {t.accent}; }}
QToolButton:disabled, QPushButton:disabled {{ color: {t.text_off}; background: {t.button_off}; }}
QToolButton::menu-indicator {{ image: none; }}
QToolButton:focus, QPushButton:focus, QComboBox:focus, QCheckBox:focus, QLineEdit:focus,
QSlider:focus, QSpinBox:focus {{ border: 2px solid {t.focus}; }}
QToolButton#record {{ font-weight: 600; color: {t.record}; }}
QToolButton#record:checked {{ background: {t.recording}; color: #ffffff; }}
QToolButton#record:disabled {{ color: {t.text_off}; }}
QToolButton#record:checked:!focus, QToolButton#pause:checked:!focus {{ border-color: transparent; }}
QToolButton#pause:checked {{ background: {t.warning}; color: {t.bar}; }}
QComboBox {{ padding: 5px 10px; border-radius: 6px; border: 2px solid transparent; color: {t.text};
    background: {t.button}; }}
QComboBox:disabled {{ color: {t.text_off}; background: {t.button_off}; }}
QComboBox::drop-down {{ border: 0; width: 22px; }}
QLabel#rowLabel {{ padding: 7px 0; }}
QFrame#message {{ background: {t.bar}; border: 1px solid {t.border}; border-left: 5px solid {t.done};
    border-radius: 6px; }}
QFrame#message[kind="warning"] {{ border-left-color: {t.warning}; }}
QFrame#message[kind="error"] {{ border-left-color: {t.error}; }}
QFrame#message QLabel {{ color: {t.text}; }}
QLabel#symbol {{ font-size: {3.6 * text_pt:.1f}pt; color: {t.focus}; }}
QLabel#title {{ font-size: {1.6 * text_pt:.1f}pt; font-weight: 600; color: {t.text}; }}
QLabel#detail {{ font-size: {1.05 * text_pt:.1f}pt; color: {t.text_muted}; }}
QProgressBar {{ border: 0; border-radius: 2px; background: {t.button}; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}
QScrollArea {{ border: 0; }}
QLabel#hint {{ color: {t.text_muted}; }}
QWidget#statistics QLabel#statisticsName {{ color: {ON_IMAGE.muted}; }}
QComboBox::down-arrow {{ image: url({_asset("arrow-down.svg")}); width: 0.9em; height: 0.9em; }}
QCheckBox {{ background: transparent; spacing: 0.6em; }}
QCheckBox::indicator {{ width: 1.2em; height: 1.2em; border-radius: 4px; border: 1px solid {MARK};
    background: {t.bar}; }}
QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent};
    image: url({_asset("check.svg")}); }}
QCheckBox::indicator:disabled {{ border-color: {t.border}; }}
QCheckBox::indicator:checked:disabled {{ background: {t.text_off}; border-color: {t.text_off}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QWidget#strip {{ background: {t.bar}; }}
QWidget#strip QToolButton {{ padding: 0; border-radius: 4px; background: {t.window}; }}
QWidget#strip QToolButton:hover {{ border-color: {t.accent}; }}
QWidget#strip QToolButton:focus {{ border-color: {t.focus}; }}
{_STAGE}"""


def palette_of(tokens: Tokens) -> QPalette:
    """The same colours for what style sheets leave alone: menus, dialogs, tool tips."""
    roles = {
        QPalette.ColorRole.Window: tokens.window,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.bar,
        QPalette.ColorRole.AlternateBase: tokens.button_off,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.Button: tokens.button,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.text_on_accent,
        QPalette.ColorRole.ToolTipBase: tokens.bar,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.PlaceholderText: tokens.text_muted,
        QPalette.ColorRole.Link: tokens.focus,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(disabled, role, QColor(tokens.text_off))
    palette.setColor(disabled, QPalette.ColorRole.Highlight, QColor(tokens.border))
    return palette


def tokens_for(choice: ThemeChoice, scheme: Qt.ColorScheme) -> Tokens:
    """Those of the user's choice; else of the system's scheme, dark where it has none."""
    if choice == "system":
        return LIGHT if scheme is Qt.ColorScheme.Light else DARK
    return LIGHT if choice == "light" else DARK


def new_application(arguments: list[str]) -> QApplication:
    """A new application in the style that :func:`apply_theme` gives others.

    Qt takes the style's name from a command line; to ask for a style, or to set one, would load all that Qt
    knows of styles before the window is there.
    """
    application = QApplication([*arguments, "-style", _STYLE])
    application.setProperty(_STYLED, True)
    return application


def apply_theme(application: QApplication, choice: ThemeChoice = "system") -> None:
    """Dress the application now."""
    hints = application.styleHints()
    scheme = Qt.ColorScheme.Unknown if hints is None else hints.colorScheme()
    tokens = tokens_for(choice, scheme)
    if not application.property(_STYLED):
        application.setStyle(_STYLE)
        application.setProperty(_STYLED, True)
    application.setPalette(palette_of(tokens))
    sheet = style_sheet(tokens, application.font().pointSizeF())
    if application.styleSheet() != sheet:
        application.setStyleSheet(sheet)


class Theme(QObject):
    """Keeps the application dressed as ``choice`` says, also when the system's scheme changes."""

    def __init__(self, choice: Callable[[], str | None], parent: QObject) -> None:
        super().__init__(parent)
        self._choice = choice
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Dress it as is chosen now."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, known_choice(self._choice()))


def known_choice(text: str | None) -> ThemeChoice:
    """What a settings file says, or the system's."""
    return next((one for one in THEME_CHOICES if one == text), "system")
