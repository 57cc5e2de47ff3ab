"""Colours: a dark room round the live view, the same on every desktop."""

from __future__ import annotations

from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

_ROLES = {
    QPalette.ColorRole.Window: "#16181d",
    QPalette.ColorRole.WindowText: "#e8eaed",
    QPalette.ColorRole.Base: "#1d2026",
    QPalette.ColorRole.AlternateBase: "#23262d",
    QPalette.ColorRole.Text: "#e8eaed",
    QPalette.ColorRole.Button: "#2a2e36",
    QPalette.ColorRole.ButtonText: "#e8eaed",
    QPalette.ColorRole.Highlight: "#2f81f7",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.ToolTipBase: "#2a2e36",
    QPalette.ColorRole.ToolTipText: "#e8eaed",
    QPalette.ColorRole.PlaceholderText: "#8b919c",
}

_STYLE = """
QToolBar { border: 0; padding: 6px 8px; spacing: 6px; background: #1d2026; }
QToolBar QToolButton { padding: 6px 12px; border-radius: 6px; color: #e8eaed; background: #2a2e36; }
QToolBar QToolButton:hover { background: #353a44; }
QToolBar QToolButton:checked { background: #2f4d73; }
QToolBar QToolButton:disabled { color: #6b717b; background: #22252b; }
QToolBar QToolButton#record { font-weight: 600; color: #ff8f87; }
QToolBar QToolButton#record:checked { background: #c9302c; color: #ffffff; }
QToolBar QToolButton#record:disabled { color: #6b717b; }
QToolBar QToolButton#pause:checked { background: #8a6d1f; color: #ffffff; }
QComboBox { padding: 5px 10px; border-radius: 6px; background: #2a2e36; min-width: 190px; }
QStatusBar { background: #1d2026; color: #b6bcc6; }
QStatusBar::item { border: 0; }
QStatusBar QLabel { padding: 2px 8px; color: #b6bcc6; }
QLabel#recording { color: #ff6b63; font-weight: 600; }
QWidget#page { background: #101216; }
QLabel#symbol { font-size: 52px; color: #8ab4f8; }
QLabel#title { font-size: 22px; font-weight: 600; }
QLabel#detail { font-size: 14px; color: #b6bcc6; }
QPushButton { padding: 8px 16px; border-radius: 6px; background: #2a2e36; }
QPushButton:hover { background: #353a44; }
QProgressBar { border: 0; border-radius: 2px; background: #2a2e36; }
QProgressBar::chunk { background: #2f81f7; border-radius: 2px; }
"""


def apply_theme(application: QApplication) -> None:
    application.setStyle("Fusion")
    palette = QPalette()
    for role, colour in _ROLES.items():
        palette.setColor(role, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(disabled, role, QColor("#6b717b"))
    application.setPalette(palette)
    application.setStyleSheet(_STYLE)
