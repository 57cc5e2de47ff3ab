from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from agecam.drawing.label_text import LabelStyle, label_texts
from agecam.messages import Estimate
from agecam.ui.dialogs import Dialogs


def test_the_help_says_what_range_and_question_mark_on_labels_mean(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    texts = []

    def read_and_close() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            texts.append(box.text())
            box.accept()

    timer = QTimer(parent)
    timer.timeout.connect(read_and_close)
    timer.start(20)
    Dialogs().show_about(parent, None)
    assert "wider than 30 years" in texts[0]
    assert label_texts(Estimate(30, 15, 45, 0.76), LabelStyle()) == ("30", ("15–45", "female"))
    assert "less than 75 % sure" in texts[0]
    assert label_texts(Estimate(30, 15, 46, 0.74), LabelStyle()) == ("?", ("15–46", "?"))
